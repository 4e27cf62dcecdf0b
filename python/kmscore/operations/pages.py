"""Pagination: opaque markers that are good for one operation and one filter only."""

import base64
import binascii
import hmac

from kmscore import errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.store.rows import Row

_TAG_BYTES = 16


def check_limit(limit: int, most: int) -> None:
    """Refuse a page that the operation does not give; the service model allows 1,000 of everything.

    Raises:
        ValidationException: It is too long.
    """
    if limit > most:
        raise errors.ValidationException(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}"
        )


def page(
    hierarchy: KeyHierarchy, call: ControlCall, found: list[Row], *, limit: int, column: str, selection: str
) -> tuple[list[Row], dict[str, object]]:
    """Cut one page from what was found.

    Args:
        hierarchy: Authenticates the marker.
        call: The call the page answers.
        found: Rows in order, one more than the limit when there are more.
        limit: The most rows of a page.
        column: The column that orders the rows.
        selection: What the caller filtered by.

    Returns:
        The rows of the page, and the members `Truncated` and, where there is more, `NextMarker`.
    """
    if len(found) <= limit:
        return found, {"Truncated": False}
    last = str(found[limit - 1][column])
    token = _token(hierarchy, call, selection, last)
    return found[:limit], {"Truncated": True, "NextMarker": token.decode()}


def position(hierarchy: KeyHierarchy, call: ControlCall, marker: str | None, *, selection: str) -> str:
    """The value after which a page begins; empty for the first page.

    Raises:
        InvalidMarkerException: The marker was not returned by this operation with this filter.
    """
    if marker is None:
        return ""
    try:
        raw = base64.urlsafe_b64decode(marker.encode() + b"=" * (-len(marker) % 4))
        last = raw[_TAG_BYTES:].decode()
    except (binascii.Error, UnicodeError):
        raise _invalid(call) from None
    # Comparing tokens, not bytes: base64 has spare bits that decode to nothing.
    if not hmac.compare_digest(marker.encode(), _token(hierarchy, call, selection, last)):
        raise _invalid(call)
    return last


def _token(hierarchy: KeyHierarchy, call: ControlCall, selection: str, last: str) -> bytes:
    return base64.urlsafe_b64encode(_tag(hierarchy, call, selection, last) + last.encode()).rstrip(b"=")


def _tag(hierarchy: KeyHierarchy, call: ControlCall, selection: str, last: str) -> bytes:
    bound: Row = {
        "operation": call.operation,
        "account": call.account,
        "region": call.region,
        "selection": selection,
        "last": last,
    }
    return hierarchy.row_mac("marker", bound)[:_TAG_BYTES]


def _invalid(call: ControlCall) -> errors.InvalidMarkerException:
    return errors.InvalidMarkerException(
        f"The marker is not one that {call.operation} returned for the same filter in this account and Region."
    )
