from opened_store import opened
from scratch_store import scratch

__all__ = ["opened", "scratch"]
