from key_specs.openssl import openssl
from opened_store import opened
from scratch_store import scratch

__all__ = ["opened", "openssl", "scratch"]
