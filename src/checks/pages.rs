//! The rules' pages: what each checks, why a copy fails, how to fix it.

/// A rule's page.
#[derive(Clone, Debug)]
pub struct Page {
    pub name: &'static str,
    /// `error`, `warning`, `info`, or several.
    pub severity: &'static str,
    pub summary: &'static str,
    /// The page without its front matter.
    pub text: &'static str,
}

/// The page's text by rule name.
const TEXTS: &[(&str, &str)] = &[
    ("copy-never-runs", include_str!("../../rules/copy-never-runs.md")),
    ("backup-policy-invalid", include_str!("../../rules/backup-policy-invalid.md")),
    ("source-key-aws-managed", include_str!("../../rules/source-key-aws-managed.md")),
    ("source-key-not-shared", include_str!("../../rules/source-key-not-shared.md")),
    ("source-key-share-incomplete", include_str!("../../rules/source-key-share-incomplete.md")),
    ("source-key-share-condition", include_str!("../../rules/source-key-share-condition.md")),
    ("source-key-denied", include_str!("../../rules/source-key-denied.md")),
    ("source-key-locked-out", include_str!("../../rules/source-key-locked-out.md")),
    ("source-key-unusable", include_str!("../../rules/source-key-unusable.md")),
    ("source-unencrypted", include_str!("../../rules/source-unencrypted.md")),
    ("source-vault-key-not-shared", include_str!("../../rules/source-vault-key-not-shared.md")),
    ("service-linked-role-absent", include_str!("../../rules/service-linked-role-absent.md")),
    ("copy-unsupported", include_str!("../../rules/copy-unsupported.md")),
    ("rds-option-group", include_str!("../../rules/rds-option-group.md")),
    ("continuous-backup-not-copyable", include_str!("../../rules/continuous-backup-not-copyable.md")),
    ("dynamodb-advanced-backup-off", include_str!("../../rules/dynamodb-advanced-backup-off.md")),
    ("service-not-opted-in", include_str!("../../rules/service-not-opted-in.md")),
    ("destination-vault-missing", include_str!("../../rules/destination-vault-missing.md")),
    ("destination-vault-access-missing", include_str!("../../rules/destination-vault-access-missing.md")),
    ("destination-vault-access-denied", include_str!("../../rules/destination-vault-access-denied.md")),
    ("vault-policy-wildcard-action", include_str!("../../rules/vault-policy-wildcard-action.md")),
    ("destination-vault-key-aws-managed", include_str!("../../rules/destination-vault-key-aws-managed.md")),
    ("air-gapped-vault-unsupported", include_str!("../../rules/air-gapped-vault-unsupported.md")),
    ("destination-key-unusable", include_str!("../../rules/destination-key-unusable.md")),
    ("retention-outside-vault-lock", include_str!("../../rules/retention-outside-vault-lock.md")),
    ("copy-lifecycle-invalid", include_str!("../../rules/copy-lifecycle-invalid.md")),
    ("too-many-tags", include_str!("../../rules/too-many-tags.md")),
    ("cross-account-backup-disabled", include_str!("../../rules/cross-account-backup-disabled.md")),
    ("different-organizations", include_str!("../../rules/different-organizations.md")),
    ("copy-denied-by-organization-policy", include_str!("../../rules/copy-denied-by-organization-policy.md")),
    ("backup-role-not-assumable", include_str!("../../rules/backup-role-not-assumable.md")),
    ("backup-role-cannot-copy", include_str!("../../rules/backup-role-cannot-copy.md")),
    ("ignore-without-effect", include_str!("../../rules/ignore-without-effect.md")),
];

/// All pages, in the order of the rule list.
pub fn pages() -> Vec<Page> {
    TEXTS.iter().map(|(name, text)| parse(name, text)).collect()
}

fn parse(name: &'static str, text: &'static str) -> Page {
    let (front, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap_or(("", text));
    let field =
        |key: &str| front.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default();
    Page { name, severity: field("severity"), summary: field("summary"), text: body.trim_start() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_and_every_page_a_rule() {
        let listed: Vec<&str> = super::super::rule_names().collect();
        let paged: Vec<&str> = pages().iter().map(|page| page.name).collect();
        assert_eq!(listed, paged);
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
            .unwrap()
            .filter_map(|entry| {
                entry.unwrap().file_name().into_string().unwrap().strip_suffix(".md").map(str::to_owned)
            })
            .collect();
        files.sort();
        let mut listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
        listed.sort();
        assert_eq!(files, listed);
        for page in pages() {
            assert!(!page.severity.is_empty() && !page.summary.is_empty(), "{}", page.name);
            for section in ["## What it checks", "## Why the copy fails", "## How to fix"] {
                assert!(page.text.contains(section), "{}: {section}", page.name);
            }
        }
    }
}
