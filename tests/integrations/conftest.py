from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

import kmscore
from integrations.kms_mimic import MimicClient
from scratch_store import ScratchStore, kms, scratch

__all__ = ["kms", "scratch"]

CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "any", "region_name": "us-east-1"}

Create = Callable[..., str]


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """A boto3 session. Its first client reads AWS's models, which takes half a second; the others do not."""
    return boto3.Session(**CREDENTIALS)


@pytest.fixture(params=["kmscore", "boto3", "mimic"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """kmscore's own client, a boto3 client in front of kmscore, and one that nothing here knows."""
    if request.param == "mimic":
        yield MimicClient()
        return
    store: ScratchStore = request.getfixturevalue("scratch")
    with kmscore.client("kms", home=store.home) as own:
        if request.param == "kmscore":
            yield own
            return
        session: boto3.Session = request.getfixturevalue("session")
        with kmscore.intercept(session, home=store.home):
            yield session.client("kms")


@pytest.fixture
def create(client: Any) -> Create:
    """Makes a key of a spec and returns its ARN."""
    return creator(client)


@pytest.fixture
def moto_client(session: boto3.Session) -> Iterator[Any]:
    """A boto3 client in front of moto."""
    with mock_aws():
        yield session.client("kms")


def creator(client: Any) -> Create:
    def create(spec: str, usage: str = "SIGN_VERIFY") -> str:
        arn: str = client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
        return arn

    return create
