//! The two accounts are members of different organizations, or of none.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html>, read 2026-11.

use super::support::{CROSS_ACCOUNT_PAGE, assumed, destination_account, fail, finding, with_places};
use super::{Context, Outcome};
use crate::aws::{Account, AccountId};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::model::{OrganizationForm, Site};
use crate::value::Value;

const RULE: &str = "different-organizations";
const ERROR: &str =
    "AWS says: Copy job failed. Both source and destination account must be a member of the same organization.";

/// The organization that the code makes of an account: its management account, and where it is declared.
fn declared<'a>(context: &'a Context<'_>, account: &Account) -> Option<(&'a Account, &'a Site)> {
    let parts = || context.graph.entities.organization.iter().filter(|part| !part.site.external);
    let organization = |management: &Account| {
        let mut made = parts().filter(|part| part.form == OrganizationForm::Organization);
        made.find(|part| part.site.place.account.same(management) == Some(true)).map(|part| &part.site)
    };
    if let Some(site) = organization(account) {
        return Some((&site.place.account, site));
    }
    let member = parts().find(|part| {
        let id = part.id.as_ref().and_then(Value::text);
        part.form == OrganizationForm::Account
            && id.as_deref().and_then(AccountId::parse).as_ref().is_some_and(|id| account.known() == Some(id))
    })?;
    let site = organization(&member.site.place.account)?;
    Some((&site.place.account, site))
}

/// Whether code or configuration says that the accounts are of one organization; `Err` where they are not.
pub(super) fn same(context: &Context<'_>, copy: &Copy) -> Option<Result<(), (String, Option<Label>)>> {
    let source = &context.graph.plan(copy.plan)?.site.place.account;
    let target = destination_account(context, copy)?;
    let facts = &context.graph.facts.organization;
    for account in [source, target] {
        if account.known().is_some_and(|id| facts.outside.contains(id)) {
            let name = context.graph.account_name(account);
            return Some(Err((format!("account {name} is not a member of the organization"), None)));
        }
    }
    if let (Some((a, _)), Some((b, site))) = (declared(context, source), declared(context, target)) {
        return match a.same(b) {
            Some(true) => Some(Ok(())),
            Some(false) => {
                let label = Label::new(site.header, "the destination's organization");
                let (a, b) = (context.graph.account_words(a), context.graph.account_words(b));
                let words = format!("the organization of {a} is not that of {b}");
                Some(Err((words, Some(label))))
            }
            None => None,
        };
    }
    let listed = |account: &Account| {
        account.known().is_some_and(|id| facts.parent_of(id).is_some() || facts.management_account.as_ref() == Some(id))
    };
    (listed(source) && listed(target)).then_some(Ok(()))
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if copy.cross_account != Some(true) {
        return Outcome::NotApplicable;
    }
    match same(context, copy) {
        Some(Ok(())) => Outcome::Pass(Vec::new()),
        Some(Err((words, label))) => {
            let from = context.graph.plan(copy.plan).map(|plan| plan.site.place.account.to_string());
            let to = destination_account(context, copy).map(ToString::to_string);
            let root = format!("{}|{}", from.unwrap_or_default(), to.unwrap_or_default());
            let label = label.or_else(|| {
                super::support::action_span(context, copy)
                    .map(|span| Label::new(span, "copied to the other account here"))
            });
            let found = finding(RULE, root, format!("the copy will fail: {words}"), label)
                .note(ERROR)
                .help("AWS Backup copies only between accounts of one organization: invite the account into it")
                .url(CROSS_ACCOUNT_PAGE);
            fail(with_places(found, context, copy))
        }
        None => assumed(
            context,
            RULE,
            "both accounts are members of one organization",
            "list the organization's units and accounts under [organization] in crossvault.toml",
        ),
    }
}
