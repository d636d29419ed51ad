//! What runs on code that nobody trusts: nothing outside the repository is read or listed, nothing breaks out of a format,
//! files are written whole or not at all, and faults of the machine end in words.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![cfg(unix)]

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ESTATE: &str = include_str!("../fuzz/entries/estate.tf");

fn program(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossvault"));
    command.args(arguments).current_dir(dir).stdin(Stdio::null());
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    program(dir, arguments).output().unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    std::fs::write(dir.path().join("main.tf"), ESTATE).unwrap();
    dir
}

/// Names of files below the directory, but for those of git.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_outside_the_repository_is_read_or_listed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(outside.path().join("inner")).unwrap();
    for name in ["outside-name.tf", "inner/outside-name.yaml"] {
        std::fs::write(outside.path().join(name), "outside-text = \"Resources:\"\n").unwrap();
    }
    let dir = repository();
    let at = |name: &str| dir.path().join(name);
    let target = outside.path().to_str().unwrap();
    symlink(outside.path(), at("link")).unwrap();
    symlink(outside.path().join("outside-name.tf"), at("file.tf")).unwrap();
    symlink("/", at("everything")).unwrap();
    symlink("/dev/zero", at("zero.yaml")).unwrap();
    symlink("loop", at("loop")).unwrap();
    symlink(".", at("self")).unwrap();
    std::fs::write(
        at("reads.tf"),
        format!(
            "module \"m\" {{\n  source = \"{target}\"\n}}\nmodule \"n\" {{\n  source = \"../../../..{target}\"\n}}\nresource \"aws_backup_vault\" \"v\" {{\n  name = file(\"{target}/outside-name.tf\")\n}}\nresource \"aws_backup_vault\" \"w\" {{\n  name = templatefile(\"link/outside-name.tf\", {{}})\n}}\nresource \"aws_backup_vault\" \"x\" {{\n  name = join(\"\", fileset(\"{target}\", \"**\"))\n}}\nresource \"aws_backup_vault\" \"y\" {{\n  name = filebase64(\"/dev/zero\")\n}}\nresource \"aws_backup_vault\" \"z\" {{\n  name = file(\"/proc/self/environ\")\n}}\n"
        ),
    )
    .unwrap();
    std::fs::write(
        at("stack.yaml"),
        format!("Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: {target}/outside-name.tf\n"),
    )
    .unwrap();
    for arguments in [&["check", "--format", "json"][..], &["inspect"], &["copies"], &["export"]] {
        let output = run(dir.path(), arguments);
        assert!(matches!(output.status.code(), Some(0..=2)), "{arguments:?}");
        let text = both(&output);
        assert!(!text.contains("outside-text"), "{arguments:?}: {text}");
        assert!(!text.contains("HOME="), "{arguments:?}: {text}");
    }
    let report: serde_json::Value =
        serde_json::from_slice(&run(dir.path(), &["check", "--format", "json"]).stdout).unwrap();
    let told = report.pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(told.contains("leads outside the repository") && told.contains("everything"), "{told}");
    // What lies behind a link that leads out is not even listed.
    assert!(!report.to_string().contains("inner"), "{report}");
}

#[test]
fn special_and_oversized_files_are_told_and_do_not_hold_up_the_run() {
    let dir = repository();
    let pipe = Command::new("mkfifo").arg(dir.path().join("pipe.tf")).status();
    std::fs::File::create(dir.path().join("huge.yaml")).unwrap().set_len(3 << 30).unwrap();
    std::fs::File::create(dir.path().join("huge.tf")).unwrap().set_len(3 << 30).unwrap();
    std::fs::write(dir.path().join("binary.json"), b"{\xff\xfe}").unwrap();
    std::fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"name\xff.tf")), "x").unwrap();
    let output = run(dir.path(), &["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = report.get("errors").unwrap().to_string();
    let left_out = report.pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(errors.contains("huge.tf") && errors.contains("is larger than the limit"), "{errors}");
    assert!(errors.contains("name is not UTF-8"), "{errors}");
    assert!(pipe.is_err() || errors.contains("not a regular file"), "{errors}");
    assert!(left_out.contains("huge.yaml") && left_out.contains("binary.json"), "{left_out}");
    // The rest is judged.
    assert!(!report.get("copies").unwrap().as_array().unwrap().is_empty());
}

#[test]
fn limits_are_what_the_configuration_says() {
    let dir = repository();
    std::fs::write(dir.path().join("crossvault.toml"), "[limits]\ninstances = 1\n").unwrap();
    let text = both(&run(dir.path(), &["check"]));
    assert!(text.contains("it asks for more than 1 instances") && text.contains("undecided"), "{text}");
    std::fs::write(dir.path().join("crossvault.toml"), "[limits]\nfile_size = 0\n").unwrap();
    let output = run(dir.path(), &["check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(both(&output).contains("is larger than the limit of 0 bytes"), "{}", both(&output));
}

/// What fails is evaluated again for what Terraform would go on with, and what has alternatives once for each: neither for
/// each level of an expression anew.
#[test]
fn expressions_within_each_other_do_not_double_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let code = "variable \"a\" {\n  type = bool\n}\nvariable \"b\" {\n  type = bool\n}\nlocals {\n  t = [{ a = 1 }]\n  a = var.a ? [1] : []\n  b = var.b ? [1] : []\n}\n";
    std::fs::write(dir.path().join("main.tf"), code).unwrap();
    let nested = |inner: &str, around: &str| (0..50).fold(inner.to_owned(), |inner, _| around.replace('_', &inner));
    let expressions = [
        nested("local.nothing", "local.t[*][_]"),
        nested("local.nothing", "tolist(local.t)[*][_]"),
        nested("local.nothing", "[for x in local.t : x.a][*][_]"),
        nested("0", "try([local.a[0], local.b[0]], _)"),
        nested("0", "can([local.a[0], local.b[0]]) ? 1 : _"),
        // Types that are brought together.
        nested("\"a\"", "var.a ? { a = [1, \"x\"], b = _ } : { a = tolist([]) }"),
        nested("\"a\"", "concat([_], [tolist([1])])"),
    ];
    let start = std::time::Instant::now();
    let text = expressions.join("\n");
    let mut child = program(dir.path(), &["console"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.code().is_some());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_full_disk_and_a_closed_pipe_end_in_the_right_code() {
    let dir = repository();
    let full = Path::new("/dev/full");
    if full.exists() {
        for arguments in [
            &["check"][..],
            &["copies"],
            &["inspect"],
            &["graph", "--format", "json"],
            &["coverage"],
            &["rules"],
            &["man"],
        ] {
            let out = std::fs::OpenOptions::new().write(true).open(full).unwrap();
            let output = program(dir.path(), arguments).stdout(out).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(told.contains("error: "), "{arguments:?}: {told}");
        }
    } else {
        eprintln!("SKIPPED: there is no /dev/full here");
    }
    let expected = run(dir.path(), &["check"]).status.code();
    let mut child = program(dir.path(), &["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), expected);
    assert!(!both(&output).contains("roken pipe"), "{}", both(&output));
}

#[test]
fn what_cannot_be_written_is_told_and_leaves_nothing_behind() {
    let dir = repository();
    std::fs::create_dir(dir.path().join("directory")).unwrap();
    for target in ["missing/report.json", "main.tf/report.json"] {
        for arguments in [
            &["check", "--format", "json", "--output", target][..],
            &["export", "--output", target],
            &["graph", "--output", target],
            &["check", "--write-baseline", "--baseline", target],
        ] {
            let output = run(dir.path(), arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(both(&output).contains(target), "{arguments:?}: {}", both(&output));
        }
    }
    assert_eq!(names(dir.path()), [".git", "directory", "main.tf"]);
    // What is there already stays as it is, and keeps its mode; a link is written through.
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(dir.path().join("report.json"), "old").unwrap();
    std::fs::set_permissions(dir.path().join("report.json"), std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("report.json", dir.path().join("link.json")).unwrap();
    run(dir.path(), &["check", "--format", "json", "--output", "link.json"]);
    let written = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
    assert!(written.contains("schema_version"));
    assert!(std::fs::symlink_metadata(dir.path().join("link.json")).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(dir.path().join("report.json")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(dir.path()), [".git", "directory", "link.json", "main.tf", "report.json"]);
}

/// What a terminal would obey, or what hides text from a reader.
fn is_obeyed(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn no_format_hands_on_what_a_terminal_or_a_runner_obeys() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    let evil = "\u{1b}]0;x\u{7} \u{1b}[2J \u{9b}31m \u{202e}abc \u{2066}x";
    let tf = ESTATE
        .replace("name        = \"central\"", &format!("name = \"central {evil} \\r\\n::error::pwned\\n##[command]x\""))
        .replace("name = \"daily\"\n  rule", &format!("name = \"=cmd|'/c calc'!A0 {evil}\"\n  rule"))
        .replace("identifier        = each.key", &format!("identifier = \"${{each.key}} {evil}\""));
    assert!(tf.contains("pwned") && tf.matches(evil).count() == 3);
    std::fs::write(dir.path().join("main.tf"), tf).unwrap();
    std::fs::write(
        dir.path().join(format!("bad{evil}.tf").replace('/', "")),
        format!("locals {{\n  a = \"{evil}\" \"\n  {evil}\n}}\n"),
    )
    .unwrap();
    let mut all: Vec<Vec<&str>> =
        vec![vec!["fix"], vec!["inspect"], vec!["check", "-v", "-v"], vec!["check", "--statistics"]];
    for format in ["full", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown", "html"] {
        all.push(vec!["check", "--format", format]);
    }
    for format in ["full", "json", "jsonl", "csv", "markdown"] {
        all.push(vec!["copies", "--format", format]);
    }
    for format in ["full", "json", "csv", "markdown"] {
        all.push(vec!["coverage", "--require", "cross-account", "--format", format]);
    }
    for format in ["dot", "mermaid", "svg", "html", "json"] {
        all.push(vec!["graph", "--format", format]);
    }
    for arguments in all {
        let output = run(dir.path(), &arguments);
        // Code that is quoted for a patch must stay as it is, and this has none.
        for (stream, bytes) in [("out", &output.stdout), ("err", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            // The library that lays out the page's picture is not of the analysed code.
            let text: String = text.split_inclusive('\n').filter(|line| !line.contains("var dagre=")).collect();
            // A line of RFC 4180 ends in both.
            let text = if arguments.contains(&"csv") { text.replace("\r\n", "\n") } else { text };
            // JSON escapes control characters itself; marks that reorder text are no matter of a terminal there.
            let json =
                arguments.iter().any(|word| matches!(*word, "json" | "jsonl" | "sarif" | "gitlab")) && stream == "out";
            let found = text.chars().find(|c| is_obeyed(*c) && !(json && *c >= '\u{7f}'));
            assert_eq!(
                found,
                None,
                "{arguments:?} std{stream}: {:?}",
                text.lines().find(|line| line.chars().any(is_obeyed))
            );
            assert!(
                !text.lines().any(|line| line.trim_start().starts_with("::error::pwned") || line.starts_with("##[")),
                "{arguments:?}"
            );
        }
    }
}

/// The whole run under strace: no connection, no other program, nothing opened outside.
#[test]
fn no_connection_is_opened_and_no_program_is_run() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed; tests/architecture.rs holds the code itself");
        return;
    }
    let dir = repository();
    let log = dir.path().join("strace.log");
    let done = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=execve,execveat,socket,connect,bind,openat,open", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    if text.is_empty() || !matches!(done.status.code(), Some(0..=2)) {
        eprintln!("SKIPPED: strace cannot trace here: {}", String::from_utf8_lossy(&done.stderr));
        return;
    }
    let calls = |name: &str| text.lines().filter(|line| line.contains(&format!("{name}("))).count();
    assert_eq!(calls("execve"), 1, "{text}");
    assert_eq!(calls("socket") + calls("connect") + calls("bind") + calls("execveat"), 0, "{text}");
    // Opened for writing: nothing.
    assert!(
        !text.lines().any(|line| line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT")),
        "{text}"
    );
}

#[test]
fn links_that_double_at_each_directory_end() {
    let dir = repository();
    for level in 0..40 {
        let at = dir.path().join(format!("d{level:02}"));
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("t.yaml"), "Resources: {V: {Type: AWS::Backup::BackupVault}}\n").unwrap();
        for name in ["x", "y"] {
            symlink(format!("../d{:02}", (level + 1).min(39)), at.join(name)).unwrap();
        }
    }
    for name in ["x", "y"] {
        std::fs::remove_file(dir.path().join("d39").join(name)).unwrap();
    }
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    symlink("nowhere.tf", dir.path().join("d00/gone.tf")).unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&run(dir.path(), &["check", "--format", "json"]).stdout).unwrap();
    let left_out = report.pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(left_out.contains("more than 1000 symbolic links to directories"), "{left_out}");
    assert!(left_out.contains("the symbolic link leads nowhere"), "{left_out}");
    assert!(left_out.contains("d00/gone.tf") && left_out.len() < 10_000, "{}", left_out.len());
}

#[test]
fn a_revision_has_the_files_that_a_checkout_has() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let git = |arguments: &[&str]| {
        let names = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always"];
        let done = Command::new("git").args(names).args(arguments).current_dir(dir.path()).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    std::fs::create_dir_all(at("shared/estate")).unwrap();
    std::fs::write(at("shared/estate/main.tf"), ESTATE).unwrap();
    std::fs::create_dir(at("live")).unwrap();
    symlink("../shared/estate", at("live/estate")).unwrap();
    symlink("..", at("live/up")).unwrap();
    symlink("/", at("live/root")).unwrap();
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "links"]);
    // Nothing differs, whichever of the two is read.
    let output = run(dir.path(), &["diff", "HEAD", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "the loop is told: {}", both(&output));
    let text = both(&output);
    assert!(text.contains("symbolic links form a loop"), "{text}");
    std::fs::remove_file(at("live/up")).unwrap();
    git(&["commit", "-q", "-a", "-m", "no loop"]);
    let output = run(dir.path(), &["diff", "HEAD", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", both(&output));
    // A revision without the link has fewer units, and one with it as many.
    std::fs::write(at("shared/estate/main.tf"), ESTATE.replace("backup:CopyIntoBackupVault", "backup:Other")).unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&run(dir.path(), &["diff", "HEAD", "--format", "json"]).stdout).unwrap();
    let text = report.to_string();
    assert!(text.contains("live/estate") && text.contains("shared/estate"), "{text}");
}

#[test]
fn what_an_ended_run_left_behind_stands_in_nobodys_way() {
    // In a container every run has the same process id: the shell's own here, which becomes the program's.
    let dir = repository();
    let script = "for n in 0 1 2; do echo old > .report.json.$$-$n.tmp; done; exec \"$0\" check --format json --output report.json";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_crossvault")])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0..=1)), "{}", both(&output));
    assert!(std::fs::read_to_string(dir.path().join("report.json")).unwrap().contains("schema_version"));
}

#[test]
fn an_interrupted_run_leaves_the_old_file_or_the_new_one() {
    use std::os::unix::process::ExitStatusExt as _;
    let dir = repository();
    let many: String = (0..1500)
        .map(|at| format!("resource \"aws_efs_file_system\" \"f{at}\" {{\n  tags = {{ Backup = \"yes\" }}\n}}\n"))
        .collect();
    std::fs::write(dir.path().join("more.tf"), many).unwrap();
    let target = dir.path().join("report.json");
    let mut ended = 0;
    for wait in 0..12 {
        std::fs::write(&target, "old").unwrap();
        let arguments = ["check", "--format", "json", "--output", "report.json"];
        let mut child = program(dir.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait * 25));
        // What runs in the background of a shell is not interrupted, but told to end.
        let (name, number) = if wait % 2 == 0 { ("-INT", 2) } else { ("-TERM", 15) };
        Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        // As any program that is interrupted: a shell tells 130, and no report is taken for whole.
        assert!(status.signal() == Some(number) || matches!(status.code(), Some(0..=1)), "{status:?}");
        ended += usize::from(status.signal().is_some());
        let text = std::fs::read_to_string(&target).unwrap();
        assert!(text == "old" || serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        assert!(status.signal().is_none() || text == "old" || text.contains("schema_version"));
    }
    assert!(ended > 0, "no run was interrupted");
}

#[test]
fn a_file_that_changes_under_way_is_not_overwritten_by_a_fix() {
    let dir = repository();
    std::fs::write(dir.path().join("main.tf"), ESTATE.replace("backup:CopyIntoBackupVault", "backup:Other")).unwrap();
    for round in 0..8 {
        let child =
            program(dir.path(), &["fix", "--write"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 15));
        // Another one writes the whole file in one step.
        let text = format!("{}# edited {round}\n", ESTATE.replace("backup:CopyIntoBackupVault", "backup:Other"));
        std::fs::write(dir.path().join("new"), &text).unwrap();
        std::fs::rename(dir.path().join("new"), dir.path().join("main.tf")).unwrap();
        let output = child.wait_with_output().unwrap();
        let left = std::fs::read_to_string(dir.path().join("main.tf")).unwrap();
        // The edit is there, as it was or with the fix of it.
        assert!(left.contains(&format!("# edited {round}")), "{}: {left}", both(&output));
        assert!(matches!(output.status.code(), Some(0..=2)), "{output:?}");
    }
    // The configuration, too: it is read once, whole or not at all.
    for round in 0..8 {
        let child = program(dir.path(), &["check", "--format", "json"]).stdout(Stdio::piped()).spawn().unwrap();
        let half = if round % 2 == 0 { "[accounts]\nx = \"1111" } else { "[accounts]\nx = \"111111111111\"\n" };
        std::fs::write(dir.path().join("crossvault.toml"), half).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(0..=2)), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    }
}

#[test]
fn modules_outside_the_repository_are_read_only_where_the_command_line_names_them() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(outside.path().join("modules/vault")).unwrap();
    std::fs::write(outside.path().join("modules/vault/main.tf"), "output \"name\" {\n  value = \"central\"\n}\n")
        .unwrap();
    let dir = repository();
    std::fs::write(
        dir.path().join("main.tf"),
        "module \"v\" {\n  source = \"git::https://example.org/m.git//vault\"\n}\nresource \"aws_backup_vault\" \"v\" {\n  name = module.v.name\n}\n",
    )
    .unwrap();
    let modules = outside.path().join("modules");
    let mapping = format!("[modules]\n\"git::https://example.org/m.git//vault\" = \"{}/vault\"\n", modules.display());
    std::fs::write(dir.path().join("crossvault.toml"), mapping).unwrap();
    let text = both(&run(dir.path(), &["check"]));
    assert!(text.contains("leads outside the repository"), "{text}");
    let output = run(dir.path(), &["inspect", ".", modules.to_str().unwrap()]);
    assert!(both(&output).contains("central"), "{}", both(&output));
}
