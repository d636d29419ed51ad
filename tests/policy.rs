//! Policy questions with known answers, and key policies as people write them.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn every_recorded_question_is_answered_as_expected() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/policy/cases.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let question: Value = serde_json::from_str(line).unwrap();
        let answer = crossvault::iam::answer_line(line).unwrap();
        count += 1;
        if answer["answer"] != question["expected"] {
            wrong.push(format!(
                "{}: expected {}, got {}: {}",
                question["id"], question["expected"], answer["answer"], answer["because"]
            ));
        }
    }
    assert_eq!(count, 95);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_that_cannot_be_read_is_an_error() {
    assert_eq!(crossvault::iam::answer_line("{").unwrap_err()["id"], Value::Null);
    let error = crossvault::iam::answer_line(r#"{"id": 7, "principal": "x"}"#).unwrap_err();
    assert_eq!(error["id"], 7);
    assert!(error["error"].as_str().unwrap().contains("action"));
}

/// Each key policy on the key of an RDS instance that is copied to another account.
#[test]
fn key_policies_as_people_write_them_give_the_verdict_of_their_class() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/policy/shapes.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let shape: Value = serde_json::from_str(line).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata/cases/rds-under-a-shared-customer-key-can-leave-the-account-cloudformation");
        let source = std::fs::read_to_string(root.join("workload.yaml")).unwrap();
        let begin = source
            .find("      KeyPolicy:\n        Version: \"2012-10-17\"\n        Statement:\n          - Sid: OwnAccount")
            .unwrap();
        let end = source.find("  UsersKey:").unwrap();
        let policy = format!("      KeyPolicy: {}\n", shape["policy"]);
        std::fs::write(dir.path().join("workload.yaml"), format!("{}{policy}{}", &source[..begin], &source[end..]))
            .unwrap();
        std::fs::copy(root.join("central.yaml"), dir.path().join("central.yaml")).unwrap();
        let config = std::fs::read_to_string(root.join("crossvault.toml")).unwrap();
        std::fs::write(
            dir.path().join("crossvault.toml"),
            format!("[organization]\nid = \"o-exampleorg1\"\n\n{}", config.replace("us-east-2", REGION)),
        )
        .unwrap();
        for file in ["workload.yaml", "central.yaml"] {
            let path = dir.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap().replace("us-east-2", REGION);
            std::fs::write(path, text).unwrap();
        }
        let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
            .args(["check", "--format", "json"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let copy = report["copies"].as_array().unwrap().iter().find(|copy| copy["source"]["service"] == "rds").unwrap();
        let expected = match shape["class"].as_str().unwrap() {
            "sufficient" => "succeeds",
            "insufficient" => "fails",
            _ => "undecided",
        };
        // The organization's tree is no input yet: a condition on it is undecided where the class takes it as known.
        let paths = shape["policy"].to_string().contains("PrincipalOrgPaths");
        let got = copy["verdict"].as_str().unwrap();
        if got != expected && !(paths && got == "undecided") {
            let failed: Vec<&Value> = copy["checks"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|check| check["outcome"] != "pass" && check["outcome"] != "not_applicable")
                .collect();
            wrong.push(format!("{} ({}): expected {expected}, got {got}: {failed:?}", shape["id"], shape["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const REGION: &str = "us-east-1";
