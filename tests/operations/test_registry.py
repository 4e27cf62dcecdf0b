"""Every operation the engine hands to the store has a handler, of the kind its declaration says."""

from typing import Any

from kmscore import _core
from kmscore.operations import OPERATIONS
from kmscore.operations.registry import Write


def test_every_operation_of_the_store_has_a_handler() -> None:
    declared = {operation["name"] for operation in _core.operations() if operation["body"] == "store"}
    assert declared == set(OPERATIONS)


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
