//! The destination vault does not exist, or cannot be told.

use super::support::{action_span, destination_name, fail, finding, undecided, with_why};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{VaultId, VaultTarget, Why, uncertain};
use crate::value::Existence;
use crate::value::Kind;

const RULE: &str = "destination-vault-missing";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let name = destination_name(context, copy);
    let primary = |words: &str| action_span(context, copy).map(|span| Label::new(span, words));
    match &copy.destination {
        VaultTarget::Vault(id) if doubt(context, copy, *id).is_some() => {
            let Some(why) = doubt(context, copy, *id) else { return Outcome::Pass(Vec::new()) };
            let found = finding(
                RULE,
                why.text.clone(),
                format!("whether {name} exists cannot be told: {}", why.text),
                primary("copied to there"),
            )
            .help("give the input that decides it");
            undecided(with_why(found, &why))
        }
        VaultTarget::Vault(_) if copy.cross_account.is_some() && copy.cross_region.is_some() => {
            Outcome::Pass(Vec::new())
        }
        VaultTarget::Vault(_) => {
            let found = finding(RULE, format!("place of {name}"), format!("whether {name} lies in another account or Region cannot be told"), primary("copied to there"))
                .help("configure the providers' accounts and Regions (`assume_role`, `allowed_account_ids`, `region`), or give them under [[deployment]] in crossvault.toml");
            undecided(found)
        }
        VaultTarget::Unknown(why) => {
            let found = finding(
                RULE,
                why.text.clone(),
                format!("where this copies to cannot be told: {}", why.text),
                primary("this is not known"),
            )
            .help("give the input that decides it");
            undecided(with_why(found, why))
        }
        VaultTarget::External { place, near, .. } => {
            let complete = place
                .account
                .known()
                .and_then(|id| context.graph.facts.accounts.get(id))
                .is_some_and(|facts| facts.complete);
            let hint = near.and_then(|id| context.graph.vault(id));
            if complete {
                let mut found = finding(
                    RULE,
                    name.clone(),
                    format!(
                        "the copy will fail: there is no vault {name}, and account {} is declared complete",
                        context.graph.account_name(&place.account)
                    ),
                    primary("no such vault"),
                );
                if let Some(vault) = hint {
                    found = found
                        .label(vault.site.header, "a vault of nearly that name")
                        .help(format!("did you mean `{}`?", vault.name.text().unwrap_or_default()));
                }
                return fail(found);
            }
            if let Some(vault) = hint {
                let found = finding(
                    RULE,
                    name.clone(),
                    format!("no loaded code defines the vault {name}, but one of nearly that name"),
                    primary("no such vault is loaded"),
                )
                .label(vault.site.header, "a vault of nearly that name")
                .help(format!("did you mean `{}`?", vault.name.text().unwrap_or_default()));
                return undecided(found);
            }
            if copy.cross_account == Some(true) {
                // What is missing is told where the vault's policy and key are judged.
                return Outcome::NotApplicable;
            }
            let found = finding(
                RULE,
                name.clone(),
                format!("no loaded code defines the vault {name}"),
                primary("whether it exists is not known"),
            )
            .help("load the code that defines the vault, or describe it under [[known.vault]] in crossvault.toml");
            undecided(found)
        }
    }
}

/// Why it is not certain that the vault exists where the copy is made. What refers to a vault exists only with it.
fn doubt(context: &Context<'_>, copy: &Copy, id: VaultId) -> Option<Why> {
    let vault = context.graph.vault(id)?;
    let plan = context.graph.plan(copy.plan)?;
    let action = plan.rules.get(copy.rule)?.copy_actions.get(copy.action)?;
    let same_conditions = match &vault.site.exists {
        Existence::When(guards) => guards.iter().all(|guard| copy.when().contains(guard)),
        _ => false,
    };
    let referred = matches!(action.destination.value.kind, Kind::Ref(_));
    uncertain(&vault.site).filter(|_| !same_conditions && !referred)
}
