//! The language server as an editor drives it: the real binary, framed messages, a repository on disk.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PROVIDERS: &str = "provider \"aws\" {\n  region              = \"eu-central-1\"\n  allowed_account_ids = [\"111111111111\"]\n}\n\nprovider \"aws\" {\n  alias               = \"central\"\n  region              = \"eu-central-1\"\n  allowed_account_ids = [\"222222222222\"]\n}\n";
const DATA: &str = "resource \"aws_kms_key\" \"data\" {\n  description = \"orders\"\n}\n\nresource \"aws_db_instance\" \"orders\" {\n  identifier        = \"orders\"\n  engine            = \"postgres\"\n  storage_encrypted = true\n  kms_key_id        = aws_kms_key.data.arn\n  tags              = { backup = \"daily\" }\n}\n";
const BACKUP: &str = "resource \"aws_backup_vault\" \"local\" {\n  name = \"local\"\n}\n\nresource \"aws_kms_key\" \"central\" {\n  provider = aws.central\n}\n\nresource \"aws_backup_vault\" \"central\" {\n  provider    = aws.central\n  name        = \"central\"\n  kms_key_arn = aws_kms_key.central.arn\n}\n\nresource \"aws_backup_vault_policy\" \"central\" {\n  provider          = aws.central\n  backup_vault_name = aws_backup_vault.central.name\n  policy = jsonencode({\n    Version   = \"2012-10-17\"\n    Statement = [{ Effect = \"Allow\", Principal = { AWS = \"arn:aws:iam::111111111111:root\" }, Action = \"backup:CopyIntoBackupVault\", Resource = \"*\" }]\n  })\n}\n\nresource \"aws_backup_plan\" \"daily\" {\n  name = \"daily\"\n\n  rule {\n    rule_name         = \"daily\"\n    target_vault_name = aws_backup_vault.local.name\n\n    copy_action {\n      destination_vault_arn = aws_backup_vault.central.arn\n    }\n  }\n}\n\nresource \"aws_backup_selection\" \"daily\" {\n  name         = \"daily\"\n  plan_id      = aws_backup_plan.daily.id\n  iam_role_arn = \"arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole\"\n\n  selection_tag {\n    type  = \"STRINGEQUALS\"\n    key   = \"backup\"\n    value = \"daily\"\n  }\n}\n";

struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
    /// Diagnostics that were published last, by the file's name.
    published: std::collections::BTreeMap<String, Json>,
}

impl Client {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crossvault"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self { child, input, output, next: 1, published: Default::default() };
        let answer = client.ask("initialize", json!({"processId": null, "rootUri": uri(dir, ""), "capabilities": {}}));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], true);
        client.tell("initialized", json!({}));
        client
    }

    fn send(&mut self, message: &Json) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Json) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The answer to a request; diagnostics that come before it are kept.
    fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.receive();
            if message["id"] == id {
                return message;
            }
            if message["method"] == "textDocument/publishDiagnostics" {
                let uri = message["params"]["uri"].as_str().unwrap();
                let name = uri.rsplit('/').next().unwrap().to_owned();
                self.published.insert(name, message["params"]["diagnostics"].clone());
            }
        }
    }

    fn receive(&mut self) -> Json {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server hung up");
            if let Some(text) = line.strip_prefix("Content-Length: ") {
                length = text.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Rules that are published for a file, after everything sent so far.
    fn rules(&mut self, dir: &Path, name: &str) -> Vec<String> {
        self.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri(dir, name)}}));
        let all = self.published.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
        all.iter().map(|one| one["code"].as_str().unwrap_or("bad input").to_owned()).collect()
    }

    fn stop(mut self) {
        assert!(self.ask("shutdown", Json::Null)["error"].is_null());
        self.tell("exit", Json::Null);
        assert!(self.child.wait().unwrap().success());
    }
}

fn uri(dir: &Path, name: &str) -> String {
    format!("file://{}/{name}", dir.display()).trim_end_matches('/').to_owned()
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("providers.tf", PROVIDERS), ("data.tf", DATA), ("backup.tf", BACKUP)] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// Line and column of the first place of `text`.
fn position(source: &str, text: &str) -> Json {
    let before = source.split(text).next().unwrap();
    json!({"line": before.matches('\n').count(), "character": before.rsplit('\n').next().unwrap().len()})
}

#[test]
fn an_editor_sees_findings_hovers_jumps_and_applies_the_fix() {
    let dir = repository();
    let root = dir.path().canonicalize().unwrap();
    let mut client = Client::start(&root);
    assert_eq!(client.rules(&root, "data.tf"), ["source-key-not-shared"]);
    let data = json!({"uri": uri(&root, "data.tf")});
    let backup = json!({"uri": uri(&root, "backup.tf")});

    let place = position(DATA, "\"aws_kms_key\" \"data\"");
    let hover = client.ask("textDocument/hover", json!({"textDocument": data, "position": place}));
    let text = hover["result"]["contents"]["value"].as_str().unwrap().to_owned();
    for part in ["customer managed key", "aws_kms_key.data", "encrypts `aws_db_instance.orders`", "1 copy: 1 fail"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let place = position(BACKUP, "aws_backup_vault.central.arn");
    let definition = client.ask("textDocument/definition", json!({"textDocument": backup, "position": place}));
    let vault = position(BACKUP, "resource \"aws_backup_vault\" \"central\"");
    assert_eq!(definition["result"]["range"]["start"], vault);
    let place = position(DATA, "aws_kms_key.data.arn");
    let definition = client.ask("textDocument/definition", json!({"textDocument": data, "position": place}));
    assert_eq!(definition["result"]["range"]["start"], json!({"line": 0, "character": 0}));

    let lenses = client.ask("textDocument/codeLens", json!({"textDocument": backup}));
    let titles: Vec<&str> =
        lenses["result"].as_array().unwrap().iter().map(|lens| lens["command"]["title"].as_str().unwrap()).collect();
    assert!(titles.iter().all(|title| *title == "1 copy: 1 fail") && titles.len() >= 3, "{titles:?}");

    let start = json!({"line": 0, "character": 0});
    let range = json!({"start": start, "end": start});
    let actions = client
        .ask("textDocument/codeAction", json!({"textDocument": data, "range": range, "context": {"diagnostics": []}}));
    let action = &actions["result"][0];
    assert_eq!(action["kind"], "quickfix", "{actions:#}");
    let edits = action["edit"]["changes"][uri(&root, "data.tf")].as_array().unwrap().clone();
    client.tell(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": uri(&root, "data.tf"), "languageId": "terraform", "version": 1, "text": DATA}}),
    );
    client.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri(&root, "data.tf"), "version": 2}, "contentChanges": [{"text": applied(DATA, &edits)}]}),
    );
    assert!(client.rules(&root, "data.tf").is_empty(), "the fix mends the finding");

    // What is typed counts, not what is on disk; closing the document brings the disk back.
    client.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri(&root, "data.tf"), "version": 3}, "contentChanges": [{"text": "resource \"aws_kms_key\" {{{"}]}),
    );
    assert!(client.rules(&root, "data.tf").contains(&"bad input".to_owned()));
    client.tell("textDocument/didClose", json!({"textDocument": data}));
    assert_eq!(client.rules(&root, "data.tf"), ["source-key-not-shared"]);

    // A file that is renamed takes its findings along.
    std::fs::rename(root.join("data.tf"), root.join("stores.tf")).unwrap();
    client.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    assert_eq!(client.rules(&root, "stores.tf"), ["source-key-not-shared"]);
    assert_eq!(client.published["data.tf"], json!([]));
    client.stop();
}

fn applied(text: &str, edits: &[Json]) -> String {
    let at = |position: &Json| {
        let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
        let column = usize::try_from(position["character"].as_u64().unwrap()).unwrap();
        text.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| (at(&edit["range"]["start"]), at(&edit["range"]["end"]), edit["newText"].as_str().unwrap()))
        .collect();
    edits.sort();
    let mut out = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        out.replace_range(start..end, new);
    }
    out
}

#[test]
fn malformed_requests_are_answered_and_end_nothing() {
    let dir = repository();
    let root = dir.path().canonicalize().unwrap();
    let mut client = Client::start(&root);
    assert_eq!(client.ask("textDocument/unheardOf", json!({}))["error"]["code"], -32601);
    assert_eq!(client.ask("textDocument/hover", json!({"textDocument": 3}))["error"]["code"], -32602);
    assert_eq!(client.ask("textDocument/hover", json!([]))["error"]["code"], -32602);
    let data = json!({"uri": uri(&root, "data.tf")});
    let answer =
        client.ask("textDocument/hover", json!({"textDocument": data, "position": {"line": -1, "character": "x"}}));
    assert_eq!(answer["error"]["code"], -32602);
    let far = json!({"line": 4_000_000, "character": 4_000_000});
    assert!(client.ask("textDocument/hover", json!({"textDocument": data, "position": far}))["error"].is_null());
    let other = json!({"uri": "untitled:Untitled-1"});
    let nowhere =
        client.ask("textDocument/definition", json!({"textDocument": other, "position": {"line": 0, "character": 0}}));
    assert_eq!(nowhere["error"]["code"], -32602);
    client.tell("textDocument/didChange", json!({"textDocument": {"uri": 1}, "contentChanges": "none"}));
    client.tell("nobody/knowsThis", json!(null));
    assert_eq!(client.rules(&root, "data.tf"), ["source-key-not-shared"]);
    client.stop();
}

#[test]
#[allow(clippy::print_stderr, reason = "what is left out is said")]
fn neovim_drives_the_server() {
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no `nvim` here; with it, Neovim opens, edits, mends, renames and restarts");
        return;
    }
    let dir = repository();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsp/neovim.lua");
    let output = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-n", "-S"])
        .arg(script)
        .env("CROSSVAULT", env!("CARGO_BIN_EXE_crossvault"))
        .current_dir(dir.path().canonicalize().unwrap())
        .output()
        .unwrap();
    let (seen, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{seen}{said}");
    assert_eq!(seen.matches("seen: ").count(), 15, "{seen}");
}

#[test]
fn what_did_not_change_is_not_told_again() {
    let dir = repository();
    let root = dir.path().canonicalize().unwrap();
    let mut client = Client::start(&root);
    assert_eq!(client.rules(&root, "data.tf"), ["source-key-not-shared"]);
    client.published.clear();
    let open = |name: &str, text: &str| json!({"textDocument": {"uri": uri(&root, name), "languageId": "terraform", "version": 1, "text": text}});
    client.tell("textDocument/didOpen", open("data.tf", DATA));
    client.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&root, "data.tf")}}));
    client.rules(&root, "data.tf");
    assert!(client.published.is_empty(), "{:?}", client.published);
    // An edit of one file that mends another's finding is told for both.
    let shared = BACKUP.replace("aws_backup_vault.central.arn", "aws_backup_vault.local.arn");
    client.tell("textDocument/didOpen", open("backup.tf", &shared));
    assert!(client.rules(&root, "data.tf").is_empty());
    client.tell("textDocument/didClose", json!({"textDocument": {"uri": uri(&root, "backup.tf")}}));
    assert_eq!(client.rules(&root, "data.tf"), ["source-key-not-shared"]);
    // A crossvault.toml that comes is read.
    let ignore = "[[ignore]]\nrule = \"source-key-not-shared\"\npath = \"data.tf\"\nreason = \"known\"\n";
    std::fs::write(root.join("crossvault.toml"), ignore).unwrap();
    client.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(&root, "crossvault.toml"), "type": 1}]}),
    );
    assert!(client.rules(&root, "data.tf").is_empty());
    client.stop();
}

/// What an editor has been told after many edits is what a new server tells of the same texts, places and words alike.
#[test]
fn after_edits_an_editor_knows_what_a_new_one_is_told() {
    let dir = repository();
    let root = dir.path().canonicalize().unwrap();
    let mut client = Client::start(&root);
    let open = |name: &str, text: &str| json!({"textDocument": {"uri": uri(&root, name), "languageId": "terraform", "version": 1, "text": text}});
    let known = |client: &mut Client| {
        client.rules(&root, "data.tf");
        client.published.retain(|_, told| *told != json!([]));
        client.published.clone()
    };
    let edits: [(&str, String); 9] = [
        // Lines move, and a finding's words stay.
        ("data.tf", format!("\n\n{DATA}")),
        ("data.tf", format!("# é\n{}", DATA.replace("orders", "goods!"))),
        // The same length, other lines.
        ("data.tf", DATA.replace("description = \"orders\"", "description =\n\"orders\"")),
        ("backup.tf", BACKUP.replace("111111111111:root", "333333333333:root")),
        ("providers.tf", PROVIDERS.replace("222222222222", "444444444444")),
        (
            "providers.tf",
            format!("{PROVIDERS}resource \"aws_db_instance\" \"more\" {{\n  tags = {{ backup = \"daily\" }}\n}}\n"),
        ),
        ("backup.tf", BACKUP.replace("resource \"aws_backup_plan\"", "resource \"aws_backup_plan")),
        ("backup.tf", BACKUP.to_owned()),
        ("data.tf", DATA.to_owned()),
    ];
    let mut texts = std::collections::BTreeMap::from([("data.tf", DATA.to_owned()), ("backup.tf", BACKUP.to_owned())]);
    texts.insert("providers.tf", PROVIDERS.to_owned());
    texts.iter().for_each(|(name, text)| client.tell("textDocument/didOpen", open(name, text)));
    for (name, text) in edits {
        texts.insert(name, text.clone());
        client.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri(&root, name), "version": 2}, "contentChanges": [{"text": text}]}),
        );
        let mut fresh = Client::start(&root);
        texts.iter().for_each(|(name, text)| fresh.tell("textDocument/didOpen", open(name, text)));
        assert_eq!(known(&mut client), known(&mut fresh), "{name}:\n{text}");
        fresh.stop();
    }
    client.stop();
}
