"""The audit log: checking it, reading it, and showing it as CloudTrail does."""

from kmscore.audit.reading import records, tail
from kmscore.audit.verification import Problem, Report, verify

__all__ = ["Problem", "Report", "records", "tail", "verify"]
