//! Data under an AWS-managed key cannot leave the account, unless AWS Backup manages its type fully.

use super::support::{
    self, ENCRYPTION_PAGE, fail, finding, key_matters, service, source_keys, source_name, store, undecided,
    with_places, with_why,
};
use super::{Context, Outcome, remedy};
use crate::copy::{Copy, CopySource};
use crate::diagnostic::Label;
use crate::graph::KeyUse;

const RULE: &str = "source-key-aws-managed";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if !key_matters(context, copy) {
        return Outcome::NotApplicable;
    }
    let Some((_, row)) = service(context, copy) else { return Outcome::NotApplicable };
    let name = source_name(context, copy);
    if let CopySource::Arn(named) = &copy.source {
        let primary = Label::new(named.span, "no loaded code defines this");
        return undecided(
            finding(
                RULE,
                named.arn.to_string(),
                format!("whether {name} can be copied to another account depends on its key, which is not known"),
                Some(primary),
            )
            .help("load the code that declares it"),
        );
    }
    let keys = source_keys(context, copy);
    let root =
        store(context, copy).map(|store| format!("{}|{}", store.site.unit, store.site.address)).unwrap_or_default();
    let account = support::destination_account(context, copy)
        .map(|account| context.graph.account_name(account))
        .unwrap_or_default();
    for used in &keys {
        if let KeyUse::AwsManaged { alias, span } = used {
            let error = match &*row.via {
                "ec2" => {
                    "AWS says: Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot."
                }
                via => support::key_error(via),
            };
            let own = store(context, copy).zip(support::destination_account(context, copy));
            let key = own.map_or("its key", |(store, _)| key_attribute(&store.site.kind));
            let code = own.map_or_else(String::new, |(store, account)| {
                let partition = support::partition(&store.site.place.region);
                let share = remedy::share_key(account, partition, &row.via);
                let own = (&store.site.place.account, partition);
                format!("\nSuch a key:\n{}", remedy::new_key(context, &store.site, own, &share, key))
            });
            let found = finding(
                RULE,
                root,
                format!("the copy of {name} to account {account} will fail: the data is encrypted under the AWS-managed key `{alias}`"),
                Some(Label::new(*span, format!("encrypted under `{alias}`, because no customer managed key is named"))),
            )
            .note(format!("the policy of `{alias}` cannot be changed, so the key cannot be shared with another account"))
            .note(error)
            .help(format!("name a customer managed key that is shared with account {account} in `{key}`; changing the key replaces the resource, or needs a restore from a snapshot copied under the new key.\nWhere the key must stay, copy within the account to a vault under a customer managed key first, then copy that recovery point to the other account.{code}"))
            .url(ENCRYPTION_PAGE);
            return fail(with_places(found, context, copy));
        }
    }
    for used in &keys {
        match used {
            KeyUse::Unknown(why) => {
                let primary = Label::new(
                    why.span
                        .or_else(|| store(context, copy).map(|store| store.site.header))
                        .unwrap_or_else(|| row_span(context, copy)),
                    "this decides",
                );
                let found = finding(
                    RULE,
                    root,
                    format!("whether {name} can be copied to account {account} cannot be told: {}", why.text),
                    Some(primary),
                )
                .help(match why.text.ends_with("which no loaded code defines") {
                    true => "load the code that defines what the data is made of",
                    false => "name a customer managed key in the code, or give the input that decides it",
                });
                return undecided(with_places(with_why(found, why), context, copy));
            }
            KeyUse::AwsOwned { span } => {
                let found = finding(RULE, root, format!("whether {name} can be copied to account {account} cannot be told: AWS owns its key, and AWS's pages do not say what a copy of it does"), Some(Label::new(*span, "under a key that AWS owns")))
                    .help("name a customer managed key");
                return undecided(with_places(found, context, copy));
            }
            _ => {}
        }
    }
    Outcome::Pass(Vec::new())
}

fn row_span(context: &Context<'_>, copy: &Copy) -> crate::source::Span {
    support::action_span(context, copy).unwrap_or(crate::source::Span {
        file: crate::source::FileId(0),
        start: 0,
        end: 0,
    })
}

fn key_attribute(kind: &str) -> &'static str {
    if kind.starts_with("AWS::") {
        "KmsKeyId"
    } else if kind == "aws_neptune_cluster" {
        "kms_key_arn"
    } else {
        "kms_key_id"
    }
}
