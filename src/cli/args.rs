//! Arguments and options.

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;

/// Predicts which AWS Backup copies that Terraform and CloudFormation plan will fail, and which line breaks them.
#[derive(Debug, Parser)]
#[command(name = "crossvault", version, about, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The whole command line. `diff` takes its paths behind `--`, since revisions come first.
pub(super) fn command() -> clap::Command {
    Args::command().mut_subcommand("diff", |diff| diff.mut_arg("paths", |paths| paths.last(true)))
}

/// Reads the process's arguments.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    Args::from_arg_matches(&command().try_get_matches_from(args)?)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Predict every copy, print findings, then a summary.
    Check(CheckArgs),
    /// Print the table of all predicted copies with verdicts.
    Copies(CopiesArgs),
    /// Draw the linked graph: accounts, data stores, vaults, keys, and copies by verdict.
    Graph(GraphArgs),
    /// Print each data store, and whether it has a working copy in another account and in another Region.
    Coverage(CoverageArgs),
    /// Print a patch that mends what can be mended safely, or apply it.
    Fix(FixArgs),
    /// Print every resource as evaluated: attributes, and why one is not known.
    Inspect(InspectArgs),
    /// Evaluate expressions, one a line of standard input, in the scope of a root module.
    Console(ConsoleArgs),
    /// Write the estate as JSON that another run takes as a PATH.
    Export(ExportArgs),
    /// Show the copies whose verdict changes between two git revisions.
    Diff(DiffArgs),
    /// Write a commented crossvault.toml, and print what hooks and pipelines need.
    Init(InitArgs),
    /// List the rules.
    Rules {
        #[arg(long, value_enum, default_value = "full")]
        format: RulesFormat,
    },
    /// Print one rule's page.
    Explain { rule: String },
    /// Serve editors on standard input and output (Language Server Protocol).
    Lsp(Common),
    /// Decide policy questions: JSON lines in, JSON lines out.
    Policy,
    /// Print a shell's completions.
    Completions { shell: clap_complete::Shell },
    /// Print the JSON Schema of a report, of crossvault.toml or of an exported estate.
    Schema {
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print the man page: of the program, or of one command.
    Man { command: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// What `check --format json` prints.
    Report,
    /// crossvault.toml, for editors that complete TOML.
    Config,
    /// What `export` writes.
    Estate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RulesFormat {
    /// A table.
    Full,
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: CheckFormat,
    /// Count findings by rule and by root cause instead of showing them.
    #[arg(long)]
    pub(super) statistics: bool,
    /// Write all findings to the file of --baseline [default: crossvault-baseline.json].
    #[arg(long)]
    pub(super) write_baseline: bool,
    /// Remove ignores without effect from the files, the configuration and the baseline.
    #[arg(long, conflicts_with_all = ["no_ignores", "write_baseline"])]
    pub(super) fix_ignores: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Snippets with labels in every file that plays a part.
    Full,
    /// One line a finding.
    Concise,
    /// Schema version 1; `crossvault schema report` prints the schema.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit XML, a test case for each copy.
    Junit,
    /// A comment for a pull request.
    Markdown,
    /// One self-contained page.
    Html,
}

#[derive(Debug, clap::Args)]
pub(super) struct CopiesArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: CopiesFormat,
    /// Show one copy with every check and its evidence.
    #[arg(long)]
    pub(super) id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CopiesFormat {
    /// A table.
    Full,
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
    Markdown,
}

#[derive(Debug, clap::Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "dot")]
    pub(super) format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Graphviz.
    Dot,
    /// A Mermaid flowchart.
    Mermaid,
    Svg,
    /// One self-contained page: search, filter, every check with its evidence.
    Html,
    /// Every node and edge.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: CoverageFormat,
    /// Fail (exit code 1) where a data store has no working copy there; with --strict also where that is undecided.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NEED")]
    pub(super) require: Vec<Requirement>,
    /// Only data stores with this tag; several must all be there.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) tag: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CoverageFormat {
    /// A table.
    Full,
    Json,
    Csv,
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Requirement {
    CrossAccount,
    CrossRegion,
}

#[derive(Debug, clap::Args)]
pub(super) struct FixArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Change the files instead of printing a patch.
    #[arg(long, conflicts_with = "output")]
    pub(super) write: bool,
    /// Also what replaces a resource, changes its key or opens more than the copy needs.
    #[arg(long)]
    pub(super) r#unsafe: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: ValueFormat,
}

#[derive(Debug, clap::Args)]
pub(super) struct ConsoleArgs {
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: ValueFormat,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// The revision to compare with: a branch, tag or commit.
    pub(super) base: String,
    /// The revision that is compared [default: the working tree]
    pub(super) head: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
    #[arg(long, value_enum, default_value = "full")]
    pub(super) format: DiffFormat,
    /// Compare with the commit at which HEAD left BASE, as a pull request does.
    #[arg(long)]
    pub(super) merge_base: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// A table, and the findings of what got worse.
    Full,
    /// One line a copy.
    Concise,
    Json,
    /// For code scanning: the findings of what got worse, under a category of their own.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// A test case for each copy that changes.
    Junit,
    /// One page of the copies that change, with a picture.
    Html,
    /// A comment for a pull request.
    Markdown,
}

#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Replace a crossvault.toml that is there.
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ValueFormat {
    /// As Terraform writes values.
    Full,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Common {
    /// Directories, Terraform files or templates [default: .]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<String>,
    /// The configuration file, instead of the nearest crossvault.toml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<String>,
    /// Write to a file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<String>,
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) color: When,
    /// Print findings only, no summary.
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Tell more: every copy of a finding, every unit that was read.
    #[arg(short, long, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(super) verbose: u8,
    /// Show no progress on a terminal.
    #[arg(long)]
    pub(super) no_progress: bool,
    /// How many threads may work [default: as many as the machine has].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    pub(super) fail_on: FailOn,
    /// An undecided copy counts as an error, and nothing is assumed.
    #[arg(long)]
    pub(super) strict: bool,
    /// Report these rules only.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Do not report these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    /// Show suppressed findings too, and count them.
    #[arg(long)]
    pub(super) no_ignores: bool,
    /// Findings that this file holds are suppressed.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<String>,
    /// The account that a unit goes to.
    #[arg(long, value_name = "PATH=ID")]
    pub(super) account: Vec<String>,
    /// The Region that a unit goes to.
    #[arg(long, value_name = "PATH=REGION")]
    pub(super) region: Vec<String>,
    /// Values of Terraform variables, from a file.
    #[arg(long, value_name = "FILE")]
    pub(super) var_file: Vec<String>,
    /// The value of a Terraform variable.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) var: Vec<String>,
    /// Parameters of templates, from a file.
    #[arg(long, value_name = "FILE")]
    pub(super) parameters: Vec<String>,
    /// The Terraform workspace.
    #[arg(long)]
    pub(super) workspace: Option<String>,
}
