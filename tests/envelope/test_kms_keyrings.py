"""KMS keyrings: names, refusals with the service's reason, and replies that are not believed."""

from typing import Any

import pytest

from envelope.keyrings import raw_ring
from envelope.kms_mimic import CountingClient
from kmscore import KMSClient, envelope
from kmscore.envelope import (
    DecryptionError,
    KeyringError,
    KmsDiscoveryKeyring,
    KmsKeyring,
    MultiKeyring,
)
from scratch_store import ScratchStore

CONTEXT = {"table": "naïve"}


@pytest.fixture(params=["kmscore", "boto3"])
def client(request: pytest.FixtureRequest, kms: KMSClient) -> Any:
    """kmscore's own client, and one that keyrings do not know."""
    return kms if request.param == "kmscore" else CountingClient(kms)


def test_key_may_be_named_in_every_way(kms: KMSClient, client: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    alias_arn = f"{key.partition('key/')[0]}alias/one"
    for name in (key, key.rpartition("/")[2], "alias/one", alias_arn):
        message = envelope.encrypt(b"x", KmsKeyring(client, name), encryption_context=CONTEXT)
        [encrypted] = envelope.inspect(message).encrypted_data_keys
        # Whatever it was named by, the message has the key's ARN.
        assert (encrypted.provider_id, encrypted.provider_info.decode()) == ("aws-kms", key)
        for reading in (key, key.rpartition("/")[2], "alias/one", alias_arn):
            assert envelope.decrypt(message, KmsKeyring(client, reading)).plaintext == b"x"
            assert envelope.decrypt(message, KmsKeyring(client, keys=[reading])).plaintext == b"x"


def test_message_of_another_key_is_refused_by_name(kms: KMSClient, client: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["Arn"]
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    with pytest.raises(KeyringError, match=rf"not for KmsKeyring\({other}\): .*aws-kms {key}"):
        envelope.decrypt(message, KmsKeyring(client, other))
    with pytest.raises(KeyringError, match="not for KmsKeyring"):
        envelope.decrypt(envelope.encrypt(b"x", raw_ring()), KmsKeyring(client, key))
    with pytest.raises(KeyringError, match="not for RawAesKeyring"):
        envelope.decrypt(message, raw_ring())


def test_alias_that_stands_for_another_key_does_not_decrypt(kms: KMSClient, client: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/moved", TargetKeyId=other)
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, KmsKeyring(client, "alias/moved"))


@pytest.mark.parametrize("shape", ["named", "discovery"])
def test_disabled_key_is_named_with_the_reason(kms: KMSClient, client: Any, key: str, shape: str) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    kms.disable_key(KeyId=key)
    ring = KmsKeyring(client, key) if shape == "named" else KmsDiscoveryKeyring(client)
    with pytest.raises(KeyringError, match=f"{key}.*disabled"):
        envelope.decrypt(message, ring)
    with pytest.raises(envelope.MessageRowError, match=f"{key}.*disabled"):
        envelope.decrypt_batch([message], ring)
    with pytest.raises(kms.exceptions.DisabledException):
        envelope.encrypt(b"x", KmsKeyring(client, key))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "KMSInvalidStateException"])
def test_refusal_of_the_service_is_told_with_key_and_code(kms: KMSClient, key: str, code: str) -> None:
    client = CountingClient(kms)
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    client.refusal = code
    with pytest.raises(KeyringError, match=f"{key}: .*{code}") as caught:
        envelope.decrypt(message, KmsKeyring(client, key))
    assert caught.value.__cause__ is not None
    with pytest.raises(Exception, match=code) as refused:
        envelope.encrypt(b"x", KmsKeyring(client, key))
    assert type(refused.value).__name__ == "ClientError"


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_ciphertext_that_the_service_refuses_does_not_decrypt(kms: KMSClient, key: str, code: str) -> None:
    client = CountingClient(kms)
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    client.refusal = code
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, KmsKeyring(client, key))


def test_network_error_is_told_with_the_key(kms: KMSClient, key: str) -> None:
    class Unreachable(CountingClient):
        def decrypt(self, **_: Any) -> Any:
            raise ConnectionError("no route to host")

    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    with pytest.raises(KeyringError, match=f"{key}: no route to host"):
        envelope.decrypt(message, KmsKeyring(Unreachable(kms), key))


def test_unknown_key_is_named_when_encrypting(kms: KMSClient, client: Any) -> None:
    with pytest.raises(Exception, match="alias/none") as caught:
        envelope.encrypt(b"x", KmsKeyring(client, "alias/none"))
    assert isinstance(caught.value, kms.exceptions.NotFoundException)


class Lying(CountingClient):
    """A service whose answers are wrong."""

    def __init__(self, kms: KMSClient, **changes: Any) -> None:
        super().__init__(kms)
        self.changes = changes

    def decrypt(self, **parameters: Any) -> Any:
        return {**super().decrypt(**parameters), **self.changes}


@pytest.mark.parametrize(
    "changes",
    [{"KeyId": "arn:aws:kms:us-east-1:000000000000:key/other"}, {"Plaintext": bytes(32)}, {"Plaintext": bytes(16)}],
    ids=["another key", "another data key", "a data key of another length"],
)
def test_reply_that_is_wrong_is_not_believed(kms: KMSClient, key: str, changes: dict[str, Any]) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    with pytest.raises((DecryptionError, KeyringError)):
        envelope.decrypt(message, KmsKeyring(Lying(kms, **changes), key))
    result = envelope.decrypt_batch([message], KmsKeyring(Lying(kms, **changes), key), errors="return")
    assert result.rows == [None]


def test_ciphertext_of_something_else_than_a_data_key_does_not_decrypt(kms: KMSClient, client: Any, key: str) -> None:
    """Whoever may call Encrypt can put another ciphertext of the same key and context into a message."""
    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    blob = envelope.inspect(message).encrypted_data_keys[0].ciphertext
    other = kms.encrypt(KeyId=key, Plaintext=bytes(32))["CiphertextBlob"]
    short = kms.encrypt(KeyId=key, Plaintext=bytes(5))["CiphertextBlob"]
    assert len(blob) == len(other)
    for replacement in (other, short):
        fields = len(blob).to_bytes(2, "big") + blob, len(replacement).to_bytes(2, "big") + replacement
        with pytest.raises((DecryptionError, KeyringError)):
            envelope.decrypt(message.replace(*fields), KmsKeyring(client, key))


def test_discovery_uses_only_keys_it_is_allowed(client: Any, key: str) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(client, key))
    account = key.split(":")[4]
    for allowed in (
        KmsDiscoveryKeyring(client),
        KmsDiscoveryKeyring(client, accounts=[account, "111122223333"]),
        KmsDiscoveryKeyring(client, accounts={account}, partition="aws"),
    ):
        assert envelope.decrypt(message, allowed).plaintext == b"x"
    for forbidden in (
        KmsDiscoveryKeyring(client, accounts=["111122223333"]),
        KmsDiscoveryKeyring(client, accounts=[]),
        KmsDiscoveryKeyring(client, partition="aws-cn"),
    ):
        with pytest.raises(KeyringError, match=rf"not for KmsDiscoveryKeyring.*{key}"):
            envelope.decrypt(message, forbidden)


def test_discovery_encrypts_nothing(kms: KMSClient, key: str) -> None:
    for ring in (KmsDiscoveryKeyring(kms), MultiKeyring(KmsKeyring(kms, key), KmsDiscoveryKeyring(kms))):
        with pytest.raises(KeyringError, match="only decrypts: to encrypt, name a key with KmsKeyring"):
            envelope.encrypt(b"x", ring)


def test_keyring_without_a_generator_only_decrypts_or_follows(kms: KMSClient, key: str) -> None:
    ring = KmsKeyring(kms, keys=[key])
    with pytest.raises(KeyringError, match="has no generator to make a data key"):
        envelope.encrypt(b"x", ring)
    message = envelope.encrypt(b"x", MultiKeyring(raw_ring(), ring))
    assert envelope.decrypt(message, ring).plaintext == b"x"
    assert envelope.decrypt(message, raw_ring()).plaintext == b"x"


def test_generator_of_a_child_encrypts_the_data_key_of_the_first(kms: KMSClient, key: str) -> None:
    client = CountingClient(kms)
    message = envelope.encrypt(b"x", MultiKeyring(raw_ring(), KmsKeyring(client, key)))
    assert client.calls == {"encrypt": 1}
    assert envelope.decrypt(message, KmsKeyring(client, key)).plaintext == b"x"


def test_context_is_bound_to_the_data_key_by_kms(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(kms, key), encryption_context=CONTEXT)
    blob = envelope.inspect(message).encrypted_data_keys[0].ciphertext
    assert len(kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"]) == 32
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=blob)
    assert scratch.home.is_dir()


def test_client_of_another_store_cannot_decrypt(
    kms: KMSClient, key: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(tmp_path / "other-configuration"))
    other = ScratchStore(tmp_path / "other-home", tmp_path / "other-configuration").client()
    with pytest.raises(KeyringError, match=key):
        envelope.decrypt(message, KmsKeyring(other, key))
    other.close()


@pytest.mark.parametrize(
    ("arguments", "kind", "fault"),
    [
        ({}, ValueError, "generator or keys must name a KMS key.*KmsDiscoveryKeyring"),
        ({"client": 5, "generator": "k"}, TypeError, "client must be a kmscore or boto3 KMS client, not int"),
        ({"client": object(), "generator": "k"}, TypeError, "client must be .*, not object"),
        ({"generator": ""}, TypeError, "a KMS key is named by a str, not ''"),
        ({"generator": 5}, TypeError, "a KMS key is named by a str, not 5"),
        ({"keys": "k"}, TypeError, "keys must be a sequence of key identifiers, not one str"),
        ({"keys": [None]}, TypeError, "a KMS key is named by a str, not None"),
        ({"generator": "k", "grant_tokens": "t"}, TypeError, "grant_tokens must be a sequence of tokens"),
    ],
)
def test_kms_keyring_refuses_bad_arguments_by_name(
    kms: KMSClient, arguments: dict[str, Any], kind: type[Exception], fault: str
) -> None:
    with pytest.raises(kind, match=fault):
        KmsKeyring(**{"client": kms, **arguments})


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"client": "kms"}, "client must be a kmscore or boto3 KMS client, not str"),
        ({"accounts": "1"}, "accounts must be a collection of account ids, not one str"),
        ({"grant_tokens": "t"}, "grant_tokens must be a sequence of tokens"),
    ],
)
def test_discovery_keyring_refuses_bad_arguments_by_name(kms: KMSClient, arguments: dict[str, Any], fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        KmsDiscoveryKeyring(**{"client": kms, **arguments})
