//! Configurations of Terragrunt: what is merged into what, and that nothing is left out without a word.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "shared/report.rs"]
mod shared;
use shared::{judged, report};

const ESTATE: &str = include_str!("../fuzz/entries/estate.tf");

#[test]
fn a_terragrunt_unit_whose_include_is_not_at_hand_is_told() {
    let unit = b"include \"root\" {\n  path = \"${get_env(\"ROOT\")}/root.hcl\"\n}\n";
    let report = report(&[("u/terragrunt.hcl", unit), ("u/main.tf", ESTATE.as_bytes())]);
    let told = report.pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(told.contains("what is included here is not known"), "{told}");
    let itself = b"locals {\n  a = read_terragrunt_config(\"terragrunt.hcl\")\n  b = read_terragrunt_config(\"terragrunt.hcl\")\n  c = read_terragrunt_config(\"terragrunt.hcl\")\n  d = read_terragrunt_config(\"terragrunt.hcl\")\n}\ninclude {\n  path = \"terragrunt.hcl\"\n}\n";
    let told = self::report(&[("u/terragrunt.hcl", itself), ("u/main.tf", b"")]).to_string();
    assert!(told.contains("one after the other") || told.contains("ends here"), "{told}");
}

#[test]
fn inputs_that_are_not_known_may_replace_those_of_an_include() {
    let code = ESTATE.replace("= aws_kms_key.shared.arn", "= var.key ? aws_kms_key.shared.arn : null");
    let code = code.replace("= var.names", "= toset([\"a\", \"b\"])");
    let code = format!("{code}variable \"key\" {{\n  type = bool\n}}\n");
    let unit = b"include \"root\" {\n  path = \"../root.hcl\"\n}\ninputs = jsondecode(get_env(\"GIVEN\"))\n";
    let files: [(&str, &[u8]); 3] =
        [("root.hcl", b"inputs = {\n  key = false\n}\n"), ("u/terragrunt.hcl", unit), ("u/main.tf", code.as_bytes())];
    let (verdicts, open) = judged(&report(&files));
    assert_eq!(verdicts, ["undecided", "undecided"], "{open:#?}");
}

#[test]
fn stacks_that_are_made_of_each_other_are_told_beside_others() {
    let stack = |other: &str| format!("stack \"{other}\" {{\n  source = \"../{other}\"\n  path = \"{other}\"\n}}\n");
    let (a, b) = (stack("b"), stack("a"));
    let files: [(&str, &[u8]); 4] = [
        ("a/terragrunt.stack.hcl", a.as_bytes()),
        ("b/terragrunt.stack.hcl", b.as_bytes()),
        ("c/terragrunt.stack.hcl", b"unit \"u\" {\n  source = \"../units/u\"\n  path = \"u\"\n}\n"),
        ("units/u/main.tf", b""),
    ];
    let told = report(&files).pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(told.contains("`a` → `b` → `a` is a cycle") && told.contains("`b` → `a` → `b` is a cycle"), "{told}");
    // The same where the path leads there from wherever it is.
    let stack = |other: &str| {
        format!("stack \"{other}\" {{\n  source = \"${{get_repo_root()}}/{other}\"\n  path = \"{other}\"\n}}\n")
    };
    let (a, b) = (stack("b"), stack("a"));
    let files: [(&str, &[u8]); 2] =
        [("a/terragrunt.stack.hcl", a.as_bytes()), ("b/terragrunt.stack.hcl", b.as_bytes())];
    let told = report(&files).pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(told.contains("`a` → `b` → `a` is a cycle") && told.contains("`b` → `a` → `b` is a cycle"), "{told}");
}

/// A path that Terragrunt's functions give is an absolute one on the machine that runs it.
#[test]
fn where_the_repository_lies_is_not_known() {
    let code = "variable \"dir\" {\n}\nresource \"aws_backup_vault\" \"v\" {\n  name = basename(var.dir)\n  tags = {\n    dir = \"in ${var.dir}\"\n    text = file(\"${var.dir}/x.txt\")\n  }\n}\n";
    let dir = shared::directory(&[
        ("u/terragrunt.hcl", format!("{UNIT}inputs = {{\n  dir = get_terragrunt_dir()\n}}\n").as_bytes()),
        ("u/x.txt", b"text"),
        ("m/main.tf", code.as_bytes()),
    ]);
    let told = shared::run(dir.path(), &["inspect", "--format", "json"]);
    let values = told.pointer("/units/0/resources/0/values").unwrap();
    assert_eq!(values.pointer("/name").unwrap(), "u");
    assert_eq!(values.pointer("/tags/text").unwrap(), "text");
    let path = values.pointer("/tags/dir").unwrap().to_string();
    assert!(path.contains("in ") && path.contains("/u") && path.contains("$tpl"), "{path}");
}

#[test]
fn configurations_in_json_are_told() {
    for name in ["terragrunt.hcl.json", "terragrunt.stack.hcl.json"] {
        let told = report(&[(&*format!("u/{name}"), b"{}")]).pointer("/summary/not_evaluated").unwrap().to_string();
        assert!(told.contains("JSON syntax"), "{told}");
    }
}

/// The estate with one database, whose key is shared where `var.key` is true.
fn code() -> String {
    let code = ESTATE.replace("= aws_kms_key.shared.arn", "= var.key ? aws_kms_key.shared.arn : null");
    let code = code.replace("= var.names", "= toset([\"a\"])");
    format!("{code}variable \"key\" {{\n  type = bool\n}}\n")
}

/// The verdict, and what was not evaluated.
fn judge(files: &[(&str, &str)]) -> (Vec<String>, String) {
    let code = code();
    let files =
        files.iter().map(|(path, text)| (*path, if *text == "CODE" { code.as_bytes() } else { text.as_bytes() }));
    let report = report(&files.collect::<Vec<_>>());
    (
        judged(&report).0,
        format!("{}{}", report.pointer("/summary/not_evaluated").unwrap(), report.get("errors").unwrap()),
    )
}

const UNIT: &str = "terraform {\n  source = \"../m\"\n}\n";

#[test]
fn what_counts_is_what_terragrunt_hands_over() {
    let nested = "inputs = {\n  keys = {\n    shared = true\n  }\n}\n";
    let deep = "include \"a\" {\n  path = \"../a.hcl\"\n  merge_strategy = \"deep\"\n}\ninputs = {\n  keys = {\n    other = false\n  }\n}\n";
    let through = "variable \"keys\" {\n  type = map(bool)\n}\n";
    let through = format!("{}{through}", code().replace("var.key ?", "var.keys[\"shared\"] ?"));
    let dependent = "dependency \"d\" {\n  config_path = \"${get_terragrunt_dir()}/../d\"\n}\n";
    let asks = "include \"a\" {\n  path = \"../a.hcl\"\n}\ninputs = {\n  key = dependency.d.outputs.key\n}\n";
    let extra = |what: &str| {
        format!(
            "terraform {{\n  source = \"../m\"\n  extra_arguments \"x\" {{\n    commands = get_terraform_commands_that_need_vars()\n    {what}\n  }}\n}}\ninputs = {{\n  key = false\n}}\n"
        )
    };
    let files_of = |what: &str| vec![("u/terragrunt.hcl", extra(what)), ("m/main.tf", "CODE".to_owned())];
    let generated = "generate \"values\" {\n  path = \"x.auto.tfvars\"\n  if_exists = \"overwrite\"\n  contents = \"key = true\"\n}\ninputs = {\n  key = false\n}\n";
    let attribute = "generate = {\n  values = {\n    path = \"x.auto.tfvars\"\n    if_exists = \"overwrite\"\n    contents = \"key = true\"\n  }\n}\ninputs = {\n  key = false\n}\n";
    let replaced = "generate \"values\" {\n  path = \"key.tf\"\n  if_exists = \"overwrite\"\n  contents = \"variable \\\"key\\\" {\\n  default = true\\n}\\n\"\n}\n";
    let kept = replaced.replace("= \"overwrite\"", "= \"skip\"");
    let own = code().replace("variable \"key\" {\n  type = bool\n}\n", "");
    let tfvars = |unit: &str| {
        vec![
            ("u/terragrunt.hcl", format!("{UNIT}inputs = {{\n  key = false\n}}\n")),
            ("m/main.tf", "CODE".into()),
            (if unit == "u" { "u/terraform.tfvars" } else { "m/terraform.tfvars" }, "key = true\n".to_owned()),
        ]
    };
    let beside = "inputs = {\n  key = jsondecode(file(\"key.json\"))\n}\n";
    let cases: Vec<(&str, Vec<(&str, String)>)> = vec![
        (
            "a deep merge",
            vec![("a.hcl", nested.into()), ("u/terragrunt.hcl", format!("{UNIT}{deep}")), ("m/main.tf", through)],
        ),
        (
            "a dependency of an include",
            vec![
                ("a.hcl", dependent.into()),
                ("u/terragrunt.hcl", format!("{UNIT}{asks}")),
                ("m/main.tf", "CODE".into()),
                ("d/terragrunt.hcl", "terraform {\n  source = \"../n\"\n}\n".into()),
                ("n/main.tf", "output \"key\" {\n  value = true\n}\n".into()),
            ],
        ),
        (
            "a file of variables",
            [
                files_of("required_var_files = [\"${get_terragrunt_dir()}/../x.tfvars\"]"),
                vec![("x.tfvars", "key = true\n".into())],
            ]
            .concat(),
        ),
        (
            "one that is there",
            [
                files_of("optional_var_files = [\"${get_terragrunt_dir()}/none.tfvars\", \"x.tfvars\"]"),
                vec![("u/x.tfvars", "key = true\n".into())],
            ]
            .concat(),
        ),
        ("an argument", files_of("arguments = [\"-lock=false\", \"-var\", \"key=true\"]")),
        ("the environment", files_of("env_vars = {\n      TF_VAR_key = \"true\"\n    }")),
        (
            "a generated file of variables",
            vec![("u/terragrunt.hcl", format!("{UNIT}{generated}")), ("m/main.tf", "CODE".into())],
        ),
        (
            "the same as an attribute",
            vec![("u/terragrunt.hcl", format!("{UNIT}{attribute}")), ("m/main.tf", "CODE".into())],
        ),
        (
            "a file that is written over",
            vec![
                ("u/terragrunt.hcl", format!("{UNIT}{replaced}")),
                ("m/main.tf", own.clone()),
                ("m/key.tf", "variable \"key\" {\n  default = false\n}\n".into()),
            ],
        ),
        (
            "a file that is left alone",
            vec![
                ("u/terragrunt.hcl", format!("{UNIT}{kept}")),
                ("m/main.tf", own.clone()),
                ("m/key.tf", "variable \"key\" {\n  default = true\n}\n".into()),
            ],
        ),
        ("the module's file of variables", tfvars("m")),
        ("the unit's file of variables", tfvars("u")),
        (
            "a file beside the include",
            vec![
                ("a/a.hcl", beside.into()),
                ("a/key.json", "true".into()),
                ("u/key.json", "false".into()),
                ("u/terragrunt.hcl", format!("{UNIT}include \"a\" {{\n  path = \"../a/a.hcl\"\n}}\n")),
                ("m/main.tf", "CODE".into()),
            ],
        ),
        ("code beside the unit", vec![("u/terragrunt.hcl", UNIT.into()), ("u/key.tf", "variable \"key\" {\n  default = true\n}\n".into()), ("m/main.tf", own), ("m/key.tf", "variable \"key\" {\n  default = false\n}\n".into())]),
        ("outputs of a stack that is generated in part", vec![("u/terragrunt.hcl", format!("{UNIT}dependency \"d\" {{\n  config_path = \"../live\"\n}}\ninputs = {{\n  key = dependency.d.outputs.a.key && dependency.d.outputs.b.key\n}}\n")), ("m/main.tf", "CODE".into()), ("live/terragrunt.stack.hcl", "unit \"a\" {\n  source = \"../n\"\n  path = \"a\"\n}\nunit \"b\" {\n  source = \"../n\"\n  path = \"b\"\n}\n".into()), ("n/terragrunt.hcl", "terraform {\n  source = \".\"\n}\n".into()), ("n/main.tf", "output \"key\" {\n  value = true\n}\n".into()), ("live/.terragrunt-stack/a/terragrunt.hcl", "terraform {\n  source = \".\"\n}\n".into()), ("live/.terragrunt-stack/a/main.tf", "output \"key\" {\n  value = true\n}\n".into())]),
        ("a file that is read has its own directory", vec![("yes/region.hcl", "locals {\n  key = basename(get_terragrunt_dir()) == \"yes\" && basename(get_original_terragrunt_dir()) == \"u\" && path_relative_to_include() == \".\" && basename(find_in_parent_folders(\"up.hcl\")) == \"up.hcl\"\n}\n".into()), ("up.hcl", "".into()), ("u/terragrunt.hcl", "terraform {\n  source = \"${get_original_terragrunt_dir()}/../m\"\n}\ninputs = {\n  key = read_terragrunt_config(\"../yes/region.hcl\").locals.key\n}\n".into()), ("m/main.tf", "CODE".into())]),
        ("one of several includes", vec![("a/a.hcl", "inputs = {\n  up = path_relative_to_include()\n}\n".into()), ("b.hcl", "".into()), ("u/terragrunt.hcl", "terraform {\n  source = \"${get_original_terragrunt_dir()}/../m\"\n}\ninclude \"a\" {\n  path = \"../a/a.hcl\"\n  expose = true\n}\ninclude \"b\" {\n  path = \"../b.hcl\"\n}\ninputs = {\n  key = \"${path_relative_to_include(\"a\")} ${path_relative_from_include(\"b\")} ${basename(get_parent_terragrunt_dir(\"a\"))} ${include.a.inputs.up}\" == \"../u .. a ../u\"\n}\n".into()), ("m/main.tf", "CODE".into())]),
        ("an input that is null", vec![("u/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\ninputs = {\n  key = null\n}\n".into()), ("m/main.tf", code().replace("type = bool", "default = true"))]),
        ("one that is null under a condition", vec![("u/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\ninputs = {\n  key = get_env(\"X\") == \"1\" ? null : true\n}\n".into()), ("m/main.tf", code().replace("type = bool", "default = true"))]),
        ("text where no type is declared", vec![("u/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\ninputs = {\n  key = true\n}\n".into()), ("m/main.tf", code().replace("type = bool", "").replace("var.key ?", "var.key == \"true\" ?"))]),
        ("outputs through the state", vec![("root.hcl", "remote_state {\n  backend = \"s3\"\n  generate = {\n    path = \"backend.tf\"\n    if_exists = \"overwrite_terragrunt\"\n  }\n  config = {\n    bucket = \"states\"\n    key = \"${path_relative_to_include()}/terraform.tfstate\"\n    region = \"eu-central-1\"\n  }\n}\n".into()), ("u/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"../m\"\n}\n".into()), ("m/main.tf", code().replace("var.key ?", "data.terraform_remote_state.d.outputs.key ?").replace("variable \"key\" {\n  type = bool\n}\n", "data \"terraform_remote_state\" \"d\" {\n  backend = \"s3\"\n  config = {\n    bucket = \"states\"\n    key = \"d/terraform.tfstate\"\n    region = \"eu-central-1\"\n  }\n}\n")), ("d/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"../n\"\n}\n".into()), ("n/main.tf", "output \"key\" {\n  value = true\n}\n".into())]),
        ("the account of the role", vec![("u/terragrunt.hcl", "iam_role = \"arn:aws:iam::111111111111:role/deploy\"\nterraform {\n  source = \"../m\"\n}\ninputs = {\n  key = true\n}\n".into()), ("m/main.tf", code().replace("allowed_account_ids = [\"111111111111\"]", ""))]),
        (
            "a default for what is not there",
            vec![
                (
                    "u/terragrunt.hcl",
                    format!(
                        "{UNIT}inputs = read_terragrunt_config(\"none.hcl\", {{ inputs = {{ key = true }} }}).inputs\n"
                    ),
                ),
                ("m/main.tf", "CODE".into()),
            ],
        ),
    ];
    for (name, files) in cases {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let (verdicts, told) = judge(&files);
        assert_eq!((verdicts, &*told), (vec!["succeeds".to_owned()], "[][]"), "{name}");
    }
}

#[test]
fn what_is_not_known_may_set_any_variable() {
    let with = |what: &str| format!("{UNIT}{what}inputs = {{\n  key = true\n}}\n");
    let extra = |what: &str| {
        format!(
            "terraform {{\n  source = \"../m\"\n  extra_arguments \"x\" {{\n    commands = [\"plan\"]\n    {what}\n  }}\n}}\ninputs = {{\n  key = true\n}}\n"
        )
    };
    let cases = [
        (
            "a file of variables",
            extra("required_var_files = [\"${get_env(\"X\")}.tfvars\"]"),
            "they may set any variable",
        ),
        ("files of variables", extra("optional_var_files = split(\",\", get_env(\"X\"))"), "they may set any variable"),
        ("arguments", extra("arguments = [get_env(\"X\")]"), "they may set any variable"),
        ("a file that is not there", extra("required_var_files = [\"none.tfvars\"]"), "none.tfvars"),
        ("an autoinclude that cannot be read", with(""), "terragrunt.autoinclude.hcl"),
        ("a part that cannot be read", format!("{}}} {{\n", with("")), "terragrunt.hcl"),
    ];
    for (name, unit, said) in cases {
        let unread: &[u8] = if name.starts_with("an autoinclude") { b"\xff" } else { b"" };
        let code = code();
        let files: [(&str, &[u8]); 3] = [
            ("u/terragrunt.hcl", unit.as_bytes()),
            ("m/main.tf", code.as_bytes()),
            ("u/terragrunt.autoinclude.hcl", unread),
        ];
        let report = report(&files);
        let told = format!("{}{}", report.pointer("/summary/not_evaluated").unwrap(), report.get("errors").unwrap());
        let verdicts = judged(&report).0;
        assert!(
            verdicts.iter().all(|verdict| verdict == "undecided") && told.contains(said),
            "{name}: {verdicts:?} {told}"
        );
    }
}

#[test]
fn outputs_that_are_not_read_are_not_known() {
    for part in ["skip_outputs = true", "enabled = false", "skip_outputs = get_env(\"X\") == \"1\""] {
        let unit = format!(
            "{UNIT}dependency \"d\" {{\n  config_path = \"../d\"\n  {part}\n  mock_outputs = {{\n    key = false\n  }}\n}}\ninputs = {{\n  key = dependency.d.outputs.key\n}}\n"
        );
        let (verdicts, _) = judge(&[
            ("u/terragrunt.hcl", &unit),
            ("m/main.tf", "CODE"),
            ("d/terragrunt.hcl", "terraform {\n  source = \"../n\"\n}\n"),
            ("n/main.tf", "output \"key\" {\n  value = true\n}\n"),
        ]);
        assert_eq!(verdicts, ["undecided"], "{part}");
    }
}

#[test]
fn nothing_of_a_stack_is_left_out_without_a_word() {
    let unit = |name: &str, more: &str| {
        format!("unit \"{name}\" {{\n  source = \"../units/u\"\n  path = \"{name}\"\n{more}}}\n")
    };
    let cases = [
        ("whether there is the unit `b` is not known", unit("b", "  enabled = get_env(\"X\") == \"yes\"\n"), 1),
        ("how often the unit `b` is made", unit("b", "  expansion {\n    for_each = [\"x\"]\n  }\n"), 1),
        ("a second unit `a` is not evaluated", unit("a", ""), 1),
        ("where the unit `a` lies", unit("b", "").replace("path = \"b\"", "path = \"./a\""), 1),
        ("is made of `units`, where there is no `terragrunt.hcl`", unit("b", "").replace("../units/u", "../units"), 1),
        ("a `catalog` block of a stack is not evaluated", "catalog {\n}\n".to_owned(), 1),
        (
            "it is not evaluated",
            unit("b", "  no_dot_terragrunt_stack = true\n").replace("= \"b\"", "= \".\"").replace("units/u", "other"),
            1,
        ),
        ("Terragrunt refuses this `locals` block", unit("b", "  autoinclude {\n    locals {\n    }\n  }\n"), 2),
        (
            "Terragrunt leaves this unit out",
            unit("b", "  autoinclude {\n    exclude {\n      if = true\n      actions = [\"all\"]\n    }\n  }\n"),
            2,
        ),
        (
            "what is included here is not known",
            unit("b", "  autoinclude {\n    include \"x\" {\n      path = get_env(\"X\")\n    }\n  }\n"),
            2,
        ),
        (
            "`none` is not installed",
            unit("b", "  autoinclude {\n    terraform {\n      source = \"none\"\n    }\n  }\n"),
            2,
        ),
        ("[][]", unit("b", "  enabled = false\n"), 1),
        ("[][]", "include \"more\" {\n  path = \"../more.hcl\"\n}\n".to_owned(), 2),
        // Lies in the stack's own directory.
        ("[][]", unit("b", "  no_dot_terragrunt_stack = true\n").replace("= \"b\"", "= \".\""), 2),
    ];
    for (said, more, units) in cases {
        let stack = format!("{}{more}", unit("a", ""));
        let (more, other) = (unit("c", ""), unit("d", ""));
        let files: Vec<(&str, &[u8])> = vec![
            ("live/terragrunt.stack.hcl", stack.as_bytes()),
            ("units/u/terragrunt.hcl", b"terraform {\n  source = \".\"\n}\n"),
            ("units/u/main.tf", b""),
            ("more.hcl", more.as_bytes()),
            ("other/terragrunt.hcl", b"terraform {\n  source = \".\"\n}\n"),
            ("other/terragrunt.stack.hcl", other.as_bytes()),
        ];
        let files = if said == "it is not evaluated" { files } else { files.into_iter().take(4).collect() };
        let report = report(&files);
        let told = format!("{}{}", report.pointer("/summary/not_evaluated").unwrap(), report.get("errors").unwrap());
        assert!(told.contains(said), "`{said}`: {told}");
        let made = report.pointer("/summary/units").unwrap().as_u64().unwrap();
        assert!(made >= units, "`{said}`: {made} units, {told}");
    }
}

#[test]
fn units_that_are_not_generated_are_taken_from_the_stack() {
    let stack = "unit \"a\" {\n  source = \"../units/u\"\n  path = \"a\"\n}\nunit \"b\" {\n  source = \"../units/u\"\n  path = \"b\"\n}\n";
    let unit = "terraform {\n  source = \".\"\n}\n";
    let files = |generated: &'static str| -> Vec<(&str, &[u8])> {
        vec![
            ("live/terragrunt.stack.hcl", stack.as_bytes()),
            ("live/.terragrunt-stack/a/terragrunt.hcl", generated.as_bytes()),
            ("live/.terragrunt-stack/a/main.tf", b""),
            ("units/u/terragrunt.hcl", unit.as_bytes()),
            ("units/u/main.tf", b""),
        ]
    };
    let report_of = report(&files("terraform {\n  source = \".\"\n}\n"));
    assert_eq!(report_of.pointer("/summary/units").unwrap(), 2, "{report_of:#}");
    assert_eq!(report_of.pointer("/summary/not_evaluated").unwrap().to_string(), "[]");
    // What was generated of another text is told.
    let told =
        report(&files("terraform {\n  source = \"./\"\n}\n")).pointer("/summary/not_evaluated").unwrap().to_string();
    assert!(told.contains("differs from what it is made of in `units/u`"), "{told}");
}

/// Each unit asks the stack's file for its values: that is read once.
#[test]
fn a_stack_of_many_units_is_read_once() {
    let unit = |at: usize| {
        format!(
            "unit \"u{at}\" {{\n  source = \"../units/u\"\n  path = \"u{at}\"\n  values = {{\n    at = {at}\n  }}\n}}\n"
        )
    };
    let stack: String = (0..1500).map(unit).collect();
    let files: [(&str, &[u8]); 3] = [
        ("live/terragrunt.stack.hcl", stack.as_bytes()),
        ("units/u/terragrunt.hcl", b"terraform {\n  source = \".\"\n}\ninputs = {\n  at = values.at\n}\n"),
        ("units/u/main.tf", b"variable \"at\" {\n}\n"),
    ];
    let start = std::time::Instant::now();
    assert_eq!(report(&files).pointer("/summary/units").unwrap(), 1500);
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
