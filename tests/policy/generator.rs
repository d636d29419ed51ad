//! Random policy questions: who asks (the service-linked role, the backup role), what of (a key, a vault, a recovery point),
//! under which policies, and what of the request is not known.
//!
//! Left out is what simulators are known to treat otherwise than AWS documents: variables without Version, statements
//! without Resource, NotPrincipal, negated operators with unresolved variables, `ForAnyValue:…IfExists`, incomplete ARNs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const OWN: &str = "111111111111";
const OTHER: &str = "222222222222";
const THIRD: &str = "333333333333";
const LINKED: &str = "arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup";
const ROLE: &str = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole";
const OTHER_ROLE: &str = "arn:aws:iam::111111111111:role/other";
const VAULT: &str = "arn:aws:backup:us-east-1:222222222222:backup-vault:central";
const POINT: &str = "arn:aws:backup:us-east-1:111111111111:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45";
const PATH: &str = "o-exampleorg1/r-ab12/ou-ab12-11111111/ou-ab12-22222222/";
const OTHER_PATH: &str = "o-exampleorg1/r-ab12/ou-ab12-33333333/";

/// A condition key: its kind (s: text, b: boolean, i: address, d: date, n: number, a: ARN), whether it has several values,
/// and values.
type Key = (&'static str, char, bool, &'static [&'static str]);

const COMMON: &[Key] = &[
    ("aws:PrincipalOrgID", 's', false, &["o-exampleorg1", "o-other"]),
    ("aws:ResourceOrgID", 's', false, &["o-exampleorg1", "o-other"]),
    ("aws:PrincipalOrgPaths", 's', true, &[PATH, OTHER_PATH]),
    ("aws:PrincipalAccount", 's', false, &[OWN, OTHER, THIRD]),
    ("aws:PrincipalArn", 'a', false, &[LINKED, ROLE]),
    ("aws:PrincipalIsAWSService", 'b', false, &["true", "false"]),
    ("aws:SourceVpce", 's', false, &["vpce-1", "vpce-2"]),
    ("aws:SourceIp", 'i', false, &["203.0.113.9", "10.1.2.3"]),
    ("aws:SecureTransport", 'b', false, &["true", "false"]),
    ("aws:CurrentTime", 'd', false, &["2026-06-01T00:00:00Z", "2031-06-01T00:00:00Z"]),
    ("aws:MultiFactorAuthAge", 'n', false, &["10", "4000"]),
    ("aws:PrincipalTag/team", 's', false, &["a", "A", "b"]),
    ("aws:RequestedRegion", 's', false, &["us-east-1", "eu-west-1"]),
    ("aws:SourceAccount", 's', false, &[OWN, OTHER]),
];
const OF_KEYS: &[Key] = &[
    (
        "kms:ViaService",
        's',
        false,
        &[
            "rds.us-east-1.amazonaws.com",
            "backup.us-east-1.amazonaws.com",
            "ec2.us-east-1.amazonaws.com",
            "rds.eu-west-1.amazonaws.com",
        ],
    ),
    ("kms:CallerAccount", 's', false, &[OWN, OTHER, THIRD]),
];
/// Requests with an encryption context carry it; that for a description is none.
const OF_CRYPTOGRAPHY: &[Key] =
    &[("kms:EncryptionContextKeys", 's', true, &["aws:rds:db-id", "aws:ebs:id", "aws:backup:backup-vault"])];
/// Only requests for grants carry them.
const OF_GRANTS: &[Key] = &[
    ("kms:GrantIsForAWSResource", 'b', false, &["true", "false"]),
    ("kms:GrantOperations", 's', true, &["Decrypt", "Encrypt", "CreateGrant", "DescribeKey"]),
    ("kms:GranteePrincipal", 's', false, &["a", "b"]),
];
const OF_POINTS: &[Key] = &[
    ("backup:CopyTargets", 'a', true, &[VAULT, "arn:aws:backup:us-east-1:333333333333:backup-vault:other"]),
    ("backup:CopyTargetOrgPaths", 's', true, &[PATH, OTHER_PATH]),
];

/// What is asked for: principal, resource and its account, actions, keys that the request may carry beside the common.
#[derive(Clone, Debug)]
struct Scene {
    principal: &'static str,
    resource: &'static str,
    account: &'static str,
    actions: &'static [&'static str],
    keys: &'static [&'static [Key]],
    /// The resource has a policy.
    policy: bool,
}

const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const USE: &[&str] = &["kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:Decrypt"];

fn scene() -> impl Strategy<Value = Scene> {
    let on_key =
        |principal, actions, keys| Scene { principal, resource: KEY, account: OWN, actions, keys, policy: true };
    prop_oneof![
        3 => Just(on_key(LINKED, &["kms:CreateGrant"], &[OF_KEYS, OF_CRYPTOGRAPHY, OF_GRANTS])),
        1 => Just(on_key(LINKED, &["kms:DescribeKey"], &[OF_KEYS])),
        1 => Just(on_key(LINKED, USE, &[OF_KEYS, OF_CRYPTOGRAPHY])),
        2 => Just(on_key(ROLE, &["kms:CreateGrant"], &[OF_KEYS, OF_CRYPTOGRAPHY, OF_GRANTS])),
        1 => Just(on_key(ROLE, USE, &[OF_KEYS, OF_CRYPTOGRAPHY])),
        3 => Just(Scene { principal: ROLE, resource: VAULT, account: OTHER, actions: &["backup:CopyIntoBackupVault"], keys: &[], policy: true }),
        1 => Just(Scene { principal: ROLE, resource: POINT, account: OWN, actions: &["backup:CopyFromBackupVault"], keys: &[OF_POINTS], policy: false }),
    ]
}

fn one_or_list(values: Vec<Value>) -> impl Strategy<Value = Value> {
    let list = Value::from(values.clone());
    let single = values.len() == 1;
    any::<bool>().prop_map(move |bare| if bare && single { values[0].clone() } else { list.clone() })
}

/// What a policy may say of a key.
fn test_of(key: Key) -> impl Strategy<Value = Value> {
    let (name, kind, several, values) = key;
    let operators: Vec<&str> = match kind {
        'b' => vec!["Bool", "StringEquals"],
        'i' => vec!["IpAddress", "NotIpAddress"],
        'd' => vec![
            "DateLessThan",
            "DateGreaterThan",
            "DateLessThanEquals",
            "DateGreaterThanEquals",
            "DateEquals",
            "DateNotEquals",
        ],
        'n' => vec![
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        'a' => vec![
            "ArnEquals",
            "ArnLike",
            "ArnNotEquals",
            "ArnNotLike",
            "StringEquals",
            "StringLike",
            "StringNotEquals",
            "StringNotLike",
        ],
        _ => vec![
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
    };
    let extra: Vec<&str> = match kind {
        'i' => vec!["203.0.113.0/24", "10.0.0.0/8", "0.0.0.0/1"],
        'a' => vec![
            "arn:aws:iam::*:role/aws-service-role/*",
            "arn:aws:iam::222222222222:role/*",
            "arn:*:iam::1*:role/?ervice-role/*",
            "arn:aws:backup:*:222222222222:backup-vault:*",
        ],
        's' => vec!["zzz"],
        _ => vec![],
    };
    let pool: Vec<String> = values.iter().chain(&extra).map(|text| (*text).to_owned()).collect();
    let value = (select(pool), 0..8_u8, any::<bool>());
    (select(operators), vec(value, 1..3), 0..10_u8, 0..12_u8, any::<u8>()).prop_flat_map(
        move |(operator, values, null, set, case)| {
            let key = match (name.contains('/'), case % 5) {
                (false, 0) => name.to_ascii_lowercase(),
                (false, 1) => name.to_ascii_uppercase(),
                _ => name.to_owned(),
            };
            if null == 0 {
                return Just(json!({"Null": {key: if set % 2 == 0 { "true" } else { "false" }}})).boxed();
            }
            let like = operator.starts_with("String") && operator.ends_with("Like");
            let texts = values.into_iter().map(|(text, shape, variable)| {
                let shaped = match (like, shape) {
                    (true, 0) => format!("{}*", text.get(..3).unwrap_or_default()),
                    (true, 1) => format!("*{}", text.get(text.len().saturating_sub(4)..).unwrap_or_default()),
                    (true, 2) => text.replace("us-east-1", "*"),
                    (true, 3) => "*".to_owned(),
                    (true, 4) => format!("{}?", text.get(..text.len() - 1).unwrap_or_default()),
                    _ => text,
                };
                // A variable with a value, or with a default: what a negated operator does without either is disputed.
                let plain = kind == 's' && shape == 7 && variable;
                Value::from(if plain { "${aws:PrincipalTag/team, 'b'}".to_owned() } else { shaped })
            });
            let texts: Vec<Value> = texts.collect();
            let (prefix, optional) = match (several || set < 1, set % 3) {
                (true, 0) => ("ForAllValues:", case % 7 == 0),
                (true, _) => ("ForAnyValue:", false),
                _ => ("", case % 4 == 0),
            };
            let operator = format!("{prefix}{operator}{}", if optional { "IfExists" } else { "" });
            one_or_list(texts).prop_map(move |values| json!({&operator: {&key: values}})).boxed()
        },
    )
}

fn condition(keys: Vec<Key>) -> impl Strategy<Value = Value> {
    vec(select(keys).prop_flat_map(test_of), 0..3).prop_map(|tests| {
        let mut all = serde_json::Map::new();
        for test in tests {
            for (operator, keys) in test.as_object().into_iter().flatten() {
                let entry = all.entry(operator.clone()).or_insert_with(|| json!({}));
                if let (Some(entry), Some(keys)) = (entry.as_object_mut(), keys.as_object()) {
                    entry.extend(keys.clone());
                }
            }
        }
        Value::from(all)
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Resource,
    Identity,
}

fn statement(scene: &Scene, keys: &[Key], kind: Kind) -> impl Strategy<Value = Value> + use<> {
    let (service, action) = scene.actions[0].split_once(':').unwrap();
    let vault = scene.resource == VAULT;
    let mut actions = vec![
        json!(scene.actions),
        json!(scene.actions[0]),
        json!(scene.actions[0].to_ascii_uppercase()),
        json!([format!("{service}:Other"), scene.actions[0]]),
        json!(format!("{service}:Other")),
    ];
    // Access policies of vaults take no wildcards.
    if !(vault && matches!(kind, Kind::Resource)) {
        actions.extend([
            json!(format!("{service}:*")),
            json!("*"),
            json!(format!("{service}:?{}", &action[1..])),
            json!(format!("{service}:{}*", &action[..4])),
            json!([format!("{service}:Re*"), format!("{service}:GenerateDataKey*")]),
        ]);
    }
    let principals = select(vec![
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": scene.principal}),
        json!({"AWS": scene.principal}),
        json!({"AWS": format!("arn:aws:iam::{OTHER}:root")}),
        json!({"AWS": format!("arn:aws:iam::{OWN}:root")}),
        json!({"AWS": OWN}),
        json!({"AWS": OTHER}),
        json!({"AWS": [format!("arn:aws:iam::{THIRD}:root"), scene.principal]}),
        json!({"Service": "backup.amazonaws.com"}),
        json!({"AWS": [THIRD], "Service": "backup.amazonaws.com"}),
        json!({"AWS": "arn:aws:iam::222222222222:role/other"}),
        json!({"AWS": scene.principal.replace("arn:aws:", "arn:aws-cn:")}),
    ]);
    let resources = match scene.resource {
        VAULT => vec![
            json!("*"),
            json!(VAULT),
            json!("arn:aws:backup:*:222222222222:backup-vault:*"),
            json!("arn:aws:backup:us-east-1:222222222222:backup-vault:other"),
        ],
        POINT => {
            vec![
                json!("*"),
                json!(POINT),
                json!("arn:aws:backup:*:111111111111:recovery-point:*"),
                json!("arn:aws:rds:*:*:snapshot:*"),
            ]
        }
        _ => vec![
            json!("*"),
            json!("*"),
            json!(KEY),
            json!(format!("arn:aws:kms:*:{OWN}:key/*")),
            json!(format!("arn:aws:kms:us-east-1:{OWN}:key/other")),
            json!(["arn:aws:kms:*:*:key/9*", "arn:aws:kms:*:*:key/1234*"]),
        ],
    };
    let effects = vec!["Allow", "Allow", "Allow", "Deny"];
    (select(effects), principals, select(actions), 0..10_u8, select(resources), 0..16_u8, condition(keys.to_vec()))
        .prop_map(move |(effect, principal, action, not_action, resource, not_resource, condition)| {
            let mut statement = json!({"Effect": effect});
            if matches!(kind, Kind::Resource) {
                statement["Principal"] = principal;
            }
            statement[if not_action == 0 { "NotAction" } else { "Action" }] = action;
            let not_resource = not_resource == 0 && resource != "*";
            statement[if not_resource { "NotResource" } else { "Resource" }] = resource;
            if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn document(scene: &Scene, keys: &[Key], kind: Kind, most: usize) -> impl Strategy<Value = Value> + use<> {
    vec(statement(scene, keys, kind), 1..=most)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn full() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

/// Grants on the key: to the caller or another, some with constraints.
fn grants() -> impl Strategy<Value = Vec<Value>> {
    const OPERATIONS: &[&str] =
        &["CreateGrant", "DescribeKey", "Decrypt", "Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom"];
    let operations = proptest::sample::subsequence(OPERATIONS.to_vec(), 1..=OPERATIONS.len());
    let grant = (select(vec![LINKED, ROLE, OTHER_ROLE]), operations, prop::bool::weighted(0.2)).prop_map(
        |(grantee, operations, constrained)| {
            let mut grant = json!({"granteePrincipal": grantee, "operations": operations});
            if constrained {
                grant["constraints"] = json!({"encryptionContextSubset": {"aws:rds:db-id": "orders"}});
            }
            grant
        },
    );
    prop_oneof![2 => Just(vec![]), 1 => vec(grant, 1..=3)]
}

/// The question with statements in the place of its grants, and whether they say the same: what a grant with constraints
/// allows beside descriptions, or one that lets grants be made, depends on more than the request tells, and has no
/// statement.
pub(crate) fn without_grants(question: &Value) -> (Value, bool) {
    let mut out = question.clone();
    let mut same = true;
    let grants = out.as_object_mut().unwrap().remove("grants");
    for grant in grants.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let operations = grant["operations"].as_array().unwrap().iter().filter_map(Value::as_str);
        let (doubtful, plain): (Vec<&str>, Vec<&str>) = operations
            .partition(|name| *name == "CreateGrant" || (grant.get("constraints").is_some() && *name != "DescribeKey"));
        same &= doubtful.is_empty();
        if !plain.is_empty() {
            let actions: Vec<String> = plain.iter().map(|name| format!("kms:{name}")).collect();
            let principal = json!({"AWS": grant["granteePrincipal"]});
            out["policy"]["Statement"]
                .as_array_mut()
                .unwrap()
                .push(json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}));
        }
    }
    (out, same)
}

/// What a request carries of one key: nothing, values, or an open list of candidates.
#[derive(Clone, Debug)]
enum State {
    Absent,
    Known(Value),
    Unknown(Vec<Value>),
}

fn state(key: Key, scene: &Scene) -> impl Strategy<Value = State> + use<> {
    let (name, kind, several, values) = key;
    let told: Option<&str> = match name {
        "kms:CallerAccount" | "aws:PrincipalAccount" => scene.principal.split(':').nth(4),
        "aws:PrincipalArn" => Some(scene.principal),
        "aws:RequestedRegion" => Some("us-east-1"),
        "aws:SecureTransport" => Some("true"),
        "aws:PrincipalIsAWSService" => Some("false"),
        "aws:ResourceOrgID" => Some("o-exampleorg1"),
        "kms:ViaService" if scene.principal == LINKED => Some("rds.us-east-1.amazonaws.com"),
        "kms:GrantIsForAWSResource" if scene.principal == LINKED => Some("true"),
        _ => None,
    };
    if let Some(told) = told {
        return Just(State::Known(json!(told))).boxed();
    }
    let of = move |picked: Vec<&str>| if several { json!(picked) } else { json!(picked[0]) };
    let mut candidates: Vec<Value> = if several {
        values.iter().map(|value| json!([value])).collect()
    } else {
        values.iter().map(|value| json!(value)).collect()
    };
    if several && values.len() > 1 {
        candidates.push(json!(values));
    }
    candidates.extend(match kind {
        's' if several => vec![json!(["zz-other"])],
        's' => vec![json!("zz-other")],
        'i' => vec![json!("198.51.100.7")],
        'd' => vec![json!("1999-01-01T00:00:00Z")],
        'n' => vec![json!("-5"), json!("99999")],
        _ => vec![],
    });
    let known = proptest::sample::subsequence(values.to_vec(), 1..=if several { values.len() } else { 1 });
    prop_oneof![
        2 => Just(State::Absent),
        3 => known.prop_map(move |picked| State::Known(of(picked))),
        3 => any::<bool>().prop_map(move |absent| {
            State::Unknown(candidates.iter().cloned().chain(absent.then_some(Value::Null)).collect())
        }),
    ]
    .boxed()
}

/// A question as `crossvault policy` reads it, without `id`.
pub(crate) fn question() -> impl Strategy<Value = Value> {
    scene().prop_flat_map(|scene| {
        let keys: Vec<Key> = COMMON.iter().chain(scene.keys.iter().copied().flatten()).copied().collect();
        // Few keys, so that statements meet.
        let few = proptest::sample::subsequence(keys.clone(), 1..=4);
        few.prop_flat_map(move |few| {
            let states: Vec<_> = keys
                .iter()
                .map(|key| {
                    let told = state(*key, &scene);
                    if few.iter().any(|few| few.0 == key.0) { told.boxed() } else { told.prop_map(|state| match state {
                        State::Unknown(_) => State::Absent,
                        other => other,
                    }).boxed() }
                })
                .collect();
            let linked = scene.principal == LINKED;
            let kms = scene.resource == KEY;
            let policy = if scene.policy { document(&scene, &few, Kind::Resource, 4).prop_map(Some).boxed() } else { Just(None).boxed() };
            let identity = if linked {
                Just(None).boxed()
            } else {
                prop_oneof![1 => Just(Some(vec![full()])), 2 => vec(document(&scene, &few, Kind::Identity, 3), 1..3).prop_map(Some)].boxed()
            };
            let bound = |most| vec(prop_oneof![3 => Just(full()), 1 => document(&scene, &few, Kind::Identity, 2)], 1..=most);
            let scps = if linked { Just(vec![]).boxed() } else { vec(bound(2), 0..3).boxed() };
            let rcps = if linked || !kms {
                Just(vec![]).boxed()
            } else {
                let denying = document(&scene, &few, Kind::Identity, 2).prop_map(|mut document| {
                    for statement in document["Statement"].as_array_mut().into_iter().flatten() {
                        statement["Effect"] = json!("Deny");
                        statement["Principal"] = json!("*");
                        let action = statement.as_object_mut().and_then(|statement| statement.remove("NotAction"));
                        let action = action.unwrap_or_else(|| statement["Action"].clone());
                        statement["Action"] = if action == "*" { json!("kms:*") } else { action };
                    }
                    document
                });
                prop_oneof![2 => Just(vec![]), 1 => vec(vec(denying, 1..2), 1..3)].boxed()
            };
            let boundary = if linked { Just(None).boxed() } else {
                prop_oneof![4 => Just(None), 1 => document(&scene, &few, Kind::Identity, 3).prop_map(Some)].boxed()
            };
            let grants = if kms { grants().boxed() } else { Just(vec![]).boxed() };
            let (scene, keys) = (scene.clone(), keys.clone());
            (policy, identity, scps, rcps, boundary, states, select(scene.actions), grants).prop_map(
                move |(policy, identity, scps, rcps, boundary, states, action, grants)| {
                    let (mut context, mut unknown) = (serde_json::Map::new(), serde_json::Map::new());
                    for (key, state) in keys.iter().zip(states) {
                        match state {
                            State::Known(value) => drop(context.insert(key.0.to_owned(), value)),
                            State::Unknown(list) if unknown.len() < 3 => drop(unknown.insert(key.0.to_owned(), list.into())),
                            State::Unknown(_) | State::Absent => {}
                        }
                    }
                    let mut question = json!({
                        "policy": policy, "principal": scene.principal, "action": action, "resource": scene.resource,
                        "resourceAccount": scene.account, "context": context, "unknown": unknown,
                    });
                    if let Some(identity) = identity {
                        question["identityPolicies"] = json!(identity);
                    }
                    for (name, levels) in [("scps", json!(scps)), ("rcps", json!(rcps))] {
                        if levels.as_array().is_some_and(|levels| !levels.is_empty()) {
                            question[name] = levels;
                        }
                    }
                    if let Some(boundary) = boundary {
                        question["boundary"] = boundary;
                    }
                    if !grants.is_empty() {
                        question["grants"] = json!(grants);
                    }
                    question
                },
            )
        })
    })
}

/// The question with one of the candidates in the place of each unknown.
pub(crate) fn completed(question: &Value, picks: &[usize]) -> Value {
    let mut out = question.clone();
    for ((key, candidates), pick) in question["unknown"].as_object().unwrap().iter().zip(picks) {
        let candidates = candidates.as_array().unwrap();
        let chosen = candidates[pick % candidates.len()].clone();
        if !chosen.is_null() {
            out["context"][key] = chosen;
        }
    }
    out["unknown"] = serde_json::json!({});
    out
}
