"""The table of AWS services, and callers that are one."""

import pickle

import pytest

import kmscore
from kmscore import _core, errors
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.services import FORWARDED, GRANT, PRINCIPAL, managed_aliases, services
from kmscore.testing import as_service
from scratch_store import ScratchStore
from services.calls import USER

NAMES = {
    *("acm", "backup", "cloudformation", "cloudhsm", "cloudtrail", "codecommit", "datasync", "dynamodb", "ebs"),
    *("elasticfilesystem", "kinesis", "lambda", "rds", "redshift", "s3", "secretsmanager", "ses", "ssm"),
}


def test_table_has_the_services_of_the_usual_overview() -> None:
    assert services().keys() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_row_is_whole(name: str) -> None:
    service = services()[name]
    assert service.way in {FORWARDED, GRANT, PRINCIPAL}
    assert service.principal.endswith(".amazonaws.com")
    assert service.via("eu-west-1").endswith(".eu-west-1.amazonaws.com")
    assert ("CreateGrant" in service.operations) == (service.way == GRANT)
    known = {operation["name"] for operation in _core.operations()}
    assert set(service.operations) <= known
    filled = service.encryption_context("cn-north-1", DEFAULT_ACCOUNT)
    assert filled.keys() == service.context.keys()
    assert not any("{" in value for value in filled.values())


def test_contexts_name_the_partition_region_and_account() -> None:
    arn = services()["secretsmanager"].encryption_context("cn-north-1", "111122223333")["SecretARN"]
    assert arn.startswith("arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:")


def test_managed_aliases_lead_to_their_services() -> None:
    assert managed_aliases()["alias/aws/ebs"].principal == "ec2.amazonaws.com"
    assert all(alias.startswith("alias/aws/") for alias in managed_aliases())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "ec3"}, "must be one of acm, backup"),
        ({"name": "ebs", "for_user": "alice"}, "principal is 'alice'"),
        ({"name": "ebs", "account_id": "12"}, "account_id is '12'"),
    ],
)
def test_malformed_service_is_refused(arguments: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        as_service(**arguments)


def test_client_calls_as_a_service(scratch: ScratchStore) -> None:
    with scratch.client(principal=as_service("ebs", for_user=USER)) as ebs:
        made = ebs.generate_data_key_without_plaintext(KeyId="alias/aws/ebs", NumberOfBytes=64)
        assert ":key/" in made["KeyId"]
        with pickle.loads(pickle.dumps(ebs)) as again:  # noqa: S301 - its own bytes
            assert again.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"] == made["KeyId"]
            again.generate_data_key_without_plaintext(KeyId="alias/aws/ebs", NumberOfBytes=64)
    with scratch.client(principal=USER) as user, pytest.raises(errors.AccessDeniedException):
        user.generate_data_key_without_plaintext(KeyId="alias/aws/ebs", NumberOfBytes=64)


def test_service_that_calls_by_itself_has_no_rights_of_its_own(scratch: ScratchStore) -> None:
    with scratch.client() as owner:
        key = owner.create_key()["KeyMetadata"]["Arn"]
    with scratch.client(principal=as_service("s3")) as s3, pytest.raises(errors.AccessDeniedException):
        s3.generate_data_key(KeyId=key, KeySpec="AES_256")


def test_account_of_a_service_caller_is_the_one_that_is_asked_for(scratch: ScratchStore) -> None:
    service = as_service("s3", account_id="111122223333")
    assert service.caller(DEFAULT_REGION).account == "111122223333"
    with pytest.raises(ValueError, match="calls for account 111122223333"):
        kmscore.client("kms", home=scratch.home, principal=service, account_id="999999999999")
