// Two stages of one landing zone: the data of each lies in an account of its own, and its copies in the backup account.
const cdk = require("aws-cdk-lib");
const { aws_backup: backup, aws_dynamodb: dynamodb, aws_ec2: ec2, aws_iam: iam, aws_kms: kms, aws_rds: rds } = cdk;

const region = "eu-central-1";
const backupAccount = "222222222222";

class Central extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const key = new kms.Key(this, "Key");
    const policy = new iam.PolicyDocument({
      statements: [
        new iam.PolicyStatement({
          principals: [new iam.AccountPrincipal(props.source)],
          actions: ["backup:CopyIntoBackupVault"],
          resources: ["*"],
        }),
      ],
    });
    new backup.BackupVault(this, "Vault", { backupVaultName: props.vault, encryptionKey: key, accessPolicy: policy });
  }
}

class Data extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vault = new backup.BackupVault(this, "Vault", { backupVaultName: "local" });
    const central = backup.BackupVault.fromBackupVaultArn(
      this,
      "Central",
      `arn:aws:backup:${region}:${backupAccount}:backup-vault:${props.vault}`,
    );
    const plan = new backup.BackupPlan(this, "Plan", {
      backupVault: vault,
      backupPlanRules: [new backup.BackupPlanRule({ ruleName: "daily", copyActions: [{ destinationBackupVault: central }] })],
    });
    const table = new dynamodb.Table(this, "Users", {
      partitionKey: { name: "id", type: dynamodb.AttributeType.STRING },
    });
    const network = new cdk.NestedStack(this, "Network");
    const vpc = new ec2.CfnVPC(network, "Vpc", { cidrBlock: "10.0.0.0/16" });
    const database = new rds.CfnDBInstance(this, "Orders", { // # error: [source-key-aws-managed]
      engine: "postgres",
      dbInstanceClass: "db.t4g.micro",
      allocatedStorage: "20",
      masterUsername: "orders",
      manageMasterUserPassword: true,
      storageEncrypted: true,
      kmsKeyId: props.key ? new kms.Key(this, "OrdersKey", { policy: props.key }).keyArn : undefined,
      tags: [{ key: "vpc", value: vpc.ref }],
    });
    plan.addSelection("Everything", {
      resources: [
        backup.BackupResource.fromDynamoDbTable(table),
        backup.BackupResource.fromArn(database.attrDbInstanceArn),
      ],
    });
  }
}

/** The backup account may use the key, and its own account manages it. */
function shared(account) {
  return new iam.PolicyDocument({
    statements: [
      new iam.PolicyStatement({ principals: [new iam.AccountPrincipal(account)], actions: ["kms:*"], resources: ["*"] }),
      new iam.PolicyStatement({
        principals: [new iam.AccountPrincipal(backupAccount)],
        actions: ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants", "kms:Decrypt"],
        resources: ["*"],
      }),
    ],
  });
}

class Environment extends cdk.Stage {
  constructor(scope, id, { account, key }) {
    super(scope, id);
    const vault = `central-${id.toLowerCase()}`;
    new Central(this, "Central", { env: { account: backupAccount, region }, vault, source: account });
    new Data(this, "Data", { env: { account, region }, vault, key });
  }
}

const app = new cdk.App();
new Environment(app, "Dev", { account: "111111111111" });
new Environment(app, "Prod", { account: "333333333333", key: shared("333333333333") });
app.synth();
