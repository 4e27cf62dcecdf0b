"""`inspect` tells what a message says of itself, without any key."""

from pathlib import Path

import pytest

from envelope.keyrings import NAMESPACE, SIGNED, SUITES, UNSIGNED, raw_ring
from formats.damage import truncations
from kmscore import envelope
from kmscore.envelope import EncryptedDataKey, MultiKeyring

CONTEXT = {"app": "a", "Zeit": "früh", "\U0001f510": ""}


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 1000])
def test_message_tells_of_itself(suite: int, length: int, tmp_path: Path) -> None:
    ring = MultiKeyring(raw_ring(), raw_ring(name="other"))
    message = envelope.encrypt(bytes(length), ring, encryption_context=CONTEXT, algorithm_suite=suite, frame_length=100)
    (tmp_path / "message").write_bytes(message)
    header = envelope.decrypt(message, ring).header
    for source in (message, bytearray(message), memoryview(message), tmp_path / "message", str(tmp_path / "message")):
        info = envelope.inspect(source)
        assert (info.format_version, info.algorithm_suite, info.is_signed) == (2, suite, suite == SIGNED)
        assert info.algorithm_suite_name == envelope.AlgorithmSuite(suite).name
        assert (info.message_id, info.header_length) == (header.message_id, header.length)
        assert info.encryption_context == header.encryption_context
        assert CONTEXT.items() <= info.encryption_context.items()
        assert [key.provider_id for key in info.encrypted_data_keys] == [NAMESPACE] * 2
        assert all(isinstance(key, EncryptedDataKey) for key in info.encrypted_data_keys)
        assert (info.frame_length, info.frames) == (100, max(-(-length // 100), 1))
        assert (info.plaintext_length, info.message_length) == (length, len(message))


def test_body_that_is_not_whole_has_no_length() -> None:
    message = envelope.encrypt(bytes(250), raw_ring(), frame_length=100)
    header = envelope.inspect(message).header_length
    for what, cut in truncations(message):
        if len(cut) < header:
            with pytest.raises(envelope.MessageFormatError, match="cut off: it ends within its header"):
                envelope.inspect(cut)
            continue
        info = envelope.inspect(cut)
        assert info.message_length == len(cut)
        # The length alone tells: three frames less some bytes may be two and a shorter one.
        assert info.plaintext_length is None or info.plaintext_length < 250, what


def test_whole_message_that_was_changed_is_told_as_it_is() -> None:
    message = bytearray(envelope.encrypt(b"x", raw_ring()))
    message[-1] ^= 1
    assert envelope.inspect(message).plaintext_length == 1


def test_required_pairs_are_not_in_the_message() -> None:
    message = envelope.encrypt(b"x", raw_ring(), encryption_context=CONTEXT, required_encryption_context_keys=["app"])
    assert set(envelope.inspect(message).encryption_context) == set(CONTEXT) - {"app"}
    assert b"app" not in message


def test_encrypted_data_keys_are_compared_and_shown_without_their_bytes() -> None:
    one, same, other = (EncryptedDataKey("p", b"i", ciphertext) for ciphertext in (b"secret", b"secret", b"other"))
    assert one == same
    assert one != other
    assert "secret" not in repr(one)
    assert repr(one) == 'EncryptedDataKey(provider_id="p", provider_info=1 bytes, ciphertext=6 bytes)'


def test_information_is_frozen() -> None:
    info = envelope.inspect(envelope.encrypt(b"x", raw_ring()))
    with pytest.raises(AttributeError):
        info.frames = 7  # type: ignore[misc]  # wrong on purpose
    assert info.algorithm_suite == UNSIGNED
