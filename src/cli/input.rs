//! From the arguments to the input: configuration, units, settings.

use super::args::Common;
use super::progress::Progress;
use crate::Input;
use crate::analysis::{Analysis, AnalysisSettings};
use crate::config;
use crate::diagnostic::Diagnostic;
use crate::discover::{Found, RealDisk, discover};
use crate::estate::{self, Estate};
use crate::fix::Changes;
use crate::graph::Facts;
use crate::parallel::on_threads;
use crate::resource::Deployment;
use crate::source::{Disk, OverlayDisk, Sources, Span, normalize};
use crate::suppress;

/// Judges what the paths hold.
pub(super) fn analysis(common: &Common) -> Analysis {
    let progress = Progress::start(common, "reading");
    on_threads(common.threads.map(usize::from), || {
        let (input, mut settings) = read(common);
        settings.lean = true;
        progress.stage(format!("judging the copies of {} units", input.units.len()));
        crate::analyze(input, &settings)
    })
}

/// The paths to look at: the working directory where none is given.
pub(super) fn paths(common: &Common) -> Vec<String> {
    if common.paths.is_empty() { vec![".".to_owned()] } else { common.paths.clone() }
}

/// The files that the arguments name, as far as they lie on the disk.
pub(super) fn disk(common: &Common) -> RealDisk {
    let mut reachable = paths(common);
    reachable.extend(common.config.iter().chain(&common.baseline).cloned());
    reachable.extend(common.var_file.iter().chain(&common.parameters).cloned());
    RealDisk::new(&reachable)
}

/// Reads the configuration and finds the units below the paths.
pub(super) fn read(common: &Common) -> (Input, AnalysisSettings) {
    read_with(common, &Changes::new())
}

/// The same with some files changed.
pub(super) fn read_with(common: &Common, changes: &Changes) -> (Input, AnalysisSettings) {
    let disk = Box::new(disk(common));
    if changes.is_empty() {
        return read_from(common, disk);
    }
    read_from(common, Box::new(OverlayDisk { base: disk, texts: changes.clone() }))
}

/// The same from another disk.
pub(super) fn read_from(common: &Common, disk: Box<dyn Disk>) -> (Input, AnalysisSettings) {
    let paths = paths(common);
    let sources = Sources::new(disk);
    let mut config = config::read(&sources, &paths, common.config.as_deref());
    let mut diagnostics = std::mem::take(&mut config.diagnostics);
    let pairs = |list: &[String], diagnostics: &mut Vec<Diagnostic>, flag: &str| -> Vec<(String, String)> {
        list.iter()
            .filter_map(|text| match text.split_once('=') {
                Some((name, value)) => Some((name.trim().to_owned(), value.to_owned())),
                None => {
                    diagnostics.push(Diagnostic::unreadable(format!("{flag} {text}"), "expected NAME=VALUE"));
                    None
                }
            })
            .collect()
    };
    let vars = pairs(&common.var, &mut diagnostics, "--var");
    let accounts = pairs(&common.account, &mut diagnostics, "--account");
    let regions = pairs(&common.region, &mut diagnostics, "--region");
    config.load.env_vars =
        std::env::vars().filter_map(|(name, value)| Some((name.strip_prefix("TF_VAR_")?.to_owned(), value))).collect();
    let mut found = discover(&sources, &paths, &config.deployments, &config.load);
    for unit in &mut found.units {
        let Deployment { account, region, vars: own, var_files, workspace, parameter_files, .. } = &mut unit.deployment;
        own.extend(vars.iter().cloned());
        var_files.extend(common.var_file.iter().map(|file| normalize(file)));
        parameter_files.extend(common.parameters.iter().map(|file| normalize(file)));
        if common.workspace.is_some() {
            workspace.clone_from(&common.workspace);
        }
        let own_name = |path: &str| normalize(path) == unit.path || path == &*unit.name;
        if let Some((_, id)) = accounts.iter().find(|(path, _)| own_name(path)) {
            *account = crate::aws::AccountId::parse(id)
                .or_else(|| config.facts.account_names.iter().find(|(_, name)| *name == id).map(|(id, _)| *id));
        }
        if let Some((_, code)) = regions.iter().find(|(path, _)| own_name(path)) {
            *region = Some(code.as_str().into());
        }
    }
    diagnostics.append(&mut found.diagnostics);
    let mut facts = std::mem::take(&mut config.facts);
    let estates = estates(&sources, &found, &mut facts, &mut diagnostics);
    config.load.organization = facts.organization.clone();
    for rule in common.select.iter().chain(&common.ignore) {
        if !crate::checks::is_rule(rule) {
            let message = match crate::checks::nearest_rule(rule) {
                Some(near) => format!("there is no rule of this name; did you mean `{near}`?"),
                None => "there is no rule of this name; `crossvault rules` lists them".to_owned(),
            };
            diagnostics.push(Diagnostic::unreadable(rule.as_str(), message));
        }
    }
    let mut severities = config.severities;
    for rule in crate::checks::rule_names() {
        let off = common.ignore.iter().any(|name| name == rule)
            || (!common.select.is_empty() && !common.select.iter().any(|name| name == rule));
        if off {
            severities.insert(rule.to_owned(), None);
        }
    }
    let baseline = common.baseline.as_deref().and_then(|path| match suppress::read_baseline(&sources, path) {
        Ok(baseline) => Some(baseline),
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            None
        }
    });
    let suppress = suppress::Settings {
        ignores: config.ignores,
        baseline,
        write_baseline: false,
        off: common.no_ignores,
        today: today(),
    };
    let settings = AnalysisSettings { estates, facts, strict: common.strict, severities, suppress, lean: false };
    let input = Input { sources, units: found.units, modules: found.modules, load: config.load, diagnostics };
    (input, settings)
}

/// Today's date (UTC), or that of `SOURCE_DATE_EPOCH` (seconds since 1970), as reproducible builds set it.
fn today() -> jiff::civil::Date {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let given = given.and_then(|text| jiff::Timestamp::from_second(text.parse().ok()?).ok());
    jiff::tz::Offset::UTC.to_datetime(given.unwrap_or_else(jiff::Timestamp::now)).date()
}

/// The stacks of exported estates are numbered from here: no run has so many of its own.
const FIRST: u32 = 1 << 24;

/// Reads the exported estates that were found, and what they tell beyond the code. What this run knows itself counts
/// before what was exported.
fn estates(sources: &Sources, found: &Found, facts: &mut Facts, diagnostics: &mut Vec<Diagnostic>) -> Vec<Estate> {
    let mut estates: Vec<Estate> = Vec::new();
    for path in &found.estates {
        let Ok(file) = sources.load(path) else { continue };
        let before = estates.iter().fold(FIRST, |before, estate: &Estate| before.saturating_add(estate.stacks));
        match estate::read(sources, path, &sources.text(file), before) {
            Ok(mut estate) => {
                facts.add(std::mem::take(&mut estate.facts));
                estates.push(estate);
            }
            Err(message) => diagnostics.push(Diagnostic::bad_input(Span::new(file, 0..0), message)),
        }
    }
    estates
}
