"""Cached data keys: within their limits, for one context and suite, asked for once by many threads."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envelope.forked import in_child
from envelope.keyrings import SIGNED, SUITES, UNSIGNED, FixedKeyring, raw_ring
from kmscore import envelope
from kmscore.envelope import CachingKeyring, DataKey, EncryptedDataKey, Keyring

HOUR = 3600.0


class CountingKeyring(Keyring):
    """Raw AES, which counts its data keys and can be made to wait."""

    def __init__(self, wait: threading.Event | None = None) -> None:
        self.beneath = raw_ring()
        self.made = self.opened = 0
        self.wait = wait

    def on_encrypt(
        self, encryption_context: dict[str, str], data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        self.made += 1
        if self.wait is not None:
            self.wait.wait(10)
        return self.beneath.on_encrypt(encryption_context, data_key)

    def on_decrypt(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
    ) -> DataKey:
        self.opened += 1
        if self.wait is not None:
            self.wait.wait(10)
        return self.beneath.on_decrypt(encrypted_data_keys, encryption_context)


def data_keys_of(messages: list[bytes]) -> list[int]:
    """For each message, the number of its data key in order of appearance."""
    blobs = [envelope.inspect(message).encrypted_data_keys[0].ciphertext for message in messages]
    order = list(dict.fromkeys(blobs))
    return [order.index(blob) for blob in blobs]


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_messages_share_a_data_key_and_nothing_else(suite: int) -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=HOUR)
    messages = [envelope.encrypt(b"same", ring, algorithm_suite=suite) for _ in range(20)]
    assert data_keys_of(messages) == [0] * 20
    assert len({envelope.inspect(message).message_id for message in messages}) == 20
    assert len({message[-40:] for message in messages}) == 20
    for message in messages:
        assert envelope.decrypt(message, raw_ring()).plaintext == b"same"


def test_data_key_is_not_used_for_more_messages_than_allowed() -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=HOUR, max_messages=3)
    assert data_keys_of([envelope.encrypt(b"x", ring) for _ in range(8)]) == [0, 0, 0, 1, 1, 1, 2, 2]
    alone = CachingKeyring(CountingKeyring(), max_age=HOUR, max_messages=1)
    assert data_keys_of([envelope.encrypt(b"x", alone) for _ in range(3)]) == [0, 1, 2]


def test_data_key_is_not_used_for_more_bytes_than_allowed() -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=HOUR, max_bytes=10)
    lengths = [4, 4, 2, 1, 10, 9, 1, 1, 11, 5]
    messages = [envelope.encrypt(bytes(length), ring) for length in lengths]
    used: dict[int, int] = {}
    for data_key, length in zip(data_keys_of(messages), lengths, strict=True):
        used[data_key] = used.get(data_key, 0) + length
    longest = data_keys_of(messages)[lengths.index(11)]
    # The longest message is over the limit by itself, and so alone under its data key.
    assert {data_key: total for data_key, total in used.items() if total > 10} == {longest: 11}
    assert data_keys_of(messages).count(longest) == 1
    assert data_keys_of(messages)[:3] == [0, 0, 0]


def test_empty_messages_count_as_messages() -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=HOUR, max_messages=2, max_bytes=1)
    assert data_keys_of([envelope.encrypt(b"", ring) for _ in range(4)]) == [0, 0, 1, 1]


def test_data_key_is_not_used_when_it_is_too_old() -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=0.2)
    first = [envelope.encrypt(b"x", ring) for _ in range(2)]
    time.sleep(0.25)
    later = envelope.encrypt(b"x", ring)
    assert data_keys_of([*first, later])[0] != data_keys_of([*first, later])[2]
    keyring = CountingKeyring()
    opening = CachingKeyring(keyring, max_age=0.2)
    envelope.decrypt(later, opening)
    time.sleep(0.25)
    envelope.decrypt(later, opening)
    assert keyring.opened == 2


def test_data_key_that_was_used_long_ago_makes_room() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR, capacity=2)
    for name in ("a", "b", "a", "c"):
        envelope.encrypt(b"x", ring, encryption_context={"for": name})
    assert keyring.made == 3
    # "b" was used the longest time ago, so "c" took its place.
    envelope.encrypt(b"x", ring, encryption_context={"for": "a"})
    assert keyring.made == 3
    envelope.encrypt(b"x", ring, encryption_context={"for": "b"})
    assert keyring.made == 4


def test_contexts_suites_and_required_pairs_have_data_keys_of_their_own() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    for _ in range(2):
        envelope.encrypt(b"x", ring)
        envelope.encrypt(b"x", ring, algorithm_suite=SIGNED)
        envelope.encrypt(b"x", ring, encryption_context={"a": "b"})
        envelope.encrypt(b"x", ring, encryption_context={"a": "c"})
        envelope.encrypt(b"x", ring, encryption_context={"a": "b", "c": "d"})
        envelope.encrypt(b"x", ring, encryption_context={"a": "b"}, required_encryption_context_keys=["a"])
    assert keyring.made == 6


def test_order_of_pairs_and_frame_length_do_not_matter() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    envelope.encrypt(b"x", ring, encryption_context={"a": "b", "c": "d"}, frame_length=1)
    envelope.encrypt(b"x", ring, encryption_context={"c": "d", "a": "b"}, frame_length=2)
    assert keyring.made == 1


def test_message_of_unknown_length_gets_a_data_key_for_itself(tmp_path: Path) -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    envelope.encrypt(b"x", ring)
    for name in ("a", "b"):
        with envelope.create(tmp_path / name, ring) as file:
            file.write(b"x")
    envelope.encrypt(b"x", ring)
    messages = [(tmp_path / name).read_bytes() for name in ("a", "b")]
    assert data_keys_of(messages) == [0, 1]
    assert keyring.made == 3


def test_message_that_is_too_long_leaves_the_cached_data_key_in_place() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR, max_bytes=100, max_messages=50)
    messages = [envelope.encrypt(bytes(length), ring) for length in (1, 101, 1)]
    envelope.encrypt_batch([b""] * 51, ring)
    assert data_keys_of([*messages, envelope.encrypt(b"", ring)]) == [0, 1, 0, 0]
    assert keyring.made == 3


def test_batch_counts_all_its_rows() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR, max_messages=10)
    rows = [*envelope.encrypt_batch([b"x"] * 6, ring), *envelope.encrypt_batch([b"x"] * 4, ring)]
    assert data_keys_of(rows) == [0] * 10
    assert data_keys_of([rows[0], *envelope.encrypt_batch([b"x"] * 5, ring)])[1] == 1
    assert keyring.made == 2


def test_eight_threads_on_a_cold_cache_make_one_data_key() -> None:
    go = threading.Event()
    keyring = CountingKeyring(go)
    ring = CachingKeyring(keyring, max_age=HOUR)
    ready = threading.Barrier(9)

    def encrypt() -> bytes:
        ready.wait(10)
        return envelope.encrypt(b"x", ring)

    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(encrypt) for _ in range(8)]
        ready.wait(10)
        go.set()
        messages = [each.result(10) for each in pending]
    assert keyring.made == 1
    assert data_keys_of(messages) == [0] * 8
    statistics = ring.statistics()
    assert statistics.encrypt_hits + statistics.encrypt_misses >= 8
    assert statistics.encrypt_hits >= 7


def test_eight_threads_on_a_cold_cache_open_one_data_key() -> None:
    go = threading.Event()
    keyring = CountingKeyring(go)
    ring, message = CachingKeyring(keyring, max_age=HOUR), envelope.encrypt(b"x", raw_ring())
    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(envelope.decrypt, message, ring) for _ in range(8)]
        go.set()
        assert {each.result(10).plaintext for each in pending} == {b"x"}
    assert keyring.opened == 1


def test_threads_never_exceed_a_limit() -> None:
    ring = CachingKeyring(CountingKeyring(), max_age=HOUR, max_messages=7)
    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(lambda _: envelope.encrypt(b"x", ring), range(500)))
    numbers = data_keys_of(messages)
    assert max(numbers.count(number) for number in set(numbers)) <= 7


def test_decrypted_data_key_serves_only_its_own_messages() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    message = envelope.encrypt(b"x", raw_ring(), encryption_context={"a": "b"})
    envelope.decrypt(message, ring)
    place = message.index(b"\0\x01b") + 2
    changed = message[:place] + b"c" + message[place + 1 :]
    with pytest.raises(envelope.DecryptionError):
        envelope.decrypt(changed, ring)
    required = envelope.encrypt(b"x", raw_ring(), encryption_context={"a": "b"}, required_encryption_context_keys=["a"])
    assert envelope.decrypt(required, ring, encryption_context={"a": "b"}).plaintext == b"x"
    for given in ({}, {"a": "c"}):
        with pytest.raises(envelope.DecryptionError):
            envelope.decrypt(required, ring, encryption_context=given)


def test_failure_to_decrypt_is_not_cached() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    foreign = envelope.encrypt(b"x", raw_ring(name="another"))
    for _ in range(2):
        with pytest.raises(envelope.KeyringError):
            envelope.decrypt(foreign, ring)
    assert keyring.opened == 2


def test_clear_forgets_and_statistics_count() -> None:
    keyring = CountingKeyring()
    ring = CachingKeyring(keyring, max_age=HOUR)
    messages = [envelope.encrypt(b"x", ring) for _ in range(3)]
    for message in messages:
        envelope.decrypt(message, ring)
    assert ring.statistics()._replace(encrypt_misses=0, decrypt_misses=0) == (2, 0, 2, 0)
    ring.clear()
    envelope.decrypt(messages[0], ring)
    assert data_keys_of([messages[0], envelope.encrypt(b"x", ring)]) == [0, 1]
    assert (keyring.made, keyring.opened) == (2, 2)


def test_cached_data_key_is_not_used_in_a_forked_child() -> None:
    ring = CachingKeyring(FixedKeyring(bytes(32)), max_age=HOUR)
    message = envelope.encrypt(b"x", ring, algorithm_suite=UNSIGNED)
    envelope.decrypt(message, ring)

    def work() -> list[bytes]:
        ring.keyring = FixedKeyring(bytes(32))
        return [envelope.decrypt(message, ring).plaintext, envelope.encrypt(b"y", ring)]

    plaintext, made = in_child(work)
    assert plaintext == b"x".hex()
    assert envelope.decrypt(bytes.fromhex(made), ring).plaintext == b"y"
    assert envelope.decrypt(message, ring).plaintext == b"x"


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ({"max_age": 0}, "max_age is 0: it must be a positive number"),
        ({"max_age": -1}, "max_age is -1"),
        ({"max_age": float("nan")}, "max_age is nan"),
        ({"max_age": float("inf")}, "max_age is inf"),
        ({"max_messages": 0}, "max_messages is 0: it must be between 1 and 4294967296"),
        ({"max_messages": 2**32 + 1}, "max_messages is 4294967297"),
        ({"max_bytes": 0}, "max_bytes is 0: it must be between 1 and 9223372036854775807"),
        ({"max_bytes": 2**63}, "max_bytes is 9223372036854775808"),
        ({"capacity": 0}, "capacity is 0: it must be between 1"),
        ({"capacity": -1}, "capacity is -1"),
    ],
)
def test_limit_out_of_bounds_is_refused_by_name(limits: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        CachingKeyring(raw_ring(), **{"max_age": 1.0, **limits})  # type: ignore[arg-type]  # wrong on purpose
