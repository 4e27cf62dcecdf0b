from cli.conftest import run
from opened_store import opened
from scratch_store import scratch

__all__ = ["opened", "run", "scratch"]
