//! Writes a synthetic estate: `cargo run --release --example estate -- --accounts 1000 --stores 1000 --out DIR`.

#![expect(clippy::print_stderr, reason = "a program for developers")]

mod generate;

use clap::{Parser, ValueEnum};
use generate::{Form, Size};

/// Writes an estate of accounts that copy their data stores to one backup account. The same arguments give the same files.
#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Accounts that hold data.
    #[arg(long, default_value_t = 10)]
    accounts: usize,
    /// Data stores in each account.
    #[arg(long, default_value_t = 100)]
    stores: usize,
    /// Customer managed keys in each account [default: one for 20 data stores, at most 50]
    #[arg(long)]
    keys: Option<usize>,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=5))]
    copy_actions: u8,
    /// Data stores in one file (Terraform).
    #[arg(long, default_value_t = 50)]
    per_file: usize,
    /// Forms that the accounts take in turn.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "terraform")]
    form: Vec<FormName>,
    /// A directory that does not exist yet.
    #[arg(long)]
    out: std::path::PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormName {
    Terraform,
    Modules,
    Cloudformation,
    Plan,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let mut size = Size::new(args.accounts, args.stores);
    size.seed = args.seed;
    size.keys = args.keys.unwrap_or(size.keys).max(1);
    size.copy_actions = usize::from(args.copy_actions);
    size.per_file = args.per_file;
    size.forms = args
        .form
        .iter()
        .map(|form| match form {
            FormName::Terraform => Form::Terraform,
            FormName::Modules => Form::Modules,
            FormName::Cloudformation => Form::CloudFormation,
            FormName::Plan => Form::Plan,
        })
        .collect();
    std::fs::create_dir(&args.out)?;
    let (files, bytes) = generate::write(&size, &args.out)?;
    eprintln!("{files} files, {bytes} bytes");
    Ok(())
}
