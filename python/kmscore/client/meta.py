"""What a client tells about itself, as boto3's `client.meta` does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from kmscore import _core
from kmscore.arns import partition


@cache
def operation_names() -> tuple[str, ...]:
    """All operations of AWS KMS, as the service spells them."""
    return tuple(sorted(row["name"] for row in _core.operations()))


def method_name(operation: str) -> str:
    """`GenerateDataKey` as boto3 spells it in Python: `generate_data_key`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


@dataclass(frozen=True)
class ServiceModel:
    """The service that the client speaks for."""

    service_name: str = "kms"
    api_version: str = "2014-11-01"

    @property
    def operation_names(self) -> list[str]:
        """All 56 operations."""
        return list(operation_names())


@dataclass(frozen=True)
class ClientMeta:
    """The client's Region and service."""

    region_name: str
    service_model: ServiceModel = ServiceModel()

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return partition(self.region_name)

    @property
    def method_to_api_mapping(self) -> dict[str, str]:
        """Method name → operation."""
        return {method_name(operation): operation for operation in operation_names()}
