import pytest

from key_specs.made_keys import keys
from key_specs.openssl import openssl
from key_specs.said import SAID
from scratch_store import kms, scratch

__all__ = ["keys", "kms", "openssl", "scratch"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much ran, and what was left out for want of a program."""
    if SAID:
        terminalreporter.section("key specs")
        for line in SAID:
            terminalreporter.write_line(line)
