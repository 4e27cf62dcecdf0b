"""The boto3-shaped client: `kmscore.client("kms")`."""

from kmscore.client.batch import BatchRowError
from kmscore.client.kms import KMSClient, client
from kmscore.columns.rows import BatchResult, RowError

__all__ = ["BatchResult", "BatchRowError", "KMSClient", "RowError", "client"]
