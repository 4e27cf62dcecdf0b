import pytest

from cli.conftest import CommandLine, run
from kmscore.bench.cells import Choice
from kmscore.bench.result import Result
from kmscore.bench.runner import Plan
from kmscore.bench.runner import run as measure
from scratch_store import scratch

__all__ = ["CommandLine", "run", "scratch"]


@pytest.fixture(scope="session")
def quick() -> Result:
    """Every cell of a quick run, measured once."""
    return measure(Plan(rounds=1, choice=Choice(effort="quick")))
