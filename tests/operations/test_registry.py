"""Every operation the engine hands to the store has a handler, of the kind its declaration says."""

from typing import Any

import pytest

from kmscore import _core, errors
from kmscore.client.unbuilt import UnbuiltCalls
from kmscore.operations import OPERATIONS
from kmscore.operations.registry import Write
from opened_store import OpenedStore

UNBUILT = {
    operation["name"]
    for operation in _core.operations()
    if operation["name"].lower() in {name.replace("_", "") for name in vars(UnbuiltCalls)}
}


def test_every_operation_of_the_store_has_a_handler() -> None:
    declared = {operation["name"] for operation in _core.operations() if operation["body"] == "store"}
    assert declared - UNBUILT == set(OPERATIONS)


def test_handlers_read_where_the_declaration_says_read_only() -> None:
    declared = {operation["name"]: operation["read_only"] for operation in _core.operations()}
    kinds = {name: not isinstance(operation, Write) for name, operation in OPERATIONS.items()}
    assert kinds == {name: declared[name] for name in OPERATIONS}


def test_requests_know_members_of_the_declaration_only() -> None:
    declared = {operation["name"]: _members(operation) for operation in _core.operations()}
    for name, operation in OPERATIONS.items():
        assert set(operation.request.__struct_encode_fields__) <= declared[name], name


def _members(operation: dict[str, Any]) -> set[str]:
    return {member["name"] for member in operation["input"]["members"]}


def test_unbuilt_operation_is_said_to_be_so(opened: OpenedStore) -> None:
    with pytest.raises(errors.UnsupportedOperationException, match="not supported by this version"):
        opened.call("GetKeyLastUsage", KeyId=opened.new_key())
