"""A process that forks with half-used random pools and prints, as JSON, what parent and children saw.

Arguments: the scenario, the key id.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any

import kmscore

_PLAINTEXT = b"the same plaintext"


def main() -> None:
    """Run one scenario."""
    scenario, key_id = sys.argv[1:]
    print(json.dumps(SCENARIOS[scenario](key_id)))  # noqa: T201


def ns(kms: Any, key_id: str, count: int) -> list[str]:
    """The N of blobs made one by one and in a batch."""
    blobs = [kms.encrypt(KeyId=key_id, Plaintext=_PLAINTEXT)["CiphertextBlob"] for _ in range(count)]
    blobs += kms.encrypt_batch(KeyId=key_id, Plaintexts=[_PLAINTEXT] * count)
    blobs.append(kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")["CiphertextBlob"])
    return [blob[37:69].hex() for blob in blobs]


def fork_same_client(key_id: str) -> dict[str, Any]:
    """Children use the very client of their parent, after different parts of the pools were used."""
    kms = kmscore.client("kms")
    seen, outcomes = [], []
    for used in (0, 1, 2, 7, 100, 700):
        parent = ns(kms, key_id, used)
        outcome = _in_child(lambda: ns(kms, key_id, 50))
        seen += [*parent, *ns(kms, key_id, 50), *outcome.get("result", [])]
        outcomes.append(outcome.get("error", "reopened"))
    kms.close()
    return {"seen": seen, "outcomes": outcomes}


def fork_new_client(key_id: str) -> dict[str, Any]:
    """Children open a client of their own while their parent has one; grandchildren too."""
    kms = kmscore.client("kms")
    seen = ns(kms, key_id, 10)

    def descendant() -> list[str]:
        own = kmscore.client("kms")
        made = ns(own, key_id, 50)
        grandchild: list[str] = _in_child(lambda: ns(kmscore.client("kms"), key_id, 50))["result"]
        return made + grandchild

    for _ in range(3):
        seen += _in_child(descendant)["result"] + ns(kms, key_id, 50)
    kms.disable_key(KeyId=key_id)
    kms.enable_key(KeyId=key_id)
    seen += ns(kms, key_id, 10)
    kms.close()
    return {"seen": seen, "outcomes": []}


def many_forks(key_id: str) -> dict[str, Any]:
    """Each child makes one blob, so that a repeated pool would repeat its first N."""
    kms = kmscore.client("kms")
    seen, outcomes = ns(kms, key_id, 3), []
    for _ in range(40):
        outcome = _in_child(lambda: [kms.encrypt(KeyId=key_id, Plaintext=_PLAINTEXT)["CiphertextBlob"][37:69].hex()])
        seen += outcome.get("result", [])
        outcomes.append(outcome.get("error", "reopened"))
    return {"seen": seen + ns(kms, key_id, 3), "outcomes": outcomes}


def disable_in_child(key_id: str) -> dict[str, Any]:
    """What a child changes is seen by its parent, and the other way round."""
    kms = kmscore.client("kms")
    ns(kms, key_id, 1)
    _in_child(lambda: [kmscore.client("kms").disable_key(KeyId=key_id)["ResponseMetadata"]["RequestId"]])
    try:
        kms.encrypt(KeyId=key_id, Plaintext=_PLAINTEXT)
    except kms.exceptions.DisabledException:
        kms.enable_key(KeyId=key_id)
        return {"seen": ns(kms, key_id, 1), "outcomes": ["seen"]}
    return {"seen": [], "outcomes": ["the parent did not see what its child changed"]}


def pool_of_processes(method: str) -> Callable[[str], dict[str, Any]]:
    """multiprocessing, with a client in the parent while the workers start."""

    def run(key_id: str) -> dict[str, Any]:
        kms = kmscore.client("kms")
        seen = ns(kms, key_id, 10)
        with multiprocessing.get_context(method).Pool(4) as pool:
            for made in pool.starmap(work, [(key_id, 50)] * 8):
                seen += made
        return {"seen": seen + ns(kms, key_id, 10), "outcomes": []}

    return run


def work(key_id: str, count: int) -> list[str]:
    """A worker's task."""
    return ns(kmscore.client("kms"), key_id, count)


def _in_child(task: Callable[[], list[str]]) -> dict[str, Any]:
    """The result of a task in a forked child, or the class of its exception."""
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            outcome: dict[str, Any] = {"result": task()}
        except Exception as error:
            outcome = {"error": type(error).__name__, "text": str(error)}
        with os.fdopen(target, "w") as pipe:
            json.dump(outcome, pipe)
        # The interpreter's own end, with its exit handlers, is what a real child runs.
        sys.exit(0)
    os.close(target)
    with os.fdopen(source) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0 or not text:
        return {"error": f"the child ended with {os.waitstatus_to_exitcode(status)}"}
    found: dict[str, Any] = json.loads(text)
    return found


SCENARIOS: dict[str, Callable[[str], dict[str, Any]]] = {
    "fork-same-client": fork_same_client,
    "fork-new-client": fork_new_client,
    "many-forks": many_forks,
    "disable-in-child": disable_in_child,
    "multiprocessing-fork": pool_of_processes("fork"),
    "multiprocessing-spawn": pool_of_processes("spawn"),
    "multiprocessing-forkserver": pool_of_processes("forkserver"),
}

if __name__ == "__main__":
    main()
