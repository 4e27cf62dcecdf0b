"""After a fork: keys of the parent are not used, and no message id repeats."""

from typing import Any

import pytest

from envelope.forked import in_child
from envelope.keyrings import SIGNED, FixedKeyring, raw_ring
from kmscore import KMSClient, envelope
from kmscore.envelope import KmsKeyring


def test_raw_aes_keyring_of_the_parent_is_refused_in_a_child() -> None:
    ring = raw_ring()
    message = envelope.encrypt(b"x", ring)
    refusal = ["EnvelopeError", "make keyrings anew after a fork"]
    for task in (lambda: envelope.encrypt(b"x", ring), lambda: envelope.decrypt(message, ring).plaintext):
        kind, text = in_child(task)
        assert kind == refusal[0]
        assert refusal[1] in text
    assert envelope.decrypt(message, ring).plaintext == b"x"


def test_data_key_of_the_parent_is_refused_in_a_child() -> None:
    ring = FixedKeyring(bytes(32))
    message = envelope.encrypt(b"x", ring)
    assert in_child(lambda: envelope.encrypt(b"x", ring))[0] == "EnvelopeError"
    assert in_child(lambda: envelope.decrypt(message, ring).plaintext)[0] == "EnvelopeError"
    assert in_child(lambda: envelope.decrypt_batch([message], ring))[0] in ("EnvelopeError", "MessageRowError")
    assert in_child(ring.data_key.dangerous_bytes)[0] == "EnvelopeError"


def test_keyring_made_anew_in_a_child_opens_what_the_parent_made() -> None:
    message = envelope.encrypt(b"x", raw_ring())
    assert in_child(lambda: envelope.decrypt(message, raw_ring()).plaintext) == "78"


def test_kms_keyring_works_on_in_a_child(kms: KMSClient, key: str) -> None:
    ring = KmsKeyring(kms, key)
    message = envelope.encrypt(b"x", ring)
    assert in_child(lambda: envelope.decrypt(message, ring).plaintext) == "78"
    made = bytes.fromhex(in_child(lambda: envelope.encrypt(b"of a child", ring)))
    assert envelope.decrypt(made, ring).plaintext == b"of a child"


def test_file_that_is_being_written_is_not_finished_nor_removed_by_a_child(tmp_path: Any) -> None:
    ring = raw_ring()
    with envelope.create(tmp_path / "message", ring) as file:
        file.write(b"of the parent")

        def drop() -> list[str]:
            file.discard()
            return sorted(path.name for path in tmp_path.iterdir())

        left = in_child(drop)
        assert len(left) == 1
    assert envelope.decrypt((tmp_path / "message").read_bytes(), ring).plaintext == b"of the parent"


@pytest.mark.parametrize("used", [0, 1, 7, 100])
def test_no_message_id_repeats_between_parent_and_children(used: int) -> None:
    def ids() -> list[str]:
        ring = raw_ring()
        messages = [envelope.encrypt(b"x", ring) for _ in range(20)]
        messages += envelope.encrypt_batch([b"x"] * 20, ring)
        messages.append(envelope.encrypt(b"x", ring, algorithm_suite=SIGNED))
        return [message[3:35].hex() for message in messages] + [
            envelope.inspect(message).encrypted_data_keys[0].provider_info[-12:].hex() for message in messages[:20]
        ]

    for _ in range(used):
        envelope.encrypt(b"x", raw_ring())
    seen = [*ids(), *in_child(ids), *in_child(ids), *ids()]
    assert len(seen) == 4 * 61
    assert len(set(seen)) == len(seen)
