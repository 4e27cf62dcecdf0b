"""A client with boto3's shape, which counts its calls and can be told to refuse."""

from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from kmscore import KMSClient


class CountingClient:
    """The calls that keyrings make, passed on to a kmscore client as a service would get them.

    It is no kmscore client itself, so keyrings treat it as any other.
    """

    def __init__(self, kms: KMSClient) -> None:
        self.kms = kms
        self.calls: Counter[str] = Counter()
        self.parameters: list[dict[str, Any]] = []
        self.refusal: str | None = None

    def generate_data_key(self, **parameters: Any) -> Any:
        return self._call("generate_data_key", parameters)

    def encrypt(self, **parameters: Any) -> Any:
        return self._call("encrypt", parameters)

    def decrypt(self, **parameters: Any) -> Any:
        return self._call("decrypt", parameters)

    def get_public_key(self, **parameters: Any) -> Any:
        return self._call("get_public_key", parameters)

    def decapsulate(self, **parameters: Any) -> Any:
        return self._call("decapsulate", parameters)

    def _call(self, name: str, parameters: dict[str, Any]) -> Any:
        self.calls[name] += 1
        self.parameters.append(parameters)
        if self.refusal is not None:
            error = {"Error": {"Code": self.refusal, "Message": f"refused by {self.refusal}"}}
            raise ClientError(error, name)  # type: ignore[arg-type, unused-ignore]  # botocore takes a dict
        return getattr(self.kms, name)(**parameters)
