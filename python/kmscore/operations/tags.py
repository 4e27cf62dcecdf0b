"""TagResource, UntagResource, ListResourceTags.

Source: AWS KMS API Reference.
"""

from kmscore._core import ControlCall
from kmscore.operations.key_tags import Tag, check_not_reserved, check_tags, insert_tag
from kmscore.operations.pages import check_limit, page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.store import schema
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction, View

_MOST_OF_A_PAGE = 50


class TagResourceRequest(Request, frozen=True):
    """Input of TagResource; the pipeline has resolved the key."""

    tags: tuple[Tag, ...]


@writes(TagResourceRequest)
def tag_resource(transaction: Transaction, call: ControlCall, request: TagResourceRequest) -> Response:
    """Set tags of a key; those it has under other tag keys stay."""
    key = call.keys[0]
    present = {text(row, "tag_key"): row for row in _tags(transaction, key)}
    check_tags(request.tags, present)
    changed = [tag for tag in request.tags if _value(present.get(tag.tag_key)) != tag.tag_value]
    for tag in changed:
        if row := present.get(tag.tag_key):
            transaction.update(schema.tags, row, tag_value=tag.tag_value)
        else:
            insert_tag(transaction, key["region"], key["key_id"], tag)
    if changed:
        transaction.changed_key(key["region"], key["key_id"])
    return {}


class UntagResourceRequest(Request, frozen=True):
    """Input of UntagResource; the pipeline has resolved the key."""

    tag_keys: tuple[str, ...]


@writes(UntagResourceRequest)
def untag_resource(transaction: Transaction, call: ControlCall, request: UntagResourceRequest) -> Response:
    """Remove tags from a key; tag keys that it does not have are no error."""
    check_not_reserved(request.tag_keys)
    key = call.keys[0]
    place = {"region": key["region"], "key_id": key["key_id"]}
    if sum(transaction.delete(schema.tags, **place, tag_key=name) for name in set(request.tag_keys)):
        transaction.changed_key(key["region"], key["key_id"])
    return {}


class ListResourceTagsRequest(Request, frozen=True):
    """Input of ListResourceTags; the pipeline has resolved the key."""

    limit: int = _MOST_OF_A_PAGE
    marker: str | None = None


@reads(ListResourceTagsRequest)
def list_resource_tags(view: View, call: ControlCall, request: ListResourceTagsRequest) -> Response:
    """List the tags of a key in the order of their keys."""
    check_limit(request.limit, _MOST_OF_A_PAGE)
    key = call.keys[0]
    after = position(view.hierarchy, call, request.marker, selection=key["key_id"])
    found = _tags(view, key, after=after, limit=request.limit + 1)
    tags, more = page(view.hierarchy, call, found, limit=request.limit, column="tag_key", selection=key["key_id"])
    return {"Tags": [{"TagKey": tag["tag_key"], "TagValue": tag["tag_value"]} for tag in tags], **more}


def _tags(view: View, key: dict[str, str], *, after: str = "", limit: int | None = None) -> list[Row]:
    table = schema.tags.c
    return view.rows(
        schema.tags,
        table.region == key["region"],
        table.key_id == key["key_id"],
        table.tag_key > after,
        order_by=[table.tag_key],
        limit=limit,
    )


def _value(row: Row | None) -> str | None:
    return None if row is None else text(row, "tag_value")
