"""Fills the disk under a store, and creates keys until one is refused: prints the ids of those that were acknowledged,
and then the refusal."""

import os
from pathlib import Path

import kmscore

kms = kmscore.client("kms")
print(kms.create_key()["KeyMetadata"]["KeyId"])  # noqa: T201
disk = Path(os.environ["KMSCORE_HOME"]).parent
free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
# Something is left, so that the disk runs full in the middle of changes.
(disk / "filler").write_bytes(bytes(max(0, free - 65_536)))
for _ in range(1000):
    try:
        print(kms.create_key()["KeyMetadata"]["KeyId"])  # noqa: T201
    except Exception as error:
        print(str(error).replace("\n", " "))  # noqa: T201
        break
