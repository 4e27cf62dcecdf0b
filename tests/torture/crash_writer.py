"""A process that changes a store and tells each change on its standard output, before and after, until it is killed.

Arguments: a seed, and `random`, or the changes to make as JSON.
"""

import json
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import kmscore
from torture.contents import Change, Contents, make, of_store, possible_changes


def main() -> None:
    """Change the store."""
    seed, script = sys.argv[1:3]
    kms = kmscore.client("kms")
    changes = _random(kms, seed) if script == "random" else iter(json.loads(script))
    _tell({"ready": True})
    for change in changes:
        _tell({"begin": change})
        answer = make(kms, change)
        done = {**change, "key": answer["KeyMetadata"]["KeyId"]} if change["op"] == "CreateKey" else change
        _tell({"ack": done, "request_id": answer["ResponseMetadata"]["RequestId"]})
        if script == "random":
            _followed.append(done)


_followed: list[Change] = []


def _random(kms: Any, seed: str) -> Iterator[Change]:
    contents: Contents = of_store(kms)
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret.
    number = 0
    while True:
        for change in _followed:
            contents = contents.after(change)
        _followed.clear()
        number += 1
        possible = possible_changes(contents, int(seed) * 100_000 + number)
        operation = source.choice(sorted({change["op"] for change in possible}))
        yield source.choice([change for change in possible if change["op"] == operation])


def _tell(event: dict[str, Any]) -> None:
    # One system call: what was told is in the pipe, whenever the process dies.
    os.write(sys.stdout.fileno(), json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    main()
