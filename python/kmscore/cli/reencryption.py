"""The work of `kmscore reencrypt`: blobs in a file, in a CSV column, in a Parquet column."""

from __future__ import annotations

import base64
import csv
import io
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmscore.ciphertexts import blob_name, from_base64
from kmscore.cli.failures import CommandError, explained
from kmscore.errors import ClientError

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.client.encryption import ReEncryptRequest

Progress = Callable[[int], object]
"""Told how many bytes of the file are done."""


class Problem(CommandError):
    """A file that cannot be done; it is as it was."""


@dataclass
class Counts:
    """What became of the blobs of a file."""

    moved: int = 0
    kept: int = 0
    """Under the newest material of the key already."""
    empty: int = 0

    def require_change(self) -> None:
        """Have a file that nothing was moved in stay as it is."""
        if not self.moved:
            raise _Unchanged

    def answer(self) -> dict[str, object]:
        """The data, for JSON."""
        return {"Moved": self.moved, "Kept": self.kept, "Empty": self.empty}

    def line(self, *, dry_run: bool) -> str:
        """What a person reads."""
        return f"{self.moved:>9,} {'to move' if dry_run else 'moved'}, {self.kept:,} kept"


@dataclass(frozen=True)
class Destination:
    """The key that blobs are moved to, and how."""

    kms: KMSClient
    key_arn: str
    key_id: str
    material: str
    before: dict[str, str]
    after: dict[str, str]
    dry_run: bool = field(kw_only=True)

    @classmethod
    def of(
        cls, kms: KMSClient, key: str, before: dict[str, str], after: dict[str, str], *, dry_run: bool
    ) -> Destination:
        """Look the key up.

        Args:
            kms: Who calls.
            key: Any form of a key's name.
            before: The encryption context of the blobs as they are.
            after: As they are to be.
            dry_run: Count, and change nothing.

        Raises:
            CommandError: It is no symmetric encryption key.
        """
        found = kms.describe_key(KeyId=key)["KeyMetadata"]
        if found["KeySpec"] != "SYMMETRIC_DEFAULT":
            raise CommandError(
                f"{found['KeyId']} is a key of {found['KeySpec']}: blobs are moved to symmetric keys only"
            )
        material = found.get("CurrentKeyMaterialId", "")
        return cls(kms, found["Arn"], found["KeyId"], material, before, after, dry_run=dry_run)

    def moved(self, blob: bytes, counts: Counts) -> bytes:
        """The blob under the key's newest material.

        Raises:
            Problem: It is no ciphertext blob.
            ClientError: It does not decrypt, or the caller may not.
        """
        name = blob_name(blob)
        if name is None:
            raise Problem("this is no KMS ciphertext blob")
        is_there = name.key_id == self.key_id and self.material.startswith(name.material)
        if is_there and self.before == self.after:
            counts.kept += 1
            return blob
        counts.moved += 1
        if self.dry_run:
            return blob
        request: ReEncryptRequest = {
            "CiphertextBlob": blob,
            "DestinationKeyId": self.key_arn,
            "SourceEncryptionContext": self.before,
            "DestinationEncryptionContext": self.after,
        }
        return self.kms.re_encrypt(**request)["CiphertextBlob"]


def reencrypt_file(destination: Destination, file: Path, columns: list[str], progress: Progress) -> Counts:
    """Move all blobs of one file, which is replaced when all of them are moved.

    Raises:
        Problem: The file, a row or a column cannot be done; the text names it.
        OSError: It cannot be read or written.
    """
    counts = Counts()
    if not columns:
        _blob_file(destination, file, counts)
    elif file.suffix.lower() == ".parquet":
        _parquet_file(destination, file, columns, counts)
    else:
        _csv_file(destination, file, columns, counts, progress)
    return counts


def _blob_file(destination: Destination, file: Path, counts: Counts) -> None:
    content = file.read_bytes()
    decoded = from_base64(content) if blob_name(content) is None else None
    moved = destination.moved(content if decoded is None else decoded, counts)
    if decoded is not None:
        moved = base64.b64encode(moved) + content[len(content.rstrip()) :]
    _replace(destination, file, counts, [moved])


def _csv_file(destination: Destination, file: Path, columns: list[str], counts: Counts, progress: Progress) -> None:
    # Line ends stay as they are; the dialect is RFC 4180's.
    with file.open(encoding="utf-8", newline="") as source:
        first = source.readline()
        end = "\r\n" if first.endswith("\r\n") else "\n"
        source.seek(0)
        rows = csv.reader(source, strict=True)
        _replace(destination, file, counts, _csv_lines(destination, rows, columns, counts, end, progress))


def _csv_lines(
    destination: Destination, rows: Any, columns: list[str], counts: Counts, end: str, progress: Progress
) -> Iterator[bytes]:
    done = 0
    places: list[int] = []
    header: list[str] = []
    try:
        for number, row in enumerate(rows):
            if number == 0:
                header, places = row, [_place(row, column) for column in columns]
            for place in places if number else []:
                row[place] = _cell(destination, row, place, counts, f"row {number}, column {header[place]}")
            line = io.StringIO()
            csv.writer(line, lineterminator=end).writerow(row)
            encoded = line.getvalue().encode()
            done += len(encoded)
            progress(done)
            yield encoded
    except csv.Error as error:
        raise Problem(f"line {rows.line_num} is no CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise Problem(f"line {rows.line_num + 1} is not UTF-8") from error
    if not header:
        raise Problem("the table has no header")


def _place(header: list[str], column: str) -> int:
    if header.count(column) != 1:
        raise Problem(f"there is no one column {column!r}; the columns are {', '.join(header)}")
    return header.index(column)


def _cell(destination: Destination, row: list[str], place: int, counts: Counts, where: str) -> str:
    if place >= len(row):
        raise Problem(f"{where}: the row ends before it")
    if not row[place].strip():
        counts.empty += 1
        return row[place]
    blob = from_base64(row[place])
    if blob is None:
        raise Problem(f"{where}: this is not base64")
    return base64.b64encode(_moved(destination, blob, counts, where)).decode()


def _parquet_file(destination: Destination, file: Path, columns: list[str], counts: Counts) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise Problem("Parquet files need pyarrow: pip install 'kmscore[arrow]'") from error
    try:
        table = parquet.read_table(file)
    except pa.ArrowInvalid as error:
        raise Problem(f"this is no Parquet file: {error}") from error
    for column in columns:
        place = _place(table.column_names, column)
        kind = table.schema.field(place).type
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            raise Problem(f"column {column} is of {kind}: blobs are of binary")
        values = [
            _value(destination, value, counts, f"row {number}, column {column}")
            for number, value in enumerate(table.column(place).to_pylist(), 1)
        ]
        table = table.set_column(place, table.schema.field(place), pa.array(values, kind))
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    _replace(destination, file, counts, [sink.getvalue()])


def _value(destination: Destination, blob: bytes | None, counts: Counts, where: str) -> bytes | None:
    if not blob:
        counts.empty += 1
        return blob
    return _moved(destination, blob, counts, where)


def _moved(destination: Destination, blob: bytes, counts: Counts, where: str) -> bytes:
    try:
        return destination.moved(blob, counts)
    except (Problem, ClientError) as error:
        raise Problem(f"{where}: {explained(error)}") from error


def _replace(destination: Destination, file: Path, counts: Counts, pieces: Iterable[Any]) -> None:
    """Write the pieces in the place of the file, of the same mode; not when none of them is another one."""
    from kmscore.envelope.files import writing

    if destination.dry_run:
        for _ in pieces:
            pass
        return
    target = file.resolve()
    mode = stat.S_IMODE(target.stat().st_mode)
    try:
        with writing(target, overwrite=True, mode=mode) as write:
            for piece in pieces:
                write(piece)
            counts.require_change()
    except _Unchanged:
        return


class _Unchanged(Exception):
    """Nothing was moved: the file stays."""
