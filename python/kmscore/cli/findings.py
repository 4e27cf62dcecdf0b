"""What a check of `kmscore doctor` found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    status: Literal["ok", "warn", "fail"]
    check: str
    text: str
    advice: str = ""
