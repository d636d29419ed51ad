//! Evaluation of whole templates.

use super::*;
use crate::resource::Deployment;
use crate::source::MemoryDisk;

fn load(text: &str) -> (Sources, Vec<Stack>, Vec<Diagnostic>) {
    let sources = Sources::new(Box::new(MemoryDisk::new([("t.yaml", text)])));
    let deployment = Deployment {
        account: crate::aws::AccountId::parse("111111111111"),
        region: Some("eu-west-1".into()),
        ..Deployment::default()
    };
    let unit =
        Unit { name: "t.yaml".into(), language: Language::CloudFormation, path: "t.yaml".to_owned(), deployment };
    let (stacks, diagnostics) = load_all(&sources, &[(StackId(0), &unit)], &LoadSettings::default());
    (sources, stacks, diagnostics)
}

#[test]
fn substitution_and_attributes_give_arns_with_their_places() {
    let text = "Resources:\n  V:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: !Sub 'vault-${AWS::Region}'\n  K:\n    Type: AWS::KMS::Alias\n    Properties:\n      TargetKeyId: !GetAtt V.BackupVaultArn\n";
    let (sources, stacks, diagnostics) = load(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let resource = |name: &str| stacks[0].resources.iter().find(|resource| &*resource.address == name).unwrap();
    assert_eq!(resource("V").get("BackupVaultName").unwrap().text().as_deref(), Some("vault-eu-west-1"));
    let arn = resource("K").get("TargetKeyId").unwrap();
    assert_eq!(arn.text().as_deref(), Some("arn:aws:backup:eu-west-1:111111111111:backup-vault:vault-eu-west-1"));
    assert_eq!(sources.location(resource("V").header).line, 2);
    assert_eq!(sources.location(arn.span.unwrap()).line, 9);
}

#[test]
fn conditions_choose_resources_and_values() {
    let text = "Parameters:\n  Env: {Type: String, Default: dev}\n  Other: {Type: String}\nConditions:\n  Prod: !Equals [!Ref Env, prod]\n  Maybe: !Equals [!Ref Other, x]\nResources:\n  A:\n    Type: AWS::S3::Bucket\n    Condition: Prod\n  B:\n    Type: AWS::S3::Bucket\n    Condition: Maybe\n    Properties:\n      BucketName: !If [Prod, p, !Ref 'AWS::NoValue']\n";
    let (_, stacks, _) = load(text);
    let resources = &stacks[0].resources;
    assert_eq!(resources.len(), 1);
    assert!(matches!(&resources[0].exists, Existence::When(guards) if &*guards[0].text == "Maybe"));
    assert!(resources[0].get("BucketName").is_none());
}

#[test]
fn a_malformed_template_is_told_with_its_line() {
    let (sources, stacks, diagnostics) = load("Resources:\n  A: [1, 2\n  B: {\n");
    assert!(stacks.is_empty());
    let label = diagnostics[0].primary.as_ref().unwrap();
    assert!(sources.location(label.span).line >= 2);
}

#[test]
fn an_octal_account_id_is_told() {
    let (_, _, diagnostics) =
        load("Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: 012345670123\n");
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.message.contains("reads as 1402433619")));
}
