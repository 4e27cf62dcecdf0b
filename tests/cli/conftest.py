from scratch_store import scratch

__all__ = ["scratch"]
