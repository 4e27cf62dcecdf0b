"""Batches over lists of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from kmscore.columns.rows import Answers, Column, Taken, Work, check_rows


def work(column: Column, rows: Sequence[bytes]) -> Work:
    """How to do a batch over a list or tuple.

    Args:
        column: What it is called.
        rows: Bytes.

    Raises:
        TypeError: A row is not bytes.
    """
    rows = _list(column, rows)
    return lambda worker: worker.rows(rows)


def take(column: Column, rows: Sequence[bytes]) -> Taken:
    """A list or tuple that is to be asked about; as `work`."""
    return Taken(_list(column, rows), _answer)


def _list(column: Column, rows: Sequence[bytes]) -> list[bytes]:
    rows = list(rows)
    check_rows(column, rows)
    return rows


def _answer(answers: Answers) -> list[bool | None]:
    results: list[bool | None] = [byte == 1 for byte in answers.yes]
    for error in answers.failed:
        results[error.index] = None
    return results
