use super::*;
use crate::aws::{AccountId, Known, Place};
use crate::model::{Encryption, Site};
use crate::source::FileId;
use crate::value::{Existence, StackId};
use proptest::prelude::*;
use std::sync::Arc;

fn span() -> Span {
    Span::new(FileId(0), 0..0)
}

fn site(address: &str) -> Site {
    Site {
        stack: StackId(0),
        unit: "u".into(),
        address: address.into(),
        kind: "aws_dynamodb_table".into(),
        place: Place {
            account: Known::Is(AccountId::parse("111111111111").unwrap()),
            region: Known::Is("eu-west-1".into()),
        }
        .into(),
        header: span(),
        span: span(),
        chain: Arc::from([]),
        exists: Existence::Certain,
        external: false,
    }
}

fn store(name: &str, tags: &[(String, String)]) -> DataStore {
    DataStore {
        site: site(name),
        service: "dynamodb".into(),
        name: Some(Value::string(name)),
        arn: Some(format!("arn:aws:dynamodb:eu-west-1:111111111111:table/{name}").into()),
        encryption: Encryption::AwsOwned { span: span() },
        parts: Vec::new(),
        template: None,
        tags: Value::object(tags.iter().map(|(key, value)| (key.as_str(), Value::string(value.as_str())))),
        facts: crate::model::StoreFacts::new(),
        replica: false,
    }
}

fn setting(text: &str) -> Setting {
    Setting { value: Value::string(text), span: span() }
}

fn condition((operator, key, value): &(TagOperator, String, String)) -> TagCondition {
    TagCondition {
        operator: *operator,
        key: Value::string(format!("aws:ResourceTag/{key}")),
        value: Value::string(value.as_str()),
        span: span(),
    }
}

#[derive(Clone, Debug)]
struct Forms {
    resources: Vec<String>,
    excluded: Vec<String>,
    tags: Vec<(TagOperator, String, String)>,
    conditions: Vec<(TagOperator, String, String)>,
}

fn selection(forms: &Forms) -> Selection {
    Selection {
        site: site("selection"),
        name: Value::string("s"),
        plan: setting("plan"),
        role: None,
        resources: forms.resources.iter().map(|text| setting(text)).collect(),
        not_resources: forms.excluded.iter().map(|text| setting(text)).collect(),
        tags: forms.tags.iter().map(condition).collect(),
        conditions: forms.conditions.iter().map(condition).collect(),
        open: None,
    }
}

/// `*` and `?` by trying every split: slow, and plainly right.
fn like(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=text.len()).any(|at| like(rest, &text[at..])),
        (Some(('?', rest)), Some((_, tail))) => like(rest, tail),
        (Some((own, rest)), Some((other, tail))) => own == other && like(rest, tail),
        _ => false,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    like(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// What AWS's pages say, written down once more.
fn expected(forms: &Forms, name: &str, tags: &[(String, String)]) -> bool {
    let arn = format!("arn:aws:dynamodb:eu-west-1:111111111111:table/{name}");
    let holds = |(operator, key, value): &(TagOperator, String, String)| {
        let own = tags.iter().find(|(own, _)| own == key).map(|(_, value)| value);
        let positive = match operator {
            TagOperator::Equals | TagOperator::NotEquals => own == Some(value),
            TagOperator::Like | TagOperator::NotLike => own.is_some_and(|own| matches(value, own)),
        };
        positive != matches!(operator, TagOperator::NotEquals | TagOperator::NotLike)
    };
    let named = forms.resources.iter().any(|pattern| matches(pattern, &arn)) || forms.tags.iter().any(holds);
    (forms.resources.is_empty() && forms.tags.is_empty() || named)
        && forms.conditions.iter().all(holds)
        && !forms.excluded.iter().any(|pattern| matches(pattern, &arn))
}

fn patterns() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        Just("arn:aws:dynamodb:*".to_owned()),
        Just("arn:aws:rds:*:*:db:*".to_owned()),
        "[ab*]{0,4}".prop_map(|name| format!("arn:aws:dynamodb:*:*:table/{name}")),
        "[ab]{1,3}".prop_map(|name| format!("arn:aws:dynamodb:eu-west-1:111111111111:table/{name}")),
    ]
}

fn operators() -> impl Strategy<Value = TagOperator> {
    prop_oneof![
        Just(TagOperator::Equals),
        Just(TagOperator::NotEquals),
        Just(TagOperator::Like),
        Just(TagOperator::NotLike)
    ]
}

proptest! {
    #[test]
    fn wildcards_match_as_by_trying_everything(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
        prop_assert_eq!(wildcard(&pattern, &text), matches(&pattern, &text));
    }

    #[test]
    fn selections_reach_what_the_pages_say(
        resources in prop::collection::vec(patterns(), 0..3),
        excluded in prop::collection::vec(patterns(), 0..2),
        tags in prop::collection::vec(("[kK]", "[ab]{1,2}").prop_map(|(k, v)| (TagOperator::Equals, k, v)), 0..3),
        conditions in prop::collection::vec((operators(), "[kK]", "[ab*]{1,2}").prop_map(|(o, k, v)| (o, k, v)), 0..3),
        name in "[ab]{1,3}",
        // A store with a tag: what conditions make of untagged ones is not documented.
        own in prop::collection::btree_map("[kKz]", "[ab]{1,2}", 1..3),
    ) {
        let forms = Forms { resources, excluded, tags, conditions };
        let own: Vec<(String, String)> = own.into_iter().collect();
        let (selection, store) = (selection(&forms), store(&name, &own));
        let selected = match selects(&selection, &store) {
            Match::Yes { .. } => true,
            Match::No => false,
            Match::Maybe { why, .. } => panic!("{}", why.text),
        };
        prop_assert_eq!(selected, expected(&forms, &name, &own));
    }
}

fn by_opt_in(resources: &[&str], service: &str, name: &str) -> bool {
    let forms = Forms {
        resources: resources.iter().map(|text| (*text).to_owned()).collect(),
        excluded: Vec::new(),
        tags: Vec::new(),
        conditions: Vec::new(),
    };
    let mut store = store(name, &[]);
    store.service = service.into();
    match selects(&selection(&forms), &store) {
        Match::Yes { by_opt_in, .. } => by_opt_in,
        _ => panic!("not selected"),
    }
}

#[test]
fn the_opt_in_decides_unless_a_type_or_arn_is_named() {
    assert!(by_opt_in(&[], "dynamodb", "t"));
    assert!(by_opt_in(&["*"], "dynamodb", "t"));
    assert!(by_opt_in(&["arn:aws:dynamodb:*"], "dynamodb", "t"));
    assert!(!by_opt_in(&["arn:aws:dynamodb:*:*:table/*"], "dynamodb", "t"));
    assert!(!by_opt_in(&["*", "arn:aws:dynamodb:eu-west-1:111111111111:table/t"], "dynamodb", "t"));
    assert!(!by_opt_in(&["arn:aws:s3:::*"], "s3", "b"));
    // Aurora, DocumentDB, Neptune and RDS share the form, and so do FSx file systems.
    assert!(by_opt_in(&["arn:aws:rds:eu-west-1:111111111111:cluster:c"], "aurora", "c"));
    assert!(!by_opt_in(&["arn:aws:rds:*:*:db:*"], "rds", "d"));
}
