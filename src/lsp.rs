//! What `check` finds, in an editor, while typing: a language server over any way to analyse the estate.
//!
//! One thread answers messages in order. Edits are collected as long as more of them wait, then the estate is analysed once.

mod places;
mod told;

use crate::analysis::Analysis;
use crate::fix::{self, Changes};
use crate::source::normalize;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use places::Uris;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Analyses the folders at these paths, some files having other texts than on disk.
pub type Analyse<'a> = &'a dyn Fn(&[String], &Changes) -> Analysis;

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
        "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
    })
}

/// Serves until the client says `exit` or hangs up; whether it said `shutdown` before.
///
/// `folders` are absolute; the process stands in the first one.
pub fn serve(connection: &Connection, folders: Vec<PathBuf>, analyse: Analyse<'_>) -> bool {
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

struct Server<'a> {
    analyse: Analyse<'a>,
    uris: Uris,
    folders: Vec<PathBuf>,
    /// Texts of open documents by path.
    open: Changes,
    analysis: Option<Analysis>,
    /// Whether the findings of `analysis` carry their fixes.
    fixed: bool,
    /// Files for which diagnostics were published.
    published: BTreeSet<String>,
}

impl<'a> Server<'a> {
    fn new(folders: Vec<PathBuf>, analyse: Analyse<'a>) -> Self {
        let base = folders.first().cloned().unwrap_or_default();
        let (open, published) = (Changes::new(), BTreeSet::new());
        Self { analyse, uris: Uris::new(base), folders, open, analysis: None, fixed: false, published }
    }

    fn paths(&self) -> Vec<String> {
        self.folders.iter().map(|folder| self.uris.path(folder)).collect()
    }

    /// Analyses and publishes, where anything has changed.
    fn refresh(&mut self, connection: &Connection) {
        if self.analysis.is_some() {
            return;
        }
        let analysis = (self.analyse)(&self.paths(), &self.open);
        let diagnostics = told::diagnostics(&analysis, &self.uris);
        let now: BTreeSet<String> = diagnostics.keys().cloned().collect();
        for path in self.published.union(&now) {
            let found = diagnostics.get(path).cloned().unwrap_or_default();
            let uri = self.uris.uri(path);
            send(
                connection,
                Notification::new(
                    "textDocument/publishDiagnostics".to_owned(),
                    json!({"uri": uri, "diagnostics": found}),
                ),
            );
        }
        self.published = now;
        self.analysis = Some(analysis);
        self.fixed = false;
    }

    fn note(&mut self, notification: Notification) {
        let params = notification.params;
        let path = text(&params, "/textDocument/uri").and_then(|uri| self.uris.path_of(uri));
        match (notification.method.as_str(), path) {
            ("textDocument/didOpen", Some(path)) => {
                let Some(text) = text(&params, "/textDocument/text") else { return };
                self.open.insert(normalize(&path), text.to_owned());
            }
            ("textDocument/didChange", Some(path)) => {
                let changes = params.pointer("/contentChanges").and_then(Json::as_array);
                let Some(text) = changes.and_then(|all| all.last()).and_then(|one| text(one, "/text")) else {
                    return;
                };
                self.open.insert(normalize(&path), text.to_owned());
            }
            ("textDocument/didClose", Some(path)) => {
                self.open.remove(&normalize(&path));
            }
            // Files may have changed on disk, beside the open ones.
            ("textDocument/didSave" | "workspace/didChangeWatchedFiles", _) => {}
            ("workspace/didChangeWorkspaceFolders", _) => {
                let of = |which: &str| -> Vec<PathBuf> {
                    let all = params.pointer(&format!("/event/{which}")).and_then(Json::as_array).into_iter().flatten();
                    all.filter_map(|one| places::path_of_uri(text(one, "/uri")?)).collect()
                };
                let removed = of("removed");
                self.folders.retain(|folder| !removed.contains(folder));
                self.folders.extend(of("added"));
            }
            _ => return,
        }
        self.analysis = None;
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
        if method == "textDocument/codeAction" && !self.fixed {
            let paths = self.paths();
            if let Some(analysis) = &mut self.analysis {
                fix::attach(analysis, &|changes| {
                    let mut texts = self.open.clone();
                    texts.extend(changes.clone());
                    (self.analyse)(&paths, &texts)
                });
            }
            self.fixed = true;
        }
        let Some(analysis) = &self.analysis else { return Response::new_ok(id, Json::Null) };
        let Some(file) = places::file_of(analysis, &path) else { return Response::new_ok(id, Json::Null) };
        let at = |pointer: &str| places::offset(&analysis.sources.text(file), params.pointer(pointer)?);
        let answer = match method {
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
        match answer {
            Some(answer) => Response::new_ok(id, answer),
            None => Response::new_err(id, ErrorCode::InvalidParams as i32, "a position is needed".to_owned()),
        }
    }
}
