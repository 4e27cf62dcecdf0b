"""AWS KMS as something you pip install: a sealed store, a Rust engine, and boto3's calls on top.

Example:
    >>> import kmscore
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> key = kms.create_key(Description="app")["KeyMetadata"]["KeyId"]
    >>> blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"app": "a"})["CiphertextBlob"]
    >>> kms.decrypt(CiphertextBlob=blob, EncryptionContext={"app": "a"})["Plaintext"]
    b'secret'
"""

# ruff: noqa: E402 - the platform is checked before the engine is loaded, whose own error would name neither.
from kmscore._platform import require_supported_platform

require_supported_platform()

from kmscore import errors
from kmscore._core import ParameterError, StoreError, __version__, disable_core_dumps
from kmscore.client import BatchResult, BatchRowError, KMSClient, RowError, client
from kmscore.errors import PolicyWarning
from kmscore.intercept import Interception, intercept
from kmscore.public_keys import public_key

__all__ = [
    "BatchResult",
    "BatchRowError",
    "Interception",
    "KMSClient",
    "ParameterError",
    "PolicyWarning",
    "RowError",
    "StoreError",
    "__version__",
    "client",
    "disable_core_dumps",
    "errors",
    "intercept",
    "public_key",
]
