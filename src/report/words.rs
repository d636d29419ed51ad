//! How reports name things: copies, accounts, findings.

use crate::analysis::{Analysis, Reported};
use crate::catalog::Catalog;
use crate::checks::Judgement;
use crate::copy::CopyId;
use crate::copy::CopySource;
use crate::diagnostic::Severity;
use crate::graph::VaultTarget;
use std::collections::{BTreeMap, BTreeSet};

/// How a finding is graded in every format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    Error,
    Warning,
    Info,
    Undecided,
}

impl Grade {
    /// The grade of a finding.
    pub(crate) fn of(reported: &Reported) -> Self {
        match (reported.undecided, reported.finding.severity) {
            (true, _) => Self::Undecided,
            (false, Severity::Error) => Self::Error,
            (false, Severity::Warning) => Self::Warning,
            (false, Severity::Info) => Self::Info,
        }
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Undecided => "undecided",
        }
    }
}

/// `1 copy`, `2 copies`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The text without what a terminal would obey: control characters are shown as pictures, marks that reorder the
/// line as replacement characters. Line breaks and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { printable_char(c) }).collect()
}

/// The same on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(printable_char).collect()
}

/// The picture of a character that a terminal would obey.
pub(crate) fn printable_char(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

/// A vault of which neither name nor ARN is known.
const UNKNOWN_VAULT: &str = "a vault that is not known";
const UNKNOWN_PLACE: &str = "in an account that is not known";

/// Names copies by their ids.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    analysis: &'a Analysis,
    /// With their position in the analysis.
    by_id: BTreeMap<CopyId, (usize, &'a Judgement)>,
}

impl<'a> Words<'a> {
    /// Words for this analysis.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let copies = analysis.judgements.iter().enumerate();
        let by_id = copies.map(|(at, judgement)| (judgement.copy.id, (at, judgement))).collect();
        Self { analysis, by_id }
    }

    /// The copies of a finding, in the order of plan, rule, action, source.
    pub(crate) fn copies(&self, reported: &'a Reported) -> Vec<&'a Judgement> {
        let mut found: Vec<(usize, &Judgement)> =
            reported.copies.iter().filter_map(|id| self.by_id.get(id).copied()).collect();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, judgement)| judgement).collect()
    }

    /// `` `orders` (RDS) ``.
    pub(crate) fn source(&self, judgement: &Judgement) -> String {
        source(self.analysis, judgement)
    }

    /// `` `orders` (RDS) to `central` ``.
    pub(crate) fn short(&self, judgement: &Judgement) -> String {
        format!("{} to {}", self.source(judgement), vault(self.analysis, &judgement.copy.destination))
    }

    /// The copies in words: what they have in common is named, the rest counted.
    fn subject(&self, copies: &[&Judgement]) -> String {
        let distinct = |of: &dyn Fn(&Judgement) -> String| -> Vec<String> {
            copies.iter().map(|judgement| of(judgement)).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let graph = &self.analysis.graph;
        let sources = distinct(&|judgement| self.source(judgement));
        let from = distinct(&|judgement| {
            graph
                .plan(judgement.copy.plan)
                .map(|plan| graph.account_words(&plan.site.place.account))
                .unwrap_or_default()
        });
        let vaults = distinct(&|judgement| vault(self.analysis, &judgement.copy.destination));
        let to = distinct(&|judgement| destination_place(self.analysis, judgement));
        let what = match (copies.len(), sources.as_slice()) {
            (1, [source]) => format!("copy of {source}"),
            (number, [source]) => format!("{number} copies of {source}"),
            (number, _) => format!("{number} copies"),
        };
        let from = match from.as_slice() {
            [account] => format!(" from {account}"),
            several => format!(" from {} accounts", several.len()),
        };
        let called = |vault: &str| if vault == UNKNOWN_VAULT { vault.to_owned() } else { format!("vault {vault}") };
        let to = match (vaults.as_slice(), to.as_slice()) {
            ([vault], [place]) if vault != UNKNOWN_VAULT || place != UNKNOWN_PLACE => {
                format!(" to {} {place}", called(vault))
            }
            ([vault], _) => format!(" to {}", called(vault)),
            (several, [place]) => format!(" to {} vaults {place}", several.len()),
            (several, _) => format!(" to {} vaults", several.len()),
        };
        format!("{what}{from}{to}")
    }

    /// The headline of a finding: which copy will fail, or cannot be told of.
    pub(crate) fn headline(&self, reported: &'a Reported) -> String {
        let copies = self.copies(reported);
        let subject = self.subject(&copies);
        match Grade::of(reported) {
            Grade::Error if !copies.is_empty() => format!("{subject} will fail"),
            Grade::Undecided if !copies.is_empty() => {
                format!("{subject} {} undecided", if copies.len() == 1 { "is" } else { "are" })
            }
            _ => reported.finding.message.clone(),
        }
    }

    /// Why, where the headline does not say it.
    pub(crate) fn cause(reported: &Reported) -> &str {
        let message = &reported.finding.message;
        message.split_once(" will fail: ").map_or(message, |(_, cause)| cause)
    }
}

/// The sentences of a remedy, and the code that follows them after a colon.
pub(crate) fn remedy(help: &str) -> (&str, Option<&str>) {
    match help.find(":\n") {
        Some(at) => (help.get(..=at).unwrap_or(help), help.get(at + 2..)),
        None => (help, None),
    }
}

fn destination_place(analysis: &Analysis, judgement: &Judgement) -> String {
    let Some(place) = analysis.graph.place(&judgement.copy.destination) else {
        return UNKNOWN_PLACE.to_owned();
    };
    match (judgement.copy.cross_account, judgement.copy.cross_region) {
        (Some(false), Some(true)) => format!("of the same account in {}", place.region),
        (Some(false), _) => "of the same account".to_owned(),
        (_, Some(true)) => format!("in {} in {}", analysis.graph.account_words(&place.account), place.region),
        _ => format!("in {}", analysis.graph.account_words(&place.account)),
    }
}

/// How people call the source: by the name it will have, else by its address, with the service.
pub(crate) fn source(analysis: &Analysis, judgement: &Judgement) -> String {
    let label = |service: &str| {
        Catalog::builtin().service(service).map_or_else(|| service.to_owned(), |service| service.label.clone())
    };
    match &judgement.copy.source {
        CopySource::Store(id) => analysis
            .graph
            .store(*id)
            .map(|store| {
                let name = store.name.as_ref().and_then(|name| name.text()).filter(|name| !name.trim().is_empty());
                let name = name.map_or_else(|| store.site.address.to_string(), |name| name.to_string());
                format!("`{}` ({})", one_line(&name), label(&store.service))
            })
            .unwrap_or_default(),
        CopySource::Arn(named) => match &named.service {
            Some(service) => format!("`{}` ({})", one_line(&named.arn), label(service)),
            None => format!("`{}`", one_line(&named.arn)),
        },
        CopySource::Unknown(_) => "what the plan selects".to_owned(),
    }
}

/// How people call a vault.
pub(crate) fn vault(analysis: &Analysis, target: &VaultTarget) -> String {
    match target {
        VaultTarget::Vault(id) => analysis
            .graph
            .vault(*id)
            .map(|vault| {
                let name = vault.name.text().map_or_else(|| vault.site.address.to_string(), |name| name.to_string());
                format!("`{}`", one_line(&name))
            })
            .unwrap_or_default(),
        VaultTarget::External { name, arn, .. } => name
            .as_ref()
            .or(arn.as_ref())
            .map_or_else(|| UNKNOWN_VAULT.to_owned(), |name| format!("`{}`", one_line(name))),
        VaultTarget::Unknown(_) => UNKNOWN_VAULT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_picture() {
        assert_eq!(printable("a\u{1b}[2Jb\u{7}\n\tc\u{202e}d\u{9b}1m"), "a␛[2Jb␇\n\tc\u{fffd}d\u{fffd}1m");
    }
}
