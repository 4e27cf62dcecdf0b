"""While primes are sought for an RSA key, every other call goes on."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from key_specs.calls import OPERATIONS
from key_specs.made_keys import MadeKeys
from scratch_store import ScratchStore

# One call may end after the primes were found and before the thread that asked for them is told so.
ENOUGH = 4


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """A thread for the call that takes long."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def go_on_meanwhile(kms: Any, begin: Callable[[], "Future[Any]"]) -> Any:
    """Make keys and encrypt until something else has ended; returns its result.

    Primes can be found at once: what ends before anything else could is begun again.
    """
    for _ in range(5):
        other = begin()
        ended = 0
        while not other.done():
            key_id = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.encrypt(KeyId=key_id, Plaintext=b"x")
            ended += not other.done()
        if ended >= ENOUGH:
            return other.result()
        other.result()
    raise AssertionError("no call went on while the primes were sought")


@pytest.mark.parametrize(("usage", "multi_region"), [("ENCRYPT_DECRYPT", True), ("SIGN_VERIFY", False)])
def test_calls_go_on_while_create_key_seeks_primes(
    keys: MadeKeys, aside: ThreadPoolExecutor, usage: str, multi_region: bool
) -> None:
    kms = keys.symmetric().kms
    key = go_on_meanwhile(kms, lambda: aside.submit(keys.new, "RSA_4096", usage, multi_region))
    # This combination of CreateKey is made nowhere else.
    like = keys.of("RSA_4096", usage)
    own = {"KeyId", "Arn", "CreationDate", "MultiRegion", "MultiRegionConfiguration"}
    assert {name: key.metadata[name] for name in key.metadata.keys() - own} == {
        name: like.metadata[name] for name in like.metadata.keys() - own
    }
    assert key.id.startswith("mrk-") == key.metadata["MultiRegion"] == multi_region
    for operation, algorithm in itertools.product(OPERATIONS, key.algorithms):
        if operation.algorithm_member and operation.usage == usage:
            getattr(key.kms, operation.method)(**operation.arguments(key, algorithm))


def test_calls_go_on_while_generate_data_key_pair_seeks_primes(keys: MadeKeys, aside: ThreadPoolExecutor) -> None:
    key = keys.symmetric()
    asked = {"KeyId": key.id, "KeyPairSpec": "RSA_3072"}
    go_on_meanwhile(key.kms, lambda: aside.submit(key.kms.generate_data_key_pair_without_plaintext, **asked))


def test_calls_go_on_while_another_process_seeks_primes(keys: MadeKeys, aside: ThreadPoolExecutor) -> None:
    process = keys.scratch.start("key_specs.make_rsa_keys")
    assert process.stdin is not None
    assert process.stdout is not None
    asking, telling = process.stdin, process.stdout

    def make() -> bytes:
        asking.write(b"RSA_3072\n")
        asking.flush()
        return telling.readline()

    try:
        assert telling.readline() == b"ready\n"
        made = go_on_meanwhile(keys.symmetric().kms, lambda: aside.submit(make))
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert made, errors.decode()
    [key_id] = made.decode().split()
    assert keys.symmetric().kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeySpec"] == "RSA_3072"


def test_calls_go_on_while_the_pool_seeks_primes(scratch: ScratchStore) -> None:
    with scratch.client(data_key_pairs={"RSA_3072": 6}) as kms:
        ended, before = 0, waiting(kms)
        for _ in range(100_000):
            key_id = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.encrypt(KeyId=key_id, Plaintext=b"x")
            after = waiting(kms)
            ended += before == after
            if ended >= ENOUGH or after == (6, 6):
                break
            before = after
    assert ended >= ENOUGH


def waiting(kms: Any) -> tuple[int, int]:
    found: tuple[int, int] = kms.health()["data_key_pairs"]["RSA_3072"]
    return found
