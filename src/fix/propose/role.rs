//! What the plan's role lacks: the trust in AWS Backup, or the right to copy.

use super::super::statement::{self, Statement};
use super::super::{existing, insert};
use super::{Proposer, safe, statements, weighed};
use crate::diagnostic::{Edit, Fix};
use crate::graph::{RoleId, RoleTarget};
use crate::iam::document;
use crate::model::{Role, RolePolicyKind, Setting};
use crate::source::Span;

/// The two calls of a copy.
const COPY: [&str; 2] = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault"];

impl Proposer<'_> {
    fn role(&self) -> Option<&crate::model::Role> {
        let RoleTarget::Role(id) = &self.copy.role else { return None };
        self.analysis.graph.role(*id).filter(|role| !role.site.external)
    }

    pub(super) fn trust(&self) -> Option<Fix> {
        let role = self.role()?;
        let policy = document::parse(&role.trust.as_ref()?.value);
        let wanted = Statement {
            sid: "AWSBackup".to_owned(),
            principal: Some(("Service", "backup.amazonaws.com".to_owned())),
            actions: vec!["sts:AssumeRole".to_owned()],
            resource: false,
            condition: None,
        };
        let edits = statement::added(&self.analysis.sources, &policy, &[wanted])?;
        let others = self.other_roles(statements(&role.trust.as_ref()?.value));
        let consequence = |others| format!("the same code makes {others} more roles: AWS Backup can assume them, too");
        let message = format!("let AWS Backup assume the role `{}`", role.site.address);
        Some(weighed(safe(message, edits), others, consequence))
    }

    fn other_roles(&self, policy: Vec<Span>) -> usize {
        let (RoleTarget::Role(id), Some(role)) = (&self.copy.role, self.role()) else { return 0 };
        let site = |at| self.analysis.graph.role(RoleId(at)).map(|role| role.site.clone());
        let places = policy.into_iter().chain([role.site.header]);
        self.others(|index| &index.roles, id.0, places, site, self.source())
    }

    /// The role's own policies in code, not those that AWS or others keep.
    fn own_policies(&self) -> Vec<&Setting> {
        let RoleTarget::Role(id) = &self.copy.role else { return Vec::new() };
        let policies = self.analysis.graph.role_policies.get(id.0 as usize).into_iter().flatten();
        let inline = policies.filter_map(|policy| match policy {
            RolePolicyKind::Inline(setting) => Some(setting),
            RolePolicyKind::Managed(_) => None,
        });
        inline.collect()
    }

    /// The two calls: in a statement on backups that is there, as a statement more, or as the role's first policy.
    pub(super) fn role_may_copy(&self) -> Vec<Fix> {
        let Some(role) = self.role() else { return Vec::new() };
        let sources = &self.analysis.sources;
        let message = format!("let the role `{}` copy recovery points", role.site.address);
        let consequence = |others| format!("the same code gives it to {others} more roles");
        let on_backups = |statement: &crate::iam::Statement| {
            let is_backup = |pattern: &crate::iam::Pattern| matches!(pattern, crate::iam::Pattern::Text(text) if text.starts_with("backup:"));
            statement.action.iter().flatten().any(is_backup)
        };
        let mut out = Vec::new();
        for setting in self.own_policies() {
            let policy = document::parse(&setting.value);
            let edits = existing::actions(sources, &setting.value, &on_backups, None, &COPY)
                .or_else(|| statement::added(sources, &policy, &[may_copy()]));
            let others = self.other_roles(statements(&setting.value));
            out.extend(edits.map(|edits| weighed(safe(message.clone(), edits), others, consequence)));
        }
        let others = self.other_roles(Vec::new());
        let first = self.first_policy(role);
        out.extend(first.map(|edit| weighed(safe(message, vec![edit]), others, consequence)));
        out
    }

    fn first_policy(&self, role: &Role) -> Option<Edit> {
        let sources = &self.analysis.sources;
        if insert::in_template(&role.site) {
            let resource = self.resource(&role.site)?;
            if resource.get("Policies").is_some() {
                return None;
            }
            return insert::property(sources, resource, None, |outer, json| {
                let inner = format!("{outer}    ");
                let document = statement::property("PolicyDocument", &[may_copy()], &inner, json);
                match json {
                    true => format!(
                        "{outer}\"Policies\": [\n{outer}  {{\n{inner}\"PolicyName\": \"backup-copies\",\n{document}\n{outer}  }}\n{outer}]"
                    ),
                    false => format!("{outer}Policies:\n{outer}  - PolicyName: backup-copies\n{document}"),
                }
            });
        }
        let made = self.made(&role.site)?;
        let kind = "aws_iam_role_policy";
        let name = self.free_name(&role.site, kind, &made.local);
        let rows = [
            ("name", "\"backup-copies\"".to_owned()),
            ("role", format!("{}.name", made.reference)),
            ("policy", statement::jsonencode(&[may_copy()], "  ")),
        ];
        insert::resource(sources, &role.site, kind, &name, made.each.as_ref(), &rows)
    }
}

fn may_copy() -> Statement {
    Statement {
        sid: "BackupCopies".to_owned(),
        principal: None,
        actions: COPY.map(str::to_owned).to_vec(),
        resource: true,
        condition: None,
    }
}
