"""The boto3-shaped client: `kmscore.client("kms")`."""

from kmscore.client.kms import KMSClient, client
from kmscore.client.rows import BatchResult, BatchRowError, RowError

__all__ = ["BatchResult", "BatchRowError", "KMSClient", "RowError", "client"]
