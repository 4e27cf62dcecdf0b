"""How long a program waits before its first encryption."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from kmscore import KMSClient

IMPORT = """
import time
started = time.perf_counter()
import kmscore
print(time.perf_counter() - started)
"""
FIRST_ENCRYPT = """
import sys, time
import kmscore
started = time.perf_counter()
kms = kmscore.client("kms", region_name="us-east-1")
kms.encrypt(KeyId=sys.argv[1], Plaintext=b"first")
print(time.perf_counter() - started)
kms.close()
"""
STARTS = 5


def bench_import(benchmark: Any, home: Path) -> None:
    """`import kmscore` in a new process."""
    assert home.is_dir()
    start(benchmark, IMPORT)


def bench_client_and_first_encrypt(benchmark: Any, kms: KMSClient, key: str) -> None:
    """`kmscore.client()` and one Encrypt on an existing store, after the import, in a new process."""
    assert kms is not None
    start(benchmark, FIRST_ENCRYPT, key)


def start(benchmark: Any, program: str, *arguments: str) -> None:
    """Run the program in new processes; it prints the seconds that count (not the interpreter's own)."""
    seconds: list[float] = []

    def once() -> None:
        command = [sys.executable, "-c", program, *arguments]
        seconds.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))

    benchmark.pedantic(once, rounds=STARTS, warmup_rounds=1)
    benchmark.extra_info["inner_seconds"] = seconds[1:]
