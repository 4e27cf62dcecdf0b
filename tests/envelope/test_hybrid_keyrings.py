"""Keyrings over public keys of KMS: anyone encrypts, KMS decrypts; whatever does not agree is one error."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from envelope.forked import in_child
from envelope.keyrings import SIGNED, raw_ring
from envelope.kms_mimic import CountingClient
from kmscore import KMSClient, envelope
from kmscore.envelope import (
    CachingKeyring,
    DecryptionError,
    EncryptedDataKey,
    KeyringError,
    KmsDiscoveryKeyring,
    KmsKeyring,
    KmsMlKemKeyring,
    KmsRsaKeyring,
    MultiKeyring,
    hybrid,
)
from scratch_store import ScratchStore

RSA, ML_KEM = "RSA_2048", "ML_KEM_768"
ALGORITHMS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
PROVIDERS = {RSA: "aws-kms-rsa", ML_KEM: "kmscore-ml-kem"}
CALLS = {RSA: "Decrypt", ML_KEM: "Decapsulate"}
CONTEXT = {"table": "naïve", "\U0001f510": ""}
ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
each_kind = pytest.mark.parametrize("spec", [RSA, ML_KEM])


@pytest.fixture(params=["kmscore", "boto3"])
def client(request: pytest.FixtureRequest, kms: KMSClient) -> Any:
    """kmscore's own client, and one that keyrings do not know."""
    return kms if request.param == "kmscore" else CountingClient(kms)


def create(kms: KMSClient, spec: str) -> str:
    """The ARN of a key that the keyring of its spec takes."""
    usage = "ENCAPSULATE_DECAPSULATE" if spec.startswith("ML_KEM") else "ENCRYPT_DECRYPT"
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]


def ring_of(spec: str, arn: str, **options: Any) -> Any:
    """The keyring for keys of a spec."""
    return KmsMlKemKeyring(arn, **options) if spec.startswith("ML_KEM") else KmsRsaKeyring(arn, **options)


def public_key(kms: KMSClient, arn: str) -> bytes:
    return kms.get_public_key(KeyId=arn)["PublicKey"]


def recorded(kms: KMSClient, scratch: ScratchStore) -> Counter[str]:
    """The operations in the audit log; it closes the client."""
    kms.close()
    assert scratch.audit_problems() == []
    return Counter(record["op"] for record in scratch.audit_records() if record["op"] != "CreateKey")


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"])
def test_key_of_each_spec_opens_messages_files_and_columns(kms: KMSClient, spec: str, tmp_path: Path) -> None:
    arn, rows = create(kms, spec), [str(number).encode() for number in range(100)]
    choices = [{}] if spec.startswith("ML_KEM") else [{"encryption_algorithm": algorithm} for algorithm in ALGORITHMS]
    for options in choices:
        for client in (kms, CountingClient(kms)):
            ring = ring_of(spec, arn, client=client, **options)
            for context in ({}, CONTEXT):
                message = envelope.encrypt(b"x", ring, encryption_context=context)
                plaintext, header = envelope.decrypt(message, ring)
                assert (plaintext, header.encryption_context) == (b"x", context)
            assert envelope.decrypt_batch(envelope.encrypt_batch(rows, ring, encryption_context=CONTEXT), ring) == rows
            (tmp_path / "plaintext").write_bytes(bytes(10_000))
            envelope.encrypt_file(tmp_path / "plaintext", tmp_path / "message", ring, overwrite=True)
            envelope.decrypt_file(tmp_path / "message", tmp_path / "again", ring, overwrite=True)
            assert (tmp_path / "again").read_bytes() == bytes(10_000)
            with envelope.create(tmp_path / "written", ring, overwrite=True) as written:
                written.write(b"piece by piece")
            with envelope.open(tmp_path / "written", ring) as file:
                file.seek(6)
                assert file.read() == b"by piece"


@each_kind
def test_message_names_provider_and_key(kms: KMSClient, spec: str) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, client=kms)
    [encrypted] = envelope.inspect(envelope.encrypt(b"x", ring)).encrypted_data_keys
    assert (encrypted.provider_id, encrypted.provider_info.decode()) == (PROVIDERS[spec], arn)
    assert len(encrypted.ciphertext) == {RSA: 256, ML_KEM: 1088 + 80}[spec]
    assert repr(ring) == f"{type(ring).__name__}({arn})"
    assert repr(MultiKeyring(ring)) == f"MultiKeyring({ring!r})"


@each_kind
def test_encrypting_with_the_public_key_asks_nobody(kms: KMSClient, spec: str) -> None:
    arn, client = create(kms, spec), CountingClient(kms)
    for kind in (bytes, bytearray, memoryview):
        offline = ring_of(spec, arn, public_key=kind(public_key(kms, arn)))
        able = ring_of(spec, arn, public_key=kind(public_key(kms, arn)), client=client)
        message = envelope.encrypt(b"x", offline, encryption_context=CONTEXT)
        with pytest.raises(KeyringError, match=rf"\({arn}\) has no client to decrypt with"):
            envelope.decrypt(message, offline)
        assert envelope.decrypt(message, able).plaintext == b"x"
        assert envelope.decrypt(envelope.encrypt(b"x", able), able).plaintext == b"x"
    assert client.calls == {CALLS[spec].lower(): 6}


@each_kind
def test_encrypting_needs_no_store(kms: KMSClient, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arn, absent = create(kms, spec), tmp_path / "absent"
    der = public_key(kms, arn)
    with monkeypatch.context() as patch:
        patch.setenv("KMSCORE_HOME", str(absent))
        message = envelope.encrypt(b"x", ring_of(spec, arn, public_key=der))
    assert not absent.exists()
    assert envelope.decrypt(message, ring_of(spec, arn, client=kms)).plaintext == b"x"


@each_kind
def test_public_key_is_fetched_once(kms: KMSClient, spec: str) -> None:
    client = CountingClient(kms)
    ring = ring_of(spec, create(kms, spec), client=client)
    assert client.calls == {}
    messages = [envelope.encrypt(b"x", ring) for _ in range(3)]
    assert client.calls == {"get_public_key": 1}
    assert envelope.decrypt_batch(messages, ring) == [b"x"] * 3
    assert client.calls == {"get_public_key": 1, CALLS[spec].lower(): 3}
    assert not any("GrantTokens" in parameters for parameters in client.parameters)


@each_kind
def test_grant_tokens_are_sent_with_every_call(kms: KMSClient, client: Any, spec: str) -> None:
    arn = create(kms, spec)
    message = envelope.encrypt(b"x", ring_of(spec, arn, client=client))
    # There is no such grant, which KMS says if it is shown the token.
    ring = ring_of(spec, arn, client=client, grant_tokens=("token",))
    with pytest.raises(kms.exceptions.InvalidGrantTokenException):
        envelope.encrypt(b"x", ring)
    with pytest.raises(KeyringError, match=f"{arn}: .*InvalidGrantToken"):
        envelope.decrypt(message, ring)


@each_kind
def test_message_file_and_column_are_one_call_each_with_one_audit_record(
    kms: KMSClient, spec: str, scratch: ScratchStore, tmp_path: Path
) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, public_key=public_key(kms, arn), client=kms)
    envelope.decrypt(envelope.encrypt(b"x", ring), ring)
    rows = [b"row"] * 1000
    assert envelope.decrypt_batch(envelope.encrypt_batch(rows, ring), ring) == rows
    (tmp_path / "message").write_bytes(envelope.encrypt(bytes(50_000), ring))
    with envelope.open(tmp_path / "message", ring) as file:
        for place in range(0, 50_000, 1000):
            file.seek(place)
            file.read(10)
    assert recorded(kms, scratch) == {"GetPublicKey": 1, CALLS[spec]: 3}
    records = [record for record in scratch.audit_records() if record["op"] == CALLS[spec]]
    assert {(record["outcome"], *record["resources"]) for record in records} == {("Success", arn)}


@each_kind
def test_audit_record_is_that_of_any_other_call(kms: KMSClient, spec: str, scratch: ScratchStore) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, client=kms)
    message = envelope.encrypt(b"x", ring)
    for client in (kms, CountingClient(kms)):
        envelope.decrypt(message, ring_of(spec, arn, client=client))
    kms.close()
    changing = {"id", "n", "time", "state"}
    ours, theirs = (
        {name: value for name, value in record.items() if name not in changing}
        for record in scratch.audit_records()
        if record["op"] == CALLS[spec]
    )
    assert ours == theirs


@each_kind
def test_cached_data_keys_are_decrypted_once(kms: KMSClient, spec: str, scratch: ScratchStore) -> None:
    ring = CachingKeyring(ring_of(spec, create(kms, spec), client=kms), max_age=60)
    messages = [envelope.encrypt(b"x", ring) for _ in range(5)]
    assert [envelope.decrypt(message, ring).plaintext for message in messages] == [b"x"] * 5
    assert recorded(kms, scratch) == {"GetPublicKey": 1, CALLS[spec]: 1}


@each_kind
def test_data_key_never_becomes_a_python_object_with_kmscores_client(
    kms: KMSClient, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a reply with a plaintext was asked for")

    ring = ring_of(spec, create(kms, spec), client=kms)
    for name in ("unwrap_rsa", "unwrap_ml_kem"):
        monkeypatch.setattr(hybrid, name, refuse)
    for name in ("decrypt", "decapsulate"):
        monkeypatch.setattr(KMSClient, name, refuse)
    assert envelope.decrypt(envelope.encrypt(b"x", ring), ring).plaintext == b"x"


@each_kind
def test_every_changed_byte_of_the_encrypted_data_key_is_refused(kms: KMSClient, client: Any, spec: str) -> None:
    ring = ring_of(spec, create(kms, spec), client=client)
    message = envelope.encrypt(b"x", ring, encryption_context=CONTEXT)
    ciphertext = envelope.inspect(message).encrypted_data_keys[0].ciphertext
    start = message.index(ciphertext)
    for place in range(start, start + len(ciphertext)):
        damaged = bytearray(message)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(DecryptionError):
            envelope.decrypt(damaged, ring)
    assert envelope.decrypt(message, ring).plaintext == b"x"


@each_kind
def test_encrypted_data_key_of_another_length_is_refused(kms: KMSClient, client: Any, spec: str) -> None:
    ring = ring_of(spec, create(kms, spec), client=client)
    data_key, [encrypted] = ring.on_encrypt(CONTEXT, None)
    whole, info = encrypted.ciphertext, encrypted.provider_info
    for ciphertext in (whole[:-1], whole + b"\0", whole[:79], whole[:80], whole[:1]):
        with pytest.raises(DecryptionError):
            ring.on_decrypt([EncryptedDataKey(PROVIDERS[spec], info, ciphertext)], CONTEXT)
    assert ring.on_decrypt([encrypted], CONTEXT).dangerous_bytes() == data_key.dangerous_bytes()


def test_ciphertext_for_another_parameter_set_is_refused(kms: KMSClient, client: Any) -> None:
    small, large = (create(kms, spec) for spec in ("ML_KEM_512", "ML_KEM_1024"))
    _, [encrypted] = KmsMlKemKeyring(small, client=client).on_encrypt(CONTEXT, None)
    renamed = EncryptedDataKey("kmscore-ml-kem", large.encode(), encrypted.ciphertext)
    with pytest.raises(DecryptionError):
        KmsMlKemKeyring(large, client=client).on_decrypt([renamed], CONTEXT)


@each_kind
def test_data_key_is_bound_to_the_encryption_context(kms: KMSClient, client: Any, spec: str) -> None:
    ring = ring_of(spec, create(kms, spec), client=client)
    _, encrypted = ring.on_encrypt(CONTEXT, None)
    for context in ({}, {"table": "naïve"}, {**CONTEXT, "more": ""}, {"table": "", "\U0001f510": "naïve"}):
        with pytest.raises(DecryptionError):
            ring.on_decrypt(encrypted, context)
    message = envelope.encrypt(b"x", ring, encryption_context=CONTEXT, required_encryption_context_keys=["table"])
    assert envelope.decrypt(message, ring, encryption_context={"table": "naïve"}).plaintext == b"x"
    for given in ({}, {"table": "other"}):
        with pytest.raises(DecryptionError):
            envelope.decrypt(message, ring, encryption_context=given)


@each_kind
def test_message_of_another_key_is_refused_by_name(kms: KMSClient, client: Any, spec: str) -> None:
    arn, other = create(kms, spec), create(kms, spec)
    message = envelope.encrypt(b"x", ring_of(spec, arn, client=client))
    ring = ring_of(spec, other, client=client)
    for reading in (ring, KmsDiscoveryKeyring(client), raw_ring()):
        with pytest.raises(KeyringError, match=rf"not for .*: its encrypted data keys are of {PROVIDERS[spec]} {arn}$"):
            envelope.decrypt(message, reading)
    # What was made for one key and names the other.
    renamed = message.replace(arn.encode(), other.encode())
    with pytest.raises(DecryptionError):
        envelope.decrypt(renamed, ring)
    # What was made with another public key than that of the ARN in it.
    foreign = envelope.encrypt(b"x", ring_of(spec, arn, public_key=public_key(kms, other)))
    with pytest.raises(DecryptionError):
        envelope.decrypt(foreign, ring_of(spec, arn, client=client))


def test_message_under_the_other_algorithm_does_not_decrypt(kms: KMSClient, client: Any) -> None:
    arn = create(kms, RSA)
    one, other = (ring_of(RSA, arn, client=client, encryption_algorithm=algorithm) for algorithm in ALGORITHMS)
    with pytest.raises(DecryptionError):
        envelope.decrypt(envelope.encrypt(b"x", one), other)
    assert envelope.decrypt(envelope.encrypt(b"x", one), MultiKeyring(other, one)).plaintext == b"x"


def test_what_else_was_encrypted_to_the_rsa_key_is_no_data_key(kms: KMSClient, client: Any) -> None:
    arn = create(kms, RSA)
    ring = KmsRsaKeyring(arn, client=client)
    for plaintext in (bytes(1), bytes(32), bytes(48), bytes(80), bytes(81), bytes(190)):
        made = kms.encrypt(KeyId=arn, Plaintext=plaintext, EncryptionAlgorithm=ALGORITHMS[1])["CiphertextBlob"]
        with pytest.raises(DecryptionError):
            ring.on_decrypt([EncryptedDataKey("aws-kms-rsa", arn.encode(), made)], {})


@each_kind
def test_one_of_several_encrypted_data_keys_is_enough(kms: KMSClient, client: Any, spec: str) -> None:
    ring = ring_of(spec, create(kms, spec), client=client)
    data_key, [good] = ring.on_encrypt(CONTEXT, None)
    bad = EncryptedDataKey(good.provider_id, good.provider_info, good.ciphertext[::-1])
    opened = ring.on_decrypt([bad, good], CONTEXT)
    assert opened.dangerous_bytes() == data_key.dangerous_bytes()


def test_each_child_of_a_multi_keyring_opens_the_message(kms: KMSClient, client: Any, key: str) -> None:
    rsa, ml_kem = create(kms, RSA), create(kms, ML_KEM)
    rings = [
        KmsKeyring(client, key),
        KmsRsaKeyring(rsa, client=client),
        KmsMlKemKeyring(ml_kem, client=client),
        raw_ring(),
    ]
    for order in (rings, rings[::-1], rings[1:] + rings[:1]):
        message = envelope.encrypt(b"x", MultiKeyring(*order), encryption_context=CONTEXT)
        assert len(envelope.inspect(message).encrypted_data_keys) == 4
        for ring in (*rings, MultiKeyring(*rings)):
            assert envelope.decrypt(message, ring).plaintext == b"x"


def test_signed_messages_have_ml_kem_data_keys_and_no_rsa_ones(kms: KMSClient, client: Any) -> None:
    ml_kem = KmsMlKemKeyring(create(kms, ML_KEM), client=client)
    rsa = KmsRsaKeyring(create(kms, RSA), client=client)
    message = envelope.encrypt(b"x", ml_kem, encryption_context=CONTEXT, algorithm_suite=SIGNED)
    assert envelope.decrypt(message, ml_kem).plaintext == b"x"
    for ring in (rsa, MultiKeyring(ml_kem, rsa)):
        with pytest.raises(KeyringError, match=r"KmsRsaKeyring\(.*\) takes no signed algorithm suite: use 0x0478"):
            envelope.encrypt(b"x", ring, algorithm_suite=SIGNED)


@each_kind
def test_disabled_key_is_named_with_the_reason(kms: KMSClient, client: Any, spec: str) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, client=client)
    message = envelope.encrypt(b"x", ring)
    kms.disable_key(KeyId=arn)
    with pytest.raises(KeyringError, match=f"{arn}.*disabled"):
        envelope.decrypt(message, ring)
    with pytest.raises(kms.exceptions.DisabledException):
        envelope.encrypt(b"x", ring_of(spec, arn, client=client))


@each_kind
def test_refusal_of_the_service_is_told_with_key_and_code(kms: KMSClient, spec: str) -> None:
    client, arn = CountingClient(kms), create(kms, spec)
    message = envelope.encrypt(b"x", ring_of(spec, arn, client=client))
    for code in ("AccessDeniedException", "ThrottlingException", "KMSInvalidStateException"):
        client.refusal = code
        with pytest.raises(KeyringError, match=f"{arn}: .*{code}") as caught:
            envelope.decrypt(message, ring_of(spec, arn, client=client))
        assert caught.value.__cause__ is not None
        with pytest.raises(Exception, match=code) as refused:
            envelope.encrypt(b"x", ring_of(spec, arn, client=client))
        assert type(refused.value).__name__ == "ClientError"
    client.refusal = "InvalidCiphertextException"
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, ring_of(spec, arn, client=client))


class Lying(CountingClient):
    """A service whose answers are wrong."""

    def __init__(self, kms: KMSClient, **changes: Any) -> None:
        super().__init__(kms)
        self.changes = changes

    def _call(self, name: str, parameters: dict[str, Any]) -> Any:
        return {**super()._call(name, parameters), **self.changes}


@each_kind
@pytest.mark.parametrize(
    "changes",
    [
        {"KeyId": ARN},
        {"Plaintext": bytes(80), "SharedSecret": bytes(32)},
        {"Plaintext": b"", "SharedSecret": b""},
        {"Plaintext": bytes(500), "SharedSecret": bytes(500)},
    ],
    ids=["another key", "another secret", "nothing", "a long secret"],
)
def test_reply_that_is_wrong_is_not_believed(kms: KMSClient, spec: str, changes: dict[str, Any]) -> None:
    arn = create(kms, spec)
    message = envelope.encrypt(b"x", ring_of(spec, arn, client=kms))
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, ring_of(spec, arn, client=Lying(kms, **changes)))


@each_kind
def test_public_key_of_another_key_is_not_believed(kms: KMSClient, spec: str) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, client=Lying(kms, KeyId=ARN))
    with pytest.raises(KeyringError, match=f"{arn}: the service answered with the public key of {ARN}"):
        envelope.encrypt(b"x", ring)


@each_kind
@pytest.mark.parametrize("garbage", [b"", b"0", b"garbage", bytes(1000)], ids=len)
def test_damaged_public_key_is_named(kms: KMSClient, spec: str, garbage: bytes) -> None:
    with pytest.raises(KeyringError, match=f"{ARN}: the public key is damaged, or of no key spec of AWS KMS"):
        ring_of(spec, ARN, public_key=garbage)
    ring = ring_of(spec, create(kms, spec), client=Lying(kms, PublicKey=garbage))
    with pytest.raises(KeyringError, match="the public key is damaged, or of no key spec of AWS KMS"):
        envelope.encrypt(b"x", ring)


@pytest.mark.parametrize(
    ("spec", "other", "usage", "fault"),
    [
        (RSA, "ECC_NIST_P256", "SIGN_VERIFY", "its key spec is ECC_NIST_P256: KmsRsaKeyring needs RSA_2048, RSA_3072,"),
        (RSA, ML_KEM, "ENCAPSULATE_DECAPSULATE", "its key spec is ML_KEM_768: KmsRsaKeyring needs RSA_2048, RSA_3072,"),
        (
            ML_KEM,
            "ML_DSA_44",
            "SIGN_VERIFY",
            "its key spec is ML_DSA_44: KmsMlKemKeyring needs ML_KEM_512, ML_KEM_768,",
        ),
        (ML_KEM, RSA, "ENCRYPT_DECRYPT", "its key spec is RSA_2048: KmsMlKemKeyring needs ML_KEM_512, ML_KEM_768, ML"),
    ],
)
def test_public_key_of_another_kind_is_named(kms: KMSClient, spec: str, other: str, usage: str, fault: str) -> None:
    arn = kms.create_key(KeySpec=other, KeyUsage=usage)["KeyMetadata"]["Arn"]
    with pytest.raises(KeyringError, match=f"{arn}: {fault}"):
        envelope.encrypt(b"x", ring_of(spec, arn, client=kms))
    with pytest.raises(KeyringError, match=f"{arn}: {fault}"):
        ring_of(spec, arn, public_key=public_key(kms, arn))


def test_key_for_another_usage_is_named(kms: KMSClient, client: Any) -> None:
    arn = kms.create_key(KeySpec=RSA, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    with pytest.raises(KeyringError, match=f"{arn}: its key usage is SIGN_VERIFY: KmsRsaKeyring needs ENCRYPT_DECRYPT"):
        envelope.encrypt(b"x", KmsRsaKeyring(arn, client=client))
    # The public key does not say what it is for: KMS does.
    ring = KmsRsaKeyring(arn, public_key=public_key(kms, arn), client=client)
    with pytest.raises(KeyringError, match=f"{arn}: .*SIGN_VERIFY"):
        envelope.decrypt(envelope.encrypt(b"x", ring), ring)


def test_symmetric_key_has_no_public_key(kms: KMSClient, client: Any, key: str) -> None:
    for spec in (RSA, ML_KEM):
        with pytest.raises(kms.exceptions.UnsupportedOperationException, match=key):
            envelope.encrypt(b"x", ring_of(spec, key, client=client))


@each_kind
def test_keyring_works_on_in_a_child(kms: KMSClient, spec: str) -> None:
    arn = create(kms, spec)
    ring = ring_of(spec, arn, client=kms)
    message = envelope.encrypt(b"x", ring)
    assert in_child(lambda: envelope.decrypt(message, ring).plaintext) == "78"
    ours = bytes.fromhex(in_child(lambda: envelope.encrypt(b"of a child", ring)))
    assert envelope.decrypt(ours, ring).plaintext == b"of a child"
    offline = ring_of(spec, arn, public_key=public_key(kms, arn))
    made = [bytes.fromhex(in_child(lambda: envelope.encrypt(b"x", offline))) for _ in range(2)]
    keys = {
        envelope.inspect(each).encrypted_data_keys[0].ciphertext for each in (*made, envelope.encrypt(b"x", offline))
    }
    assert len(keys) == 3


@each_kind
def test_one_keyring_serves_many_threads(kms: KMSClient, spec: str) -> None:
    ring = ring_of(spec, create(kms, spec), client=kms)

    def there_and_back(number: int) -> bool:
        plaintext = str(number).encode()
        message = envelope.encrypt(plaintext, ring, encryption_context={"n": str(number)})
        return envelope.decrypt(message, ring).plaintext == plaintext

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(100)))


@each_kind
@pytest.mark.parametrize(
    ("arguments", "kind", "fault"),
    [
        ({}, ValueError, "public_key, to encrypt, or client, to decrypt as well, must be given"),
        ({"key_arn": None}, TypeError, "key_arn must be a str, not NoneType"),
        ({"key_arn": b"arn"}, TypeError, "key_arn must be a str, not bytes"),
        ({"key_arn": ""}, ValueError, "key_arn is '': it must be the ARN of a KMS key, no key id and no alias"),
        ({"key_arn": "1234abcd-12ab-34cd-56ef-1234567890ab"}, ValueError, "key_arn is '1234abcd.*: it must be the ARN"),
        ({"key_arn": "alias/app"}, ValueError, "key_arn is 'alias/app'"),
        ({"key_arn": "arn:aws:kms:us-east-1:123456789012:alias/app"}, ValueError, "no key id and no alias"),
        ({"key_arn": "arn:aws:s3:us-east-1:123456789012:key/a"}, ValueError, "it must be the ARN of a KMS key"),
        ({"key_arn": ARN + "\n"}, ValueError, "it must be the ARN of a KMS key"),
        ({"public_key": "MIIB"}, TypeError, "public_key must be bytes, not str"),
        ({"public_key": 5}, TypeError, "public_key must be bytes, not int"),
        ({"client": 5}, TypeError, "client must be a kmscore or boto3 KMS client that has dec.*, not int"),
        ({"client": object()}, TypeError, "client must be .*, not object"),
        ({"public_key": b"", "grant_tokens": "t"}, TypeError, "grant_tokens must be a sequence of tokens"),
    ],
)
def test_hybrid_keyrings_refuse_bad_arguments_by_name(
    spec: str, arguments: dict[str, Any], kind: type[Exception], fault: str
) -> None:
    arguments = dict(arguments)
    with pytest.raises(kind, match=fault):
        ring_of(spec, arguments.pop("key_arn", ARN), **arguments)


@pytest.mark.parametrize("algorithm", ["", "SYMMETRIC_DEFAULT", "SM2PKE", "rsaes_oaep_sha_256", None, 5], ids=repr)
def test_unknown_algorithm_is_refused_by_name(algorithm: Any) -> None:
    with pytest.raises(ValueError, match="encryption_algorithm is .*: it must be RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_"):
        KmsRsaKeyring(ARN, public_key=b"", encryption_algorithm=algorithm)
