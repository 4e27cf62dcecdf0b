"""Pages as boto3's paginators give them."""

import botocore.loaders
import pytest

from kmscore import KMSClient
from kmscore.client.meta import method_name
from kmscore.client.paginator import RESULT_KEYS


@pytest.fixture
def keys(kms: KMSClient) -> list[str]:
    """Seven keys, in the order of the list."""
    return sorted(kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(7))


def test_paginators_are_botocores() -> None:
    model = botocore.loaders.Loader().load_service_model("kms", "paginators-1")["pagination"]
    assert {method_name(name): row["result_key"] for name, row in model.items()} == RESULT_KEYS


def test_pages_hold_every_key_once(kms: KMSClient, keys: list[str]) -> None:
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Keys"]) for page in pages] == [3, 3, 1]
    assert [key["KeyId"] for page in pages for key in page["Keys"]] == keys


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("max_items", [1, 2, 3, 5, 7, 9])
def test_resume_token_goes_on_where_max_items_ended(
    kms: KMSClient, keys: list[str], page_size: int, max_items: int
) -> None:
    paginator = kms.get_paginator("list_keys")
    seen: list[str] = []
    full = paginator.paginate(PaginationConfig={"PageSize": page_size, "MaxItems": max_items}).build_full_result()
    while True:
        assert len(full["Keys"]) <= max_items
        seen += [key["KeyId"] for key in full["Keys"]]
        if "NextToken" not in full:
            break
        configuration = {"PageSize": page_size, "MaxItems": max_items, "StartingToken": full["NextToken"]}
        full = paginator.paginate(PaginationConfig=configuration).build_full_result()  # type: ignore[arg-type]
    assert seen == keys


def test_paginator_passes_the_operations_own_arguments(kms: KMSClient, keys: list[str]) -> None:
    for number, key in enumerate(keys[:2]):
        kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key)
    pages = list(kms.get_paginator("list_aliases").paginate(KeyId=keys[1]))
    assert [alias["AliasName"] for page in pages for alias in page["Aliases"]] == ["alias/1"]


def test_can_paginate_only_lists(kms: KMSClient) -> None:
    assert kms.can_paginate("list_keys")
    assert not kms.can_paginate("encrypt")
    with pytest.raises(ValueError, match="operation_name is 'encrypt'"):
        kms.get_paginator("encrypt")


@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        ({"PageSize": 0}, "PaginationConfig.PageSize must be a positive number, not 0"),
        ({"MaxItems": -1}, "PaginationConfig.MaxItems"),
        ({"MaxItems": True}, "PaginationConfig.MaxItems"),
        ({"StartingToken": "no token"}, "StartingToken is not a token"),
        ({"StartingToken": "W10="}, "StartingToken is not a token"),
        ({"Pages": 3}, "PaginationConfig has no Pages"),
    ],
)
def test_wrong_configuration_is_refused_by_name(kms: KMSClient, configuration: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        kms.get_paginator("list_keys").paginate(PaginationConfig=configuration)  # type: ignore[arg-type]


def test_size_may_be_text_as_with_boto3(kms: KMSClient, keys: list[str]) -> None:
    configuration = {"PageSize": "5"}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig=configuration))  # type: ignore[arg-type]
    assert [len(page["Keys"]) for page in pages] == [5, len(keys) - 5]
