//! crossvault predicts whether the AWS Backup copies that Terraform and CloudFormation plan will succeed.
//!
//! Data goes one way: `discover -> load (terraform | cloudformation) -> Resource -> lower -> model -> graph -> copy ->
//! checks -> report`. A stage does not know the next.

pub mod analysis;
pub mod aws;
pub mod catalog;
pub mod checks;
pub mod cli;
pub mod cloudformation;
pub mod config;
pub mod copy;
pub mod diagnostic;
pub mod discover;
pub mod graph;
pub mod iam;
pub mod lower;
pub mod model;
pub mod report;
pub mod resource;
pub mod source;
pub mod terraform;
pub mod value;
