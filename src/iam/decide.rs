//! Statements against a request, and what all policies together answer.

use super::condition;
use super::context::Context;
use super::document::{Effect, Pattern, Policy, Statement};
use super::sharpen::sharpen;
use super::{Caller, Tri, account_text, and, glob, not, or, words};
use crate::aws::wildcard;
use crate::aws::{Account, AccountId};
use crate::source::Span;
use crate::value::{Guard, Kind, Value};

/// The answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Allowed,
    Denied,
    Unknown,
}

/// What a statement had to do with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceKind {
    Allows,
    Denies,
    /// Names the caller and the action, but under a condition that never holds.
    ConditionNever,
    /// Names the caller, not the action.
    ActionMissing,
    /// Allows the action to others.
    OtherPrincipal,
    /// May allow or deny; not known.
    Undecided,
    /// The whole document is not known, or not closed.
    Open,
    /// The caller's own policies do not allow it.
    Identity,
}

/// One statement's part in a decision.
#[derive(Clone, Debug)]
pub struct Trace {
    pub kind: TraceKind,
    /// How messages name the statement.
    pub statement: String,
    pub effect: Option<Effect>,
    pub span: Option<Span>,
    /// In words.
    pub reason: String,
}

/// An answer and how it came about.
#[derive(Clone, Debug)]
pub struct Decision {
    pub answer: Answer,
    pub because: Vec<Trace>,
}

impl Decision {
    /// Whether some statement had this part.
    pub fn has(&self, kind: TraceKind) -> bool {
        self.because.iter().any(|trace| trace.kind == kind)
    }

    /// The first statement that had this part.
    pub fn first(&self, kind: TraceKind) -> Option<&Trace> {
        self.because.iter().find(|trace| trace.kind == kind)
    }
}

impl Decision {
    /// What both allow, and why.
    pub(super) fn within(mut self, bound: Self) -> Self {
        let tri = |answer: Answer| match answer {
            Answer::Allowed => Some(true),
            Answer::Denied => Some(false),
            Answer::Unknown => None,
        };
        self.because.extend(bound.because);
        decision(and(tri(self.answer), tri(bound.answer)), self.because)
    }
}

/// A question: may the caller do this to that?
#[derive(Debug)]
pub struct Request<'a> {
    pub caller: &'a Caller,
    pub action: &'a str,
    /// The resource's ARN, unknown parts marked.
    pub resource: &'a str,
    pub resource_account: &'a Account,
    pub context: &'a Context,
}

/// A grant on a key.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The grantee's ARN.
    pub grantee: Value,
    /// Operation names without `kms:`.
    pub operations: Value,
    /// Constraints exist: on a request whose encryption context is not known they decide nothing.
    pub constrained: bool,
}

/// KMS actions that work on a key of another account, in lower case.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>, read 2026-11.
const CROSS_ACCOUNT: &[&str] = &[
    "kms:creategrant",
    "kms:decrypt",
    "kms:describekey",
    "kms:encrypt",
    "kms:generatedatakey",
    "kms:generatedatakeypair",
    "kms:generatedatakeypairwithoutplaintext",
    "kms:generatedatakeywithoutplaintext",
    "kms:generatemac",
    "kms:getkeyrotationstatus",
    "kms:getpublickey",
    "kms:listgrants",
    "kms:reencryptfrom",
    "kms:reencryptto",
    "kms:retiregrant",
    "kms:revokegrant",
    "kms:sign",
    "kms:verify",
    "kms:verifymac",
    "kms:derivesharedsecret",
];

/// What one document contributes.
struct Scan {
    deny: Tri,
    direct: Tri,
    account: Tri,
    because: Vec<Trace>,
}

/// Whether the caller may use the key.
pub fn decide_key(request: &Request<'_>, policy: &Policy, identity: &[&Policy], grants: &[Grant]) -> Decision {
    in_all_cases(request, policy, |policy| {
        let all: Vec<&Policy> = identity.iter().copied().chain([policy]).collect();
        sharpen(request, &all, |request| key_once(request, policy, identity, grants))
    })
}

/// The answer; where it is unknown, and the policy depends on conditions, the one that all their cases agree on, or
/// where it is allowed.
fn in_all_cases(request: &Request<'_>, policy: &Policy, decide: impl Fn(&Policy) -> Decision) -> Decision {
    let mut first = decide(policy);
    if first.answer != Answer::Unknown || policy.cases.is_empty() {
        return first;
    }
    let mut answers: Vec<Decision> = policy.cases.iter().map(|case| decide(&case.policy)).collect();
    let of = |answer: Answer| answers.iter().filter(|decision| decision.answer == answer).count();
    if of(Answer::Unknown) == 0 && (of(Answer::Allowed) == 0 || of(Answer::Denied) == 0) {
        return answers.swap_remove(0);
    }
    if of(Answer::Allowed) > 0 {
        let allowing = policy.cases.iter().zip(&answers).filter(|(_, decision)| decision.answer == Answer::Allowed);
        let guards: Vec<&[Guard]> = allowing.map(|(case, _)| case.guards.as_slice()).collect();
        let span = guards.first().and_then(|guards| guards.iter().find_map(|guard| guard.span));
        let reason = format!("allows `{}` only where {}", request.action, words::cases(&guards, policy.cases.len()));
        let statement = "the policy".to_owned();
        first.because.insert(0, Trace { kind: TraceKind::Undecided, statement, effect: None, span, reason });
    }
    first
}

fn key_once(request: &Request<'_>, policy: &Policy, identity: &[&Policy], grants: &[Grant]) -> Decision {
    let scan = scan(request, policy, true, false);
    let own = identity_allows(request, identity);
    let mut because = scan.because;
    let granted = grants.iter().map(|grant| grants_action(request, grant)).fold(Some(false), or);
    let same = request.caller.account.same(request.resource_account);
    let direct_or_account = or(scan.direct, scan.account);
    let within = or(or(scan.direct, and(scan.account, own.allow)), granted);
    let across = if CROSS_ACCOUNT.iter().any(|action| action.eq_ignore_ascii_case(request.action)) {
        or(and(direct_or_account, own.allow), and(granted, or(own.allow, None)))
    } else {
        Some(false)
    };
    let core = match same {
        Some(true) => within,
        Some(false) => across,
        None if within == across => within,
        None => None,
    };
    let result = and(not(or(scan.deny, own.deny)), core);
    if result != Some(true) && direct_or_account == Some(true) && own.allow != Some(true) && same != Some(true) {
        because.push(own.trace(request));
    }
    decision(result, because)
}

/// Whether the vault admits the caller. `None` for the policy means that there is none.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>, read 2026-11: across
/// accounts only `backup:CopyIntoBackupVault` counts, and wildcards in actions are not supported.
pub fn decide_vault(request: &Request<'_>, policy: Option<&Policy>, identity: &[&Policy]) -> Decision {
    let decide = |policy: Option<&Policy>| {
        let all: Vec<&Policy> = identity.iter().copied().chain(policy).collect();
        sharpen(request, &all, |request| vault_once(request, policy, identity))
    };
    match policy {
        Some(policy) => in_all_cases(request, policy, |policy| decide(Some(policy))),
        None => decide(None),
    }
}

fn vault_once(request: &Request<'_>, policy: Option<&Policy>, identity: &[&Policy]) -> Decision {
    let own = identity_allows(request, identity);
    let none = Policy::default();
    let scan = scan(request, policy.unwrap_or(&none), false, true);
    let mut because = scan.because;
    let same = request.caller.account.same(request.resource_account);
    let granted = or(scan.direct, scan.account);
    let within = or(scan.direct, own.allow);
    let across = if request.action.eq_ignore_ascii_case("backup:CopyIntoBackupVault") {
        and(granted, own.allow)
    } else {
        Some(false)
    };
    let core = match same {
        Some(true) => within,
        Some(false) => across,
        None if within == across => within,
        None => None,
    };
    let result = and(not(or(scan.deny, own.deny)), core);
    if result != Some(true) && granted == Some(true) && own.allow != Some(true) {
        because.push(own.trace(request));
    }
    decision(result, because)
}

/// Whether a policy's Deny statements leave the request alone: denied where one hits it. What the policy allows is not
/// asked, and a policy without a Principal is about every caller.
pub fn decide_deny(request: &Request<'_>, policy: &Policy) -> Decision {
    in_all_cases(request, policy, |policy| denies(request, policy))
}

fn denies(request: &Request<'_>, policy: &Policy) -> Decision {
    let mut scan = scan(request, policy, false, false);
    if policy.statements.iter().all(|statement| statement.principal.is_none() && statement.not_principal.is_none()) {
        let own = identity_allows(request, &[policy]);
        scan.deny = own.deny;
        scan.because = own.because;
    }
    scan.because.retain(|trace| trace.effect != Some(Effect::Allow));
    decision(not(scan.deny), scan.because)
}

/// Whether the caller's own policies allow the action.
pub fn decide_identity(request: &Request<'_>, identity: &[&Policy]) -> Decision {
    let own = identity_allows(request, identity);
    let result = and(not(own.deny), own.allow);
    let because = if result == Some(true) {
        own.because
    } else {
        own.because.iter().cloned().chain([own.trace(request)]).collect()
    };
    decision(result, because)
}

/// Whether a role's trust policy lets the service assume it.
pub fn decide_trust(trust: &Policy, service: &str) -> Decision {
    let mut allow = Some(false);
    let mut deny = Some(false);
    let mut because = Vec::new();
    for statement in &trust.statements {
        let named = statement.principal.as_ref().map_or(Some(false), |principal| match &principal.kind {
            Kind::Map(map) => {
                map.entries.get("Service").map_or(if map.open.is_some() { None } else { Some(false) }, |entry| {
                    any(each(&entry.value, |item| text_is(item, |text| Some(wildcard(text, service)))))
                })
            }
            _ if principal.as_str() == Some("*") => Some(true),
            _ => None,
        });
        let action = action_matches(statement, "sts:assumerole", false);
        let condition = match &statement.condition {
            // What AWS Backup's request carries beyond the principal is not documented.
            Some(_) => None,
            None => Some(true),
        };
        let matched = and(and(and(named, action), condition), exists(statement));
        match statement.effect {
            Some(Effect::Allow) => allow = or(allow, matched),
            Some(Effect::Deny) => deny = or(deny, matched),
            None => allow = or(allow, and(matched, None)),
        }
        if matched.is_none() {
            let unknown = statement.principal.as_ref().and_then(Value::first_unknown);
            let open = match (named, action, unknown) {
                (None, _, Some(unknown)) => format!("which service it names is not known: {}", unknown.reason),
                (None, _, None) => "which service it names is not known".to_owned(),
                (_, None, _) => "which actions it names is not known".to_owned(),
                _ if statement.condition.is_some() => {
                    "AWS does not document whether the request carries what its condition asks for".to_owned()
                }
                _ => "whether the statement is there is not known".to_owned(),
            };
            because.push(trace(
                TraceKind::Undecided,
                statement,
                format!("may let the service assume the role: {open}"),
            ));
        }
    }
    if let Some(open) = &trust.open {
        allow = or(allow, None);
        deny = or(deny, None);
        because.push(Trace {
            kind: TraceKind::Open,
            statement: "the trust policy".to_owned(),
            effect: None,
            span: trust.open_span,
            reason: open.clone(),
        });
    }
    decision(and(not(deny), allow), because)
}

fn decision(result: Tri, mut because: Vec<Trace>) -> Decision {
    let answer = match result {
        Some(true) => Answer::Allowed,
        Some(false) => Answer::Denied,
        None => Answer::Unknown,
    };
    let rank = |trace: &Trace| match (answer, trace.kind) {
        (Answer::Allowed, TraceKind::Allows)
        | (Answer::Denied, TraceKind::Denies)
        | (Answer::Unknown, TraceKind::Undecided | TraceKind::Open) => 0,
        (_, TraceKind::ConditionNever | TraceKind::Identity) => 1,
        (_, TraceKind::ActionMissing) => 2,
        _ => 3,
    };
    because.sort_by_key(rank);
    // Answers are kept for each key of the estate.
    because.shrink_to_fit();
    Decision { answer, because }
}

/// The caller's own side.
struct Own {
    allow: Tri,
    deny: Tri,
    because: Vec<Trace>,
}

impl Own {
    fn trace(&self, request: &Request<'_>) -> Trace {
        let open = self.because.iter().find(|trace| trace.kind == TraceKind::Open);
        match open {
            Some(open) => open.clone(),
            None => Trace {
                kind: TraceKind::Identity,
                statement: "the caller's own policies".to_owned(),
                effect: None,
                span: None,
                reason: format!("do not allow `{}`", request.action),
            },
        }
    }
}

fn identity_allows(request: &Request<'_>, identity: &[&Policy]) -> Own {
    let mut own = Own { allow: Some(false), deny: Some(false), because: Vec::new() };
    let wanted = request.action.to_ascii_lowercase();
    for policy in identity {
        for statement in &policy.statements {
            let action = action_matches(statement, &wanted, false);
            if action == Some(false) {
                continue;
            }
            let matched = and(action, resource_matches(statement, request.resource, false));
            if matched == Some(false) {
                continue;
            }
            let (holds, told) = statement.condition.as_ref().map_or((Some(true), None), |condition| {
                condition::evaluate(condition, request.context, policy.variables)
            });
            let matched = and(and(matched, holds), exists(statement));
            match statement.effect {
                Some(Effect::Allow) => own.allow = or(own.allow, matched),
                Some(Effect::Deny) => own.deny = or(own.deny, matched),
                None => {
                    own.allow = or(own.allow, None);
                    own.deny = or(own.deny, None);
                }
            }
            let kind = match (statement.effect, matched) {
                (Some(Effect::Deny), Some(true)) => TraceKind::Denies,
                (Some(Effect::Allow), Some(true)) => TraceKind::Allows,
                (_, None) => TraceKind::Undecided,
                _ => TraceKind::ConditionNever,
            };
            let verb = if statement.effect == Some(Effect::Deny) { "denies" } else { "allows" };
            let told = told.as_ref().filter(|_| kind != TraceKind::Allows);
            let reason = match (&statement.when, kind) {
                (Some(guard), TraceKind::Undecided) => words::exists_only(guard),
                _ => words::under(verb, request.action, told),
            };
            own.because.push(trace(kind, statement, reason));
        }
        if let Some(open) = &policy.open {
            own.allow = or(own.allow, None);
            own.deny = or(own.deny, None);
            own.because.push(Trace {
                kind: TraceKind::Open,
                statement: "a policy of the caller".to_owned(),
                effect: None,
                span: policy.open_span,
                reason: open.clone(),
            });
        }
    }
    own
}

/// Whether the statement may allow something that works on a key of another account.
fn uses(statement: &Statement) -> bool {
    CROSS_ACCOUNT.iter().any(|action| action_matches(statement, action, false) != Some(false))
}

/// Whether the statement is there at all.
fn exists(statement: &Statement) -> Tri {
    if statement.when.is_some() { None } else { Some(true) }
}

fn trace(kind: TraceKind, statement: &Statement, reason: String) -> Trace {
    Trace { kind, statement: statement.name(), effect: statement.effect, span: statement.span, reason }
}

fn scan(request: &Request<'_>, policy: &Policy, needs_resource: bool, exact_actions: bool) -> Scan {
    let mut scan = Scan { deny: Some(false), direct: Some(false), account: Some(false), because: Vec::new() };
    let wanted = request.action.to_ascii_lowercase();
    let names = Names::of(request.caller);
    for statement in &policy.statements {
        let (direct, account) = principal_matches(statement, &names);
        let action = action_matches(statement, &wanted, exact_actions);
        let named = or(direct, account);
        if named == Some(false) && action == Some(false) {
            continue;
        }
        let resource = resource_matches(statement, request.resource, needs_resource);
        let (holds, told) = match &statement.condition {
            Some(condition) if named != Some(false) && action != Some(false) => {
                condition::evaluate(condition, request.context, policy.variables)
            }
            // The answer is no already.
            _ => (Some(true), None),
        };
        let rest = and(and(and(action, resource), holds), exists(statement));
        let whole = and(named, rest);
        match statement.effect {
            Some(Effect::Deny) => scan.deny = or(scan.deny, and(named, rest)),
            Some(Effect::Allow) => {
                // NotPrincipal with Allow is refused by the services or means everybody else: not relied on.
                let doubt = if statement.not_principal.is_some() { None } else { Some(true) };
                scan.direct = or(scan.direct, and(and(direct, rest), doubt));
                scan.account = or(scan.account, and(and(account, rest), doubt));
            }
            None => {
                scan.direct = or(scan.direct, and(whole, None));
                scan.deny = or(scan.deny, and(whole, None));
            }
        }
        let short = request.action;
        let verb = if statement.effect == Some(Effect::Deny) { "denies" } else { "allows" };
        let condition = told.as_ref();
        let (kind, reason) = match (statement.effect, whole) {
            (Some(Effect::Deny), Some(true)) => (TraceKind::Denies, words::under(verb, short, condition)),
            (Some(Effect::Allow), Some(true)) => (TraceKind::Allows, words::under(verb, short, None)),
            (_, None) if statement.when.is_some() => {
                (TraceKind::Undecided, statement.when.as_ref().map(words::exists_only).unwrap_or_default())
            }
            (_, None) if holds.is_none() && named == Some(true) => {
                (TraceKind::Undecided, words::under(verb, short, condition))
            }
            (_, None) => (TraceKind::Undecided, undecided_words(statement, request, named, action, resource, holds)),
            (Some(Effect::Allow), Some(false)) if named != Some(false) && action != Some(false) => {
                let reason = if holds == Some(false) {
                    words::under(verb, short, condition)
                } else {
                    format!(
                        "allows `{short}`, but its Resource does not cover `{}`",
                        request.resource.replace('\u{1}', "")
                    )
                };
                (TraceKind::ConditionNever, reason)
            }
            // A statement that lets the caller administer the key, or make aliases, shares nothing.
            (Some(Effect::Allow), Some(false)) if named != Some(false) && needs_resource && !uses(statement) => {
                continue;
            }
            (Some(Effect::Allow), Some(false)) if named != Some(false) => {
                (TraceKind::ActionMissing, format!("does not allow `{short}`"))
            }
            (Some(Effect::Allow), Some(false)) if action != Some(false) => {
                (TraceKind::OtherPrincipal, format!("allows `{short}` to other principals only"))
            }
            _ => continue,
        };
        scan.because.push(trace(kind, statement, reason));
    }
    if let Some(open) = &policy.open {
        scan.direct = or(scan.direct, None);
        scan.deny = or(scan.deny, None);
        scan.because.push(Trace {
            kind: TraceKind::Open,
            statement: "the policy".to_owned(),
            effect: None,
            span: policy.open_span,
            reason: open.clone(),
        });
    }
    scan
}

fn undecided_words(
    statement: &Statement,
    request: &Request<'_>,
    named: Tri,
    action: Tri,
    resource: Tri,
    holds: Tri,
) -> String {
    match (named, action, resource) {
        (None, ..) => match &statement.principal {
            Some(principal) => words::principal(principal, request.caller),
            None => "its NotPrincipal may except the caller".to_owned(),
        },
        (_, None, _) => format!("whether its Action covers `{}` is not known", request.action),
        (_, _, None) => "whether its Resource covers this is not known".to_owned(),
        _ if holds.is_none() => "whether its condition holds is not known".to_owned(),
        _ if statement.effect.is_none() => "its Effect is neither `Allow` nor `Deny`".to_owned(),
        _ => "its NotPrincipal with Allow is not relied on".to_owned(),
    }
}

/// What is known of each item of a list, or of the value that stands for a list of one; unknown where there may be more.
fn each<'a>(value: &'a Value, known: impl Fn(&'a Value) -> Tri + 'a) -> impl Iterator<Item = Tri> + 'a {
    let (items, open) = items(value);
    items.iter().map(known).chain(open.then_some(None))
}

/// The items of a list, or the value that stands for a list of one; whether there may be more.
fn items(value: &Value) -> (&[Value], bool) {
    match &value.kind {
        Kind::Seq(seq) => (&seq.items, seq.open.is_some()),
        Kind::Null(_) => (&[], false),
        _ => (std::slice::from_ref(value), false),
    }
}

/// Applies `decide` to the text; a text with holes is only ever false.
fn text_is(value: &Value, decide: impl Fn(&str) -> Tri) -> Tri {
    match value.text() {
        Some(text) => decide(&text),
        None => None,
    }
}

/// `action` in lower case.
fn action_matches(statement: &Statement, action: &str, exact: bool) -> Tri {
    let matches = |patterns: &[Pattern]| {
        any(patterns.iter().map(|pattern| match pattern {
            Pattern::Text(pattern) => {
                let matched = wildcard(pattern, action);
                if matched && exact && pattern.contains(['*', '?']) { None } else { Some(matched) }
            }
            Pattern::Marked(marked) => glob::matches(marked, action),
            Pattern::Unknown => None,
        }))
    };
    let elsewhere =
        !statement.services.is_empty() && !statement.services.iter().any(|service| action.starts_with(&**service));
    match (&statement.action, &statement.not_action) {
        (Some(_), _) if elsewhere => Some(false),
        (Some(action), _) => matches(action),
        (None, Some(action)) => not(matches(action)),
        (None, None) => Some(false),
    }
}

/// Kleene's OR over all answers; ends at the first true one.
fn any(answers: impl Iterator<Item = Tri>) -> Tri {
    let mut result = Some(false);
    for answer in answers {
        match answer {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

fn resource_matches(statement: &Statement, resource: &str, required: bool) -> Tri {
    let matches = |patterns: &[Pattern]| {
        any(patterns.iter().map(|pattern| match pattern {
            Pattern::Text(pattern) if &**pattern == "*" || &**pattern == resource => Some(true),
            Pattern::Text(pattern) | Pattern::Marked(pattern) if pattern.contains("${") => {
                // A resource with another beginning is no match whatever the variable stands for.
                if glob::possible(pattern, resource) { None } else { Some(false) }
            }
            Pattern::Text(pattern) if !resource.contains('\u{1}') => {
                match (glob::arn(pattern, resource), wildcard(pattern, resource)) {
                    (Some(true), _) => Some(true),
                    // How a service completes an ARN of fewer parts is not documented for resource-based policies.
                    (_, false) if pattern.split(':').count() < 6 => None,
                    (_, false) => Some(false),
                    // A star that crosses a colon: the documentation allows it at the end of a segment.
                    (_, true) => crosses_at_end(pattern, resource).then_some(true),
                }
            }
            Pattern::Text(pattern) | Pattern::Marked(pattern) => glob::arn(pattern, resource),
            Pattern::Unknown => None,
        }))
    };
    match (&statement.resource, &statement.not_resource) {
        (Some(value), _) => matches(value),
        (None, Some(value)) => not(matches(value)),
        // In a key policy such a statement has no effect.
        (None, None) => Some(!required),
    }
}

/// Whether every star that must match a colon ends its segment.
fn crosses_at_end(pattern: &str, resource: &str) -> bool {
    let parts: Vec<&str> = pattern.split(':').collect();
    parts.len() < resource.splitn(6, ':').count()
        && parts.last().is_some_and(|last| last.ends_with('*') && !last.trim_end_matches('*').contains('*'))
}

/// What may name a caller.
struct Names<'a> {
    role: &'a str,
    partition: &'a str,
    account: String,
    root: String,
}

impl<'a> Names<'a> {
    fn of(caller: &'a Caller) -> Self {
        let partition = caller.role_arn.split(':').nth(1).unwrap_or("aws");
        let account = account_text(&caller.account);
        let root = format!("arn:{partition}:iam::{account}:root");
        Self { role: &caller.role_arn, partition, account, root }
    }
}

/// (named directly, named through the account).
fn principal_matches(statement: &Statement, caller: &Names<'_>) -> (Tri, Tri) {
    match (&statement.principal, &statement.not_principal) {
        (Some(principal), _) => principals(principal, caller),
        (None, Some(principal)) => {
            let (direct, account) = principals(principal, caller);
            // Exempt where named; an exemption of the role without its account is left open by the caller.
            let named = or(direct, account);
            let exempt = if direct == Some(true) && account != Some(true) { None } else { named };
            (not(exempt), Some(false))
        }
        (None, None) => (Some(false), Some(false)),
    }
}

fn principals(value: &Value, caller: &Names<'_>) -> (Tri, Tri) {
    match &value.kind {
        Kind::Map(map) => {
            let open = if map.open.is_some() { None } else { Some(false) };
            let mut result = (open, open);
            for (kind, entry) in &map.entries {
                if &**kind == "AWS" {
                    let (items, open) = items(&entry.value);
                    let more = open.then_some((None, None));
                    for (direct, account) in items.iter().map(|item| principal(item, caller)).chain(more) {
                        result = (or(result.0, direct), or(result.1, account));
                    }
                } else if &**kind == "*" {
                    // Not a form that AWS documents.
                    result.0 = or(result.0, None);
                }
            }
            result
        }
        _ if value.as_str() == Some("*") => (Some(true), Some(false)),
        Kind::String(_) => (Some(false), Some(false)),
        _ => (None, None),
    }
}

/// One entry of `AWS`.
fn principal(value: &Value, caller: &Names<'_>) -> (Tri, Tri) {
    const NEITHER: (Tri, Tri) = (Some(false), Some(false));
    let marked;
    let text = match value.as_str() {
        Some(text) => text,
        None => match value.marked_text() {
            Some(text) => {
                marked = text;
                &*marked
            }
            None => return (None, None),
        },
    };
    if text == "*" {
        return (Some(true), Some(false));
    }
    // Something that was to be filled in before the policy was used.
    if text.contains("${") {
        return (None, None);
    }
    let Names { role, partition, account, root } = caller;
    if text == *role {
        return (Some(true), Some(false));
    }
    if text == account || text == root {
        return (Some(false), Some(true));
    }
    // An account id written as a number has lost its leading zeros.
    if text.len() < 12 && text.bytes().all(|b| b.is_ascii_digit()) && format!("{text:0>12}") == *account {
        return (Some(false), Some(true));
    }
    if text.starts_with("AROA") {
        return (None, Some(false));
    }
    // The account may be another one than that of the role's ARN.
    let holes = [text, *role, account.as_str()].iter().any(|part| part.contains('\u{1}'));
    if !holes {
        if text.eq_ignore_ascii_case(role) {
            return (None, Some(false));
        }
        let session = text.starts_with(&format!(
            "arn:{partition}:sts::{account}:assumed-role/{}/",
            role.rsplit('/').next().unwrap_or_default()
        ));
        return if session { (None, Some(false)) } else { NEITHER };
    }
    // Something is not known: the account, or the whole text.
    if text.starts_with('\u{1}') && text.ends_with('\u{1}') {
        return (None, None);
    }
    let same_shape = |known: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (text.splitn(6, ':').collect(), known.splitn(6, ':').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || a.contains('\u{1}') || b.contains('\u{1}'))
    };
    let direct = if same_shape(role) || text.eq_ignore_ascii_case(role) { None } else { Some(false) };
    let by_account = if same_shape(root) || (AccountId::parse(text).is_some() && account.contains('\u{1}')) {
        None
    } else {
        Some(false)
    };
    (direct, by_account)
}

fn grants_action(request: &Request<'_>, grant: &Grant) -> Tri {
    let name = request.action.split_once(':').map_or(request.action, |(_, name)| name);
    let grantee = match grant.grantee.marked_text() {
        Some(text) if text == request.caller.role_arn => Some(true),
        Some(text) if !text.contains('\u{1}') && !request.caller.role_arn.contains('\u{1}') => Some(false),
        _ => None,
    };
    let operation = any(each(&grant.operations, |item| text_is(item, |text| Some(text.eq_ignore_ascii_case(name)))));
    let constraint =
        if grant.constrained && !matches!(name, "DescribeKey" | "RetireGrant") { None } else { Some(true) };
    // CreateGrant under a grant passes on the grant's operations only; which the call asks for is not known.
    let passing = if name == "CreateGrant" { None } else { Some(true) };
    and(and(grantee, operation), and(constraint, passing))
}
