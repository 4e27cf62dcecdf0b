"""boto3 and the JSON door answer as the client does, for every operation and algorithm."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest

import kmscore
from key_specs.calls import OPERATIONS, Operation
from key_specs.made_keys import CHINA, HOME_REGION, KINDS, MadeKey, MadeKeys, refusal

CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "any"}
# Not the same from one call to the next; compared by kind and length.
VARYING = {
    "CiphertextBlob",
    "Plaintext",
    "PrivateKeyCiphertextBlob",
    "PrivateKeyPlaintext",
    "PublicKey",
    "SharedSecret",
    "SharedSecretCiphertextBlob",
    "Signature",
}
# DER of two numbers, each of which may be shorter.
OF_VARYING_LENGTH = ("ECC_NIST_P", "ECC_SECG", "SM2")


@pytest.fixture(scope="module")
def through_boto3(keys: MadeKeys) -> Iterator[dict[str, Any]]:
    """boto3's clients in front of the same store."""
    session = boto3.Session(**CREDENTIALS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(keys.scratch.configuration))
        interception = kmscore.intercept(session, home=keys.scratch.home)
    with interception:
        yield {region: session.client("kms", region) for region in (HOME_REGION, CHINA)}


def cases(key: MadeKey) -> Iterator[tuple[Operation, dict[str, Any]]]:
    """Every operation that the key is good for, with each of its algorithms."""
    for operation in OPERATIONS:
        if operation.usage is None and (operation.name != "GetPublicKey" or key.spec.startswith(("HMAC", "SYMMETRIC"))):
            continue
        if operation.usage not in (None, key.usage):
            continue
        if operation.name.startswith("GenerateDataKey") and key.spec != "SYMMETRIC_DEFAULT":
            continue
        for algorithm in key.algorithms if operation.algorithm_member else [None]:
            yield operation, operation.arguments(key, algorithm)


def comparable(reply: dict[str, Any], spec: str) -> dict[str, Any]:
    """A reply without what must differ."""
    found: dict[str, Any] = {}
    for name, value in reply.items():
        if name == "ResponseMetadata":
            continue
        varies = name in VARYING and isinstance(value, bytes)
        fixed = not (name in ("Signature", "CiphertextBlob") and spec.startswith(OF_VARYING_LENGTH))
        found[name] = (bytes, len(value) if fixed else 0) if varies else value
    return found


@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_boto3_answers_as_the_client(keys: MadeKeys, through_boto3: dict[str, Any], spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    for operation, arguments in cases(key):
        ours = getattr(key.kms, operation.method)(**arguments)
        theirs = getattr(through_boto3[key.region], operation.method)(**arguments)
        assert comparable(theirs, spec) == comparable(ours, spec), operation


@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_json_door_answers_as_the_client(keys: MadeKeys, spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    for operation, arguments in cases(key):
        ours = getattr(key.kms, operation.method)(**arguments)
        body = {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in arguments.items()
        }
        status, answer, _ = key.kms.call_json(operation.name, json.dumps(body).encode())
        theirs = json.loads(answer)
        blobs = {
            name: base64.b64decode(theirs[name], validate=True)
            for name, value in ours.items()
            if isinstance(value, bytes)
        }
        assert status == 200
        assert comparable({**theirs, **blobs}, spec) == comparable(ours, spec), operation


REFUSALS: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "ECC_NIST_P256",
        "SIGN_VERIFY",
        "verify",
        {"Message": b"m", "Signature": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    ("HMAC_256", "GENERATE_VERIFY_MAC", "verify_mac", {"Message": b"m", "Mac": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
    ("ECC_NIST_P256", "KEY_AGREEMENT", "derive_shared_secret", {"PublicKey": b"x", "KeyAgreementAlgorithm": "ECDH"}),
    (
        "ML_KEM_768",
        "ENCAPSULATE_DECAPSULATE",
        "decapsulate",
        {"SharedSecretCiphertextBlob": b"x", "EncapsulationAlgorithm": "ML_KEM"},
    ),
    ("RSA_2048", "ENCRYPT_DECRYPT", "decrypt", {"CiphertextBlob": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}),
]


@pytest.mark.parametrize(("spec", "usage", "method", "arguments"), REFUSALS, ids=lambda value: str(value)[:20])
def test_empty_texts_are_empty_through_boto3(
    keys: MadeKeys, through_boto3: dict[str, Any], spec: str, usage: str, method: str, arguments: dict[str, Any]
) -> None:
    key = keys.of(spec, usage)
    code, text = refusal(key.kms, method, KeyId=key.id, **arguments)
    assert text == ""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(through_boto3[key.region], method)(KeyId=key.id, **arguments)
    assert caught.value.response["Error"] == {"Code": code, "Message": ""}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
