"""The IAM policy language, slowly: texts, wildcards, variables, operators. Shares nothing with the engine.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Policy variables", "Single-valued vs.
multivalued context keys".
Where AWS leaves a choice open, docs/policies.md says what kmscore chose, and so does the line here.
"""

import base64
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Context = dict[str, str | list[str]]
# What stands in a pattern besides single characters: any text, and any one character.
STAR = "\0*"
ONE = "\0?"


class Unknown(Exception):
    """A variable has no single value, or a value is not of the operator's type: it cannot be told."""


def values_of(context: Context, key: str) -> list[str]:
    """The values of a condition key; its name ignores case."""
    for name, value in context.items():
        if name.lower() == key.lower():
            return value if isinstance(value, list) else [value]
    return []


def expanded(text: str, context: Context, *, wildcards: bool, variables: bool) -> list[str]:
    """A text of a policy as a list of characters and wildcards. What a variable brings in is never a wildcard."""
    out: list[str] = []
    position = 0
    while position < len(text):
        if variables and text[position : position + 2] == "${":
            end = text.index("}", position)
            out.extend(_variable(text[position + 2 : end], context))
            position = end + 1
            continue
        character = text[position]
        wild = wildcards and character in "*?"
        out.append("\0" + character if wild else character)
        position += 1
    return out


def _variable(inside: str, context: Context) -> list[str]:
    if inside in ("*", "?", "$"):
        return [inside]
    name, comma, default = inside.partition(",")
    single = [value for key, value in context.items() if key.lower() == name.lower() and isinstance(value, str)]
    if single:
        return list(single[0])
    if comma:
        return list(default.strip().removeprefix("'").removesuffix("'"))
    raise Unknown


def alike(pattern: list[str], text: str) -> bool:
    """Whether a pattern describes a whole text, by trying everything."""
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first == STAR:
        return any(alike(rest, text[skipped:]) for skipped in range(len(text) + 1))
    if first == ONE:
        return bool(text) and alike(rest, text[1:])
    return text[:1] == first and alike(rest, text[1:])


def arn_alike(text: str, arn: str, context: Context, *, variables: bool) -> bool:
    """ARNs are compared part by part, and variables cannot move the borders of parts."""
    given = [*arn.split(":", 5), *[""] * 5][:6]
    unknown = False
    for piece, part in zip(arn_parts(text, variables=variables), given, strict=True):
        try:
            if not alike(expanded(piece, context, wildcards=True, variables=variables), part):
                return False
        except Unknown:
            unknown = True
    if unknown:
        raise Unknown
    return True


def arn_parts(text: str, *, variables: bool) -> list[str]:
    """The six parts of a pattern; those left out at its end stand for anything."""
    parts = [""]
    inside = False
    for position, character in enumerate(text):
        if variables and text[position : position + 2] == "${":
            inside = True
        if character == ":" and not inside and len(parts) < 6:
            parts.append("")
            continue
        if character == "}":
            inside = False
        parts[-1] += character
    return parts + ["*"] * (6 - len(parts))


def condition_holds(
    operator: str, key: str, wanted: list[str], context: Context, *, deny: bool, variables: bool
) -> bool:
    """One operator on one key."""
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    values = values_of(context, key)
    if name == "Null":
        return any((text.lower() == "true") == (not values) for text in wanted)
    # A condition without values never holds.
    if not wanted or (not values and if_exists):
        return bool(wanted)
    negated = "Not" in name
    same = _comparison(name.replace("Not", ""))

    def satisfied(value: str) -> bool:
        try:
            matched = _matches_any(same, value, wanted, context, variables=variables)
        except Unknown:
            # What cannot be told opens nothing: it does not meet an Allow, and a negation meets a Deny.
            return negated and deny
        return matched != negated

    if quantifier == "ForAllValues":
        return all(satisfied(value) for value in values if value)
    if quantifier == "ForAnyValue":
        return any(satisfied(value) for value in values if value)
    if not values:
        return negated
    # Several values without a set operator: an Allow wants all of them, a Deny any.
    return any(map(satisfied, values)) if deny else all(map(satisfied, values))


Comparison = Callable[[str, str, Context, bool], bool]


def _matches_any(same: Comparison, value: str, wanted: list[str], context: Context, *, variables: bool) -> bool:
    unknown = False
    for text in wanted:
        try:
            if same(text, value, context, variables):
                return True
        except Unknown:
            unknown = True
    if unknown:
        raise Unknown
    return False


def _comparison(name: str) -> Comparison:
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "Equals": lambda value, own: value == own,
        "LessThan": lambda value, own: value < own,
        "LessThanEquals": lambda value, own: value <= own,
        "GreaterThan": lambda value, own: value > own,
        "GreaterThanEquals": lambda value, own: value >= own,
    }
    if name.startswith("Numeric"):
        order = orders[name.removeprefix("Numeric")]
        return lambda own, value, _context, _variables: order(_number(value), _number(own))
    if name.startswith("Date"):
        order = orders[name.removeprefix("Date")]
        return lambda own, value, _context, _variables: order(_time(value), _time(own))
    return {
        "StringEquals": _text_equals,
        "StringEqualsIgnoreCase": _text_equals_ignoring_case,
        "StringLike": _text_like,
        "Bool": _text_equals_ignoring_case,
        "BinaryEquals": _bytes_equal,
        "IpAddress": _address_within,
        "ArnEquals": _arn_like,
        "ArnLike": _arn_like,
    }[name]


def _text_equals(own: str, value: str, context: Context, variables: bool) -> bool:
    return "".join(expanded(own, context, wildcards=False, variables=variables)) == value


def _text_equals_ignoring_case(own: str, value: str, context: Context, variables: bool) -> bool:
    return "".join(expanded(own, context, wildcards=False, variables=variables)).lower() == value.lower()


def _text_like(own: str, value: str, context: Context, variables: bool) -> bool:
    return alike(expanded(own, context, wildcards=True, variables=variables), value)


def _arn_like(own: str, value: str, context: Context, variables: bool) -> bool:
    return arn_alike(own, value, context, variables=variables)


def _bytes_equal(own: str, value: str, _context: Context, _variables: bool) -> bool:
    try:
        return base64.b64decode(own, validate=True) == base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Unknown from error


def _address_within(own: str, value: str, _context: Context, _variables: bool) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise Unknown from error
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address) in ipaddress.ip_network(own, strict=False)


def _number(text: str) -> Decimal:
    if not text.lstrip("+-").replace(".", "", 1).isdigit():
        raise Unknown
    return Decimal(text)


def _time(text: str) -> datetime:
    if "-" not in text[1:] and len(text) != 4:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(_number(text)))
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unknown from error
    if "T" in text and time.tzinfo is None:
        raise Unknown
    return time if time.tzinfo else time.replace(tzinfo=UTC)
