//! The plan's role does not trust AWS Backup.

use super::support::{fail, finding, is_default_role, role_caller, undecided, with_places, with_why};
use super::{Context, Outcome, remedy};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::RoleTarget;
use crate::iam::{self, Answer, document};
use std::sync::Arc;

const RULE: &str = "backup-role-not-assumable";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if copy.selection.is_none() {
        return Outcome::NotApplicable;
    }
    match &copy.role {
        RoleTarget::Role(id) => {
            let Some(role) = context.graph.role(*id) else { return Outcome::NotApplicable };
            let Some(trust) = &role.trust else { return Outcome::NotApplicable };
            let root = format!("{}|{}", role.site.unit, role.site.address);
            let decision = context
                .memo
                .trusts
                .of(*id, |_| Arc::new(iam::decide_trust(&document::parse(&trust.value), "backup.amazonaws.com")));
            let label = |words: &str| Some(Label::new(trust.span, words));
            match decision.answer {
                Answer::Allowed => Outcome::Pass(vec![Label::new(trust.span, "trusts backup.amazonaws.com")]),
                Answer::Denied => {
                    let found = finding(
                        RULE,
                        root,
                        format!(
                            "nothing is backed up or copied with the role `{}`: AWS Backup cannot assume it",
                            role.site.address
                        ),
                        label("does not trust backup.amazonaws.com"),
                    )
                    .note("AWS says: ... cannot be assumed by AWS Backup")
                    .help(format!(
                        "add to the role's trust policy:\n{}",
                        remedy::trust(context, &role.site.kind, trust.span)
                    ))
                    .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html");
                    fail(with_places(found, context, copy))
                }
                Answer::Unknown => {
                    let words = decision
                        .because
                        .first()
                        .map(|trace| format!("{} {}", trace.statement, trace.reason))
                        .unwrap_or_default();
                    undecided(with_places(
                        finding(
                            RULE,
                            root,
                            format!(
                                "whether AWS Backup can assume the role `{}` cannot be told: {words}",
                                role.site.address
                            ),
                            label("this decides"),
                        ),
                        context,
                        copy,
                    ))
                }
            }
        }
        RoleTarget::External { span, .. } => {
            let Some(caller) = role_caller(context, copy) else { return Outcome::NotApplicable };
            if is_default_role(&caller) {
                return Outcome::Pass(vec![Label::new(*span, "AWS Backup's default role")]);
            }
            // Of a role that is known by its name alone the path is a hole.
            let name = match caller.role_arn.rsplit_once('\u{1}') {
                Some((_, name)) if !name.is_empty() && !name.contains(':') => name.to_owned(),
                _ => caller.role_arn.replace('\u{1}', ""),
            };
            let found = finding(
                RULE,
                name.clone(),
                format!("whether AWS Backup can use the role `{name}` cannot be told: no loaded code defines it"),
                Some(Label::new(*span, "this role is not known")),
            )
            .help("load the code that defines the role");
            undecided(found)
        }
        RoleTarget::Unknown(why) => {
            let found = finding(
                RULE,
                why.text.clone(),
                format!("which role makes the copy cannot be told: {}", why.text),
                why.span.map(|span| Label::new(span, "this decides")),
            );
            undecided(with_why(found, why))
        }
    }
}
