//! Evaluation of whole templates.

use super::*;
use crate::resource::Deployment;
use crate::source::MemoryDisk;
use crate::value::Existence;

/// Evaluates on threads with room for deep recursion, as the pipeline does.
fn load_all(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
    crate::parallel::on_threads(None, || super::load_all(sources, units, settings, &Given::default()))
}

fn load(text: &str) -> (Sources, Vec<Arc<Stack>>, Vec<Diagnostic>) {
    let sources = Sources::new(Box::new(MemoryDisk::new([("t.yaml", text)])));
    let deployment = Deployment {
        account: crate::aws::AccountId::parse("111111111111"),
        region: Some("eu-west-1".into()),
        ..Deployment::default()
    };
    let unit =
        Unit { name: "t.yaml".into(), language: Language::CloudFormation, path: "t.yaml".to_owned(), deployment };
    let (stacks, diagnostics) = load_all(&sources, &[(StackId(0), &unit)], &LoadSettings::default());
    (sources, stacks, diagnostics)
}

#[test]
fn substitution_and_attributes_give_arns_with_their_places() {
    let text = "Resources:\n  V:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: !Sub 'vault-${AWS::Region}'\n  K:\n    Type: AWS::KMS::Alias\n    Properties:\n      TargetKeyId: !GetAtt V.BackupVaultArn\n";
    let (sources, stacks, diagnostics) = load(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let resource = |name: &str| stacks[0].resources.iter().find(|resource| &*resource.address == name).unwrap();
    assert_eq!(resource("V").get("BackupVaultName").unwrap().text().as_deref(), Some("vault-eu-west-1"));
    let arn = resource("K").get("TargetKeyId").unwrap();
    assert_eq!(arn.text().as_deref(), Some("arn:aws:backup:eu-west-1:111111111111:backup-vault:vault-eu-west-1"));
    assert_eq!(sources.location(resource("V").header).line, 2);
    assert_eq!(sources.location(arn.span.unwrap()).line, 9);
}

#[test]
fn conditions_choose_resources_and_values() {
    let text = "Parameters:\n  Env: {Type: String, Default: dev}\n  Other: {Type: String}\nConditions:\n  Prod: !Equals [!Ref Env, prod]\n  Maybe: !Equals [!Ref Other, x]\nResources:\n  A:\n    Type: AWS::S3::Bucket\n    Condition: Prod\n  B:\n    Type: AWS::S3::Bucket\n    Condition: Maybe\n    Properties:\n      BucketName: !If [Prod, p, !Ref 'AWS::NoValue']\n";
    let (_, stacks, _) = load(text);
    let resources = &stacks[0].resources;
    assert_eq!(resources.len(), 1);
    assert!(matches!(&resources[0].exists, Existence::When(guards) if &*guards[0].text == "Maybe"));
    assert!(resources[0].get("BucketName").is_none());
}

#[test]
fn a_malformed_template_is_told_with_its_line() {
    let (sources, stacks, diagnostics) = load("Resources:\n  A: [1, 2\n  B: {\n");
    assert!(stacks.is_empty());
    let label = diagnostics[0].primary.as_ref().unwrap();
    assert!(sources.location(label.span).line >= 2);
}

#[test]
fn an_octal_account_id_is_told() {
    let (_, _, diagnostics) =
        load("Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: 012345670123\n");
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.message.contains("reads as 1402433619")));
}

fn value(stacks: &[Arc<Stack>], resource: &str, property: &str) -> crate::value::Value {
    let resource = stacks[0].resources.iter().find(|one| &*one.address == resource).unwrap();
    resource.get(property).unwrap().clone()
}

fn shown(text: &str, property: &str) -> String {
    let (_, stacks, _) = load(text);
    let value = value(&stacks, "R", property);
    value.text().map_or_else(|| format!("{:?}", value.first_unknown().map(|u| u.reason.to_string())), |t| t.to_string())
}

#[test]
fn functions_give_what_cloudformation_gives() {
    let of = |expression: &str| {
        let text = format!(
            "Transform: AWS::LanguageExtensions\nParameters:\n  L: {{Type: CommaDelimitedList, Default: 'a, b,c'}}\n  Z: {{Type: String, Default: yes}}\nMappings:\n  M: {{eu-west-1: {{k: one}}}}\nResources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: {expression}\n"
        );
        shown(&text, "P")
    };
    for (expression, expected) in [
        ("!Join ['-', !Ref L]", "a-b-c"),
        ("!Ref Z", "true"),
        ("!Sub '${!Literal} ${AWS::Region}'", "${Literal} eu-west-1"),
        ("!Sub ['${A}${A}', {A: !Select [1, !Ref L]}]", "bb"),
        ("!FindInMap [M, !Ref AWS::Region, k]", "one"),
        ("!FindInMap [M, other, k, {DefaultValue: none}]", "none"),
        ("!Length [1, 2, !Ref AWS::NoValue]", "2"),
        ("!Select [1, !Split [':', 'x:y']]", "y"),
        ("!Base64 abc", "YWJj"),
        ("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", "10.0.1.0/24"),
        ("!ToJsonString {b: 1, a: !Ref AWS::AccountId}", "{\"a\":\"111111111111\",\"b\":1}"),
        ("1_000", "1000"),
        ("'{{resolve:ssm:/x}}'", "Some(\"`{{resolve:ssm:/x}}` is resolved at deployment\")"),
    ] {
        assert_eq!(of(expression), expected, "{expression}");
    }
}

#[test]
fn what_an_undecided_condition_chooses_is_decided_under_it() {
    let text = "Parameters:\n  Env: {Type: String, AllowedValues: [dev, prod]}\nConditions:\n  Prod: !Equals [!Ref Env, prod]\n  Dev: !Equals [!Ref Env, dev]\n  Any: !Or [!Condition Prod, !Condition Dev]\n  Test: !Equals [!Ref Env, test]\nResources:\n  R:\n    Type: AWS::S3::Bucket\n    Condition: Prod\n    Properties:\n      A: !Ref Env\n      B: !If [Dev, x, y]\n      C: !If [Any, always, never]\n      D: !If [Test, never, always]\n      E: !If [Prod, !Sub 'a-${Env}', z]\n";
    for (property, expected) in [("A", "prod"), ("B", "y"), ("C", "always"), ("D", "always"), ("E", "a-prod")] {
        assert_eq!(shown(text, property), expected, "{property}");
    }
}

#[test]
fn a_loop_makes_its_resources_and_a_loop_over_an_unknown_list_stands_for_any_number() {
    let text = "Transform: AWS::LanguageExtensions\nParameters:\n  Names: {Type: CommaDelimitedList}\nResources:\n  Fn::ForEach::Known:\n    - N\n    - [a-b, c]\n    - B&{N}:\n        Type: AWS::S3::Bucket\n        Properties:\n          BucketName: !Sub 'x-${N}'\n          Fn::ForEach::Tags:\n            - K\n            - [One, Two]\n            - ${K}: !Ref N\n  Fn::ForEach::Unknown:\n    - N\n    - !Ref Names\n    - T${N}:\n        Type: AWS::DynamoDB::Table\n        Properties:\n          TableName: !Ref N\n";
    let (_, stacks, diagnostics) = load(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(value(&stacks, "Bab", "BucketName").text().as_deref(), Some("x-a-b"));
    assert_eq!(value(&stacks, "Bc", "Two").text().as_deref(), Some("c"));
    let table = stacks[0].resources.iter().find(|one| &*one.address == "T${N}").unwrap();
    assert!(matches!(table.exists, Existence::Many(_)));
    assert!(table.get("TableName").unwrap().first_unknown().is_some());
}

fn messages(text: &str) -> Vec<String> {
    load(text).2.into_iter().map(|diagnostic| diagnostic.message).collect()
}

#[test]
fn hostile_templates_end_in_a_diagnostic() {
    let told = |text: &str, part: &str| {
        let messages = messages(text);
        assert!(messages.iter().any(|message| message.contains(part)), "{part}: {messages:?}");
    };
    told(&format!("Resources: {}", "[".repeat(10_000)), "nested too deeply");
    told(
        &format!("Resources:\n{}", (0..400).map(|n| format!("{}a:\n", " ".repeat(n + 1))).collect::<String>()),
        "nested more than",
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{items}]\n"));
    }
    told(&format!("{bomb}Resources: {{}}\n"), "aliases counted each time");
    told(&format!("Resources: {{}}\nDescription: {}\n", "x".repeat(10 << 20)), "bytes; CloudFormation accepts at most");
    let loops = |n: usize| format!("Fn::ForEach::L{n}:\n{}", " ".repeat(2 * n + 4));
    let mut nested = "Transform: AWS::LanguageExtensions\nResources:\n".to_owned();
    let list = format!("[{}]", (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    for n in 0..5 {
        nested.push_str(&format!(
            "{}{}- V{n}\n{2}- {list}\n{2}- ",
            if n == 0 { "  " } else { "" },
            loops(n),
            " ".repeat(2 * n + 4)
        ));
    }
    nested.push_str("R${V0}${V1}${V2}${V3}${V4}: {Type: A}\n");
    told(&nested, "loops make more than");
}

#[test]
fn texts_that_double_at_each_level_are_cut() {
    let mut expression = "x".to_owned();
    for _ in 0..60 {
        expression = format!("!Sub ['${{A}}${{A}}', {{A: {expression}}}]");
    }
    let text = format!("Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: {expression}\n");
    assert!(shown(&text, "P").contains("too long"));
}

#[test]
fn a_template_that_deploys_itself_ends() {
    let text = "Resources:\n  A:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: t.yaml}\n  B:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: t.yaml}\n";
    assert!(messages(text).iter().any(|message| message.contains("not evaluated")));
}

#[test]
fn a_key_that_stands_twice_is_told_with_both_places_and_is_not_known() {
    let text = "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: a\n      P: b\n";
    let (sources, _, diagnostics) = load(text);
    let lines: Vec<usize> = diagnostics[0]
        .primary
        .iter()
        .chain(&diagnostics[0].labels)
        .map(|label| sources.location(label.span).line)
        .collect();
    assert_eq!(lines, [6, 5]);
    assert!(shown(text, "P").contains("stands twice"));
}

/// Two stacks in the same account, the second one in `eu-west-1`.
fn load_two(first: &str, second: &str) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
    let sources = Sources::new(Box::new(MemoryDisk::new([("a.yaml", first), ("b.yaml", second)])));
    let unit = |path: &str, region: &str| Unit {
        name: path.into(),
        language: Language::CloudFormation,
        path: path.to_owned(),
        deployment: Deployment {
            account: crate::aws::AccountId::parse("111111111111"),
            region: Some(region.into()),
            stack_name: Some(format!("stack-{}", path.trim_end_matches(".yaml")).into()),
            ..Deployment::default()
        },
    };
    let (a, b) = (unit("a.yaml", "us-east-1"), unit("b.yaml", "eu-west-1"));
    load_all(&sources, &[(StackId(0), &a), (StackId(1), &b)], &LoadSettings::default())
}

#[test]
fn outputs_are_taken_from_stacks_of_other_regions_by_name() {
    let made = "Resources:\n  V:\n    Type: AWS::Backup::BackupVault\n    Properties: {BackupVaultName: central}\nOutputs:\n  Arn:\n    Value: !GetAtt V.BackupVaultArn\n";
    let of = |region: &str| {
        let used = format!(
            "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P:\n        Fn::GetStackOutput: {{StackName: stack-a, OutputName: Arn, Region: {region}}}\n"
        );
        let (mut stacks, _) = load_two(made, &used);
        stacks.retain(|stack| stack.id == StackId(1));
        value(&stacks, "R", "P").text().map(|text| text.to_string())
    };
    assert_eq!(of("us-east-1").as_deref(), Some("arn:aws:backup:us-east-1:111111111111:backup-vault:central"));
    assert_eq!(of("eu-west-1"), None);
}

#[test]
fn exports_are_seen_in_their_own_region_only() {
    let made = "Resources: {}\nOutputs:\n  O: {Value: here, Export: {Name: !Sub 'name-${AWS::AccountId}'}}\n";
    let used =
        "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: !ImportValue name-111111111111\n";
    let (mut stacks, _) = load_two(made, used);
    stacks.retain(|stack| stack.id == StackId(1));
    let unknown = value(&stacks, "R", "P");
    assert!(unknown.first_unknown().unwrap().reason.to_string().contains("no loaded unit exports"));
}

/// What `unit` of these files reads for `R.P`, each file a stack of its own in one account and Region.
fn read_in(files: &[(&str, &str)], units: &[&str], unit: &str) -> (Option<String>, Vec<String>) {
    let sources = Sources::new(Box::new(MemoryDisk::new(files.iter().copied())));
    let units: Vec<Unit> = units
        .iter()
        .map(|path| Unit {
            name: (*path).into(),
            language: Language::CloudFormation,
            path: (*path).to_owned(),
            deployment: Deployment {
                account: crate::aws::AccountId::parse("111111111111"),
                region: Some("eu-west-1".into()),
                ..Deployment::default()
            },
        })
        .collect();
    let ids: Vec<(StackId, &Unit)> = (0..).map(StackId).zip(&units).collect();
    let (mut stacks, diagnostics) = load_all(&sources, &ids, &LoadSettings::default());
    stacks.retain(|stack| &*stack.unit == unit);
    let text = value(&stacks, "R", "P").text().map(|text| text.to_string());
    (text, diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect())
}

#[test]
fn an_import_sees_what_a_nested_stack_of_another_import_exports() {
    let user = "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {P: !ImportValue deep}\n";
    let parent = "Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n      Parameters: {X: !ImportValue other}\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {P: x}\n";
    let child =
        "Parameters: {X: {Type: String}}\nResources: {}\nOutputs:\n  O: {Value: !Ref X, Export: {Name: deep}}\n";
    let other = "Resources: {}\nOutputs:\n  O: {Value: found, Export: {Name: other}}\n";
    let files = [("a.yaml", user), ("b.yaml", parent), ("child.yaml", child), ("other.yaml", other)];
    let (read, _) = read_in(&files, &["a.yaml", "b.yaml", "child.yaml", "other.yaml"], "a.yaml");
    assert_eq!(read.as_deref(), Some("found"));
    // Whatever the order of the files is.
    let (read, _) = read_in(&files, &["other.yaml", "child.yaml", "b.yaml", "a.yaml"], "a.yaml");
    assert_eq!(read.as_deref(), Some("found"));
}

#[test]
fn snippets_are_included_in_the_template_in_sections_and_in_resources() {
    let snippet = "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {P: whole}\n";
    let whole = "Transform:\n  Name: AWS::Include\n  Parameters: {Location: snippet.yaml}\nResources:\n  Q: {Type: AWS::S3::Bucket}\n";
    let (read, told) = read_in(&[("a.yaml", whole), ("snippet.yaml", snippet)], &["a.yaml"], "a.yaml");
    assert_eq!((read.as_deref(), told.len()), (Some("whole"), 0), "{told:?}");

    let entry = "R:\n  Type: AWS::S3::Bucket\n  Properties: {P: section}\n";
    let section = "Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: snippet.yaml}}\n  Q: {Type: AWS::S3::Bucket}\n";
    let (read, told) = read_in(&[("a.yaml", section), ("snippet.yaml", entry)], &["a.yaml"], "a.yaml");
    assert_eq!((read.as_deref(), told.len()), (Some("section"), 0), "{told:?}");

    let body = "Type: AWS::S3::Bucket\nProperties: {P: resource}\n";
    let resource = "Resources:\n  R:\n    Fn::Transform: {Name: AWS::Include, Parameters: {Location: snippet.yaml}}\n";
    let (read, told) = read_in(&[("a.yaml", resource), ("snippet.yaml", body)], &["a.yaml"], "a.yaml");
    assert_eq!((read.as_deref(), told.len()), (Some("resource"), 0), "{told:?}");
}

#[test]
fn a_snippet_that_is_not_at_hand_is_told_and_leaves_all_attributes_unknown() {
    let text = "Transform:\n  Name: AWS::Include\n  Parameters: {Location: s3://b/top.yaml}\nResources:\n  R:\n    Type: AWS::S3::Bucket\n    Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/r.yaml}}\n";
    let (_, stacks, diagnostics) = load(text);
    let told: Vec<&str> = diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
    assert!(told.iter().any(|message| message.contains("`s3://b/top.yaml` is included")), "{told:?}");
    assert!(value(&stacks, "R", "Anything").first_unknown().unwrap().reason.to_string().contains("s3://b/r.yaml"));
}

fn cases_of(value: &crate::value::Value) -> String {
    match &value.kind {
        Kind::Cond(branches) => {
            let [then, otherwise] = &**branches else { return "?".to_owned() };
            format!("{} where {}, else {}", cases_of(&then.value), then.guard.text, cases_of(&otherwise.value))
        }
        Kind::Unknown(unknown) => unknown.reason.to_string(),
        _ => value.text().unwrap().to_string(),
    }
}

#[test]
fn a_lookup_by_a_key_that_is_not_known_gives_what_its_candidates_lead_to() {
    let of = |parameter: &str, mapping: &str, arguments: &str| {
        let text = format!(
            "Transform: AWS::LanguageExtensions\nParameters:\n  K: {{Type: String{parameter}}}\nMappings:\n  M: {{{mapping}}}\nResources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n      P: !FindInMap [{arguments}]\n"
        );
        let (_, stacks, diagnostics) = load(&text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        cases_of(&value(&stacks, "R", "P"))
    };
    let three = "a: {v: 1}, b: {v: 2}, c: {v: 2}";
    assert_eq!(of("", "a: {v: 1}, b: {v: 1}", "M, !Ref K, v"), "1");
    assert_eq!(of("", three, "M, !Ref K, v"), "1 where K is a, else 2");
    assert_eq!(of(", AllowedValues: [b, c]", three, "M, !Ref K, v"), "2");
    assert_eq!(of("", three, "M, !Ref K, v, {DefaultValue: 2}"), "1 where K is a, else 2");
    assert_eq!(of("", three, "M, a, !Ref K"), "1");
    assert_eq!(of("", "a-x: {v: 1}, b-y: {v: 2}", "M, !Sub '${K}-y', v"), "2");
    let many = (0..20).map(|n| format!("a{n}: {{v: {n}}}")).collect::<Vec<_>>().join(", ");
    assert!(of("", &many, "M, !Ref K, v").contains("`K` has no value"));
}

#[test]
fn a_rule_that_refuses_the_parameters_is_told() {
    let text = "Parameters:\n  Env: {Type: String, Default: dev}\nRules:\n  Own:\n    RuleCondition: !Not [!Equals [!Ref Env, prod]]\n    Assertions:\n      - Assert: {'Fn::EachMemberIn': [[!Ref Env], [stage, prod]]}\n        AssertDescription: only stage and prod.\nResources: {}\n";
    let (sources, _, diagnostics) = load(text);
    assert_eq!(
        diagnostics[0].message,
        "the rule `Own` refuses these parameters, so CloudFormation does not deploy the stack: only stage and prod"
    );
    assert_eq!(sources.location(diagnostics[0].primary.as_ref().unwrap().span).line, 7);
    assert!(messages(&text.replace("Default: dev", "Default: stage")).is_empty());
    assert!(messages(&text.replace(", Default: dev", "")).is_empty());
}

#[test]
fn references_that_double_at_each_level_are_worked_out_once() {
    let mut text =
        "Parameters: {E: {Type: String, AllowedValues: [x, y]}}\nConditions:\n  C0: !Equals [!Ref E, x]\n".to_owned();
    for n in 1..60 {
        text.push_str(&format!("  C{n}: !And [!Condition C{0}, !Condition C{0}]\n", n - 1));
    }
    text.push_str("Resources:\n  R0: {Type: AWS::S3::Bucket, Properties: {BucketName: a}}\n");
    for n in 1..60 {
        text.push_str(&format!(
            "  R{n}:\n    Type: AWS::S3::Bucket\n    Properties: {{BucketName: !Select [0, [!Ref R{0}, !Ref R{0}]]}}\n",
            n - 1
        ));
    }
    text.push_str(
        "  R:\n    Type: AWS::S3::Bucket\n    Condition: C59\n    Properties: {P: !Ref R59, Q: !If [C50, b, c]}\n",
    );
    assert_eq!(shown(&text, "P"), "a");
    assert_eq!(shown(&text, "Q"), "b");
}

#[test]
fn conditions_and_resources_that_refer_to_themselves_end() {
    let text = "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n  R:\n    Type: AWS::S3::Bucket\n    Condition: A\n    Properties: {BucketName: !Ref S}\n  S:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !Ref R}\n";
    assert!(messages(text).iter().any(|message| message.contains("refers to itself")));
}

#[test]
fn any_number_of_threads_gives_the_same_stacks() {
    let user = |of: usize| {
        format!(
            "Parameters: {{K: {{Type: String}}}}\nResources:\n  N{of}:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: deep/child.yaml, Parameters: {{X: !ImportValue e{of}}}}}\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {{P: !ImportValue e{of}, Q: 012345670123}}\nOutputs:\n  O: {{Value: !Sub '${{K}}', Export: {{Name: e{}}}}}\n",
            of + 1
        )
    };
    let child = "Parameters: {X: {Type: String}}\nResources:\n  C:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Ref X\n      Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n";
    let mut files: Vec<(String, String)> = (0..40).map(|n| (format!("t{n}.yaml"), user(n))).collect();
    files.push(("deep/child.yaml".to_owned(), child.to_owned()));
    files.push(("deep/more.yaml".to_owned(), "Tags: {a: b}\n".to_owned()));
    let run = |threads: usize| {
        let disk = MemoryDisk::new(files.iter().map(|(path, text)| (&**path, &**text)));
        let sources = Sources::new(Box::new(disk));
        let units: Vec<Unit> = (0..40)
            .map(|n| {
                let path = format!("t{n}.yaml");
                let region = Some("eu-west-1".into());
                let account = crate::aws::AccountId::parse("111111111111");
                let deployment = Deployment { account, region, ..Deployment::default() };
                Unit { name: path.as_str().into(), language: Language::CloudFormation, path, deployment }
            })
            .collect();
        let ids: Vec<(StackId, &Unit)> = (0..).map(StackId).zip(&units).collect();
        let result = crate::parallel::on_threads(Some(threads), || {
            super::load_all(&sources, &ids, &LoadSettings::default(), &Given::default())
        });
        (format!("{result:?}"), sources.len())
    };
    let one = run(1);
    assert!(one.0.contains("deep/") || one.1 == 42, "{}", one.1);
    assert_eq!(one, run(4));
}

#[test]
fn a_template_is_told_from_what_only_speaks_of_one() {
    let is = |text: &str| assert!(recognise(text), "{text}");
    let not = |text: &str| assert!(!recognise(text), "{text}");
    is("Resources:\n  A:\n    Type: AWS::S3::Bucket\n");
    is("Parameters:\n  One: {Type: String}\nResources: {}\n");
    is(r#"{"Parameters": {}, "Resources": {}}"#);
    is("{Resources: {A: {Type: AWS::S3::Bucket}}}");
    is("'Resources':\n  A:\n    Type: AWS::S3::Bucket\n");
    is(r#"{"Metadata": {"Resources": 1}, "Resources": {"A": {"Type": "AWS::S3::Bucket"}}}"#);
    is(r#"{"Resources": {"A": {"Type": "AWS::S3::Bucket""#);
    not(r#"[{"Path": ["Resources", "A"], "Type": "AWS::S3::Bucket"}]"#);
    not(r#"{"fragment": {"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}}"#);
    not("Resources: none\n");
}

#[test]
fn what_needs_the_language_extensions_is_told_where_they_are_not_asked_for() {
    let text = "Mappings:\n  M: {a: {k: v}}\nResources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n      P: !FindInMap [M, b, k, {DefaultValue: d}]\n      Q: {'Fn::Length': [1, 2]}\n      R: {'Fn::ToJsonString': {a: 1}}\n  Fn::ForEach::T:\n    - N\n    - [a]\n    - T${N}: {Type: AWS::SNS::Topic}\n";
    let (_, stacks, diagnostics) = load(text);
    let told: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    for what in ["DefaultValue", "Fn::Length", "Fn::ToJsonString", "Fn::ForEach::T"] {
        let message = format!("without `Transform: AWS::LanguageExtensions` CloudFormation refuses `{what}`");
        assert_eq!(told.iter().filter(|told| **told == message).count(), 1, "{what}: {told:?}");
    }
    assert_eq!(stacks[0].resources.len(), 1);
    let (_, _, diagnostics) = load(&format!("Transform: AWS::LanguageExtensions\n{text}"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}
