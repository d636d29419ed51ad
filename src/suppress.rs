//! Findings that the user has accepted: by a comment in the code, in `crossvault.toml`, or in a baseline.
//!
//! A suppression covers one rule's finding on one copy: what it covers leaves the verdict as it is, and does not count
//! for the exit code. One that covers nothing is itself a finding.

mod baseline;
mod inline;
mod places;

pub use baseline::{Baseline, read as read_baseline};

use crate::checks::{Finding, Judged, Judgement};
use crate::copy::CopyId;
use crate::diagnostic::{Label, Severity};
use crate::graph::Graph;
use crate::resource::Stack;
use crate::secret::Mask;
use crate::source::{FileId, Sources, Span, join};
use inline::Directive;
use places::{Enclosing, Places};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The rule that tells of ignores without effect.
pub const RULE: &str = "ignore-without-effect";

/// Where a suppression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SuppressionKind {
    /// A comment in the code.
    Inline,
    /// `[[ignore]]` in `crossvault.toml`.
    Config,
    /// The file given with `--baseline`.
    Baseline,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub kind: SuppressionKind,
    /// As the user wrote it; `None` in a baseline.
    pub reason: Option<String>,
    /// The comment, the table, or the baseline file; `None` for a baseline that is being written.
    pub span: Option<Span>,
}

/// A pattern of paths below a directory.
#[derive(Clone, Debug)]
pub struct PathPattern {
    pub glob: globset::GlobMatcher,
    /// The directory, and the one that other paths are relative to; both absolute.
    pub dir: String,
    pub here: String,
}

impl PathPattern {
    fn matches(&self, file: &str) -> bool {
        let absolute = join(&self.here, file);
        absolute.strip_prefix(&self.dir).is_some_and(|rest| self.glob.is_match(rest.trim_start_matches('/')))
    }
}

/// A table `[[ignore]]` of `crossvault.toml`.
#[derive(Clone, Debug)]
pub struct Ignore {
    pub rule: String,
    /// Matches a file that the finding names.
    pub path: Option<PathPattern>,
    /// An address that the copy is made of, a module's, or a pattern with `*`.
    pub address: Option<String>,
    pub reason: String,
    /// The last day on which it suppresses.
    pub expires: Option<jiff::civil::Date>,
    /// The whole table.
    pub span: Span,
}

/// What may suppress findings in a run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub ignores: Vec<Ignore>,
    pub baseline: Option<Baseline>,
    /// Every finding that nothing else suppresses goes into a new baseline.
    pub write_baseline: bool,
    /// `--no-ignores`: nothing is suppressed.
    pub off: bool,
    pub today: jiff::civil::Date,
}

/// A change of the user's text: `text` in the place of `span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Names one suppression of a run; in the order of their kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SuppressionId {
    Inline(usize),
    Config(usize),
    Baseline,
}

/// What the findings are about.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub sources: &'a Sources,
    pub graph: &'a Graph,
    pub stacks: &'a [Arc<Stack>],
    pub judgements: &'a [Judgement],
}

/// What became of a run's ignores.
#[derive(Clone, Debug, Default)]
pub struct Ignores {
    /// Changes that remove those without effect.
    pub edits: Vec<Edit>,
    /// The text of a new baseline, and how many findings it holds, where one is asked for.
    pub baseline: Option<(String, usize)>,
}

/// Tells the findings that are accepted from the others: what is accepted on some copies only becomes two. Those of
/// ignores without effect are added.
///
/// `finding_of` gives a rule's finding on one copy: a finding of many copies names the places of the first. `counts`
/// tells whether a rule's findings are reported. Where the run is `incomplete`, an ignore that covers nothing may cover
/// what is missing, and is left alone; so is one whose rule is not reported.
pub fn apply(
    scene: &Scene<'_>,
    settings: &Settings,
    judged: Vec<Judged>,
    finding_of: &dyn Fn(&Judgement, &str) -> Option<Finding>,
    incomplete: bool,
    counts: &dyn Fn(&str) -> bool,
) -> (Vec<(Judged, Option<Suppression>)>, Ignores) {
    if settings.off {
        return (judged.into_iter().map(|judged| (judged, None)).collect(), Ignores::default());
    }
    let directives = inline::directives(scene.sources);
    if directives.is_empty() && settings.ignores.is_empty() && settings.baseline.is_none() && !settings.write_baseline {
        return (judged.into_iter().map(|judged| (judged, None)).collect(), Ignores::default());
    }
    let suppressions = Suppressions::new(scene, settings, directives, &judged, counts);
    let mut out = Vec::new();
    let mut entries = Vec::new();
    let mask = settings.write_baseline.then(|| Mask::new(&scene.sources.secrets([]))).flatten();
    for judged in judged {
        for (part, id) in suppressions.split(judged, finding_of) {
            if id == Some(SuppressionId::Baseline) && settings.write_baseline {
                let copies = part.copies.iter().filter_map(|copy| suppressions.by_id.get(copy));
                entries.extend(copies.map(|judgement| {
                    baseline::entry(scene.graph, judgement, part.finding.rule, part.undecided).masked(mask.as_ref())
                }));
            }
            out.push((part, id.and_then(|id| suppressions.get(id))));
        }
    }
    let (findings, edits) = suppressions.without_effect(incomplete, counts);
    if counts(RULE) {
        out.extend(
            findings.into_iter().map(|finding| (Judged { finding, undecided: false, copies: Vec::new() }, None)),
        );
    }
    let count = entries.len();
    let baseline = settings.write_baseline.then(|| (baseline::write(entries), count));
    (out, Ignores { edits, baseline })
}

/// The suppressions of a run, and which of them had an effect.
struct Suppressions<'a> {
    scene: &'a Scene<'a>,
    settings: &'a Settings,
    by_id: HashMap<CopyId, &'a Judgement>,
    enclosing: Enclosing,
    directives: Vec<Directive>,
    /// Directives by the lines they cover.
    by_line: BTreeMap<(FileId, usize), Vec<usize>>,
    /// Rules that a directive or `[[ignore]]` names.
    named: BTreeSet<String>,
    /// Per directive: the rules that had an effect.
    used: Vec<Cell<u64>>,
    used_ignores: Vec<Cell<bool>>,
    /// What the baseline holds, and its entries that hold nothing any more.
    held: BTreeSet<baseline::Held>,
    stale_entries: Vec<usize>,
}

impl<'a> Suppressions<'a> {
    fn new(
        scene: &'a Scene<'a>,
        settings: &'a Settings,
        directives: Vec<Directive>,
        judged: &[Judged],
        counts: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut by_line: BTreeMap<(FileId, usize), Vec<usize>> = BTreeMap::new();
        let mut named: BTreeSet<String> = settings.ignores.iter().map(|ignore| ignore.rule.clone()).collect();
        for (at, directive) in directives.iter().enumerate().filter(|(_, directive)| directive.reason.is_some()) {
            named.extend(directive.rules.iter().map(|(rule, _)| rule.clone()));
            for line in &directive.lines {
                by_line.entry((directive.span.file, *line)).or_default().push(at);
            }
        }
        let by_id = scene.judgements.iter().map(|judgement| (judgement.copy.id, judgement)).collect();
        let (held, stale_entries) = match &settings.baseline {
            Some(baseline) if !settings.write_baseline => {
                // A unit that is not there any more has no findings.
                let path = |unit: &str| unit.split('@').next().unwrap_or(unit).to_owned();
                let loaded = |unit: &str| scene.stacks.iter().any(|stack| *stack.unit == *unit);
                let known = |unit: &str| loaded(unit) || !scene.sources.exists(&path(unit));
                let mask = Mask::new(&scene.sources.secrets([]));
                baseline.holds(scene.graph, mask.as_ref(), judged, &by_id, counts, &known)
            }
            _ => Default::default(),
        };
        Self {
            enclosing: if named.is_empty() { Enclosing::default() } else { Enclosing::new(scene.stacks) },
            used: vec![Cell::new(0); directives.len()],
            used_ignores: vec![Cell::new(false); settings.ignores.len()],
            scene,
            settings,
            by_id,
            directives,
            by_line,
            named,
            held,
            stale_entries,
        }
    }

    /// The finding in parts, by what suppresses it.
    fn split(
        &self,
        judged: Judged,
        finding_of: &dyn Fn(&Judgement, &str) -> Option<Finding>,
    ) -> Vec<(Judged, Option<SuppressionId>)> {
        let rule = judged.finding.rule;
        let mut parts: BTreeMap<Option<SuppressionId>, Vec<CopyId>> = BTreeMap::new();
        for copy in &judged.copies {
            let judgement = self.by_id.get(copy).filter(|_| self.named.contains(rule));
            let finding = judgement.and_then(|judgement| Some((*judgement, finding_of(judgement, rule)?)));
            let own = finding.and_then(|(judgement, finding)| self.of(judgement, &finding));
            let held = self.settings.write_baseline || self.held.contains(&(*copy, rule, judged.undecided));
            parts.entry(own.or(held.then_some(SuppressionId::Baseline))).or_default().push(*copy);
        }
        if parts.len() < 2 {
            let id = parts.into_keys().next().flatten();
            return vec![(judged, id)];
        }
        let parts = parts.into_iter().map(|(id, copies)| {
            let first = copies.first().and_then(|copy| self.by_id.get(copy));
            let finding = first.and_then(|judgement| finding_of(judgement, rule));
            let finding = finding.unwrap_or_else(|| judged.finding.clone());
            (Judged { finding, undecided: judged.undecided, copies }, id)
        });
        parts.collect()
    }

    /// The comment or table that covers this finding on a copy; all that do are marked as used.
    fn of(&self, judgement: &Judgement, finding: &Finding) -> Option<SuppressionId> {
        let places = Places::of(self.scene.sources, self.scene.graph, &self.enclosing, judgement, finding);
        let mut found = None;
        for index in places.lines.iter().filter_map(|line| self.by_line.get(line)).flatten() {
            let Some(directive) = self.directives.get(*index) else { continue };
            if let Some(rule) = directive.rules.iter().position(|(rule, _)| rule == finding.rule) {
                if let Some(used) = self.used.get(*index) {
                    used.set(used.get() | 1 << rule.min(63));
                }
                found = found.or(Some(SuppressionId::Inline(*index)));
            }
        }
        for (index, ignore) in self.settings.ignores.iter().enumerate() {
            if ignore.rule == finding.rule && !self.expired(ignore) && places.matched(ignore) {
                if let Some(used) = self.used_ignores.get(index) {
                    used.set(true);
                }
                found = found.or(Some(SuppressionId::Config(index)));
            }
        }
        found
    }

    /// The suppression of this name.
    fn get(&self, id: SuppressionId) -> Option<Suppression> {
        Some(match id {
            SuppressionId::Inline(at) => {
                let directive = self.directives.get(at)?;
                let span = Some(directive.span);
                Suppression { kind: SuppressionKind::Inline, reason: directive.reason.clone(), span }
            }
            SuppressionId::Config(at) => {
                let ignore = self.settings.ignores.get(at)?;
                let reason = Some(ignore.reason.clone());
                Suppression { kind: SuppressionKind::Config, reason, span: Some(ignore.span) }
            }
            SuppressionId::Baseline => {
                let span = self.settings.baseline.as_ref().map(|baseline| baseline.span);
                Suppression { kind: SuppressionKind::Baseline, reason: None, span }
            }
        })
    }

    fn expired(&self, ignore: &Ignore) -> bool {
        ignore.expires.is_some_and(|last| last < self.settings.today)
    }

    /// The ignores that cover nothing, after every finding was asked for.
    fn without_effect(&self, incomplete: bool, counts: &dyn Fn(&str) -> bool) -> (Vec<Finding>, Vec<Edit>) {
        let mut out = (Vec::new(), Vec::new());
        for (directive, used) in self.directives.iter().zip(&self.used) {
            self.judge_directive(directive, used.get(), incomplete, counts, &mut out);
        }
        for (ignore, used) in self.settings.ignores.iter().zip(&self.used_ignores) {
            let message = if self.expired(ignore) {
                let last = ignore.expires.map(|last| last.to_string()).unwrap_or_default();
                format!("this ignore of `{}` expired on {last}, and suppresses nothing any more", ignore.rule)
            } else if !used.get() && !incomplete && counts(&ignore.rule) {
                format!("this ignore of `{}` suppresses nothing", ignore.rule)
            } else {
                continue;
            };
            out.0.push(finding(self.scene.sources, ignore.span, message, "remove it"));
            out.1.push(Edit { span: ignore.span, text: String::new() });
        }
        if let Some(baseline) =
            self.settings.baseline.as_ref().filter(|_| !self.stale_entries.is_empty() && !incomplete)
        {
            let count = self.stale_entries.len();
            let (noun, verb) = if count == 1 { ("finding", "is") } else { ("findings", "are") };
            let message = format!("the baseline holds {count} {noun} that {verb} no longer found");
            out.0.push(finding(self.scene.sources, baseline.span, message, "write it anew with --write-baseline"));
            out.1.push(Edit { span: baseline.span, text: baseline.without(&self.stale_entries) });
        }
        out
    }

    fn judge_directive(
        &self,
        directive: &Directive,
        used: u64,
        incomplete: bool,
        counts: &dyn Fn(&str) -> bool,
        out: &mut (Vec<Finding>, Vec<Edit>),
    ) {
        if directive.rules.is_empty() {
            let message = "this ignore names no rule, so it has no effect";
            let help = "write `crossvault: ignore[rule] reason`, or remove it";
            out.0.push(finding(self.scene.sources, directive.span, message, help));
            out.1.push(directive.removal.clone());
            return;
        }
        if directive.reason.is_none() {
            let message = "this ignore gives no reason, so it has no effect";
            let help = "write why behind the bracket, `crossvault: ignore[rule] reason`, or remove it";
            out.0.push(finding(self.scene.sources, directive.span, message, help));
            out.1.push(directive.removal.clone());
            return;
        }
        let mut stale = Vec::new();
        for (at, (rule, span)) in directive.rules.iter().enumerate() {
            let message = if !crate::checks::is_rule(rule) {
                match crate::checks::nearest_rule(rule) {
                    Some(near) => {
                        format!("there is no rule `{rule}`, so this ignore has no effect; did you mean `{near}`?")
                    }
                    None => format!("there is no rule `{rule}`, so this ignore has no effect"),
                }
            } else if used & (1 << at.min(63)) == 0 && !incomplete && counts(rule) {
                format!("this ignore of `{rule}` suppresses nothing")
            } else {
                continue;
            };
            out.0.push(finding(self.scene.sources, *span, message, "remove it"));
            stale.push(at);
        }
        if stale.len() == directive.rules.len() {
            out.1.push(directive.removal.clone());
        } else if !stale.is_empty() {
            let kept = directive.rules.iter().enumerate().filter(|(at, _)| !stale.contains(at));
            let kept: Vec<&str> = kept.map(|(_, (rule, _))| rule.as_str()).collect();
            out.1.push(Edit { span: directive.list, text: kept.join(", ") });
        }
    }
}

fn finding(sources: &Sources, span: Span, message: impl Into<String>, help: &str) -> Finding {
    let message = message.into();
    let at = sources.location(span);
    Finding {
        rule: RULE,
        severity: Severity::Warning,
        root: format!("{}|{message}", at.file),
        message,
        primary: Some(Label::new(span, "")),
        labels: Vec::new(),
        notes: Vec::new(),
        help: Some(format!("{help}; `crossvault check --fix-ignores` removes all ignores without effect")),
        url: None,
        asks: None,
    }
}
