"""Pages of lists, as boto3's paginators give them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

RESULT_KEYS = {
    "describe_custom_key_stores": "CustomKeyStores",
    "list_aliases": "Aliases",
    "list_grants": "Grants",
    "list_key_policies": "PolicyNames",
    "list_key_rotations": "Rotations",
    "list_keys": "Keys",
    "list_resource_tags": "Tags",
    "list_retirable_grants": "Grants",
}
"""The lists that come in pages, and the member that holds their items."""

Page = dict[str, Any]


class PaginationConfig(TypedDict):
    """How much to fetch."""

    MaxItems: NotRequired[int]
    PageSize: NotRequired[int]
    StartingToken: NotRequired[str]


class Paginator:
    """Walks the pages of one list operation."""

    def __init__(self, call: Callable[..., Page], result_key: str) -> None:
        self._call_page = call
        self._result_key = result_key

    def paginate(self, *, PaginationConfig: PaginationConfig | None = None, **parameters: Any) -> PageIterator:
        """Walk the pages.

        Args:
            PaginationConfig: `MaxItems` in all, `PageSize` a page, `StartingToken` of an earlier walk.
            **parameters: The operation's own arguments, without Limit and Marker.

        Returns:
            An iterator over pages, each shaped as the operation's reply.

        Raises:
            ValueError: A member of PaginationConfig is unknown, not positive, or no token of a paginator.
        """
        configuration = dict(PaginationConfig or {})
        unknown = configuration.keys() - {"MaxItems", "PageSize", "StartingToken"}
        if unknown:
            raise ValueError(
                f"PaginationConfig has no {', '.join(sorted(unknown))}: it takes MaxItems, PageSize, StartingToken"
            )
        size = _positive(configuration.get("PageSize"), "PageSize")
        if size is not None:
            parameters["Limit"] = size
        position = _decode(configuration.get("StartingToken"))
        return PageIterator(
            self._call_page,
            self._result_key,
            parameters,
            position,
            _positive(configuration.get("MaxItems"), "MaxItems"),
        )


@dataclass(frozen=True)
class _Position:
    """A place in a list: a page, and how many of its items were given out before."""

    marker: str | None = None
    skip: int = 0


class PageIterator:
    """Iterates over pages; `resume_token` says where it stopped when `MaxItems` cut it short."""

    def __init__(
        self, call: Callable[..., Page], result_key: str, parameters: Page, position: _Position, max_items: int | None
    ) -> None:
        self._call_page = call
        self._result_key = result_key
        self._parameters = parameters
        self._position = position
        self._max_items = max_items
        self.resume_token: str | None = None
        """Give it as `StartingToken` to go on after `MaxItems`."""

    def __iter__(self) -> Iterator[Page]:
        """Fetch page after page."""
        position, left = self._position, self._max_items
        while True:
            page = self._fetch(position)
            items = page[self._result_key] = page.get(self._result_key, [])[position.skip :]
            if left is not None and left < len(items):
                page[self._result_key] = items[:left]
                self.resume_token = _encode(_Position(position.marker, position.skip + left))
                yield page
                return
            following = _Position(page["NextMarker"]) if page.get("Truncated") else None
            left = None if left is None else left - len(items)
            if following is not None and left == 0:
                self.resume_token = _encode(following)
            yield page
            if following is None or left == 0:
                return
            position = following

    def build_full_result(self) -> Page:
        """All items of all pages in one reply; `NextToken` when `MaxItems` cut it short."""
        items = [item for page in self for item in page[self._result_key]]
        full: Page = {self._result_key: items}
        if self.resume_token is not None:
            full["NextToken"] = self.resume_token
        return full

    def _fetch(self, position: _Position) -> Page:
        if position.marker is None:
            return self._call_page(**self._parameters)
        return self._call_page(**self._parameters, Marker=position.marker)


def _positive(value: object, name: str) -> int | None:
    """A number that may come as text, as boto3 takes it."""
    if value is None:
        return None
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value).isdecimal() and int(value) > 0:
        return int(value)
    raise ValueError(f"PaginationConfig.{name} must be a positive number, not {value!r}")


def _encode(position: _Position) -> str:
    """The token in botocore's form."""
    token = {"Marker": position.marker, "boto_truncate_amount": position.skip}
    return base64.b64encode(json.dumps(token).encode()).decode()


def _decode(token: object) -> _Position:
    if token is None:
        return _Position()
    try:
        fields = json.loads(base64.b64decode(str(token), validate=True))
        marker, skip = fields["Marker"], fields.get("boto_truncate_amount", 0)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("PaginationConfig.StartingToken is not a token that a paginator gave out") from error
    if not (marker is None or isinstance(marker, str)) or not isinstance(skip, int) or skip < 0:
        raise ValueError("PaginationConfig.StartingToken is not a token that a paginator gave out")
    return _Position(marker, skip)
