use super::*;
use crate::source::MemoryDisk;
use std::path::Path;

fn parse(text: &str) -> (Body, Vec<Diagnostic>) {
    let sources = Sources::new(Box::new(MemoryDisk::default()));
    let file = sources.add("main.tf", text);
    parse_file(&sources, file)
}

/// Parses every file below the directory that `CROSSVAULT_SYNTAX_DIR` names, and prints `ok` or what is wrong.
#[test]
fn a_directory_on_demand() {
    let Ok(dir) = std::env::var("CROSSVAULT_SYNTAX_DIR") else { return };
    let started = std::time::Instant::now();
    let (mut files, mut bytes) = (0, 0);
    for entry in walkdir::WalkDir::new(&dir).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        if !path.extension().is_some_and(|ext| ext == "tf" || ext == "tfvars") || !path.is_file() {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        files += 1;
        bytes += text.len();
        let shown = path.strip_prefix(Path::new(&dir)).unwrap().display();
        let sources = Sources::new(Box::new(MemoryDisk::default()));
        let file = sources.add("f", &text);
        let (_, diagnostics) = parse_file(&sources, file);
        for diagnostic in &diagnostics {
            let location = sources.location(diagnostic.primary.as_ref().unwrap().span);
            println!("rejected\t{shown}\t{}:{}\t{}", location.line, location.column, diagnostic.message);
        }
    }
    println!("{files} files, {bytes} bytes, {:?}", started.elapsed());
}

#[test]
fn one_attribute() {
    let (body, diagnostics) = parse("a = 1\n");
    assert_eq!(diagnostics, []);
    assert_eq!(&*body.attributes[0].name, "a");
}
