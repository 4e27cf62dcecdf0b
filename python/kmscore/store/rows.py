"""Rows that decide security: the one place where their MACs are made and checked."""

from collections.abc import Mapping
from typing import TypeAlias

from kmscore._core import IntegrityError, KeyHierarchy

Value: TypeAlias = int | str | bytes | None
Row: TypeAlias = dict[str, Value]

# Sealed records authenticate themselves, and are bound to the row that a MAC covers.
_NOT_COVERED = {"key_material": frozenset({"sealed"})}


class RowGuard:
    """Signs rows as they are written and checks them as they are read."""

    def __init__(self, hierarchy: KeyHierarchy) -> None:
        self.hierarchy = hierarchy

    def signed(self, table: str, row: Mapping[str, Value]) -> Row:
        """The row with its MAC.

        Args:
            table: The table's name.
            row: All columns of the row; an old `mac` is replaced.
        """
        return {**row, "mac": self.hierarchy.row_mac(table, _covered(table, row))}

    def verified(self, table: str, row: Mapping[str, Value]) -> Row:
        """The row without its MAC.

        Args:
            table: The table's name.
            row: All columns of the row as the database holds them.

        Raises:
            IntegrityError: The row is not what kmscore wrote.
        """
        mac = row["mac"]
        self.hierarchy.check_row(table, _covered(table, row), mac if isinstance(mac, bytes) else b"")
        return {name: value for name, value in row.items() if name != "mac"}


def _covered(table: str, row: Mapping[str, Value]) -> Row:
    left_out = _NOT_COVERED.get(table, frozenset()) | {"mac"}
    return {name: value for name, value in row.items() if name not in left_out}


def text(row: Mapping[str, Value], column: str) -> str:
    """The text of a column that always holds text.

    Raises:
        IntegrityError: It holds something else.
    """
    value = row[column]
    if not isinstance(value, str):
        raise IntegrityError(f"column {column} holds {type(value).__name__}, not text")
    return value


def number(row: Mapping[str, Value], column: str) -> int:
    """The integer of a column that always holds one.

    Raises:
        IntegrityError: It holds something else.
    """
    value = row[column]
    if not isinstance(value, int):
        raise IntegrityError(f"column {column} holds {type(value).__name__}, not an integer")
    return value


def record(row: Mapping[str, Value]) -> bytes:
    """The sealed record of a row; no MAC covers it, so that it can be anything.

    Raises:
        IntegrityError: It is not even bytes.
    """
    value = row["sealed"]
    if not isinstance(value, bytes):
        names = ", ".join(f"{name}={named!r}" for name, named in row.items() if name.endswith("_id"))
        raise IntegrityError(f"a sealed record is damaged: it is {type(value).__name__}, not bytes ({names})")
    return value
