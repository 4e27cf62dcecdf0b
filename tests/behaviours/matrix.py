"""The table of outcomes, and an answer told in its letters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmscore import errors

COLUMNS = ("none", "permitted", "denied", "disabled", "deletion", "import", "other", "one-sided")
UNKNOWN_KEY = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)
_NO_CASE = "-"
_TEXTS = {
    "1": ("DisabledException", "{arn} is disabled."),
    "3": ("KMSInvalidStateException", "{arn} is pending deletion."),
    "4": ("KMSInvalidStateException", "{arn} is not pending deletion."),
    "5": ("KMSInvalidStateException", "{arn} is pending import."),
    "6": ("UnsupportedOperationException", "{arn} origin is EXTERNAL which is not valid for this operation."),
    "9": ("UnsupportedOperationException", "{arn} origin is AWS_KMS which is not valid for this operation."),
    "H": ("AccessDeniedException", UNKNOWN_KEY),
}
_CODES = {
    "UnsupportedOperationException": "7",
    "NotFoundException": "N",
    "CustomKeyStoreInvalidStateException": "S",
    "CustomKeyStoreNotFoundException": "C",
}


@dataclass(frozen=True)
class Row:
    """One operation in one variant: what it needs and what comes of it."""

    name: str
    actions: tuple[str, ...]
    kind: str
    outcomes: dict[str, str]

    @property
    def operation(self) -> str:
        """As AWS spells it."""
        return self.name.partition(":")[0]

    @property
    def has_key(self) -> bool:
        """Whether the operation gets a key."""
        return self.kind != _NO_CASE


@dataclass(frozen=True)
class Cell:
    """A row in one of its cases."""

    row: Row
    column: str

    @property
    def expected(self) -> str:
        """The letter of the table."""
        return self.row.outcomes[self.column]

    def __str__(self) -> str:
        return f"{self.row.name}-{self.column}"


def read_table() -> list[Row]:
    """The rows of the table."""
    text = Path(__file__).with_name("matrix.txt").read_text(encoding="utf-8")
    return [_row(line.split()) for line in text.splitlines() if not line.startswith("#")]


def cells(rows: list[Row]) -> list[Cell]:
    """All cases there are."""
    return [Cell(row, column) for row in rows for column, letter in row.outcomes.items() if letter != _NO_CASE]


def letter(call: Any, arguments: dict[str, Any], caller: str, arn: str) -> str:
    """Make a call; what came of it in the letters of the table, or in words where none fits."""
    try:
        call(**arguments)
    except errors.ClientError as error:
        code, text = error.response["Error"]["Code"], error.response["Error"]["Message"]
    else:
        return "+"
    for found, (its_code, its_text) in _TEXTS.items():
        if (code, text) == (its_code, its_text.format(arn=arn)):
            return found
    if code == "AccessDeniedException" and text.startswith(f"User: {caller} is not authorized to perform: kms:"):
        return "D" if " with an explicit deny in " in text else "A"
    return _CODES.get(code, f"{code}: {text}")


def _row(words: list[str]) -> Row:
    name, actions, kind, *letters = words
    allowed = () if actions == _NO_CASE else tuple(f"kms:{action}" for action in actions.split(","))
    return Row(name, allowed, kind, dict(zip(COLUMNS, letters, strict=True)))
