"""A process that asks for the AWS managed key of EBS, and says its id."""

import sys

import kmscore

with kmscore.client("kms") as kms:
    sys.stdout.write(kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"])
