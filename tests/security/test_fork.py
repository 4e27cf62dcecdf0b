"""Forks: no N repeats, a child opens the store anew or fails cleanly, and the parent goes on."""

import json
from typing import Any

import pytest

from scratch_store import ScratchStore

SCENARIO = "security.forking"
# What a child may answer when it does not reopen; anything else, a crash above all, is not clean.
CLEAN = {"reopened", "ForkedError"}
# Blobs whose N is compared, per scenario.
BLOBS = {
    "fork-same-client": 2 * (810 + 6 * 50) + 12,
    "fork-new-client": 21 + 3 * (101 + 101 + 101) + 21,
    "many-forks": 7 + 7,
    "disable-in-child": 3,
    "multiprocessing-fork": 21 + 8 * 101 + 21,
    "multiprocessing-spawn": 21 + 8 * 101 + 21,
    "multiprocessing-forkserver": 21 + 8 * 101 + 21,
}


@pytest.mark.parametrize("scenario", list(BLOBS))
def test_no_n_repeats_between_parent_and_children(scratch: ScratchStore, scenario: str) -> None:
    found = _run(scratch, scenario)
    assert len(found["seen"]) >= BLOBS[scenario]
    assert len(set(found["seen"])) == len(found["seen"])
    assert set(found["outcomes"]) <= CLEAN | {"seen"}
    assert scratch.audit_problems() == []


def test_every_blob_of_parent_and_children_is_audited(scratch: ScratchStore) -> None:
    found = _run(scratch, "many-forks")
    made = len(found["seen"]) - 2 * 3 + 2  # A batch has one record.
    records = [record for record in scratch.audit_records() if record["op"] in ("Encrypt", "EncryptBatch")]
    data_keys = [record for record in scratch.audit_records() if record["op"] == "GenerateDataKeyWithoutPlaintext"]
    assert len(records) + len(data_keys) == made


def _run(scratch: ScratchStore, scenario: str) -> dict[str, Any]:
    kms = scratch.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.close()
    process = scratch.start(SCENARIO, scenario, key_id)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(output)
    return found
