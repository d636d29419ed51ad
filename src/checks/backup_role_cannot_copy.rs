//! The plan's role may not copy: it lacks AWS Backup's copy actions, or S3's rights for S3.

use super::support::{
    CROSS_ACCOUNT_PAGE, Rights, RolePolicies, fail, finding, partition, role_caller, role_policies, service, text,
    undecided, with_places, with_why,
};
use super::{Context, Outcome, remedy};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{RoleId, RoleTarget, Why};
use crate::iam::{self, Answer, Decision, Request, context};
use crate::model::RolePolicyKind;

const RULE: &str = "backup-role-cannot-copy";
/// A vault of any name.
const VAULT: &str = "\u{1}vault\u{1}";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let RoleTarget::Role(id) = &copy.role else {
        let known =
            copy.selection.is_some() && copy.cross_account == Some(true) && role_policies(context, copy).is_ok();
        return if known { Outcome::Pass(Vec::new()) } else { Outcome::NotApplicable };
    };
    let Some(role) = context.graph.role(*id) else { return Outcome::NotApplicable };
    let Ok((policies, open)) = role_policies(context, copy) else { return Outcome::NotApplicable };
    let Some(caller) = role_caller(context, copy) else { return Outcome::NotApplicable };
    let root = format!("{}|{}", role.site.unit, role.site.address);
    let label = |words: String| Some(Label::new(role.site.header, words));
    let leaves = copy.cross_account == Some(true);
    let target = leaves.then(|| match context.graph.place(&copy.destination) {
        Some(place) => format!(
            "arn:{}:backup:{}:{}:backup-vault:{VAULT}",
            partition(&place.region),
            text(&place.region),
            text(&place.account)
        ),
        None => VAULT.to_owned(),
    });
    let s3 = service(context, copy).is_some_and(|(name, _)| name == "s3") && !has_s3(context, id.0 as usize);
    let question = (*id, caller.role_arn.clone(), target, s3);
    let (missing, unknown) = context
        .memo
        .rights
        .of(question, |(_, _, target, s3)| rights(context, *id, &caller, (policies, open), target.as_deref(), *s3));
    if !missing.is_empty() {
        let place = context.graph.plan(copy.plan).map(|plan| &plan.site.place);
        let partition = place.map_or("aws", |place| partition(&place.region));
        let mut policies = vec!["service-role/AWSBackupServiceRolePolicyForBackup"];
        policies.extend(s3.then_some("AWSBackupServiceRolePolicyForS3Backup"));
        let code = remedy::attachments(context, &role.site, partition, &policies);
        let found = finding(
            RULE,
            root,
            format!("copies with the role `{}` will fail: it lacks {}", role.site.address, missing.join(" and ")),
            label(format!("nothing attached to this role allows {}", missing.join(" or "))),
        )
        .note("AWS says: Access Denied trying to call AWS Backup service")
        .help(format!("allow these actions, or attach AWS's own {}:\n{code}", if s3 { "policies" } else { "policy" }))
        .url(CROSS_ACCOUNT_PAGE);
        return fail(with_places(found, context, copy));
    }
    match unknown {
        Some(why) => {
            let found = finding(
                RULE,
                root,
                format!("whether the role `{}` may copy cannot be told: {}", role.site.address, why.text),
                label("its policies are not wholly known".to_owned()),
            )
            .help("load the code that defines the policies of this role, and give the inputs that they depend on");
            undecided(with_places(with_why(found, &why), context, copy))
        }
        None => Outcome::Pass(Vec::new()),
    }
}

/// What the role's policies and boundary do not allow of a copy to the vault `target` (no copy to another account without
/// it) and of a backup of S3.
fn rights(
    context: &Context<'_>,
    id: RoleId,
    caller: &iam::Caller,
    (policies, open): RolePolicies,
    target: Option<&str>,
    s3: bool,
) -> Rights {
    let own: Vec<&iam::Policy> = policies.iter().map(AsRef::as_ref).collect();
    let mut missing = Vec::new();
    let mut unknown: Option<Why> = None;
    if let Some(target) = target {
        for action in ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault"] {
            let resource = match action {
                "backup:CopyIntoBackupVault" => target,
                _ => "\u{1}recovery point\u{1}",
            };
            let facts = context::backup_call(
                action,
                caller,
                &caller.account,
                Some(target).filter(|target| *target != VAULT),
                &context.graph.facts.organization,
            );
            let request = Request { caller, action, resource, resource_account: &caller.account, context: &facts };
            let decision = iam::decide_identity(&request, &own);
            let bound = boundary(context, id.0 as usize, &request);
            match decision.answer {
                Answer::Allowed => match bound {
                    Some(Err(why)) => unknown = unknown.or(Some(why)),
                    Some(Ok(bound)) => match bound.answer {
                        Answer::Allowed => {}
                        Answer::Denied => missing.push(action),
                        Answer::Unknown => {
                            let text = format!("its permissions boundary: {}", words(&bound));
                            unknown = unknown.or(Some(Why { text, span: None }));
                        }
                    },
                    None => {}
                },
                Answer::Denied if open.is_none() => missing.push(action),
                _ => {
                    let text = words(&decision);
                    unknown = unknown.or_else(|| open.clone()).or(Some(Why { text, span: None }));
                }
            }
        }
    }
    if s3 {
        let facts = context::Context::default();
        let request = Request {
            caller,
            action: "s3:GetInventoryConfiguration",
            resource: "arn:aws:s3:::\u{1}bucket\u{1}",
            resource_account: &caller.account,
            context: &facts,
        };
        match iam::decide_identity(&request, &own).answer {
            Answer::Allowed => {}
            Answer::Denied if open.is_none() => missing.push("AWSBackupServiceRolePolicyForS3Backup's rights on S3"),
            _ => {
                unknown = unknown
                    .or_else(|| open.clone())
                    .or(Some(Why { text: "its rights on S3 are not known".to_owned(), span: None }))
            }
        }
    }
    (missing, unknown)
}

fn words(decision: &Decision) -> String {
    decision.because.first().map(|trace| format!("{} {}", trace.statement, trace.reason)).unwrap_or_default()
}

/// What the role's permissions boundary says; `None` where it has none.
fn boundary(context: &Context<'_>, role: usize, request: &Request<'_>) -> Option<Result<Decision, Why>> {
    let parsed;
    let policy = match context.graph.role_boundaries.get(role)?.as_ref()? {
        RolePolicyKind::Inline(setting) => {
            parsed = iam::document::parse(&setting.value);
            &parsed
        }
        RolePolicyKind::Managed(setting) => {
            match setting.value.marked_text().as_deref().and_then(iam::managed_policy) {
                Some(policy) => policy,
                None => {
                    return Some(Err(Why {
                        text: "what its permissions boundary allows is not known".to_owned(),
                        span: Some(setting.span),
                    }));
                }
            }
        }
    };
    Some(Ok(iam::decide_identity(request, &[policy])))
}

/// Whether AWS's policy for S3 is attached.
fn has_s3(context: &Context<'_>, role: usize) -> bool {
    context.graph.role_policies.get(role).into_iter().flatten().any(|policy| match policy {
        RolePolicyKind::Managed(setting) => setting.value.marked_text().is_some_and(|text| {
            text.ends_with("/AWSBackupServiceRolePolicyForS3Backup") || text.ends_with("/AdministratorAccess")
        }),
        RolePolicyKind::Inline(_) => false,
    })
}
