//! How long a run takes: `cargo bench`. The figures of one machine are in `docs/performance.md`.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossvault::Input;
use crossvault::analysis::{self, AnalysisSettings};
use crossvault::aws::{AccountId, Known};
use crossvault::catalog::Catalog;
use crossvault::checks::{self, Context, Memo};
use crossvault::graph::{self, Facts};
use crossvault::resource::{Deployment, Language, LoadSettings, Published, Unit};
use crossvault::session::Session;
use crossvault::source::{MemoryDisk, Sources};
use crossvault::terraform::{self, Modules};
use crossvault::value::StackId;
use crossvault::{copy, iam, report};
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A repository of root modules of five files each: every one copies its data stores to a central account.
fn estate(files: usize) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for root in 0..files / 5 {
        let account = 100_000_000_000_u64 + root as u64;
        let mut file = |name: &str, text: String| out.push((format!("roots/r{root}/{name}"), text));
        file(
            "providers.tf",
            format!(
                "provider \"aws\" {{\n  region = \"eu-central-1\"\n  allowed_account_ids = [\"{account}\"]\n}}\nprovider \"aws\" {{\n  alias = \"central\"\n  region = \"eu-central-1\"\n  allowed_account_ids = [\"222222222222\"]\n}}\n"
            ),
        );
        file(
            "variables.tf",
            "variable \"names\" {\n  type = set(string)\n  default = [\"orders\", \"users\", \"stock\", \"bills\"]\n}\nlocals {\n  tags = { backup = \"daily\", names = join(\",\", var.names) }\n}\n"
                .to_owned(),
        );
        file(
            "keys.tf",
            format!(
                "resource \"aws_kms_key\" \"data\" {{\n  for_each = var.names\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [\n      {{ Effect = \"Allow\", Principal = {{ AWS = \"arn:aws:iam::{account}:root\" }}, Action = \"kms:*\", Resource = \"*\" }},\n      {{ Effect = \"Allow\", Principal = {{ AWS = \"arn:aws:iam::222222222222:root\" }}, Action = [\"kms:DescribeKey\", \"kms:CreateGrant\"], Resource = \"*\" }},\n    ]\n  }})\n}}\n"
            ),
        );
        file(
            "data.tf",
            "resource \"aws_db_instance\" \"this\" {\n  for_each = var.names\n  identifier = each.key\n  engine = \"postgres\"\n  storage_encrypted = true\n  kms_key_id = aws_kms_key.data[each.key].arn\n  tags = local.tags\n}\nresource \"aws_dynamodb_table\" \"this\" {\n  for_each = var.names\n  name = each.key\n  tags = local.tags\n}\n"
                .to_owned(),
        );
        file(
            "backup.tf",
            format!(
                "resource \"aws_backup_vault\" \"local\" {{\n  name = \"local\"\n}}\nresource \"aws_kms_key\" \"central\" {{\n  provider = aws.central\n}}\nresource \"aws_backup_vault\" \"central\" {{\n  provider = aws.central\n  name = \"central-{root}\"\n  kms_key_arn = aws_kms_key.central.arn\n}}\nresource \"aws_backup_vault_policy\" \"central\" {{\n  provider = aws.central\n  backup_vault_name = aws_backup_vault.central.name\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = {{ AWS = \"arn:aws:iam::{account}:root\" }}, Action = \"backup:CopyIntoBackupVault\", Resource = \"*\" }}] }})\n}}\nresource \"aws_backup_plan\" \"daily\" {{\n  name = \"daily\"\n  rule {{\n    rule_name = \"daily\"\n    target_vault_name = aws_backup_vault.local.name\n    copy_action {{\n      destination_vault_arn = aws_backup_vault.central.arn\n    }}\n  }}\n}}\nresource \"aws_backup_selection\" \"daily\" {{\n  name = \"daily\"\n  plan_id = aws_backup_plan.daily.id\n  iam_role_arn = \"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole\"\n  selection_tag {{\n    type = \"STRINGEQUALS\"\n    key = \"backup\"\n    value = \"daily\"\n  }}\n}}\n"
            ),
        );
    }
    out
}

/// The root modules of [`estate`].
fn units(files: usize) -> Vec<Unit> {
    (0..files / 5)
        .map(|root| Unit {
            name: format!("roots/r{root}").into(),
            language: Language::Terraform,
            path: format!("roots/r{root}"),
            deployment: Deployment::default(),
        })
        .collect()
}

fn runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run");
    for files in [50, 500] {
        let files_of = estate(files);
        let units = units(files);
        group.throughput(Throughput::Elements(files as u64));
        group.bench_function(BenchmarkId::new("in memory", files), |bench| {
            bench.iter(|| {
                let disk = MemoryDisk::new(files_of.iter().map(|(path, text)| (path.as_str(), text.as_str())));
                let sources = Sources::new(Box::new(disk));
                let input = Input {
                    sources,
                    units: units.clone(),
                    modules: Modules::default(),
                    load: LoadSettings::default(),
                    diagnostics: Vec::new(),
                };
                let analysis = crossvault::analyze(input, &AnalysisSettings::default());
                assert_eq!(analysis.judgements.len(), files / 5 * 8, "{} units", analysis.units.len());
                black_box(analysis.findings.len())
            });
        });
        let dir = std::env::temp_dir().join(format!("crossvault-bench-{files}"));
        for (path, text) in &files_of {
            let path = dir.join(path);
            let written = path.parent().map(std::fs::create_dir_all).and_then(|_| std::fs::write(&path, text).ok());
            assert!(written.is_some(), "{} can be written", path.display());
        }
        group.bench_function(BenchmarkId::new("process", files), |bench| {
            bench.iter(|| {
                let status = Command::new(env!("CARGO_BIN_EXE_crossvault"))
                    .args(["check", "--format", "json"])
                    .current_dir(&dir)
                    .stdout(Stdio::null())
                    .status();
                assert!(status.is_ok_and(|status| status.code() == Some(0)), "every copy succeeds");
            });
        });
    }
    group.finish();
}

/// Each stage by itself, over what the stages before it made of 500 files.
fn stages(criterion: &mut Criterion) {
    let files = estate(500);
    let units = units(500);
    let named: Vec<(StackId, &Unit)> = (0..).map(StackId).zip(&units).collect();
    let sources =
        || Sources::new(Box::new(MemoryDisk::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))));
    let (load, published) = (LoadSettings::default(), Published::default());
    let read = sources();
    let stacks = || terraform::load(&read, &Modules::default(), &named, &load, &published).0;
    let given: Vec<Arc<_>> = stacks().into_iter().map(Arc::new).collect();
    let lowered = || analysis::lowered(&read, &given, &[]).0;
    let entities = lowered();
    let graph = graph::link(entities.clone(), &Facts::default());
    let catalog = Catalog::builtin();
    let judge = |memo: &Memo| {
        let context = Context { sources: &read, graph: &graph, catalog, strict: false, memo };
        checks::judge_all(&context, copy::predict(&graph, catalog))
    };

    let mut group = criterion.benchmark_group("stage");
    group.throughput(Throughput::Elements(500));
    group.bench_function("parse and evaluate", |bench| bench.iter(|| black_box(stacks().len())));
    group.bench_function("lower", |bench| bench.iter(|| black_box(lowered().plans.len())));
    group.bench_function("link", |bench| {
        bench.iter_batched(
            || entities.clone(),
            |entities| black_box(graph::link(entities, &Facts::default())),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("predict", |bench| bench.iter(|| black_box(copy::predict(&graph, catalog).len())));
    group.bench_function("predict and judge", |bench| bench.iter(|| black_box(judge(&Memo::default()).0.len())));
    let input = Input {
        sources: sources(),
        units: units.clone(),
        modules: Modules::default(),
        load: load.clone(),
        diagnostics: Vec::new(),
    };
    let analysis = crossvault::analyze(input, &AnalysisSettings::default());
    group.bench_function("report as JSON", |bench| {
        bench.iter(|| black_box(serde_json::to_vec(&report::json::report(&analysis)).map(|text| text.len()).ok()));
    });
    group.finish();
}

/// From a keystroke to everything that is said of 5,000 files: each time a key of one root module is written otherwise.
fn editor(criterion: &mut Criterion) {
    let files = estate(5_000);
    let disk = MemoryDisk::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let input = Input {
        sources: Sources::new(Box::new(disk)),
        units: units(5_000),
        modules: Modules::default(),
        load: LoadSettings::default(),
        diagnostics: Vec::new(),
    };
    let mut session = Session::new(input, AnalysisSettings::default());
    let path = "roots/r7/keys.tf";
    let text = files.iter().find(|(name, _)| name == path).map_or("", |(_, text)| text);
    let mut edits = 0;
    criterion.bench_function("editor/edit", |bench| {
        bench.iter(|| {
            edits += 1;
            let edited = format!("{text}# {edits}\n")
                .replace("kms:DescribeKey", if edits % 2 == 0 { "kms:Get*" } else { "kms:*" });
            assert!(session.edit([(path, edited.as_str())]), "the session goes on");
            black_box(session.analysis())
        });
    });
}

fn question(policy: &str) -> String {
    format!(
        r#"{{"id":1,"policy":{policy},"principal":"arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup","action":"kms:CreateGrant","resource":"arn:aws:kms:us-east-2:111111111111:key/1234","resourceAccount":"111111111111","context":{{"kms:ViaService":"rds.us-east-2.amazonaws.com","kms:GrantIsForAWSResource":"true"}}}}"#
    )
}

fn policies(criterion: &mut Criterion) {
    let share = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":["kms:DescribeKey","kms:CreateGrant"],"Resource":"*"}"#;
    let other = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:ViaService":"*.amazonaws.com"}}}"#;
    let ordinary = format!(r#"{{"Version":"2012-10-17","Statement":[{other},{other},{share}]}}"#);
    let mut group = criterion.benchmark_group("policy");
    // One decision: the policy is read, the request is known.
    let account = |id: &str| AccountId::parse(id).map_or_else(|| Known::Symbol(id.into()), Known::Is);
    let (source, destination) = (account("111111111111"), account("222222222222"));
    let caller = iam::service_linked_role(&destination, "aws");
    let region = [Known::Is("us-east-2".into())];
    let facts = iam::context::key_use(
        "kms:CreateGrant",
        "rds",
        &region,
        &caller,
        &source,
        &crossvault::organization::Organization::default(),
    );
    let policy = iam::document::from_json(&ordinary).unwrap_or_default();
    let own = [iam::service_linked_role_policy()];
    let request = iam::Request {
        caller: &caller,
        action: "kms:CreateGrant",
        resource: "arn:aws:kms:us-east-2:111111111111:key/1234",
        resource_account: &source,
        context: &facts,
    };
    group.bench_function("decision", |bench| {
        bench.iter(|| iam::decide_key(black_box(&request), black_box(&policy), &own, &[]));
    });
    // Reading the question is part of the time.
    let line = question(&ordinary);
    group.bench_function("ordinary question", |bench| bench.iter(|| crossvault::iam::answer_line(black_box(&line))));
    for statements in [1_000, 10_000] {
        let mut all = String::new();
        for _ in 1..statements {
            let _ = write!(all, "{other},");
        }
        let line = question(&format!(r#"{{"Version":"2012-10-17","Statement":[{all}{share}]}}"#));
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(BenchmarkId::new("statements", statements), |bench| {
            bench.iter(|| crossvault::iam::answer_line(black_box(&line)));
        });
    }
    for wildcards in [1_000, 10_000] {
        let pattern = "*a".repeat(wildcards);
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::222222222222:root"}},"Action":"kms:*","Resource":"*","Condition":{{"StringLike":{{"kms:ViaService":"{pattern}"}}}}}}"#
        );
        let line = question(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#));
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(BenchmarkId::new("wildcards", wildcards), |bench| {
            bench.iter(|| crossvault::iam::answer_line(black_box(&line)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = runs, stages, editor, policies
}
criterion_main!(benches);
