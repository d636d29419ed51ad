//! What Terraform's language means: the instances of a root module, their places and values.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use crossvault::aws::Known;
use crossvault::diagnostic::{Diagnostic, DiagnosticKind};
use crossvault::discover::discover;
use crossvault::report::values::tree;
use crossvault::resource::{Deployment, Language, LoadSettings, Published, Resource, Unit};
use crossvault::source::{MemoryDisk, Sources};
use crossvault::terraform::{Modules, console, load};
use crossvault::value::{Existence, Kind, Reason, StackId, Value};
use serde_json::{Value as Json, json};

fn unit() -> Unit {
    Unit { name: ".".into(), language: Language::Terraform, path: ".".to_owned(), deployment: Deployment::default() }
}

fn loaded(files: &[(&str, &str)]) -> (Vec<Resource>, Vec<Diagnostic>) {
    let sources = Sources::new(Box::new(MemoryDisk::new(files.iter().copied())));
    let unit = unit();
    let units = [(StackId(0), &unit)];
    let (stacks, diagnostics) =
        load(&sources, &Modules::default(), &units, &LoadSettings::default(), &Published::default());
    (stacks.into_iter().flat_map(|stack| stack.resources).collect(), diagnostics)
}

fn asked(files: &[(&str, &str)], question: &str) -> Result<Value, String> {
    let sources = Sources::new(Box::new(MemoryDisk::new(files.iter().copied())));
    let mut questions = std::iter::once(question.to_owned());
    let mut answers = Vec::new();
    console(
        &sources,
        &Modules::default(),
        &unit(),
        &LoadSettings::default(),
        &mut || questions.next(),
        &mut |_, answer| answers.push(answer),
    );
    answers.pop().unwrap()
}

/// The answer where it is wholly known.
fn known(files: &[(&str, &str)], question: &str) -> Json {
    match tree(&asked(files, question).unwrap()) {
        (value, None) => value,
        (value, why) => panic!("{question}: {value}, {why:?}"),
    }
}

fn at<'r>(resources: &'r [Resource], address: &str) -> &'r Resource {
    let addresses: Vec<&str> = resources.iter().map(|resource| &*resource.address).collect();
    resources.iter().find(|resource| &*resource.address == address).unwrap_or_else(|| panic!("{addresses:?}"))
}

fn reason(value: Option<&Value>) -> Option<Reason> {
    match &value?.kind {
        Kind::Unknown(unknown) => Some(unknown.reason.clone()),
        _ => None,
    }
}

const TWO: &str = r#"
provider "aws" {
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/a"
  }
}
provider "aws" {
  alias  = "d"
  region = "us-east-1"
  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/a"
  }
}
"#;

/// The answers are those of Terraform 1.11 with version 5.100 of the provider.
#[test]
fn a_default_configuration_is_inherited_and_named_ones_are_passed() {
    let module = r#"
data "aws_caller_identity" "def" {}
data "aws_caller_identity" "v" {
  provider = aws.v
}
data "aws_region" "def" {}
module "n" {
  source = "./n"
}
module "nv" {
  source    = "./n"
  providers = { aws = aws.v }
}
output "o" {
  value = [data.aws_caller_identity.def.account_id, data.aws_caller_identity.v.account_id, data.aws_region.def.name, module.n.o, module.nv.o]
}
"#;
    let main = format!(
        "{TWO}{}",
        r#"
module "only_alias" {
  source    = "./m"
  providers = { aws.v = aws.d }
}
module "both" {
  source    = "./m"
  providers = { aws = aws.d, aws.v = aws }
}
module "none" {
  source = "./m/n"
}
"#
    );
    let inner =
        "data \"aws_caller_identity\" \"x\" {}\noutput \"o\" {\n  value = data.aws_caller_identity.x.account_id\n}\n";
    let files = [("main.tf", main.as_str()), ("m/main.tf", module), ("m/n/main.tf", inner)];
    let (a, b) = ("111111111111", "222222222222");
    assert_eq!(known(&files, "module.only_alias.o"), json!([a, b, "eu-west-1", a, b]));
    assert_eq!(known(&files, "module.both.o"), json!([b, a, "us-east-1", b, a]));
    assert_eq!(known(&files, "module.none.o"), json!(a));
}

#[test]
fn a_configuration_for_each_region_is_chosen_by_its_key() {
    let main = r#"
variable "which" {
  type = string
}
provider "aws" {
  region = "eu-west-1"
  allowed_account_ids = ["111111111111"]
}
provider "aws" {
  alias    = "by"
  for_each = toset(["us-east-1", "us-west-2"])
  region   = each.key
  allowed_account_ids = ["222222222222"]
}
resource "aws_kms_key" "a" {
  provider = aws.by["us-west-2"]
}
resource "aws_kms_key" "open" {
  provider = aws.by[var.which]
}
module "m" {
  for_each  = toset(["us-east-1"])
  source    = "./m"
  providers = { aws = aws.by[each.key] }
}
module "open" {
  source    = "./m"
  providers = { aws = aws.by[var.which] }
}
"#;
    let (resources, _) = loaded(&[("main.tofu", main), ("m/m.tf", "resource \"aws_kms_key\" \"k\" {}\n")]);
    let place = |address: &str| {
        let place = &at(&resources, address).place;
        (place.account.known().map(ToString::to_string), place.region.known().map(|region| region.to_string()))
    };
    let in_b = |region: &str| (Some("222222222222".to_owned()), Some(region.to_owned()));
    assert_eq!(place("aws_kms_key.a"), in_b("us-west-2"));
    assert_eq!(place("module.m[\"us-east-1\"].aws_kms_key.k"), in_b("us-east-1"));
    // Not the default configuration, and not each other's.
    assert_eq!((place("aws_kms_key.open"), place("module.open.aws_kms_key.k")), ((None, None), (None, None)));
    assert_ne!(at(&resources, "aws_kms_key.open").place, at(&resources, "module.open.aws_kms_key.k").place);
}

#[test]
fn the_region_of_a_resource_wins_and_is_unknown_where_it_is_not_known() {
    let main = format!(
        "{TWO}{}",
        r#"
variable "r" {
  type = string
}
resource "aws_backup_vault" "said" {
  name   = "a"
  region = "ap-south-1"
}
resource "aws_backup_vault" "open" {
  name   = "b"
  region = var.r
}
resource "aws_backup_vault" "unset" {
  name   = "c"
  region = null
}
"#
    );
    let (resources, _) = loaded(&[("main.tf", &main)]);
    let region = |address: &str| at(&resources, address).place.region.clone();
    assert_eq!(region("aws_backup_vault.said"), Known::Is("ap-south-1".into()));
    assert_eq!(region("aws_backup_vault.unset"), Known::Is("eu-west-1".into()));
    assert!(region("aws_backup_vault.open").known().is_none());
}

#[test]
fn default_tags_and_override_files_are_merged() {
    let main = "provider \"aws\" {\n  region = \"eu-west-1\"\n  default_tags {\n    tags = { team = \"a\", backup = \"no\" }\n  }\n}\nresource \"aws_ebs_volume\" \"v\" {\n  size = 1\n  tags = { backup = \"yes\" }\n}\n";
    let over = "resource \"aws_ebs_volume\" \"v\" {\n  size = 2\n}\n";
    let (resources, _) = loaded(&[("main.tf", main), ("x_override.tf", over)]);
    let volume = at(&resources, "aws_ebs_volume.v");
    assert_eq!(tree(volume.get("tags_all").unwrap()).0, json!({"team": "a", "backup": "yes"}));
    assert_eq!(volume.get("size").and_then(Value::as_i64), Some(2));
}

#[test]
fn what_may_change_outside_or_is_kept_nowhere_is_not_known() {
    let main = "resource \"aws_db_instance\" \"a\" {\n  kms_key_id = \"x\"\n  password_wo = \"p\"\n  storage_encrypted = true\n  lifecycle {\n    ignore_changes = [kms_key_id, snapshot_identifier]\n  }\n}\nresource \"aws_db_instance\" \"b\" {\n  kms_key_id = \"x\"\n  lifecycle {\n    ignore_changes = all\n  }\n}\n";
    let (resources, _) = loaded(&[("main.tf", main)]);
    let (a, b) = (at(&resources, "aws_db_instance.a"), at(&resources, "aws_db_instance.b"));
    assert_eq!(reason(a.get("kms_key_id")), Some(Reason::IgnoredChange));
    assert_eq!(reason(a.get("snapshot_identifier")), Some(Reason::IgnoredChange));
    assert_eq!(reason(a.get("password_wo")), Some(Reason::Ephemeral));
    assert_eq!(tree(a.get("storage_encrypted").unwrap()), (json!(true), None));
    assert_eq!(reason(b.get("kms_key_id")), Some(Reason::IgnoredChange));
}

#[test]
fn an_import_gives_the_id_of_one_instance() {
    let main = "locals {\n  ids = { a = \"id-a\", b = \"id-b\" }\n}\nresource \"aws_kms_key\" \"k\" {\n  for_each = local.ids\n}\nresource \"aws_kms_key\" \"other\" {}\nmodule \"m\" {\n  source = \"./m\"\n}\nimport {\n  for_each = local.ids\n  to = aws_kms_key.k[each.key]\n  id = each.value\n}\nimport {\n  to = module.m.aws_kms_key.c[0]\n  id = \"id-c\"\n}\n";
    let child = "resource \"aws_kms_key\" \"c\" {\n  count = 2\n}\n";
    let (resources, diagnostics) = loaded(&[("main.tf", main), ("m/m.tf", child)]);
    assert_eq!(diagnostics, []);
    let id = |address: &str| at(&resources, address).imported_id.as_deref().and_then(Value::text);
    assert_eq!(id("aws_kms_key.k[\"a\"]").as_deref(), Some("id-a"));
    assert_eq!(id("aws_kms_key.k[\"b\"]").as_deref(), Some("id-b"));
    assert_eq!(id("module.m.aws_kms_key.c[0]").as_deref(), Some("id-c"));
    assert_eq!((id("module.m.aws_kms_key.c[1]"), id("aws_kms_key.other")), (None, None));
}

#[test]
fn what_is_removed_is_absent_and_may_not_be_declared() {
    let removed = "removed {\n  from = aws_kms_key.k\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let (resources, diagnostics) = loaded(&[("main.tf", removed)]);
    assert!(resources.is_empty() && diagnostics.is_empty());
    let (_, diagnostics) = loaded(&[("main.tf", &format!("{removed}resource \"aws_kms_key\" \"k\" {{}}\n"))]);
    assert!(diagnostics.iter().any(|told| told.message.contains("Terraform refuses")), "{diagnostics:?}");
}

#[test]
fn more_instances_than_the_limit_are_told_and_left_open() {
    for many in [
        "resource \"aws_ebs_volume\" \"v\" {\n  count = 20001\n}\n",
        "variable \"b\" {\n  type = bool\n}\nresource \"aws_ebs_volume\" \"v\" {\n  count = var.b ? 20001 : 0\n}\n",
    ] {
        let (resources, diagnostics) = loaded(&[("main.tf", many)]);
        let told = diagnostics.iter().find(|told| told.kind == DiagnosticKind::NotEvaluated);
        assert!(told.is_some_and(|told| told.message.contains("more than 20000 instances")), "{diagnostics:?}");
        let [one] = resources.as_slice() else { panic!("{} instances", resources.len()) };
        assert!(matches!(one.exists, Existence::Many(_)));
    }
    let some =
        "variable \"b\" {\n  type = bool\n}\nresource \"aws_ebs_volume\" \"v\" {\n  count = var.b ? 1500 : 1\n}\n";
    let (resources, _) = loaded(&[("main.tf", some)]);
    assert_eq!(resources.len(), 1500);
    let blocks = "resource \"aws_backup_plan\" \"p\" {\n  dynamic \"rule\" {\n    for_each = range(20001)\n    content {\n      rule_name = rule.value\n    }\n  }\n}\n";
    let (resources, diagnostics) = loaded(&[("main.tf", blocks)]);
    let rules = at(&resources, "aws_backup_plan.p").get("rule").and_then(Value::as_seq).unwrap();
    assert!(rules.items.is_empty() && rules.open.is_some());
    assert!(diagnostics.iter().any(|told| told.kind == DiagnosticKind::NotEvaluated));
}

#[test]
fn coalesce_brings_tuples_to_the_type_of_the_sets() {
    // As `terraform console` 1.11.4 answers.
    for (question, answer) in [
        (r#"coalesce(["a"], toset(["b"]))"#, r#"toset(["a"])"#),
        (r#"coalesce(["1"], toset([1]))"#, "toset([1])"),
        (r#"coalesce(["a"], toset([1]))"#, "toset([1])"),
        (r#"coalesce(toset([1]), ["a"])"#, "toset([1])"),
        (r#"coalesce([true, "x"], toset(["b"]))"#, r#"toset(["true", "x"])"#),
    ] {
        assert_eq!(known(&[], &format!("{question} == {answer}")), json!(true), "{question}");
    }
    // A conditional brings its results together even where the one that is not taken would not convert.
    assert_eq!(known(&[], r#"(true ? toset([1]) : ["a"]) == toset([1])"#), json!(true));
    let mixed = r#"true ? toset(["x"]) : [["y"]]"#;
    assert!(asked(&[], mixed).is_err(), "{mixed}");
}

#[test]
fn arns_are_taken_apart_also_where_parts_are_not_known() {
    let main = "variable \"acct\" {\n  type = string\n}\nresource \"aws_kms_key\" \"k\" {}\nprovider \"aws\" {\n  region = \"eu-west-1\"\n  allowed_account_ids = [\"111111111111\"]\n}\ndata \"aws_arn\" \"k\" {\n  arn = aws_kms_key.k.arn\n}\ndata \"aws_arn\" \"v\" {\n  arn = \"arn:aws:backup:eu-west-1:${var.acct}:backup-vault:x\"\n}\ndata \"aws_arn\" \"w\" {\n  arn = \"arn:aws:backup:eu-west-1:222222222222:backup-vault:${var.acct}\"\n}\n";
    let files = [("main.tf", main)];
    let know = |question: &str| known(&files, question);
    assert_eq!(know("[data.aws_arn.k.account, data.aws_arn.k.region]"), json!(["111111111111", "eu-west-1"]));
    assert_eq!(know("[data.aws_arn.v.service, data.aws_arn.v.region]"), json!(["backup", "eu-west-1"]));
    assert_eq!(know("data.aws_arn.w.account"), json!("222222222222"));
    for open in ["data.aws_arn.v.account", "data.aws_arn.v.resource", "data.aws_arn.w.resource"] {
        assert!(tree(&asked(&files, open).unwrap()).1.is_some(), "{open}");
    }
    assert_eq!(
        know("provider::aws::arn_parse(\"arn:aws:rds:eu-west-1:222222222222:db:a\")"),
        json!({"partition": "aws", "service": "rds", "region": "eu-west-1", "account_id": "222222222222", "resource": "db:a"})
    );
    assert_eq!(
        know("provider::aws::arn_build(\"aws\", \"iam\", \"\", \"444455556666\", \"role/r\")"),
        json!("arn:aws:iam::444455556666:role/r")
    );
    for (role, trimmed) in [("role/with/path/r", "role/r"), ("role/r", "role/r")] {
        let question = format!("provider::aws::trim_iam_role_path(\"arn:aws:iam::444455556666:{role}\")");
        assert_eq!(know(&question), json!(format!("arn:aws:iam::444455556666:{trimmed}")));
    }
    for wrong in ["provider::aws::arn_parse(\"x\")", "provider::aws::trim_iam_role_path(\"arn:aws:s3:::b\")"] {
        assert!(asked(&files, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_of_services_and_databases_follow_from_the_partition() {
    let named = |region: &str, service: &str| {
        let main = format!(
            "provider \"aws\" {{\n  region = \"{region}\"\n  allowed_account_ids = [\"111111111111\"]\n}}\ndata \"aws_service_principal\" \"s\" {{\n  service_name = \"{service}\"\n}}\ndata \"aws_db_instance\" \"d\" {{\n  db_instance_identifier = \"d\"\n}}\n"
        );
        known(&[("main.tf", &*main)], "[data.aws_service_principal.s.name, data.aws_db_instance.d.db_instance_arn]")
    };
    let arn = |partition: &str, region: &str| format!("arn:{partition}:rds:{region}:111111111111:db:d");
    assert_eq!(named("eu-west-1", "logs"), json!(["logs.amazonaws.com", arn("aws", "eu-west-1")]));
    assert_eq!(named("cn-north-1", "logs"), json!(["logs.amazonaws.com.cn", arn("aws-cn", "cn-north-1")]));
    assert_eq!(named("cn-north-1", "backup"), json!(["backup.amazonaws.com", arn("aws-cn", "cn-north-1")]));
}

#[test]
fn blocks_that_one_reason_keeps_from_being_expanded_are_one_line() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("blocks-of-one-reason");
    std::fs::create_dir_all(&dir).unwrap();
    let volume = |name: &str| format!("resource \"aws_ebs_volume\" \"{name}\" {{\n  count = length(var.x)\n}}\n");
    let text = format!("variable \"x\" {{\n  type = list(string)\n}}\n{}{}", volume("a"), volume("b"));
    std::fs::write(dir.join("main.tf"), text).unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault")).arg("check").current_dir(&dir).output();
    let output = String::from_utf8(run.unwrap().stdout).unwrap();
    let line = "2 blocks not expanded: `var.x` has no value; give a value with --var or --var-file";
    assert_eq!(output.matches(line).count(), 1, "{output}");
}

/// In the case that the key is not made, asking for it is an error, and `try` goes on.
#[test]
fn what_exists_only_under_a_condition_is_an_error_elsewhere() {
    let files = [(
        "main.tf",
        r#"
variable "team" { type = string }
resource "aws_kms_key" "k" {
  count = var.team == "data" ? 1 : 0
}
resource "aws_backup_vault" "v" {
  name        = can(aws_kms_key.k[0].arn) ? "with" : "without"
  kms_key_arn = try(aws_kms_key.k[0].arn, null)
  tags        = try({ key = upper(aws_kms_key.k[0].arn) }, { none = "yes" })
}
resource "aws_backup_vault" "w" {
  name        = "w"
  kms_key_arn = aws_kms_key.k[0].arn
}
"#,
    )];
    let (resources, _) = loaded(&files);
    let vault = at(&resources, "aws_backup_vault.v");
    let branches = |name: &str| match &vault.get(name).unwrap().kind {
        Kind::Cond(branches) => {
            branches.iter().map(|branch| (branch.guard.holds, tree(&branch.value).0)).collect::<Vec<_>>()
        }
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(branches("name"), [(true, json!("with")), (false, json!("without"))]);
    assert_eq!(branches("kms_key_arn"), [(true, json!({"$ref": "aws_kms_key.k[0].arn"})), (false, Json::Null)]);
    assert_eq!(branches("tags")[1], (false, json!({"none": "yes"})));
    // Without `try` Terraform would refuse the other case.
    let sure = at(&resources, "aws_backup_vault.w").get("kms_key_arn").unwrap();
    assert_eq!(tree(sure).0, json!({"$ref": "aws_kms_key.k[0].arn"}));
}

/// Guards of the same text are about the same fact, so two modules' conditions have two texts.
#[test]
fn the_same_condition_in_two_modules_is_two_facts() {
    let module = r#"
variable "name" { type = string }
resource "aws_kms_key" "k" {
  count = length(var.name) > 3 ? 1 : 0
}
"#;
    let root = r#"
variable "a" { type = string }
variable "b" { type = string }
module "a" {
  source = "./m"
  name   = var.a
}
module "b" {
  source = "./m"
  name   = var.b
}
"#;
    let (resources, _) = loaded(&[("main.tf", root), ("m/main.tf", module)]);
    let guard = |address: &str| match &at(&resources, address).exists {
        Existence::When(guards) => guards[0].text.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(guard("module.a.aws_kms_key.k[0]"), "length(var.name) > 3 in module.a");
    assert_eq!(guard("module.b.aws_kms_key.k[0]"), "length(var.name) > 3 in module.b");
}

/// As the provider's schema says: a set holds each string once, and tags are strings.
#[test]
fn arguments_are_converted_to_what_the_provider_takes() {
    let files = [(
        "main.tf",
        r#"
resource "aws_backup_selection" "s" {
  name      = 5
  resources = ["b", "a", "b"]
}
resource "aws_vpc" "v" {
  tags = { Backup = true }
}
data "aws_iam_policy_document" "d" {
  statement {
    actions = ["kms:B", "kms:A", "kms:B"]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [false]
    }
  }
}
"#,
    )];
    let (resources, _) = loaded(&files);
    let values = |address: &str, name: &str| tree(at(&resources, address).get(name).unwrap()).0;
    assert_eq!(values("aws_backup_selection.s", "name"), json!("5"));
    assert_eq!(values("aws_backup_selection.s", "resources"), json!(["a", "b"]));
    assert_eq!(values("aws_vpc.v", "tags"), json!({"Backup": "true"}));
    let statement = values("data.aws_iam_policy_document.d", "statement");
    assert_eq!(statement[0]["actions"], json!(["kms:A", "kms:B"]));
    assert_eq!(statement[0]["condition"][0]["values"], json!(["false"]));
    assert!(values("data.aws_iam_policy_document.d", "json").as_str().unwrap().contains("SecureTransport"));
}

/// With `ignore_changes = all` the code of today is not what the resource was made with, nor is what it leaves out.
#[test]
fn functions_of_opentofu_are_not_known() {
    let value = asked(&[("main.tf", "")], "urldecode(\"a%20b\")").unwrap();
    assert_eq!(reason(Some(&value)), Some(Reason::Unsupported("the function `urldecode` of OpenTofu".into())));
}

#[test]
fn where_an_element_stands_is_not_known_beside_a_list_that_is_not_known() {
    let code = "resource \"aws_vpc\" \"v\" {}\nlocals {\n list = flatten([aws_vpc.v.some_ids, [\"a\", \"b\"]])\n}\n";
    for asked_for in [
        "local.list[0]",
        "length(local.list)",
        "slice(local.list, 0, 1)",
        "element(local.list, 1)",
        "index(local.list, \"a\")",
        "chunklist(local.list, 1)[0]",
        "transpose({ x = local.list })",
        "[for at, item in local.list : at if item == \"a\"]",
        "reverse(local.list)[0]",
        "concat(local.list, [\"c\"])[0]",
    ] {
        let value = asked(&[("main.tf", code)], asked_for).unwrap();
        assert!(value.first_unknown().is_some(), "{asked_for}: {value:?}");
    }
    assert_eq!(known(&[("main.tf", code)], "contains(local.list, \"a\")"), true);
}

/// As version 5.100 of the AWS provider renders them: condition blocks by a checksum, their values as listed.
#[test]
fn values_of_policy_conditions_stay_in_their_order() {
    let condition =
        |values: &str| format!("condition {{\n test = \"StringLike\"\n variable = \"v\"\n values = {values}\n }}\n");
    for (blocks, answer) in [
        (vec![r#"["b", "a", "c", "a"]"#], r#"["b","a","c","a"]"#),
        (vec![r#"["b", "a"]"#, r#"["b"]"#, r#"["e", "k"]"#], r#"["e","k","b","a","b"]"#),
        (vec![r#"["z"]"#, r#"["y"]"#], r#"["y","z"]"#),
        (vec![r#"["x"]"#, r#"["m", "n"]"#], r#"["m","n","x"]"#),
        (vec!["[]"], "[]"),
        (vec!["[true]"], r#""true""#),
    ] {
        let blocks: String = blocks.into_iter().map(condition).collect();
        let code = format!("data \"aws_iam_policy_document\" \"d\" {{\n statement {{\n {blocks} }}\n}}\n");
        let asked = "jsonencode(jsondecode(data.aws_iam_policy_document.d.json).Statement[0].Condition.StringLike.v)";
        assert_eq!(known(&[("main.tf", &code)], asked), answer);
    }
}

#[test]
fn ignoring_all_changes_leaves_nothing_known() {
    let code = r#"
resource "aws_db_instance" "d" {
  identifier = "orders"
  lifecycle {
    ignore_changes = all
  }
}
"#;
    let (resources, _) = loaded(&[("main.tf", code)]);
    let database = at(&resources, "aws_db_instance.d");
    assert_eq!(reason(database.get("identifier")), Some(Reason::IgnoredChange));
    assert_eq!(reason(database.get("kms_key_id")), Some(Reason::IgnoredChange));
}

#[test]
fn the_workspace_is_the_one_that_was_selected() {
    let code = ("main.tf", "locals {\n  workspace = terraform.workspace\n}\n");
    assert_eq!(known(&[code], "local.workspace"), json!("default"));
    assert_eq!(known(&[code, (".terraform/environment", "prod\n")], "local.workspace"), json!("prod"));
}

#[test]
fn what_a_module_block_calls_is_no_root_however_it_is_written() {
    let root = r#"resource "aws_kms_key" "k" {}"#;
    let ways = [
        ("root/main.tf", r#"module "m" { source = "../m" }"#),
        ("root/main.tf", "module/* c */\"m\"{\nsource=\"../m\"\n}"),
        ("root/main.tf", "/*x*/module m {\n  source = \"../m\"\n}"),
        ("root/main.tf", "locals { a = module.m.b }\nmodule\t\"m\" {\n  source = \"../m\"\n}"),
        ("root/main.tf.json", r#"{"module": {"m": {"source": "../m"}}}"#),
        ("root/main.tf.json", r#"{"\u006dodule": {"m": {"source": "../m"}}}"#),
    ];
    for (path, text) in ways {
        let sources = Sources::new(Box::new(MemoryDisk::new([(path, text), ("m/main.tf", root)])));
        let found = discover(&sources, &[".".to_owned()], &[], &LoadSettings::default());
        let units: Vec<&str> = found.units.iter().map(|unit| unit.path.as_str()).collect();
        assert_eq!(units, ["root"], "{text}");
    }
    // Both are roots where one only speaks of modules.
    let text = "# module \"m\" of ../m\nlocals {\n  module_m = path.module\n}";
    let sources = Sources::new(Box::new(MemoryDisk::new([("root/main.tf", text), ("m/main.tf", root)])));
    assert_eq!(discover(&sources, &[".".to_owned()], &[], &LoadSettings::default()).units.len(), 2);
}
