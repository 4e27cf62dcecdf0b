"""Keyrings of the material providers library and of AWS KMS read each other's messages with kmscore's."""

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_encryption_sdk.key_providers.kms import StrictAwsKmsMasterKeyProvider

import kmscore
from envelope import peer
from envelope.cases import cases
from envelope.keyrings import SIGNED, SUITES, UNSIGNED
from kmscore import KMSClient, envelope
from kmscore.envelope import KmsDiscoveryKeyring, KmsKeyring, KmsRsaKeyring, MultiKeyring, RawAesKeyring
from kmscore.envelope.hybrid import RsaAlgorithm
from scratch_store import ScratchStore

CONTEXT = {"table": "naïve", "\U0001f510": "yes"}
EACH = 25
ALGORITHMS: list[RsaAlgorithm] = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]


@pytest.fixture
def session(scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A boto3 session whose KMS is the test's store; nothing else can be reached."""

    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(f"something wanted the network: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="any")
    with kmscore.intercept(session, home=scratch.home):
        yield session


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_raw_aes_keyrings_read_each_others_messages(ring: RawAesKeyring, suite: int) -> None:
    source, done = {"keyring": peer.raw_keyring()}, 0
    for case in cases(EACH, seed=suite + 1):
        ours = envelope.encrypt(
            case.plaintext, ring, encryption_context=case.context, algorithm_suite=suite, frame_length=case.frame_length
        )
        assert peer.decrypt(ours, source)[0] == case.plaintext, case
        theirs = peer.encrypt(case.plaintext, source, suite, case.frame_length, case.context)
        assert envelope.decrypt(theirs, ring, encryption_context=case.context).plaintext == case.plaintext, case
        done += 1
    assert done == EACH


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_kms_keyrings_read_each_others_messages(kms: KMSClient, key: str, session: boto3.Session, suite: int) -> None:
    client = session.client("kms")
    source = {"keyring": peer.kms_keyring(client, key)}
    for keyring in (KmsKeyring(kms, key), KmsKeyring(client, key)):
        ours = envelope.encrypt(b"ours", keyring, encryption_context=CONTEXT, algorithm_suite=suite)
        assert peer.decrypt(ours, source)[0] == b"ours"
    theirs = peer.encrypt(b"theirs", source, suite, 4096, CONTEXT)
    for reading in (KmsKeyring(kms, key), KmsKeyring(client, key), KmsDiscoveryKeyring(kms)):
        assert envelope.decrypt(theirs, reading, encryption_context=CONTEXT).plaintext == b"theirs"


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_kms_master_keys_read_and_are_read(kms: KMSClient, key: str, session: boto3.Session, suite: int) -> None:
    botocore_session = session._session
    provider = StrictAwsKmsMasterKeyProvider(key_ids=[key], botocore_session=botocore_session)
    source, keyring = {"key_provider": provider}, KmsKeyring(kms, key)
    ours = envelope.encrypt(b"ours", keyring, encryption_context=CONTEXT, algorithm_suite=suite)
    assert peer.decrypt(ours, source)[0] == b"ours"
    theirs = peer.encrypt(b"theirs", source, suite, 4096, CONTEXT)
    assert envelope.decrypt(theirs, keyring).plaintext == b"theirs"


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_rsa_keyrings_read_each_others_messages(kms: KMSClient, session: boto3.Session, spec: str) -> None:
    arn = kms.create_key(KeySpec=spec, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    client, public_key = session.client("kms"), kms.get_public_key(KeyId=arn)["PublicKey"]
    for algorithm in ALGORITHMS:
        theirs = peer.kms_rsa_keyring(arn, algorithm, public_key=public_key, client=client)
        ours = [KmsRsaKeyring(arn, client=each, encryption_algorithm=algorithm) for each in (kms, client)]
        for context in ({}, CONTEXT):
            offline = KmsRsaKeyring(arn, public_key=public_key, encryption_algorithm=algorithm)
            for ring in (*ours, offline):
                message = envelope.encrypt(b"ours", ring, encryption_context=context)
                assert peer.decrypt(message, {"keyring": theirs})[0] == b"ours"
            message = peer.encrypt(b"theirs", {"keyring": theirs}, UNSIGNED, 4096, context)
            assert [envelope.decrypt(message, ring).plaintext for ring in ours] == [b"theirs"] * 2


def test_rsa_keyrings_understand_pairs_that_are_not_stored_alike(kms: KMSClient, session: boto3.Session) -> None:
    arn = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    public_key, secret = kms.get_public_key(KeyId=arn)["PublicKey"], {"table": CONTEXT["table"]}
    theirs = peer.kms_rsa_keyring(arn, ALGORITHMS[1], public_key=public_key, client=session.client("kms"))
    ring = KmsRsaKeyring(arn, client=kms)
    message = envelope.encrypt(b"x", ring, encryption_context=CONTEXT, required_encryption_context_keys=["table"])
    assert peer.decrypt(message, {"keyring": theirs}, secret)[0] == b"x"
    message = peer.encrypt(b"x", peer.requiring(theirs, ["table"]), UNSIGNED, 4096, CONTEXT)
    assert envelope.decrypt(message, ring, encryption_context=secret).plaintext == b"x"
    with pytest.raises(envelope.DecryptionError):
        envelope.decrypt(message, ring)


def test_rsa_keyrings_refuse_signed_suites_alike(kms: KMSClient, session: boto3.Session) -> None:
    class Signing(KmsRsaKeyring):
        """What neither library makes: an encrypted data key for a signed message."""

        def _require_unsigned(self, context: dict[str, str]) -> None:
            del context

    arn = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    client, public_key = session.client("kms"), kms.get_public_key(KeyId=arn)["PublicKey"]
    theirs = {"keyring": peer.kms_rsa_keyring(arn, ALGORITHMS[1], public_key=public_key, client=client)}
    message = envelope.encrypt(b"x", Signing(arn, client=kms), algorithm_suite=SIGNED)
    assert envelope.decrypt(message, Signing(arn, client=kms)).plaintext == b"x"
    for call in (
        lambda: peer.encrypt(b"x", theirs, SIGNED, 4096, {}),
        lambda: peer.decrypt(message, theirs),
    ):
        with pytest.raises(Exception, match="cannot be used with an Algorithm Suite with asymmetric signing"):
            call()
    for each in (kms, client):
        ring = KmsRsaKeyring(arn, client=each)
        for ours in (
            lambda ring=ring: envelope.encrypt(b"x", ring, algorithm_suite=SIGNED),
            lambda ring=ring: envelope.decrypt(message, ring),
        ):
            with pytest.raises(envelope.KeyringError, match=rf"KmsRsaKeyring\({arn}\) takes no signed algorithm suite"):
                ours()


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_multi_keyrings_read_each_others_messages_with_any_child(
    kms: KMSClient, key: str, session: boto3.Session, ring: RawAesKeyring, suite: int
) -> None:
    theirs = peer.kms_keyring(session.client("kms"), key), peer.raw_keyring()
    keyring = KmsKeyring(kms, key)
    message = envelope.encrypt(b"ours", MultiKeyring(keyring, ring), algorithm_suite=suite)
    assert [peer.decrypt(message, {"keyring": each})[0] for each in theirs] == [b"ours", b"ours"]
    for multi in (peer.multi_keyring(*theirs), peer.multi_keyring(*reversed(theirs))):
        message = peer.encrypt(b"theirs", {"keyring": multi}, suite, 4096, CONTEXT)
        for each in (keyring, ring, MultiKeyring(keyring, ring), MultiKeyring(ring, keyring)):
            assert envelope.decrypt(message, each).plaintext == b"theirs"


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("required", [["table"], ["\U0001f510"], ["table", "\U0001f510"]], ids=len)
def test_pairs_that_are_not_stored_are_understood_alike(ring: RawAesKeyring, suite: int, required: list[str]) -> None:
    raw, secret = peer.raw_keyring(), {key: CONTEXT[key] for key in required}
    ours = envelope.encrypt(
        b"ours", ring, encryption_context=CONTEXT, required_encryption_context_keys=required, algorithm_suite=suite
    )
    theirs = peer.encrypt(b"theirs", peer.requiring(raw, required), suite, 4096, CONTEXT)
    for message in (ours, theirs):
        assert not set(required) & set(envelope.inspect(message).encryption_context)
    assert peer.decrypt(ours, {"keyring": raw}, secret)[0] == b"ours"
    plaintext, header = envelope.decrypt(theirs, ring, encryption_context=secret)
    assert plaintext == b"theirs"
    assert {key: header.encryption_context[key] for key in CONTEXT} == CONTEXT
    for given in ({}, {**secret, "more": ""}, dict.fromkeys(required, "other")):
        with pytest.raises(envelope.DecryptionError):
            envelope.decrypt(theirs, ring, encryption_context=given)


def test_message_of_a_key_that_kms_does_not_know_is_refused_alike(
    kms: KMSClient, key: str, session: boto3.Session
) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    other = kms.create_key()["KeyMetadata"]["Arn"]
    assert _refusal(lambda: peer.decrypt(message, {"keyring": peer.kms_keyring(session.client("kms"), other)}))
    with pytest.raises(envelope.KeyringError, match=f"not for KmsKeyring.*{other}.*{key}"):
        envelope.decrypt(message, KmsKeyring(kms, other))


def _refusal(call: Any) -> bool:
    try:
        call()
    except Exception:
        return True
    return False
