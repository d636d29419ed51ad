//! The key's own account cannot use it: neither its root nor the backup role is named.

use super::support::{
    self, fail, finding, key_policy, partition, policy_span, service, source_keys, source_name, with_places,
};
use super::{Context, Outcome, remedy};
use crate::aws::Account;
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::KeyUse;
use crate::iam::{self, Answer, Caller, Effect, Pattern, Policy, Request, context};

const RULE: &str = "source-key-locked-out";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if service(context, copy).is_none_or(|(_, row)| row.full != Support::No) {
        return Outcome::NotApplicable;
    }
    let mut seen = false;
    for used in source_keys(context, copy) {
        let KeyUse::Customer { key: id, span } = used else { continue };
        seen = true;
        let (Some(key), Some(mut caller)) = (context.graph.key(*id), support::role_caller(context, copy)) else {
            continue;
        };
        let Ok(policy) = key_policy(context, *id, key) else { continue };
        if policy.open.is_some() || policy.statements.iter().any(|statement| statement.effect.is_none()) {
            continue;
        }
        let foreign = key.site.place.account.same(&caller.account) == Some(false);
        if !foreign {
            caller.account = key.site.place.account.clone();
        }
        let question = (*id, caller.role_arn.clone(), caller.account.clone());
        let named = context.memo.open_keys.of(question, |_| names(&policy, &caller, &key.site.place.account));
        let granted = context.graph.key_grants.get(id.0 as usize).is_some_and(|grants| !grants.is_empty());
        if !named && foreign && !granted {
            let account = context.graph.account_words(&caller.account);
            let found = finding(
                RULE,
                format!("{}|{}|{account}", key.site.unit, key.site.address),
                format!(
                    "{} is never backed up, so never copied: its key `{}` belongs to {}, and nobody in {account} may use it",
                    source_name(context, copy),
                    key.site.address,
                    context.graph.account_words(&key.site.place.account)
                ),
                Some(Label::new(policy_span(context, *id, key), format!("gives {account} nothing"))),
            )
            .label(*span, "the data is encrypted under this key")
            .help(format!("let the root of {account} use the key as well, or take a key of its own account"))
            .url("https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html");
            return fail(with_places(found, context, copy));
        }
        if !named && !foreign {
            let place = policy_span(context, *id, key);
            let own = (&key.site.place.account, partition(&key.site.place.region));
            let found = finding(
                RULE,
                format!("{}|{}", key.site.unit, key.site.address),
                format!(
                    "{} is never backed up, so never copied: nobody in its own account may use the key `{}`",
                    source_name(context, copy),
                    key.site.address
                ),
                Some(Label::new(place, "names neither the account's root nor the backup role")),
            )
            .label(*span, "the data is encrypted under this key")
            .help(format!(
                "let the key's own account use it:\n{}",
                remedy::use_by_account(context, &key.site.kind, place, own)
            ));
            return fail(with_places(found, context, copy));
        }
    }
    if seen { Outcome::Pass(Vec::new()) } else { Outcome::NotApplicable }
}

/// Whether the policy may allow the caller anything at all: only where that is nobody of the account is the key locked.
fn names(policy: &Policy, caller: &Caller, account: &Account) -> bool {
    let allow_all: Vec<&Policy> =
        iam::managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").into_iter().collect();
    let facts = context::Context::default();
    policy.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow)).any(|statement| {
        let mut bare = statement.clone();
        bare.condition = None;
        bare.when = None;
        bare.action = Some(vec![Pattern::Text("*".into())]);
        bare.not_action = None;
        bare.resource = Some(vec![Pattern::Text("*".into())]);
        bare.not_resource = None;
        let one = Policy { statements: vec![bare], variables: policy.variables, ..Policy::default() };
        let (action, resource, resource_account) = ("kms:DescribeKey", "*", account);
        let request = Request { caller, action, resource, resource_account, context: &facts };
        iam::decide_key(&request, &one, &allow_all, &[]).answer != Answer::Denied
    })
}
