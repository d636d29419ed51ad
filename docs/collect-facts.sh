#!/usr/bin/env bash
# Collects what AWS says of keys, vaults and AWS Backup's settings in one account, for `[[known.facts]]` in crossvault.toml.
#
#   collect-facts.sh DIR REGION...
#
# Run it once in each account with read-only credentials. It calls describe, get and list operations only, and writes
# DIR/<account>/<Region>/… as the AWS CLI prints it. Policies are facts about access: keep DIR as private as the code.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: $0 DIR REGION..." >&2
  exit 2
fi
dir=$1
shift
account=$(aws sts get-caller-identity --query Account --output text)

# Only the organization's management account may ask this.
mkdir -p "$dir/$account"
aws backup describe-global-settings --output json > "$dir/$account/global-settings.json" 2>/dev/null ||
  rm -f "$dir/$account/global-settings.json"

for region in "$@"; do
  out="$dir/$account/$region"
  mkdir -p "$out/keys" "$out/vaults"
  export AWS_DEFAULT_REGION=$region AWS_REGION=$region

  aws backup describe-region-settings --output json > "$out/region-settings.json"
  aws ec2 get-ebs-encryption-by-default --output json > "$out/ebs-encryption-by-default.json"
  aws ec2 get-ebs-default-kms-key-id --output json > "$out/ebs-default-key.json"
  aws kms list-aliases --output json > "$out/aliases.json"

  for key in $(aws kms list-keys --query 'Keys[].KeyId' --output text); do
    aws kms describe-key --key-id "$key" --output json > "$out/keys/$key.json"
    # The policy of an AWS-managed key says nothing that matters, and may be refused.
    aws kms get-key-policy --key-id "$key" --policy-name default --output json > "$out/keys/$key.policy.json" 2>/dev/null ||
      rm -f "$out/keys/$key.policy.json"
  done

  for vault in $(aws backup list-backup-vaults --query 'BackupVaultList[].BackupVaultName' --output text); do
    aws backup describe-backup-vault --backup-vault-name "$vault" --output json > "$out/vaults/$vault.json"
    if ! aws backup get-backup-vault-access-policy --backup-vault-name "$vault" --output json \
      > "$out/vaults/$vault.policy.json" 2> "$out/error.txt"; then
      if grep -q ResourceNotFoundException "$out/error.txt"; then
        # A vault without a policy: that too is a fact.
        aws backup describe-backup-vault --backup-vault-name "$vault" --output json \
          --query '{BackupVaultName: BackupVaultName, BackupVaultArn: BackupVaultArn, Policy: `null`}' \
          > "$out/vaults/$vault.policy.json"
      else
        cat "$out/error.txt" >&2
        rm -f "$out/vaults/$vault.policy.json"
      fi
    fi
    rm -f "$out/error.txt"
  done
done
