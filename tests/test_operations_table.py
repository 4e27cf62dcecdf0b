"""The 56 declarations of the engine against botocore's service model; a difference names operation and member."""

import copy
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from kmscore import _core
from kmscore._core import Caller
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from opened_store import OpenedStore, opened
from scratch_store import scratch

__all__ = ["opened", "scratch"]

# Where a declaration differs from the service model on purpose: the difference as a test would name it, and why.
DELIBERATE: dict[str, str] = {}

MODEL = botocore.session.get_session().get_service_model("kms")
NAMES = sorted(MODEL.operation_names)
FACTS = ["kind", "required", "sensitive", "min", "max", "pattern", "enum", "structure"]
SAMPLES = [
    "123456789012",
    "us-east-1",
    "alias/sample",
    "arn:aws:kms:us-east-1:123456789012:key/sample",
    "cluster-aaaaaaaaaaa",
    "https://proxy.example",
    "/kms/xks/v1",
    "com.amazonaws.vpce.us-east-1.vpce-svc-0",
    "kms.us-east-1.amazonaws.com",
    *(character * length for character in "aA" for length in (7, 20, 43, 64)),
]

Facts = dict[str, dict[str, Any]]


@cache
def declarations() -> dict[str, dict[str, Any]]:
    return {declared["name"]: declared for declared in _core.operations()}


def declared_facts(structure: dict[str, Any] | None, path: str) -> Facts:
    """What the engine declares of each member, by path: `Tags[].TagKey`."""
    if structure is None:
        return {}
    found = {path: {"structure": structure["name"]}}
    for member in structure["members"]:
        found |= declared_member(member, f"{path} {member['name']}")
    return found


def declared_member(member: dict[str, Any], path: str) -> Facts:
    # An item of a list is no member: it has neither `required` nor `sensitive`.
    facts = {fact: member.get(fact) for fact in FACTS if fact != "structure"}
    # A least length of zero says nothing.
    facts["min"] = facts["min"] or None
    found = {path: facts}
    if member["item"] is not None:
        found |= declared_member(member["item"], f"{path}[]")
    if member["structure"] is not None:
        found |= {joined(path, inner): facts for inner, facts in declared_facts(member["structure"], "").items()}
    return found


def model_facts(shape: Any, path: str) -> Facts:
    """The same of the service model."""
    if shape is None:
        return {}
    found = {path: {"structure": shape.name}}
    for name, member in shape.members.items():
        found |= model_member(member, f"{path} {name}", required=name in shape.required_members)
    return found


def model_member(shape: Any, path: str, *, required: bool | None) -> Facts:
    kind = "enum" if shape.metadata.get("enum") else shape.type_name
    facts = {fact: shape.metadata.get(fact) for fact in ("min", "max", "pattern", "enum")}
    facts |= {"kind": kind, "required": required, "min": facts["min"] or None}
    facts["sensitive"] = None if required is None else shape.metadata.get("sensitive", False)
    found = {path: facts}
    if shape.type_name == "list":
        found |= model_member(shape.member, f"{path}[]", required=None)
    if shape.type_name == "map":
        assert {shape.key.type_name, shape.value.type_name} == {"string"}, f"{path} is no map of text to text"
    if shape.type_name == "structure":
        found |= {joined(path, inner): facts for inner, facts in model_facts(shape, "").items()}
    return found


def joined(path: str, inner: str) -> str:
    return f"{path}.{inner.strip()}".removesuffix(".") + ("" if inner.strip() else " (structure)")


def differences(operation: str, side: str, ours: Facts, theirs: Facts) -> Iterator[str]:
    place = f"{operation} {side}"
    yield from (f"{place}{path} is missing" for path in sorted(theirs.keys() - ours.keys()))
    yield from (f"{place}{path} is not in the service model" for path in sorted(ours.keys() - theirs.keys()))
    for path in sorted(ours.keys() & theirs.keys()):
        for fact in FACTS:
            one, other = ours[path].get(fact), theirs[path].get(fact)
            if one != other:
                yield f"{place}{path} {fact} is {one!r}, the service model's {other!r}"


def every_difference(operation: str) -> list[str]:
    ours, theirs = declarations()[operation], MODEL.operation_model(operation)
    found = [
        *differences(operation, "input", declared_facts(ours["input"], ""), model_facts(theirs.input_shape, "")),
        *differences(operation, "output", declared_facts(ours["output"], ""), model_facts(theirs.output_shape, "")),
    ]
    errors = {shape.name for shape in theirs.error_shapes}
    found += [f"{operation} error {name} is missing" for name in sorted(errors - set(ours["errors"]))]
    found += [f"{operation} error {name} is not in the service model" for name in sorted(set(ours["errors"]) - errors)]
    return found


def test_operations_are_those_of_the_service_model() -> None:
    assert list(declarations()) == NAMES
    assert len(_core.operations()) == 56


@pytest.mark.parametrize("operation", NAMES)
def test_declaration_is_the_service_model_s(operation: str) -> None:
    assert [found for found in every_difference(operation) if found not in DELIBERATE] == []


def test_every_deliberate_difference_is_a_real_one() -> None:
    real = {found for operation in NAMES for found in every_difference(operation)}
    assert DELIBERATE.keys() <= real
    assert all(DELIBERATE.values())


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("kind", "blob"),
        ("required", True),
        ("sensitive", True),
        ("min", 2),
        ("max", 1),
        ("pattern", "x"),
        ("enum", ["A"]),
    ],
)
def test_a_difference_names_operation_and_member(fact: str, value: object) -> None:
    ours = declared_facts(declarations()["TagResource"]["input"], "")
    theirs = copy.deepcopy(ours)
    path = " Tags[].TagValue" if fact != "required" else " KeyId"
    theirs[path][fact] = value if fact != "required" else False
    found = list(differences("TagResource", "input", ours, theirs))
    assert len(found) == 1
    assert found[0].startswith(f"TagResource input{path} {fact} is ")


def test_a_missing_and_an_added_member_are_named() -> None:
    ours = declared_facts(declarations()["CreateGrant"]["input"], "")
    theirs = {path: facts for path, facts in ours.items() if path != " Constraints.SourceArn"} | {" New": {}}
    assert list(differences("CreateGrant", "input", ours, theirs)) == [
        "CreateGrant input New is missing",
        "CreateGrant input Constraints.SourceArn is not in the service model",
    ]


@pytest.mark.parametrize("operation", NAMES)
def test_declaration_has_what_the_pipeline_needs(operation: str) -> None:
    declared = declarations()[operation]
    assert declared["actions"]
    assert declared["states"]
    assert declared["dry_run"] == ("DryRun" in MODEL.operation_model(operation).input_shape.members)
    assert declared["usage"] is None or declared["usage"] in MODEL.shape_for("KeyUsageType").enum
    assert set(declared["states"]) <= set(MODEL.shape_for("KeyState").enum)


def sample(shape: Any, *, optional: bool) -> Any:
    """A value that botocore itself accepts, with or without the members that may be left out."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    match shape.type_name:
        case "structure":
            members = {name: one for name, one in shape.members.items() if optional or name in shape.required_members}
            return {name: sample(one, optional=optional) for name, one in members.items()}
        case "list":
            return [sample(shape.member, optional=optional)] * max(1, least)
        case "string":
            return sample_text(shape)
        case kind:
            moment = datetime(2030, 1, 1, tzinfo=UTC)
            plain = {"blob": b"\x07" * least, "integer": most, "boolean": False, "map": {"a": "b"}, "timestamp": moment}
            return plain[kind]


def sample_text(shape: Any) -> str:
    if shape.enum:
        return str(shape.enum[-1])
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1000)
    pattern = re.compile(shape.metadata.get("pattern", ".*"), re.ASCII)
    return next(text for text in SAMPLES if least <= len(text) <= most and pattern.fullmatch(text))


@pytest.mark.parametrize("optional", [False, True], ids=["required members", "all members"])
def test_requests_of_botocore_pass_decoder_and_validator(opened: OpenedStore, optional: bool) -> None:
    caller = Caller(DEFAULT_ACCOUNT, f"arn:aws:iam::{DEFAULT_ACCOUNT}:root", DEFAULT_REGION)
    for name in NAMES:
        operation = MODEL.operation_model(name)
        parameters = sample(operation.input_shape, optional=optional)
        assert not ParamValidator().validate(parameters, operation.input_shape).has_errors()
        body = create_serializer("json").serialize_to_request(parameters, operation)["body"]
        status, answer, _ = opened.embedded.engine.call_json(name, body, caller)
        assert status in {200, 400}, f"{name}: {answer!r}"
        if status == 400:
            error = json.loads(answer)
            assert error["__type"] not in {"SerializationException", "UnknownOperationException"}, f"{name}: {error}"
            assert "failed to satisfy constraint" not in error["message"], f"{name}: {error}"
