"""Keys outlive the client, the process that made them, and a fork."""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from key_specs.made_keys import KINDS, MadeKeys
from key_specs.proofs import Proof, broken, proofs_of, to_json
from kmscore import KMSClient
from scratch_store import ScratchStore


@pytest.fixture(scope="module")
def proofs(keys: MadeKeys) -> list[Proof]:
    """What every key did while its store was first open."""
    found = [proof for key in keys.every for proof in proofs_of(key)]
    assert {proof.key for proof in found} == {f"{spec} {usage}" for spec, usage in KINDS}
    return found


def test_proofs_hold_for_their_keys_alone(keys: MadeKeys, proofs: list[Proof]) -> None:
    assert broken(proofs, keys.clients) == []
    [one] = [proof for proof in proofs if proof.key == "HMAC_256 GENERATE_VERIFY_MAC"][:1]
    other = keys.all_of("HMAC_256", "GENERATE_VERIFY_MAC")[1]
    assert one.arguments["KeyId"] != other.id
    changed = Proof(**{**vars(one), "arguments": {**one.arguments, "KeyId": other.id}})
    assert broken([changed], keys.clients) != []


def test_every_key_works_after_the_store_was_closed_and_opened_again(keys: MadeKeys, proofs: list[Proof]) -> None:
    keys.close()
    keys.open()
    assert broken(proofs, keys.clients) == []
    for key in keys.every:
        assert broken(proofs_of(key), keys.clients) == []


def test_every_key_works_in_another_process_meanwhile(keys: MadeKeys, proofs: list[Proof]) -> None:
    process = keys.scratch.start("key_specs.use_keys")
    output, errors = process.communicate(to_json(proofs).encode(), timeout=120)
    assert process.returncode == 0, errors.decode()
    assert json.loads(output) == {"checked": len(proofs), "broken": []}
    assert broken(proofs, keys.clients) == []


def test_every_key_works_in_a_forked_child_and_after_it(
    keys: MadeKeys, proofs: list[Proof], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(keys.scratch.configuration))
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            outcome = {"broken": broken(proofs, keys.clients)}
        except BaseException as error:
            outcome = {"broken": [repr(error)]}
        with os.fdopen(target, "w") as pipe:
            json.dump(outcome, pipe)
        os._exit(0)
    os.close(target)
    with os.fdopen(source) as pipe:
        outcome = json.load(pipe)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert outcome == {"broken": []}
    assert broken(proofs, keys.clients) == []


def test_forked_child_works_whatever_other_threads_were_doing(scratch: ScratchStore) -> None:
    """A thread that the child does not have may have held a lock of the store or of a library."""
    ended = threading.Event()
    with scratch.client(data_key_pairs={"RSA_2048": 1, "ECC_NIST_P256": 1000}) as kms, ThreadPoolExecutor(3) as pool:
        key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        working = [pool.submit(work_until, ended, kms, key_id, number) for number in range(3)]
        try:
            # Each child that hangs takes its ten seconds: one is enough.
            failed = next(filter(None, (outcome_of_child(kms, key_id) for _ in range(12))), None)
        finally:
            ended.set()
        assert [work.result() for work in working] == [None] * 3
    assert failed is None, f"a child ended with {failed}"


def work_until(ended: threading.Event, kms: KMSClient, key_id: str, number: int) -> None:
    """Write to the store, or use keys of it."""
    while not ended.is_set():
        if number == 0:
            kms.create_key(KeySpec="ML_KEM_512", KeyUsage="ENCAPSULATE_DECAPSULATE")
        else:
            kms.sign(KeyId=key_id, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")


def outcome_of_child(kms: KMSClient, key_id: str) -> int:
    """0, or what ended a child that uses its parent's client; a signal when it did nothing for ten seconds."""
    child = os.fork()
    if child == 0:
        status = 1
        # The limit of time of the test has a handler, which would wait for what hangs.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)
        try:
            asked: Any = {"KeyId": key_id, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
            kms.verify(Signature=kms.sign(**asked)["Signature"], **asked)
            kms.create_key()
            status = 0
        finally:
            os._exit(status)
    time.sleep(0.01)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_audit_of_all_that_is_whole(keys: MadeKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(keys.scratch.configuration))
    assert keys.scratch.audit_problems() == []
