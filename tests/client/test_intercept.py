"""Real boto3 clients, answered in process: botocore's own serialiser, parser and exceptions, and no network."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.credentials import RefreshableCredentials

import kmscore
from kmscore import StoreError, identity
from kmscore.embedded import Embedded
from kmscore.identity import access_keys, policies
from scratch_store import ScratchStore

CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "any"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No host is looked up or connected to, and no AWS configuration of this machine is seen."""

    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(f"something wanted the network: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    empty = tmp_path_factory.mktemp("aws")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(empty / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(empty / "credentials"))


@pytest.fixture
def kms(scratch: ScratchStore) -> Iterator[Any]:
    """A real boto3 client of an intercepted session."""
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    with kmscore.intercept(session, home=scratch.home):
        yield session.client("kms")


def test_boto3_client_encrypts_and_decrypts(kms: Any) -> None:
    created = kms.create_key(Description="by boto3")["KeyMetadata"]
    blob = kms.encrypt(KeyId=created["KeyId"], Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    reply = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    assert reply["Plaintext"] == b"x"
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(reply["ResponseMetadata"]["RequestId"]) == 36
    assert created["CreationDate"].tzinfo is not None


def test_operation_without_output_parses(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert set(kms.disable_key(KeyId=key)) == {"ResponseMetadata"}


def test_botocores_own_exceptions_are_raised(kms: Any) -> None:
    with pytest.raises(kms.exceptions.NotFoundException) as caught:
        kms.describe_key(KeyId="alias/none")
    assert isinstance(caught.value, botocore.exceptions.ClientError)
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(botocore.exceptions.ParamValidationError):
        kms.encrypt(KeyId="alias/none")


def test_paginators_of_boto3_work(kms: Any) -> None:
    made = sorted(kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3))
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert [key["KeyId"] for page in pages for key in page["Keys"]] == made


@pytest.mark.parametrize(("access_key", "account"), [("000000000007", "000000000007"), ("AKIA7", "123456789012")])
def test_access_key_id_of_12_digits_is_that_accounts_root(scratch: ScratchStore, access_key: str, account: str) -> None:
    session = boto3.Session(access_key, "any", region_name="us-east-1")
    with kmscore.intercept(session, home=scratch.home):
        assert session.client("kms").create_key()["KeyMetadata"]["AWSAccountId"] == account


def test_region_is_the_clients(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    with kmscore.intercept(session, home=scratch.home):
        for region in ("eu-central-1", "us-gov-west-1", "cn-north-1"):
            arn = session.client("kms", region).create_key()["KeyMetadata"]["Arn"]
            assert f":kms:{region}:" in arn


def test_client_with_keys_of_its_own_is_that_caller(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    with kmscore.intercept(session, home=scratch.home):
        own = session.client("kms", aws_access_key_id="000000000009", aws_secret_access_key="any")
        assert own.create_key()["KeyMetadata"]["AWSAccountId"] == "000000000009"


def test_access_key_of_the_store_is_its_user(scratch: ScratchStore) -> None:
    with scratch.client() as root, Embedded.open(scratch.home) as embedded:
        key_id = root.create_key()["KeyMetadata"]["KeyId"]
        made = identity.create_administrator(embedded.store)
        store = embedded.store
        session = boto3.Session(made.access_key_id, made.secret_access_key, region_name="us-east-1")
        with kmscore.intercept(session, home=scratch.home):
            kms = session.client("kms")
            kms.describe_key(KeyId=key_id)
            administrator = identity.Principal(made.account, "user", made.user_name)
            identity.change(store, lambda changes: policies.remove(changes, administrator, "AdministratorAccess"))
            with pytest.raises(kms.exceptions.ClientError, match=f"AccessDenied.*{made.user_arn} is not authorized"):
                kms.describe_key(KeyId=key_id)


def test_inactive_access_key_is_nobody(scratch: ScratchStore) -> None:
    with Embedded.open(scratch.home) as embedded:
        made = identity.create_administrator(embedded.store)

        def set_status(status: str) -> None:
            identity.change(
                embedded.store,
                lambda changes: access_keys.set_status(changes, made.account, made.access_key_id, status),
            )

        session = boto3.Session(made.access_key_id, made.secret_access_key, region_name="us-east-1")
        with kmscore.intercept(session, home=scratch.home):
            kms = session.client("kms")
            kms.list_keys()
            set_status("Inactive")
            with pytest.raises(kms.exceptions.ClientError) as caught:
                kms.list_keys()
            assert caught.value.response["Error"] == {
                "Code": "UnrecognizedClientException",
                "Message": "The security token included in the request is invalid.",
            }
            set_status("Active")
            kms.list_keys()


def test_access_key_is_looked_up_in_a_forked_child_too(scratch: ScratchStore) -> None:
    with Embedded.open(scratch.home) as embedded:
        made = identity.create_administrator(embedded.store)
    session = boto3.Session(made.access_key_id, made.secret_access_key, region_name="us-east-1")
    with kmscore.intercept(session, home=scratch.home):
        kms = session.client("kms")
        kms.list_keys()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                kms.create_key()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert len(kms.list_keys()["Keys"]) == 1


def test_store_is_shared_with_kmscores_client(kms: Any, scratch: ScratchStore) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with scratch.client() as ours:
        blob = ours.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        ours.disable_key(KeyId=key)
    with pytest.raises(kms.exceptions.DisabledException):
        kms.decrypt(CiphertextBlob=blob)


def test_session_without_credentials_is_given_some_without_a_network(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1")
    with kmscore.intercept(session, home=scratch.home):
        assert session.client("kms").create_key()["KeyMetadata"]["AWSAccountId"] == "123456789012"


def test_credentials_of_the_environment_are_used(scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000003")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    session = boto3.Session(region_name="us-east-1")
    with kmscore.intercept(session, home=scratch.home):
        assert session.client("kms").create_key()["KeyMetadata"]["AWSAccountId"] == "000000000003"


def test_credentials_refreshed_over_the_network_are_refused(scratch: ScratchStore) -> None:
    inner = botocore.session.get_session()
    inner._credentials = RefreshableCredentials("a", "b", "c", None, dict, "assume-role")
    with pytest.raises(ValueError, match="refreshed over the network"):
        kmscore.intercept(boto3.Session(botocore_session=inner), home=scratch.home)
    assert not scratch.home.exists()


def test_unsigned_request_is_refused(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    with kmscore.intercept(session, home=scratch.home):
        unsigned = session.client("kms", config=botocore.config.Config(signature_version=UNSIGNED))
        with pytest.raises(botocore.exceptions.ClientError, match="MissingAuthenticationToken"):
            unsigned.list_keys()


def test_ended_interception_answers_no_more(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    interception = kmscore.intercept(session, home=scratch.home)
    kms = session.client("kms")
    interception.close()
    interception.close()
    with pytest.raises(StoreError, match="closed"):
        kms.list_keys()
    with pytest.raises(botocore.exceptions.HTTPClientError, match="wanted the network"):
        session.client("kms", config=botocore.config.Config(retries={"max_attempts": 0})).list_keys()


def test_other_services_and_sessions_are_left_alone(scratch: ScratchStore) -> None:
    session = boto3.Session(region_name="us-east-1", **CREDENTIALS)
    settings = botocore.config.Config(retries={"max_attempts": 0})
    with kmscore.intercept(session, home=scratch.home):
        with pytest.raises(botocore.exceptions.HTTPClientError, match="wanted the network"):
            session.client("sts", config=settings).get_caller_identity()
        with pytest.raises(botocore.exceptions.HTTPClientError, match="wanted the network"):
            boto3.Session(region_name="us-east-1", **CREDENTIALS).client("kms", config=settings).list_keys()


@pytest.mark.parametrize("session", [None, "session", boto3])
def test_what_is_no_boto3_session_is_refused(session: object) -> None:
    with pytest.raises(TypeError, match=r"boto3_session must be a boto3\.Session, not"):
        kmscore.intercept(session)


def test_missing_boto3_is_named_with_its_extra() -> None:
    program = """
import sys
sys.modules["boto3"] = None
import kmscore
try:
    kmscore.intercept(object())
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "kmscore.intercept needs boto3: pip install 'kmscore[boto3]'"
