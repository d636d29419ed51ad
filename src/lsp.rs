//! What `check` finds, in an editor, while typing: a language server over any way to analyse the estate.
//!
//! One thread answers messages in order. Edits are collected as long as more of them wait, then the estate is analysed once.

mod places;
mod published;
mod told;

use crate::analysis::{Analysis, Reported};
use crate::fix::{self, Changes};
use crate::source::normalize;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use places::Uris;
use published::Published;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Analyses the folders at these paths, some files having other texts than on disk; whether others may have changed there,
/// too, since the last time.
pub type Analyse<'a> = &'a dyn Fn(&[String], &Changes, bool) -> Analysis;

/// The folders to work on, from the client's `initialize`: absolute, the working directory where it names none.
pub fn folders(initialize: &Json) -> Vec<PathBuf> {
    let folder = |uri: Option<&Json>| places::path_of_uri(uri?.as_str()?);
    let mut out: Vec<PathBuf> = initialize
        .get("workspaceFolders")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| folder(one.get("uri")))
        .collect();
    if out.is_empty() {
        let plain = || initialize.get("rootPath").and_then(Json::as_str).map(PathBuf::from);
        out.extend(folder(initialize.get("rootUri")).or_else(plain));
    }
    if out.is_empty() {
        out.extend(std::env::current_dir());
    }
    out
}

/// What the server can do, as `initialize` answers it.
pub fn capabilities() -> Json {
    json!({
        // Columns count UTF-16 units, which every client knows.
        "positionEncoding": "utf-16",
        "textDocumentSync": {"openClose": true, "change": 1, "save": {"includeText": false}},
        "hoverProvider": true,
        "definitionProvider": true,
        "codeActionProvider": {"codeActionKinds": ["quickfix"]},
        "codeLensProvider": {"resolveProvider": false},
        "workspace": {
            "workspaceFolders": {"supported": true, "changeNotifications": true},
            "fileOperations": {"didCreate": files(), "didRename": files(), "didDelete": files()},
        },
    })
}

fn files() -> Json {
    json!({"filters": [{"pattern": {"glob": "**/*"}}]})
}

/// Asks the client to tell what happens to files that are not open; `None` where it cannot be asked.
fn watch(initialize: &Json) -> Option<Request> {
    let can = initialize.pointer("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration");
    can.filter(|can| can.as_bool() == Some(true))?;
    let watchers: Vec<Json> = ["**/*.{tf,tofu,tfvars,hcl,json,yaml,yml,tftpl,template,toml}", "**/.gitignore"]
        .iter()
        .map(|glob| json!({"globPattern": glob}))
        .collect();
    let registration = json!({
        "id": "files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": watchers},
    });
    let params = json!({"registrations": [registration]});
    Some(Request::new("watch-files".to_owned().into(), "client/registerCapability".to_owned(), params))
}

/// Serves until the client says `exit` or hangs up; whether it said `shutdown` before.
///
/// `initialize` is what the client said at first; `folders` are absolute; the process stands in the first one.
pub fn serve(connection: &Connection, initialize: &Json, folders: Vec<PathBuf>, analyse: Analyse<'_>) -> bool {
    if let Some(request) = watch(initialize) {
        send(connection, request);
    }
    let mut server = Server::new(folders, analyse);
    server.refresh(connection);
    let mut stopping = false;
    while let Ok(message) = connection.receiver.recv() {
        match message {
            Message::Request(request) if request.method == "shutdown" => {
                stopping = true;
                send(connection, Response::new_ok(request.id, Json::Null));
            }
            Message::Request(request) => {
                // An answer speaks of what the client has sent so far.
                server.refresh(connection);
                let answer = server.answer(request);
                send(connection, answer);
            }
            Message::Notification(notification) if notification.method == "exit" => break,
            Message::Notification(notification) => server.note(notification),
            Message::Response(_) => {}
        }
        if connection.receiver.is_empty() {
            server.refresh(connection);
        }
    }
    stopping
}

/// The text at a JSON pointer.
fn text<'a>(json: &'a Json, pointer: &str) -> Option<&'a str> {
    json.pointer(pointer)?.as_str()
}

fn send(connection: &Connection, message: impl Into<Message>) {
    // A client that hung up is noticed at the next receive.
    let _ = connection.sender.send(message.into());
}

/// What has changed since the last analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    No,
    /// Open documents.
    Texts,
    /// Files on the disk, or the folders.
    Files,
}

struct Server<'a> {
    analyse: Analyse<'a>,
    uris: Uris,
    folders: Vec<PathBuf>,
    /// Texts of open documents by path.
    open: Changes,
    analysis: Option<Analysis>,
    stale: Stale,
    /// Files whose findings in `analysis` carry their fixes.
    fixed: BTreeSet<String>,
    published: Published,
}

impl<'a> Server<'a> {
    fn new(folders: Vec<PathBuf>, analyse: Analyse<'a>) -> Self {
        let base = folders.first().cloned().unwrap_or_default();
        Self {
            analyse,
            uris: Uris::new(base),
            folders,
            open: Changes::new(),
            analysis: None,
            stale: Stale::Files,
            fixed: BTreeSet::new(),
            published: Published::default(),
        }
    }

    fn paths(&self) -> Vec<String> {
        self.folders.iter().map(|folder| self.uris.path(folder)).collect()
    }

    /// Analyses, where anything has changed, and publishes what is told otherwise than before.
    fn refresh(&mut self, connection: &Connection) {
        if self.stale == Stale::No {
            return;
        }
        let analysis = (self.analyse)(&self.paths(), &self.open, self.stale == Stale::Files);
        for (path, found) in self.published.update(&analysis, self.analysis.as_ref(), &self.uris) {
            let found: Vec<&Json> = found.iter().map(AsRef::as_ref).collect();
            let params = json!({"uri": self.uris.uri(&path), "diagnostics": found});
            send(connection, Notification::new("textDocument/publishDiagnostics".to_owned(), params));
        }
        let last = self.analysis.replace(analysis);
        // Letting go of a large estate takes a while: nobody has to wait for it.
        std::thread::spawn(move || drop(last));
        self.stale = Stale::No;
        self.fixed.clear();
    }

    /// The document's text in the editor.
    fn typed(&mut self, path: &str, text: &str) {
        let path = normalize(path);
        let known = self.open.get(&path).is_some_and(|known| known == text)
            || !self.open.contains_key(&path) && self.text_on_disk(&path).is_some_and(|known| *known == text);
        self.open.insert(path, text.to_owned());
        if !known {
            self.stale = self.stale.max(Stale::Texts);
        }
    }

    /// The text of a file that is not open, as it was read.
    fn text_on_disk(&self, path: &str) -> Option<Arc<String>> {
        let analysis = self.analysis.as_ref()?;
        places::file_of(analysis, path).map(|file| analysis.sources.text(file))
    }

    fn note(&mut self, notification: Notification) {
        let params = notification.params;
        let path = text(&params, "/textDocument/uri").and_then(|uri| self.uris.path_of(uri));
        match (notification.method.as_str(), path) {
            ("textDocument/didOpen", Some(path)) => {
                if let Some(text) = text(&params, "/textDocument/text") {
                    self.typed(&path, text);
                }
            }
            ("textDocument/didChange", Some(path)) => {
                let changes = params.pointer("/contentChanges").and_then(Json::as_array);
                if let Some(text) = changes.and_then(|all| all.last()).and_then(|one| text(one, "/text")) {
                    self.typed(&path, text);
                }
            }
            ("textDocument/didClose", Some(path)) => {
                self.open.remove(&normalize(&path));
                self.stale = self.stale.max(Stale::Texts);
            }
            // What an open document holds is known already.
            ("textDocument/didSave", Some(path)) if self.open.contains_key(&normalize(&path)) => {}
            ("workspace/didChangeWatchedFiles", _) if self.only_open(&params) => {}
            (
                "textDocument/didSave"
                | "workspace/didChangeWatchedFiles"
                | "workspace/didCreateFiles"
                | "workspace/didRenameFiles"
                | "workspace/didDeleteFiles",
                _,
            ) => self.stale = Stale::Files,
            ("workspace/didChangeWorkspaceFolders", _) => {
                let of = |which: &str| -> Vec<PathBuf> {
                    let all = params.pointer(&format!("/event/{which}")).and_then(Json::as_array).into_iter().flatten();
                    all.filter_map(|one| places::path_of_uri(text(one, "/uri")?)).collect()
                };
                let removed = of("removed");
                self.folders.retain(|folder| !removed.contains(folder));
                self.folders.extend(of("added"));
                self.stale = Stale::Files;
            }
            _ => {}
        }
    }

    /// Whether nothing but the texts of open documents has changed on the disk: they were written there.
    fn only_open(&self, params: &Json) -> bool {
        let changes = params.get("changes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_open = |change: &Json| {
            let path = text(change, "/uri").and_then(|uri| self.uris.path_of(uri));
            change.get("type").and_then(Json::as_u64) == Some(2)
                && path.is_some_and(|path| self.open.contains_key(&normalize(&path)))
        };
        !changes.is_empty() && changes.iter().all(is_open)
    }

    fn answer(&mut self, request: Request) -> Response {
        let id = request.id;
        let method = request.method.as_str();
        let known =
            ["textDocument/hover", "textDocument/definition", "textDocument/codeAction", "textDocument/codeLens"];
        if !known.contains(&method) {
            return Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("`{method}` is not served"));
        }
        let params = &request.params;
        let Some(path) = text(params, "/textDocument/uri").and_then(|uri| self.uris.path_of(uri)) else {
            return Response::new_err(id, ErrorCode::InvalidParams as i32, "a file URI is needed".to_owned());
        };
        if method == "textDocument/codeAction" && self.fixed.insert(path.clone()) {
            let paths = self.paths();
            if let Some(analysis) = &mut self.analysis
                && let Some(file) = places::file_of(analysis, &path)
            {
                let here = |reported: &Reported| {
                    let mut labels = reported.finding.primary.iter().chain(&reported.finding.labels);
                    labels.any(|label| label.span.file == file)
                };
                fix::attach_to(analysis, fix::Effort::WHOLE, &here, &|changes| {
                    let mut texts = self.open.clone();
                    texts.extend(changes.clone());
                    (self.analyse)(&paths, &texts, false)
                });
            }
        }
        let Some(analysis) = &self.analysis else { return Response::new_ok(id, Json::Null) };
        let Some(file) = places::file_of(analysis, &path) else { return Response::new_ok(id, Json::Null) };
        let at = |pointer: &str| places::offset(&analysis.sources.text(file), params.pointer(pointer)?);
        let mut answer = match method {
            "textDocument/codeLens" => Some(told::lenses(analysis, file)),
            "textDocument/codeAction" => {
                let range = (at("/range/start"), at("/range/end"));
                match range {
                    (Some(start), Some(end)) => Some(told::actions(analysis, &self.uris, file, start..end)),
                    _ => None,
                }
            }
            _ => match (method, at("/position")) {
                ("textDocument/hover", Some(at)) => Some(told::hover(analysis, file, at)),
                (_, Some(at)) => Some(told::definition(analysis, &self.uris, file, at)),
                (_, None) => None,
            },
        };
        // What an edit writes stays as it is.
        if let (Some(mask), Some(answer), true) =
            (&self.published.mask, &mut answer, method != "textDocument/codeAction")
        {
            mask.apply_json(answer);
        }
        match answer {
            Some(answer) => Response::new_ok(id, answer),
            None => Response::new_err(id, ErrorCode::InvalidParams as i32, "a position is needed".to_owned()),
        }
    }
}
