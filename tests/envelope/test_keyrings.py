"""Keyrings: who can open what, one clear reason when nobody can, and one error for what does not decrypt."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from envelope.keyrings import NAME, NAMESPACE, SIGNED, SUITES, WRAPPING_KEY, FixedKeyring, raw_ring
from kmscore import envelope
from kmscore.envelope import (
    DataKey,
    DecryptionError,
    EncryptedDataKey,
    Keyring,
    KeyringError,
    MultiKeyring,
    RawAesKeyring,
)


@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_wrapping_key_of_each_length_wraps_data_keys(length: int, suite: int, kind: Any) -> None:
    ring = RawAesKeyring(NAMESPACE, NAME, kind(bytes(range(length))))
    message = envelope.encrypt(b"x", ring, encryption_context={"a": "b"}, algorithm_suite=suite)
    assert envelope.decrypt(message, ring).plaintext == b"x"
    [encrypted] = envelope.inspect(message).encrypted_data_keys
    assert encrypted.provider_id == NAMESPACE
    assert encrypted.provider_info.startswith(NAME.encode() + bytes.fromhex("000000800000000c"))
    assert len(encrypted.ciphertext) == 32 + 16


def test_wrapping_key_that_is_wiped_by_its_owner_is_still_known() -> None:
    key = bytearray(WRAPPING_KEY)
    ring = raw_ring(bytes(key))
    copied = RawAesKeyring(NAMESPACE, NAME, key)
    key[:] = bytes(len(key))
    assert envelope.decrypt(envelope.encrypt(b"x", ring), copied).plaintext == b"x"


def test_wrong_wrapping_key_of_the_same_name_does_not_decrypt() -> None:
    message = envelope.encrypt(b"x", raw_ring())
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, raw_ring(bytes(32)))
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, raw_ring(bytes(16)))


def test_message_for_another_name_or_namespace_is_refused_by_name() -> None:
    message = envelope.encrypt(b"x", raw_ring())
    with pytest.raises(KeyringError, match=rf"not for RawAesKeyring\('{NAMESPACE}', 'other'\).*{NAMESPACE} '{NAME}'"):
        envelope.decrypt(message, raw_ring(name="other"))
    for namespace, name in (
        ("other", NAME),
        (NAMESPACE, NAME[:-1]),
        (NAMESPACE, NAME + "x"),
        (NAMESPACE.upper(), NAME),
    ):
        with pytest.raises(KeyringError, match="the message is not for"):
            envelope.decrypt(message, RawAesKeyring(namespace, name, WRAPPING_KEY))


def test_wrapping_keys_of_one_name_are_tried_in_turn() -> None:
    rings = [raw_ring(bytes([number]) * 32) for number in range(3)]
    message = envelope.encrypt(b"x", MultiKeyring(*rings))
    for ring in rings:
        assert envelope.decrypt(message, ring).plaintext == b"x"
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, raw_ring(b"9" * 32))


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_each_child_of_a_multi_keyring_opens_the_message(suite: int) -> None:
    rings = [raw_ring(name=str(number)) for number in range(4)]
    message = envelope.encrypt(b"x", MultiKeyring(*rings), encryption_context={"a": "b"}, algorithm_suite=suite)
    assert len(envelope.inspect(message).encrypted_data_keys) == 4
    for ring in (*rings, MultiKeyring(*reversed(rings)), MultiKeyring(raw_ring(name="none"), rings[2])):
        assert envelope.decrypt(message, ring).plaintext == b"x"


def test_multi_keyring_tells_the_reasons_of_all() -> None:
    message = envelope.encrypt(b"x", raw_ring())
    both = MultiKeyring(raw_ring(name="one"), raw_ring(name="two"))
    with pytest.raises(KeyringError, match=r"'one'.*; .*'two'"):
        envelope.decrypt(message, both)
    with pytest.raises(DecryptionError):
        envelope.decrypt(message, MultiKeyring(raw_ring(name="one"), raw_ring(bytes(32))))
    assert repr(both) == f"MultiKeyring({raw_ring(name='one')!r}, {raw_ring(name='two')!r})"


def test_multi_keyring_fails_to_encrypt_if_a_child_does() -> None:
    with pytest.raises(NotImplementedError):
        envelope.encrypt(b"x", MultiKeyring(raw_ring(), Keyring()))


def test_message_names_at_most_five_keys_of_a_refused_message() -> None:
    message = envelope.encrypt(b"x", MultiKeyring(*(raw_ring(name=str(number)) for number in range(9))))
    with pytest.raises(KeyringError, match="'0'.*'4' and 4 more$"):
        envelope.decrypt(message, raw_ring(name="none"))


def test_names_outside_ascii_and_of_the_greatest_length_are_kept() -> None:
    for namespace, name in (("空間", "ключ-\U0001f510"), ("n", "x" * 65_515), ("x" * 65_515, "n")):
        ring = RawAesKeyring(namespace, name, WRAPPING_KEY)
        assert envelope.decrypt(envelope.encrypt(b"x", ring), ring).plaintext == b"x"


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_one_keyring_serves_many_threads(suite: int) -> None:
    ring = MultiKeyring(raw_ring(), raw_ring(name="other"))

    def there_and_back(number: int) -> bool:
        plaintext = str(number).encode() * 3000
        message = envelope.encrypt(plaintext, ring, encryption_context={"n": str(number)}, algorithm_suite=suite)
        return envelope.decrypt(message, ring, encryption_context={"n": str(number)}).plaintext == plaintext

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(200)))


def test_no_keyring_shows_its_key() -> None:
    secret = b"\xa5" * 32
    shown = repr(raw_ring(secret)) + repr(MultiKeyring(raw_ring(secret))) + repr(DataKey.from_bytes(secret))
    shown += str(vars(raw_ring(secret)))
    assert "a5" not in shown
    assert "\\xa5" not in shown


@pytest.mark.parametrize(
    ("arguments", "kind", "fault"),
    [
        (("", "n", bytes(32)), ValueError, "namespace must have between 1 and 65,515 bytes"),
        (("n", "", bytes(32)), ValueError, "name must have between 1 and 65,515 bytes"),
        (("n" * 65_516, "n", bytes(32)), ValueError, "namespace must have"),
        (("n", "n" * 65_516, bytes(32)), ValueError, "name must have"),
        (("aws-kms", "n", bytes(32)), ValueError, 'namespace is "aws-kms": names that begin with'),
        (("kmscore-ml-kem", "n", bytes(32)), ValueError, 'namespace is "kmscore-ml-kem", which is that of ML-KEM keyr'),
        (("n", "n", bytes(31)), ValueError, "wrapping_key has 31 bytes: an AES key has 16, 24 or 32"),
        (("n", "n", b""), ValueError, "wrapping_key has 0 bytes"),
        (("n", "n", "k" * 32), TypeError, "wrapping_key"),
        (("n", "n", None), TypeError, "wrapping_key"),
        ((5, "n", bytes(32)), TypeError, "namespace|str"),
        (("n", b"n", bytes(32)), TypeError, "name|str"),
        (("\ud800", "n", bytes(32)), (TypeError, ValueError), "surrogates|UTF-8"),
    ],
)
def test_raw_aes_keyring_refuses_bad_arguments_by_name(arguments: Any, kind: Any, fault: str) -> None:
    with pytest.raises(kind, match=fault):
        RawAesKeyring(*arguments)


@pytest.mark.parametrize("keyring", [None, 5, "a key", b"k" * 32, RawAesKeyring, object()], ids=repr)
def test_what_is_no_keyring_is_refused_by_name(keyring: Any, tmp_path: Any) -> None:
    message = envelope.encrypt(b"x", raw_ring())
    (tmp_path / "message").write_bytes(message)
    calls: list[Any] = [
        lambda: envelope.encrypt(b"x", keyring),
        lambda: envelope.encrypt_into(b"x", bytearray(1000), keyring),
        lambda: envelope.encrypt_batch([b"x"], keyring),
        lambda: envelope.encrypt_file(tmp_path / "message", tmp_path / "target", keyring),
        lambda: envelope.create(tmp_path / "target", keyring),
        lambda: envelope.decrypt(message, keyring),
        lambda: envelope.decrypt_into(message, bytearray(1000), keyring),
        lambda: envelope.decrypt_batch([message], keyring),
        lambda: envelope.decrypt_file(tmp_path / "message", tmp_path / "target", keyring),
        lambda: envelope.open(tmp_path / "message", keyring),
        lambda: MultiKeyring(keyring),
        lambda: MultiKeyring(raw_ring(), keyring),
        lambda: envelope.CachingKeyring(keyring, max_age=1),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"keyring must be an envelope\.Keyring, not "):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


class OwnKeyring(Keyring):
    """A keyring as a user would write one: it keeps data keys under a number."""

    def __init__(self) -> None:
        self.kept: list[DataKey] = []
        self.contexts: list[dict[str, str]] = []

    def on_encrypt(
        self, encryption_context: dict[str, str], data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        data_key = data_key or DataKey.random()
        self.kept.append(data_key)
        self.contexts.append(encryption_context)
        return data_key, [EncryptedDataKey("own", str(len(self.kept) - 1).encode(), b"")]

    def on_decrypt(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
    ) -> DataKey:
        self.contexts.append(encryption_context)
        return self.kept[int(encrypted_data_keys[0].provider_info)]


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_keyring_of_ones_own_is_given_the_whole_context(suite: int) -> None:
    ring, context = OwnKeyring(), {"a": "b", "c": "d"}
    message = envelope.encrypt(
        b"x", ring, encryption_context=context, required_encryption_context_keys=["a"], algorithm_suite=suite
    )
    assert envelope.decrypt(message, ring, encryption_context={"a": "b"}).plaintext == b"x"
    encrypting, decrypting = ring.contexts
    assert encrypting == decrypting
    assert set(encrypting) == ({*context, "aws-crypto-public-key"} if suite == SIGNED else set(context))
    assert envelope.decrypt_batch(envelope.encrypt_batch([b"a", b"b"], ring, rows_per_data_key=1), ring) == [b"a", b"b"]


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (None, TypeError),
        ((DataKey.random(), []), ValueError),
        ((DataKey.random(), None), TypeError),
        ((None, [EncryptedDataKey("p", b"i", b"c")]), TypeError),
        ((b"k" * 32, [EncryptedDataKey("p", b"i", b"c")]), TypeError),
        ((DataKey.random(), [b"c"]), TypeError),
        ((DataKey.random(), [EncryptedDataKey("p", b"i", b"c")] * 65_536), ValueError),
        ((DataKey.random(), [EncryptedDataKey("p", b"i" * 65_536, b"c")]), ValueError),
    ],
    ids=["None", "no keys", "None for keys", "None for a data key", "bytes", "bytes for keys", "65536", "long"],
)
def test_what_a_keyring_gives_wrongly_is_refused(made: Any, kind: type[Exception]) -> None:
    class Wrong(Keyring):
        def on_encrypt(self, encryption_context: dict[str, str], data_key: DataKey | None) -> Any:
            del encryption_context, data_key
            return made

        def on_decrypt(
            self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
        ) -> Any:
            del encrypted_data_keys, encryption_context
            return b"k" * 32

    with pytest.raises(kind):
        envelope.encrypt(b"x", Wrong())
    with pytest.raises(TypeError, match="DataKey"):
        envelope.decrypt(envelope.encrypt(b"x", raw_ring()), Wrong())


def test_error_of_a_keyring_of_ones_own_is_passed_on() -> None:
    class Broken(Keyring):
        def on_decrypt(
            self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
        ) -> DataKey:
            del encrypted_data_keys, encryption_context
            raise ConnectionError("no network")

    message = envelope.encrypt(b"x", raw_ring())
    with pytest.raises(ConnectionError, match="no network"):
        envelope.decrypt(message, Broken())
    with pytest.raises(ConnectionError, match="no network"):
        envelope.decrypt_batch([message], Broken())


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_data_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"the data key has {length} bytes: the algorithm suite needs 32"):
        DataKey.from_bytes(bytes(length))


def test_limit_of_encrypted_data_keys_holds_both_ways() -> None:
    three = MultiKeyring(*(raw_ring(name=str(number)) for number in range(3)))
    message = envelope.encrypt(b"x", three, max_encrypted_data_keys=3)
    assert envelope.decrypt(message, three, max_encrypted_data_keys=3).plaintext == b"x"
    with pytest.raises(ValueError, match="3 encrypted data keys: max_encrypted_data_keys allows 2"):
        envelope.encrypt(b"x", three, max_encrypted_data_keys=2)
    with pytest.raises(envelope.MessageFormatError, match="3 encrypted data keys: max_encrypted_data_keys allows 2"):
        envelope.decrypt(message, three, max_encrypted_data_keys=2)
    result = envelope.decrypt_batch([message], three, max_encrypted_data_keys=2, errors="return")
    assert [error.code for error in result.errors] == ["MessageFormatError"]


def test_message_may_have_as_many_encrypted_data_keys_as_fit() -> None:
    class Many(FixedKeyring):
        def on_encrypt(
            self, encryption_context: dict[str, str], data_key: DataKey | None
        ) -> tuple[DataKey, list[EncryptedDataKey]]:
            data_key, [encrypted] = super().on_encrypt(encryption_context, data_key)
            return data_key, [encrypted] * 65_535

    message = envelope.encrypt(b"x", Many(bytes(32)))
    assert len(envelope.inspect(message).encrypted_data_keys) == 65_535
    assert envelope.decrypt(message, FixedKeyring(bytes(32))).plaintext == b"x"
