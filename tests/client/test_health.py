"""What an operator sees and can switch off."""

import subprocess
import sys

from kmscore import KMSClient
from scratch_store import ScratchStore


def test_health_names_the_audit_mode(kms: KMSClient) -> None:
    assert kms.health()["audit_mode"] == "write"
    assert kms.health()["unlocked_pages"] >= 0


def test_health_shows_that_nothing_is_recorded(scratch: ScratchStore) -> None:
    silent = scratch.client(audit_mode="off")
    silent.create_key()
    assert silent.health()["audit_mode"] == "off"
    silent.close()


def test_core_dumps_are_off_only_once_asked_for() -> None:
    program = (
        "import resource, kmscore\n"
        "limit = lambda: resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "before = limit()\n"
        "kmscore.disable_core_dumps()\n"
        "print(before, limit())\n"
    )
    command = ["/bin/sh", "-c", 'ulimit -c 1024 && exec "$0" -c "$1"', sys.executable, program]
    before, after = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(before) > 0
    assert int(after) == 0
