"""AWS services that use KMS keys: the table `services.toml`, with typed rows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from kmscore.arns import partition

FORWARDED = "forwarded"
"""The service calls in the name of the user who called it."""
GRANT = "grant"
"""The service works by a grant, which a user who called it makes."""
PRINCIPAL = "principal"
"""The service calls as itself."""


@dataclass(frozen=True)
class ManagedKeyFacts:
    """What is known of the AWS managed key of a service."""

    alias: str
    protects: str
    """What its description says that it protects."""
    policy_id: str
    observed: bool = True
    """Description and policy id were seen; else they follow the pattern of the others."""

    @property
    def description(self) -> str:
        """The key's description, as AWS KMS has it."""
        return f"Default key that protects my {self.protects} when no other key is defined"


@dataclass(frozen=True)
class Service:
    """An AWS service and how it calls AWS KMS."""

    name: str
    title: str
    """As the key policies of AWS managed keys call it."""
    principal: str
    """The service principal."""
    via_service: str
    """`kms:ViaService`, with `{region}` in it."""
    way: str
    """`FORWARDED`, `GRANT` or `PRINCIPAL`."""
    operations: tuple[str, ...]
    """What it asks of AWS KMS."""
    context: dict[str, str] = field(default_factory=dict)
    """Its encryption context, with placeholders and samples."""
    managed_key: ManagedKeyFacts | None = None
    documented: bool = True
    """AWS publishes how it calls AWS KMS."""

    def via(self, region: str) -> str:
        """`kms:ViaService` of its calls in a Region."""
        return self.via_service.format(region=region)

    def encryption_context(self, region: str, account: str) -> dict[str, str]:
        """A sample of the encryption context of its requests.

        Args:
            region: The Region of the resource that is encrypted.
            account: Its account.
        """
        filled = {"region": region, "account": account, "partition": partition(region)}
        return {name: value.format(**filled) for name, value in self.context.items()}


@cache
def services() -> dict[str, Service]:
    """Every service, by name."""
    table = tomllib.loads(files("kmscore").joinpath("services.toml").read_text(encoding="utf-8"))
    return {name: _service(name, row) for name, row in table.items()}


@cache
def managed_aliases() -> dict[str, Service]:
    """The services that have an AWS managed key, by its alias."""
    return {service.managed_key.alias: service for service in services().values() if service.managed_key}


def _service(name: str, row: dict[str, Any]) -> Service:
    facts = row.pop("managed_key", None)
    managed = None if facts is None else ManagedKeyFacts(**{"policy_id": f"auto-{name}-1", **facts})
    return Service(name=name, operations=tuple(row.pop("operations")), managed_key=managed, **row)
