//! A thousand secrets are planted where code, plans, states and inputs hold them; no output of any command shows one.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use base64::Engine as _;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How often each place is planted.
const TIMES: usize = 6;

/// What each secret begins with.
const MARK: &str = "Canary7";

/// Makes secrets, and counts them.
#[derive(Default)]
struct Planted(usize);

impl Planted {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{MARK}x{:04}q", self.0)
    }
}

const PROVIDERS: &str = r#"
provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
  access_key          = "SECRET"
  secret_key          = "SECRET"
  token               = "SECRET"
}
provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}
provider "postgresql" {
  password = "SECRET"
}
terraform {
  backend "s3" {
    bucket     = "b"
    key        = "k"
    secret_key = "SECRET"
  }
}
resource "aws_backup_vault" "local" {
  name = "local"
}
resource "aws_backup_vault" "central" {
  provider = aws.central
  name     = "central"
}
resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name
    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}
resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = ["*"]
}
variable "from_file" {
  sensitive = true
}
variable "from_environment" {
  sensitive = true
}
variable "from_arguments" {
  sensitive = true
}
variable "from_configuration" {
  sensitive = true
}
output "told" {
  value     = "SECRET"
  sensitive = true
}
"#;

/// What stands in the root module many times; `N` is the number.
const REPEATED: &str = r#"
variable "secretN" {
  type      = string
  default   = "SECRET"
  sensitive = true
}
variable "structuredN" {
  type = object({ a = list(string) })
  default = {
    a = ["SECRET"]
  }
  sensitive = true
}
variable "wrongN" {
  type      = string
  default   = "SECRET"
  sensitive = true
  validation {
    condition     = length(var.wrongN) > 1000
    error_message = "`${var.wrongN}` is too short"
  }
}
locals {
  hiddenN   = sensitive("SECRET")
  derivedN  = "x-${var.secretN}-y"
  documentN = jsonencode({ password = sensitive("SECRET") })
  failsN    = tonumber(sensitive("SECRET"))
  decodeN   = jsondecode(sensitive("{SECRET"))
  fileN     = file(sensitive("SECRET"))
  lookupN   = { a = 1 }[sensitive("SECRET")]
  indexN    = [1][var.secretN]
  arithN    = 1 + var.secretN
  matchN    = regex("(", sensitive("SECRET"))
}
output "outN" {
  value     = sensitive("SECRET")
  sensitive = true
}
resource "aws_db_instance" "dN" {
  identifier        = "dN"
  engine            = "postgres"
  password          = "SECRET"
  storage_encrypted = true
  snapshot_identifier = null
  tags = {
    backup = "daily"
    hidden = sensitive("SECRET")
    named  = var.secretN
  }
}
resource "aws_rds_cluster" "cN" {
  cluster_identifier = "cN"
  engine             = "aurora-postgresql"
  master_password    = "SECRET"
  storage_encrypted  = true
}
resource "aws_redshift_cluster" "rN" {
  cluster_identifier = "rN"
  master_password    = local.hiddenN
  node_type          = "ra3.large"
  encrypted          = true
}
resource "aws_instance" "iN" {
  ami       = "ami-1"
  user_data = <<-EOT
    #!/bin/sh
    export PASSWORD=SECRET
  EOT
  root_block_device {
    encrypted = true
  }
}
resource "aws_instance" "jN" {
  user_data_base64 = base64encode("SECRET")
  tags             = { Name = local.derivedN }
}
resource "aws_secretsmanager_secret_version" "sN" {
  secret_id     = "s"
  secret_string = jsonencode({ password = "SECRET" })
}
resource "aws_ssm_parameter" "pN" {
  name  = "p"
  type  = "SecureString"
  value = "SECRET"
}
resource "aws_lambda_function" "lN" {
  function_name = "l"
  environment {
    variables = {
      API_TOKEN = "SECRET"
      PLAIN     = "SECRET"
MORE
    }
  }
}
resource "aws_elasticache_replication_group" "eN" {
  auth_token = "SECRET"
}
resource "aws_backup_vault" "vN" {
  name = var.secretN
  tags = { a = var.structuredN.a[0] }
}
resource "aws_db_instance" "gN" {
  identifier        = local.hiddenN
  engine            = local.derivedN
  storage_encrypted = true
  kms_key_id        = sensitive("arn:aws:kms:eu-central-1:111111111111:key/SECRET")
}
resource "aws_kms_key" "kN" {
  policy = jsonencode({ Statement = [{ Sid = sensitive("SECRET"), Effect = "Allow", Principal = "*", Action = var.secretN, Resource = "*" }] })
}
resource "null_resource" "nN" {
  triggers = { a = var.secretN }
  connection {
    password    = "SECRET"
    private_key = "SECRET"
  }
  provisioner "local-exec" {
    command = "true"
    environment = {
      DB_PASSWORD = "SECRET"
    }
  }
}
resource "aws_db_instance" "mN" {
  for_each          = toset([var.secretN])
  engine            = "postgres"
  storage_encrypted = true
}
module "callN" {
  source   = "./child"
  password = "SECRET"
  label    = var.secretN
}
"#;

const CHILD: &str = r#"
variable "password" {
  sensitive = true
}
variable "label" {}
resource "aws_db_instance" "this" {
  engine            = "postgres"
  storage_encrypted = true
  password          = var.password
  identifier        = var.label
  tags              = { label = var.label }
}
output "label" {
  value = var.label
}
"#;

const TEMPLATE: &str = r#"
Parameters:
  Password:
    Type: String
    NoEcho: true
    Default: SECRET
  Given:
    Type: String
    NoEcho: 'true'
Resources:
  Vault:
    Type: AWS::Backup::BackupVault
    Properties: {BackupVaultName: cfn}
  Plan:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanName: p
        BackupPlanRule:
          - RuleName: r
            TargetBackupVault: !Ref Vault
            CopyActions:
              - DestinationBackupVaultArn: arn:aws:backup:eu-central-1:222222222222:backup-vault:central
  Selection:
    Type: AWS::Backup::BackupSelection
    Properties:
      BackupPlanId: !Ref Plan
      BackupSelection:
        SelectionName: s
        IamRoleArn: arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole
        Resources: ['*']
"#;

const TEMPLATE_REPEATED: &str = r#"
  DbN:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      MasterUserPassword: SECRET
      StorageEncrypted: true
      DBInstanceIdentifier: !Ref Password
  OneN: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: "SECRET", StorageEncrypted: true, Engine: mysql, Tags: [{Key: a, Value: !Sub "${Given}"}]}}
  SecretN:
    Type: AWS::SecretsManager::Secret
    Properties:
      SecretString: '{"password": "SECRET"}'
  InstanceN:
    Type: AWS::EC2::Instance
    Properties:
      UserData:
        Fn::Base64: !Sub |
          export PASSWORD=SECRET
          echo ${Password}
  FunctionN:
    Type: AWS::Lambda::Function
    Properties:
      Environment:
        Variables:
          TOKEN: SECRET
          OTHER: !Ref Given
  CacheN:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties:
      AuthToken: SECRET
"#;

fn filled(text: &str, number: usize, planted: &mut Planted) -> String {
    let mut parts = text.split("SECRET");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(&planted.next());
        out.push_str(part);
    }
    // Names of things end in their number.
    let mut numbered = String::new();
    let characters: Vec<char> = out.chars().collect();
    for (at, c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| characters.get(at)).is_some_and(|c| c.is_lowercase());
        let after = characters.get(at + 1).is_none_or(|c| !c.is_alphanumeric());
        if *c == 'N' && before && after {
            let _ = write!(numbered, "{number}");
        } else {
            numbered.push(*c);
        }
    }
    numbered
}

fn plan(planted: &mut Planted) -> Json {
    let mut resources = Vec::new();
    for number in 0..TIMES {
        resources.push(json!({
            "address": format!("aws_db_instance.p{number}"), "mode": "managed", "type": "aws_db_instance", "name": format!("p{number}"),
            "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 2,
            "values": {
                "engine": "postgres", "storage_encrypted": true, "password": planted.next(), "identifier": planted.next(),
                "tags": {"a": planted.next(), "b": "x"}, "arn": null, "timeouts": null
            },
            "sensitive_values": {"identifier": true, "tags": {"a": true}}
        }));
    }
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4",
        "variables": {"password": {"value": planted.next()}, "other": {"value": planted.next()}},
        "planned_values": {
            "outputs": {"o": {"sensitive": true, "type": "string", "value": planted.next()}},
            "root_module": {"resources": resources}
        },
        "resource_changes": [],
        "prior_state": {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {"resources": [
            {"address": "random_password.r", "mode": "managed", "type": "random_password", "name": "r",
             "provider_name": "registry.terraform.io/hashicorp/random", "values": {"result": planted.next(), "bcrypt_hash": planted.next()}, "sensitive_values": {"result": true}}
        ]}}},
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "expressions": {
                "region": {"constant_value": "eu-central-1"}, "secret_key": {"constant_value": planted.next()}}}},
            "root_module": {"variables": {"password": {"sensitive": true}, "other": {"sensitive": true}},
                "resources": []}
        }
    })
}

fn state(planted: &mut Planted) -> Json {
    let mut resources = Vec::new();
    for number in 0..TIMES {
        resources.push(json!({
            "mode": "managed", "type": "aws_db_instance", "name": format!("t{number}"),
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{"schema_version": 2, "attributes": {
                "arn": format!("arn:aws:rds:eu-central-1:111111111111:db:t{number}"), "engine": "postgres",
                "storage_encrypted": true, "password": planted.next(), "username": planted.next(),
                "tags": {"a": planted.next()}
            }, "sensitive_attributes": [
                [{"type": "get_attr", "value": "username"}],
                [{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"type": "string", "value": "a"}}]
            ]}]
        }));
        resources.push(json!({
            "mode": "managed", "type": "random_password", "name": format!("q{number}"),
            "provider": "provider[\"registry.terraform.io/hashicorp/random\"]",
            "instances": [{"schema_version": 3, "attributes": {"result": planted.next(), "bcrypt_hash": planted.next()},
                "sensitive_attributes": []}]
        }));
        resources.push(json!({
            "mode": "managed", "type": "tls_private_key", "name": format!("k{number}"),
            "provider": "provider[\"registry.terraform.io/hashicorp/tls\"]",
            "instances": [{"schema_version": 1, "attributes": {"private_key_pem": planted.next(), "private_key_openssh": planted.next()},
                "sensitive_attributes": []}]
        }));
    }
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "11111111-1111-1111-1111-111111111111",
        "outputs": {"secret": {"value": planted.next(), "type": "string", "sensitive": true}},
        "resources": resources
    })
}

/// The repository, and variables of the environment with secrets in them.
fn plant(dir: &Path, planted: &mut Planted) -> Vec<(String, String)> {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let mut main = filled(PROVIDERS, 0, planted);
    let mut template = filled(TEMPLATE, 0, planted);
    let more: String = (0..130).map(|at| format!("      V{at} = \"SECRET\"\n")).collect();
    for number in 0..TIMES {
        main.push_str(&filled(&REPEATED.replace("MORE\n", &more), number, planted));
        template.push_str(&filled(TEMPLATE_REPEATED, number, planted).replace("DbN", &format!("Db{number}")));
    }
    write("app/main.tf", &main);
    write("app/child/main.tf", CHILD);
    write(
        "app/terraform.tfvars",
        &format!("from_file = \"{}\"\nundeclared_password = \"{}\"\n", planted.next(), planted.next()),
    );
    write("tfvars/main.tf", "variable \"a\" {}\n");
    write(
        "tfvars/broken.auto.tfvars",
        &format!("from_file = \"{}\" password = \"{}\n", planted.next(), planted.next()),
    );
    write("template.yaml", &template);
    write(
        "broken.yaml",
        &format!(
            "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A: {{Type: AWS::RDS::DBInstance, Properties: {{MasterUserPassword: {}, X: [}}\n",
            planted.next()
        ),
    );
    write(
        "broken/main.tf",
        &format!(
            "resource \"aws_db_instance\" \"x\" {{\n  password = \"{}\" \"{}\"\n  a = \n}}\n",
            planted.next(),
            planted.next()
        ),
    );
    write("plan/plan.json", &plan(planted).to_string());
    write("state/app.tfstate", &state(planted).to_string());
    write(
        "crossvault.toml",
        &format!(
            "[[deployment]]\npath = \"app\"\nvars = {{ from_configuration = \"{}\" }}\n\n[[deployment]]\npath = \"template.yaml\"\naccount = \"111111111111\"\nregion = \"eu-central-1\"\nparameters = {{ Given = \"{}\" }}\n",
            planted.next(),
            planted.next()
        ),
    );
    vec![("TF_VAR_from_environment".to_owned(), planted.next()), ("AWS_SECRET_ACCESS_KEY".to_owned(), planted.next())]
}

/// Secrets that the text shows, as they are or as base64.
fn shown(text: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = text
        .match_indices(MARK)
        .map(|(at, _)| text.get(at..(at + MARK.len() + 6).min(text.len())).unwrap().to_owned())
        .collect();
    let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
    for before in ["", "a", "aa"] {
        let code = engine.encode(format!("{before}{MARK}xx"));
        // Without what the characters beside it change.
        let code = code.get(4..code.len() - 4).unwrap();
        if text.contains(code) {
            found.insert(format!("base64 {code}"));
        }
    }
    found
}

fn commands(first: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<&str>> = Vec::new();
    for format in ["full", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown", "html"] {
        all.push(vec!["check", "-v", "-v", "--format", format, "--var", first]);
    }
    all.push(vec!["check", "--strict", "--statistics", "--color", "always"]);
    all.push(vec!["check", "app", "--no-ignores", "--color", "always"]);
    for format in ["full", "json", "jsonl", "csv", "markdown"] {
        all.push(vec!["copies", "-v", "--format", format]);
    }
    for format in ["full", "json", "csv", "markdown"] {
        all.push(vec!["coverage", "-v", "--format", format]);
    }
    for format in ["dot", "mermaid", "svg", "html", "json"] {
        all.push(vec!["graph", "--format", format]);
    }
    for format in ["full", "json"] {
        all.push(vec!["inspect", "--format", format]);
        all.push(vec!["console", "app", "--format", format]);
    }
    for format in ["full", "concise", "json", "sarif", "github", "gitlab", "junit", "html", "markdown"] {
        all.push(vec!["diff", "HEAD", "--format", format]);
    }
    all.push(vec!["fix"]);
    all.push(vec!["export", "app"]);
    all.push(vec!["export", "template.yaml"]);
    all.push(vec!["export", "plan/plan.json"]);
    all.push(vec!["check", "broken", "broken.yaml", "tfvars", "--color", "always"]);
    all.into_iter().map(|arguments| arguments.into_iter().map(str::to_owned).collect()).collect()
}

const QUESTIONS: &str = "var.secret0\nlocal.hidden1\nlocal.derived2\nlocal.document3\nlocal.fails4\nlocal.decode5\nlocal.file0\nlocal.lookup5\nlocal.index2\nlocal.arith3\nlocal.match0\nvar.wrong1\nvar.from_file\nvar.from_environment\naws_db_instance.d0\naws_instance.i0.user_data\nmodule.call0\nmodule.call0.label\naws_db_instance.d1.password\n[for k, v in aws_db_instance.d2.tags : v]\n\"${var.secret1}\"\nvar.structured1.a[0]\nvar.structured1\nupper(var.secret0)\nsha256(var.secret0)\nkeys({ (var.secret0) = 1 })\nvar.secret1 == 1 ? 1 : var.secret2\njsonencode({ a = var.secret1 })\nsplit(\"x\", var.secret0)\n";

#[test]
fn no_output_shows_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let mut planted = Planted::default();
    let variables = plant(dir.path(), &mut planted);
    let argument = format!("from_arguments={}", planted.next());
    assert!(planted.0 >= 1000, "{} are planted", planted.0);
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=e@example.org"])
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    let mut leaks: Vec<String> = Vec::new();
    for arguments in commands(&argument) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crossvault"))
            .args(&arguments)
            .current_dir(dir.path())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(QUESTIONS.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(0..=2)), "{arguments:?}: {output:?}");
        for (stream, bytes) in [("out", &output.stdout), ("err", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            if let Some(to) = std::env::var_os("KEEP_OUTPUT") {
                std::fs::write(
                    Path::new(&to).join(format!("{}.{stream}", arguments.join("_").replace('/', "_"))),
                    bytes,
                )
                .unwrap();
            }
            let found = shown(&text);
            if let Some(first) = found.first() {
                let line = text.lines().find(|line| line.contains(first)).unwrap_or_default();
                let at = line.find(first.as_str()).unwrap_or(0);
                let near: String = line
                    .chars()
                    .skip(line.get(..at).unwrap_or_default().chars().count().saturating_sub(90))
                    .take(160)
                    .collect();
                leaks.push(format!("{} secrets in std{stream} of {arguments:?}: {near}", found.len()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// A run of the program in the planted repository: what it prints, both streams.
fn printed(dir: &Path, variables: &[(String, String)], arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0..=2)), "{arguments:?}: {output:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn no_written_file_and_no_single_copy_shows_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let mut planted = Planted::default();
    let variables = plant(dir.path(), &mut planted);
    let run = |arguments: &[&str]| printed(dir.path(), &variables, arguments);
    let mut texts: Vec<(String, String)> = Vec::new();
    let report: Json = serde_json::from_str(&run(&["check", "--format", "json"]).0).unwrap();
    let ids = report.pointer("/copies").unwrap().as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|copy| copy.get("id").unwrap().as_str().unwrap()).collect();
    assert!(ids.len() > 10, "{} copies", ids.len());
    for id in ids.iter().step_by(ids.len() / 8) {
        for format in ["full", "json", "jsonl", "csv", "markdown"] {
            let (out, err) = run(&["copies", "--id", id, "-v", "--format", format]);
            texts.push((format!("copies --id in {format}"), out + &err));
        }
    }
    for format in ["full", "json", "csv", "markdown"] {
        let (out, err) = run(&["coverage", "--tag", "b=x", "--require", "cross-account", "--format", format]);
        texts.push((format!("coverage --tag in {format}"), out + &err));
    }
    let written = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let (out, err) = run(&["check", "app", "template.yaml", "--baseline", "baseline.json", "--write-baseline"]);
    texts.push(("the baseline".to_owned(), written("baseline.json") + &out + &err));
    let (out, err) = run(&["check", "-v", "-v", "--baseline", "baseline.json", "--no-ignores"]);
    texts.push(("a check with a baseline".to_owned(), out + &err));
    for (arguments, name) in [
        (["check", "--format", "html", "--output", "report.html"], "report.html"),
        (["copies", "--format", "csv", "--output", "copies.csv"], "copies.csv"),
        (["graph", "--format", "json", "--output", "graph.json"], "graph.json"),
    ] {
        let (out, err) = run(&arguments);
        texts.push((name.to_owned(), written(name) + &out + &err));
    }
    let (out, err) = run(&["export", "app", "--output", "estate.json"]);
    texts.push(("an export".to_owned(), written("estate.json") + &out + &err));
    let (out, err) = run(&["check", "estate.json", "template.yaml", "-v", "-v"]);
    texts.push(("a check with an exported estate".to_owned(), out + &err));
    std::fs::remove_file(dir.path().join("crossvault.toml")).unwrap();
    let (out, err) = run(&["init"]);
    texts.push(("a first configuration".to_owned(), written("crossvault.toml") + &out + &err));
    for (of, text) in texts {
        let found = shown(&text);
        let first = found.first().cloned().unwrap_or_default();
        let line = text.lines().find(|line| line.contains(&first)).unwrap_or_default();
        assert!(found.is_empty(), "{of}: {} secrets, {}", found.len(), line.chars().take(300).collect::<String>());
    }
}

#[test]
fn no_editor_is_shown_a_secret_that_is_not_in_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut planted = Planted::default();
    let variables = plant(dir.path(), &mut planted);
    let uri = |name: &str| format!("file://{}/{name}", dir.path().display());
    let mut messages = Vec::new();
    let mut send = |id: Option<u64>, method: &str, params: Json| {
        let mut message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        if let Some(id) = id {
            message.as_object_mut().unwrap().insert("id".to_owned(), id.into());
        }
        let text = message.to_string();
        messages.extend(format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes());
    };
    send(Some(1), "initialize", json!({"processId": null, "rootUri": uri(""), "capabilities": {}}));
    send(None, "initialized", json!({}));
    let mut id = 1;
    for (name, language) in [
        ("app/main.tf", "terraform"),
        ("app/child/main.tf", "terraform"),
        ("template.yaml", "yaml"),
        ("broken.yaml", "yaml"),
        ("broken/main.tf", "terraform"),
        ("app/terraform.tfvars", "terraform-vars"),
    ] {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
        let document = json!({"uri": uri(name), "languageId": language, "version": 1, "text": text});
        send(None, "textDocument/didOpen", json!({"textDocument": document}));
        let lines = text.lines().count();
        let mut ask = |method: &str, mut params: Json| {
            id += 1;
            params.as_object_mut().unwrap().insert("textDocument".to_owned(), json!({"uri": uri(name)}));
            send(Some(id), method, params);
        };
        for line in (0..lines).step_by((lines / 60).max(1)) {
            for character in [4, 24] {
                let position = json!({"line": line, "character": character});
                ask("textDocument/hover", json!({"position": position}));
                ask("textDocument/definition", json!({"position": position}));
            }
        }
        let all = json!({"start": {"line": 0, "character": 0}, "end": {"line": lines, "character": 0}});
        ask("textDocument/codeAction", json!({"range": all, "context": {"diagnostics": []}}));
        ask("textDocument/codeLens", json!({}));
    }
    send(Some(100_000), "shutdown", Json::Null);
    send(None, "exit", Json::Null);
    let mut child = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .arg("lsp")
        .current_dir(dir.path())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(&messages));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("publishDiagnostics") && text.contains("\"id\":100000"), "the server did its work");
    let found = shown(&text);
    let first = found.first().cloned().unwrap_or_default();
    let at = text.find(&first).unwrap_or(0);
    let near: String = text.get(at.saturating_sub(200)..).unwrap_or_default().chars().take(300).collect();
    assert!(found.is_empty(), "{} secrets: {near}", found.len());
}
