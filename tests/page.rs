//! The HTML page in a real browser: search, filters, clicks, keys, at ten and at ten thousand copies. Without a
//! Chromium the test says so loudly and passes.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ESTATE: &str = "testdata/cases/an-estate-of-two-accounts-in-two-languages";

/// A browser that is driven by its debugging protocol over two pipes: null-terminated JSON, no network.
struct Browser {
    child: Child,
    to: File,
    from: std::sync::mpsc::Receiver<Json>,
    next: u64,
    session: Option<String>,
    /// Errors of the console, and addresses that were asked for.
    trouble: Vec<String>,
    dir: tempfile::TempDir,
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    named.or_else(|| {
        known.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name))).find(|program| program.is_file())
    })
}

impl Browser {
    fn start(program: &Path) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let (to, from) = (dir.path().join("to"), dir.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success());
        let script = "exec \"$0\" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-component-update --disable-extensions --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<\"$2\" 4>\"$3\"";
        let child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .arg(dir.path().join("profile"))
            .args([&to, &from])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = File::create(&to).unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        let from = File::open(&from).unwrap();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(from);
            loop {
                let mut message = Vec::new();
                if !matches!(reader.read_until(0, &mut message), Ok(length) if length > 0) {
                    break;
                }
                message.pop();
                if let Ok(message) = serde_json::from_slice(&message)
                    && send.send(message).is_err()
                {
                    break;
                }
            }
        });
        let mut browser = Self { child, to, from: receive, next: 0, session: None, trouble: Vec::new(), dir };
        browser.call("Browser.getVersion", json!({}))?;
        Some(browser)
    }

    /// Calls a method and waits for its answer; `None` where the browser does not answer.
    fn call(&mut self, method: &str, params: Json) -> Option<Json> {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(message.to_string().as_bytes()).ok()?;
        self.to.write_all(&[0]).ok()?;
        loop {
            let answer = self.from.recv_timeout(Duration::from_secs(60)).ok()?;
            if answer["id"] == self.next {
                return Some(answer["result"].clone());
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Json) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.trouble.push(params["exceptionDetails"].to_string()),
            Some("Log.entryAdded") => self.trouble.push(params["entry"].to_string()),
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => self.trouble.push(params.to_string()),
            Some("Network.requestWillBeSent") => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file://") && !url.starts_with("data:") {
                    self.trouble.push(format!("asked the network for {url}"));
                }
            }
            _ => {}
        }
    }

    /// Opens the page with a window of this size.
    fn open(&mut self, page: &str, (width, height): (u32, u32)) {
        let path = self.dir.path().join("page.html");
        std::fs::write(&path, page).unwrap();
        self.session = None;
        let target = self.call("Target.createTarget", json!({"url": "about:blank"})).unwrap();
        let attached =
            self.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true})).unwrap();
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime", "Log", "Network", "Page"] {
            self.call(&format!("{domain}.enable"), json!({})).unwrap();
        }
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size).unwrap();
        self.call("Page.navigate", json!({"url": format!("file://{}", path.display())})).unwrap();
        self.wait("document.documentElement?.dataset.ready === 'true'");
    }

    fn eval(&mut self, script: &str) -> Json {
        let found = self.call("Runtime.evaluate", json!({"expression": script, "returnByValue": true})).unwrap();
        assert!(found["exceptionDetails"].is_null(), "{script}: {found}");
        found["result"]["value"].clone()
    }

    fn wait(&mut self, script: &str) {
        for _ in 0..400 {
            if self.eval(script) == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never true: {script}; {:?}", self.trouble);
    }

    fn count(&mut self, selector: &str) -> u64 {
        self.eval(&format!("document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    }

    fn key(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && key.chars().count() == 1 {
                event["text"] = key.into();
            } else if kind == "keyDown" && key == "Enter" {
                event["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", event).unwrap();
        }
    }

    fn typed(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&c.to_string(), 0);
        }
    }

    /// Clicks with the mouse in the middle of the first element that fits.
    fn click(&mut self, selector: &str) {
        let place = self.eval(&format!("(() => {{ const element = document.querySelector({}); element.scrollIntoView({{block: 'center', inline: 'center'}}); const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()", json!(selector)));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).unwrap();
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn page() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "html"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(ESTATE))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The same page with the data of `number` copies.
fn multiplied(page: &str, number: usize) -> String {
    let start = page.find("type=\"application/json\">").unwrap() + "type=\"application/json\">".len();
    let end = start + page[start..].find("</script>").unwrap();
    let mut data: Json = serde_json::from_str(&page[start..end]).unwrap();
    let copies = data["copies"].as_array().unwrap().clone();
    let nodes = data["nodes"].as_array().unwrap().clone();
    let (mut more, mut all) = (Vec::new(), nodes.clone());
    for at in 0..number {
        let mut copy = copies[at % copies.len()].clone();
        let source = usize::try_from(copy["source"].as_u64().unwrap()).unwrap();
        let mut node = nodes[source].clone();
        node["title"] = format!("store-{at}").into();
        node["account"] = format!("account-{}", at % 150).into();
        copy["source"] = all.len().into();
        copy["id"] = format!("{at:016x}").into();
        all.push(node);
        more.push(copy);
    }
    data["copies"] = more.into();
    data["nodes"] = all.into();
    format!("{}{}{}", &page[..start], data.to_string().replace('<', "\\u003c"), &page[end..])
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(mut browser) = chromium().and_then(|program| Browser::start(&program)) else {
        eprintln!(
            "\n*** NOT TESTED: the HTML page. There is no Chromium that starts; install one, or name it in CHROMIUM. ***\n"
        );
        return;
    };
    let page = page();
    browser.open(&page, (1366, 768));
    assert_eq!(browser.count("svg .edge.fails, svg .edge.succeeds"), 10, "a line for each copy");
    assert_eq!(browser.count("svg .box"), 2, "a box for each account");
    assert_eq!(browser.count("svg .edge.fails"), 6);

    // The keyboard alone: search, list, copy, back.
    browser.key("/", 191);
    browser.typed("invoices archive");
    browser.wait("document.getElementById('count').textContent === '(1 of 10)'");
    browser.click("#tab-copies");
    browser.eval("document.getElementById('list').focus()");
    browser.key("ArrowDown", 40);
    browser.key("Enter", 13);
    let detail = "document.getElementById('detail').textContent";
    browser.wait("!document.getElementById('detail').hidden");
    for text in ["module.invoices.aws_db_instance.this", "source-key-aws-managed", "storage_encrypted", "AWS says"] {
        assert_eq!(browser.eval(&format!("{detail}.includes({})", json!(text))), true, "{text}");
    }
    assert_eq!(browser.count("#detail details[open]"), 3, "the rules that decide are open");
    browser.key("Escape", 27);
    browser.wait("document.getElementById('detail').hidden");

    // Filters.
    browser.click("#reset");
    browser.wait("document.getElementById('count').textContent === '(10)'");
    assert_eq!(browser.count("#rows .row"), 10);
    browser.click("#verdict-fails");
    browser.wait("document.querySelectorAll('#rows .row').length === 4");
    browser.click("#verdict-fails");
    let choose = |id: &str, value: &str| {
        format!(
            "(() => {{ const list = document.getElementById('{id}'); list.value = '{value}'; list.dispatchEvent(new Event('change')); return list.value === '{value}' && document.querySelectorAll('#rows .row').length; }})()"
        )
    };
    assert_eq!(browser.eval(&choose("service", "RDS")), 4);
    assert_eq!(browser.eval(&choose("rule", "source-key-aws-managed")), 2);
    assert_eq!(browser.eval(&choose("account", "backup")), 2);
    browser.click("#reset");

    // The mouse: a line of the list, a line of the picture, a finding.
    browser.click("#rows .row");
    browser.wait("!document.getElementById('detail').hidden");
    browser.click("#detail .close");
    browser.click("#tab-picture");
    browser.click("svg .edge.fails .pill");
    browser.wait("!document.getElementById('detail').hidden && location.hash.startsWith('#copy=')");
    browser.click("#detail .close");
    browser.click("#tab-findings");
    assert_eq!(browser.count("#findings details"), 3);
    browser.click("#findings button");
    browser.wait("document.getElementById('count').textContent === '(5 of 10)'");
    assert!(browser.trouble.is_empty(), "{:?}", browser.trouble);

    // A phone: nothing is wider than the window.
    browser.open(&page, (390, 844));
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= 390"), true);
    browser.click("#rows .row");
    browser.wait("document.getElementById('detail').getBoundingClientRect().width === 390");

    // Ten thousand copies: only what is seen exists, and the picture is grouped.
    browser.open(&multiplied(&page, 10_000), (1920, 1080));
    assert!((1..=100).contains(&browser.count("svg .node")));
    browser.click("#tab-copies");
    assert!((20..200).contains(&browser.count("#rows .row")));
    browser.eval("document.getElementById('list').focus()");
    browser.key("End", 35);
    browser.wait("document.querySelector('#rows .row:last-child').textContent.includes('store-9999')");
    browser.key("/", 191);
    browser.typed("store-77");
    browser.wait("document.getElementById('count').textContent === '(111 of 10000)'");
    browser.click("#tab-picture");
    assert!(browser.count("svg .node") > 1);
    // On paper every row is there.
    browser.click("#tab-copies");
    browser.eval("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.count("#rows .row"), 111);
    assert!(browser.trouble.is_empty(), "{:?}", browser.trouble);
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.tf"), include_str!("../testdata/hostile.tf")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "html"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(page.matches("</script>").count(), 3, "the page's own scripts");
    assert!(!page.contains("<img"));
    let Some(mut browser) = chromium().and_then(|program| Browser::start(&program)) else { return };
    browser.open(&page, (1366, 768));
    browser.click("#tab-copies");
    browser.click("#rows .row");
    browser.wait("document.getElementById('detail').textContent.includes('<img src=x onerror=alert(1)>')");
    assert_eq!(browser.count("img"), 0);
    assert!(browser.trouble.is_empty(), "{:?}", browser.trouble);
}
