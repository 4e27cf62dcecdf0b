"""A key that an AWS service may use, and calls that the service makes."""

import json
from typing import Any

from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.services import FORWARDED, PRINCIPAL, Service, services
from kmscore.testing import as_service
from opened_store import OpenedStore

USER = f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/alice"
RESOURCE = f"arn:aws:service:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:thing/one"
SERVICES = list(services().values())


def context_of(service: Service) -> dict[str, str]:
    """The service's encryption context, or one of the test's own where AWS documents none."""
    return service.encryption_context(DEFAULT_REGION, DEFAULT_ACCOUNT) or {"purpose": "matrix"}


def other_than(service: Service) -> Service:
    """Some service of the same way."""
    return next(other for other in SERVICES if other.way == service.way and other != service)


def forwarded(opened: OpenedStore, service: Service, operation: str, **parameters: Any) -> dict[str, Any]:
    """A call of a service in the name of the user."""
    return opened.embedded.engine.call(operation, parameters, as_service(service.name, USER).caller(DEFAULT_REGION))


def by_itself(opened: OpenedStore, service: Service, operation: str, **parameters: Any) -> dict[str, Any]:
    """A call of a service as its service principal."""
    caller = as_service(service.name, source_arn=RESOURCE, account_id=DEFAULT_ACCOUNT).caller(DEFAULT_REGION)
    return opened.embedded.engine.call(operation, parameters, caller)


def use(opened: OpenedStore, service: Service, key: str, context: dict[str, str]) -> dict[str, Any]:
    """What the service does to encrypt something, in its own way."""
    call = forwarded if service.way == FORWARDED else by_itself
    return call(opened, service, "GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=context)


def customer_key(opened: OpenedStore, *statements: dict[str, Any]) -> str:
    """A customer managed key with statements beside the usual one; returns its ARN."""
    root = {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"}
    usual = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [usual, *statements]})
    arn: str = opened.call("CreateKey", Policy=policy)["KeyMetadata"]["Arn"]
    return arn


def key_of_service(opened: OpenedStore, service: Service) -> str:
    """A key that can be used through the service only, for its encryption context only."""
    context = {f"kms:EncryptionContext:{name}": value for name, value in context_of(service).items()}
    using: dict[str, Any] = {"Effect": "Allow", "Resource": "*"}
    via = {"kms:ViaService": service.via(DEFAULT_REGION)}
    if service.way == FORWARDED:
        using |= {"Principal": {"AWS": USER}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
        return customer_key(opened, {**using, "Condition": {"StringEquals": {**via, **context}}})
    if service.way == PRINCIPAL:
        using |= {"Principal": {"Service": service.principal}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
        source = {"aws:SourceAccount": DEFAULT_ACCOUNT}
        return customer_key(opened, {**using, "Condition": {"StringEquals": {**source, **context}}})
    using |= {"Principal": {"AWS": USER}, "Action": "kms:CreateGrant"}
    key = customer_key(
        opened, {**using, "Condition": {"StringEquals": via, "Bool": {"kms:GrantIsForAWSResource": "true"}}}
    )
    grant_to_service(opened, service, key)
    return key


def grant_to_service(opened: OpenedStore, service: Service, key: str) -> str:
    """The grant that a user who called the service makes; returns its id."""
    parameters = {
        "GranteeServicePrincipal": service.principal,
        "RetiringServicePrincipal": service.principal,
        **_granted(service, SourceArn=RESOURCE),
    }
    answer = forwarded(opened, service, "CreateGrant", KeyId=key, **parameters)
    grant_id: str = answer["GrantId"]
    return grant_id


def grant_by_owner(opened: OpenedStore, service: Service, key: str) -> str:
    """A grant by the key's owner to who calls: the user behind the service, or the service itself; returns its id."""
    if service.way == FORWARDED:
        parameters = {"GranteePrincipal": USER, **_granted(service)}
    else:
        parameters = {
            "GranteeServicePrincipal": service.principal,
            "RetiringServicePrincipal": service.principal,
            **_granted(service, SourceArn=RESOURCE),
        }
    grant_id: str = opened.call("CreateGrant", KeyId=key, **parameters)["GrantId"]
    return grant_id


def _granted(service: Service, **constraints: str) -> dict[str, Any]:
    bound = {"EncryptionContextEquals": context_of(service), **constraints}
    return {"Operations": ["GenerateDataKey", "Decrypt"], "Constraints": bound}
