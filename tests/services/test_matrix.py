"""Every AWS service of the table x {managed key, customer key, wrong service, wrong context, revoked grant}."""

from typing import Any

import pytest

from kmscore import errors
from kmscore._core import Caller
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.services import Service
from opened_store import OpenedStore
from services.calls import (
    SERVICES,
    USER,
    by_itself,
    context_of,
    customer_key,
    forwarded,
    grant_by_owner,
    key_of_service,
    other_than,
    use,
)

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@every_service
def test_managed_key_is_used_through_its_service_only(opened: OpenedStore, service: Service) -> None:
    if service.managed_key is None:
        with pytest.raises(errors.NotFoundException, match=f"alias/aws/{service.name} is not found"):
            forwarded(opened, service, "DescribeKey", KeyId=f"alias/aws/{service.name}")
        return
    asked: dict[str, Any] = {
        "KeyId": service.managed_key.alias,
        "KeySpec": "AES_256",
        "EncryptionContext": context_of(service),
    }
    made = forwarded(opened, service, "GenerateDataKey", **asked)
    context = {"EncryptionContext": context_of(service)}
    opened_again = forwarded(opened, service, "Decrypt", CiphertextBlob=made["CiphertextBlob"], **context)
    assert opened_again["Plaintext"] == made["Plaintext"]
    directly = Caller(DEFAULT_ACCOUNT, USER, DEFAULT_REGION)
    with pytest.raises(errors.AccessDeniedException):
        opened.embedded.engine.call("GenerateDataKey", asked, directly)
    with pytest.raises(errors.AccessDeniedException):
        opened.call("GenerateDataKey", **asked)
    with pytest.raises(errors.AccessDeniedException):
        forwarded(opened, other_than(service), "GenerateDataKey", **asked)


@every_service
def test_customer_key_is_used_by_its_service(opened: OpenedStore, service: Service) -> None:
    answer = use(opened, service, key_of_service(opened, service), context_of(service))
    assert len(answer["Plaintext"]) == 32


@every_service
def test_customer_key_is_not_used_without_its_service(opened: OpenedStore, service: Service) -> None:
    key = key_of_service(opened, service)
    asked = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context_of(service)}
    with pytest.raises(errors.AccessDeniedException):
        opened.embedded.engine.call("GenerateDataKey", asked, Caller(DEFAULT_ACCOUNT, USER, DEFAULT_REGION))


@every_service
def test_wrong_service_is_denied(opened: OpenedStore, service: Service) -> None:
    key = key_of_service(opened, service)
    with pytest.raises(errors.AccessDeniedException):
        use(opened, other_than(service), key, context_of(service))


@every_service
def test_wrong_context_is_denied(opened: OpenedStore, service: Service) -> None:
    key = key_of_service(opened, service)
    for wrong in ({**context_of(service), next(iter(context_of(service))): "another"}, {}):
        with pytest.raises(errors.AccessDeniedException):
            use(opened, service, key, wrong)


@every_service
def test_revoked_grant_allows_nothing(opened: OpenedStore, service: Service) -> None:
    key = customer_key(opened)
    with pytest.raises(errors.AccessDeniedException):
        use(opened, service, key, context_of(service))
    grant_id = grant_by_owner(opened, service, key)
    use(opened, service, key, context_of(service))
    opened.call("RevokeGrant", KeyId=key, GrantId=grant_id)
    with pytest.raises(errors.AccessDeniedException):
        use(opened, service, key, context_of(service))


@every_service
def test_service_makes_no_grant_but_for_a_user_who_may(opened: OpenedStore, service: Service) -> None:
    key = customer_key(opened)
    parameters = {"KeyId": key, "GranteePrincipal": USER, "Operations": ["Decrypt"]}
    for call in (forwarded, by_itself):
        with pytest.raises(errors.AccessDeniedException):
            call(opened, service, "CreateGrant", **parameters)
