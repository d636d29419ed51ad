//! `crossvault coverage`: states, reasons, requirements, formats.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

const ESTATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/cases/an-estate-of-two-accounts-in-two-languages");

fn run(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["crossvault", "coverage"].iter().chain(arguments).map(|text| (*text).into());
    let code = crossvault::cli::run(arguments, &mut std::io::empty(), &mut out, &mut err, false);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&run(&[arguments, &["--format", "json", ESTATE]].concat()).1).unwrap()
}

#[test]
fn a_data_store_is_covered_by_one_copy_that_works() {
    let report = json(&[]);
    let stores = report["data_stores"].as_array().unwrap();
    let of = |name: &str| stores.iter().find(|store| store["source"]["address"] == name).unwrap();
    let users = of("aws_dynamodb_table.users");
    assert_eq!(users["cross_account"]["state"], "covered");
    assert_eq!(users["cross_account"]["copies"].as_array().unwrap().len(), 1);
    assert_eq!(users["cross_region"]["state"], "missing");
    let invoices = of("module.invoices.aws_db_instance.this");
    assert_eq!(invoices["cross_account"]["state"], "missing");
    assert!(invoices["cross_account"]["why"].as_str().unwrap().contains("source-key-aws-managed"));
    assert_eq!(report["summary"]["cross_account"]["covered"], 4);
    assert_eq!(report["shortfalls"].as_array().unwrap().len(), 0);
}

#[test]
fn what_is_required_and_missing_is_an_error() {
    let (code, _, err) = run(&["--require", "cross-account", ESTATE]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error: `module.invoices.aws_db_instance.this` has no cross-account copy that works"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    let report = json(&["--require", "cross-account,cross-region"]);
    assert_eq!(report["shortfalls"].as_array().unwrap().len(), 6);
    assert_eq!(run(&[ESTATE]).0, 0);
}

#[test]
fn a_tag_narrows_what_is_asked_of() {
    let all = json(&[])["data_stores"].as_array().unwrap().len();
    let some = json(&["--tag", "backup=daily"])["data_stores"].as_array().unwrap().len();
    assert!(0 < some && some <= all, "{some} of {all}");
    let (code, out, _) = run(&["--require", "cross-account", "--tag", "backup=never", ESTATE]);
    assert_eq!(code, 0);
    assert!(out.contains("0 data stores"), "{out}");
    let (code, _, err) = run(&["--tag", "backup", ESTATE]);
    assert_eq!((code, err.as_str()), (2, "error: --tag backup: expected KEY=VALUE\n"));
}

#[test]
fn tables_have_a_row_for_each_data_store() {
    let (_, csv, _) = run(&["--format", "csv", ESTATE]);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "unit,data_store,service,account,region,cross_account,cross_region,why");
    assert_eq!(lines.len(), 7, "{csv}");
    let (_, markdown, _) = run(&["--format", "markdown", ESTATE]);
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| `")).count(), 5);
}
