"""TagResource, UntagResource, ListResourceTags.

Source: AWS KMS API Reference; texts as the service sends them.
"""

import msgspec

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.operations.key_rows import mark_changed, own_key
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.quotas import RESOURCES
from kmscore.store import schema
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction, View

_TAGS_OF_A_KEY = RESOURCES["tags_per_key"]


class Tag(msgspec.Struct, frozen=True, rename="pascal"):
    """A tag of a KMS key."""

    tag_key: str
    tag_value: str


class TagResourceRequest(Request, frozen=True):
    """Input of TagResource; the pipeline has resolved the key."""

    tags: tuple[Tag, ...]


@writes(TagResourceRequest)
def tag_resource(transaction: Transaction, call: ControlCall, request: TagResourceRequest) -> Response:
    """Add tags to a key, or change their values."""
    check_tags(request.tags)
    key = own_key(transaction, call)
    present = {text(tag, "tag_key"): tag for tag in _tags_of(transaction, key)}
    if len(present.keys() | {tag.tag_key for tag in request.tags}) > _TAGS_OF_A_KEY:
        raise errors.TagException("Too many tags")
    for tag in request.tags:
        old = present.get(tag.tag_key)
        if old is None:
            insert_tag(transaction, key, tag)
        elif old["tag_value"] != tag.tag_value:
            transaction.update(schema.tags, old, tag_value=tag.tag_value)
    # Policies may rest on tags.
    mark_changed(transaction, key)
    return {}


class UntagResourceRequest(Request, frozen=True):
    """Input of UntagResource; the pipeline has resolved the key."""

    tag_keys: tuple[str, ...]


@writes(UntagResourceRequest)
def untag_resource(transaction: Transaction, call: ControlCall, request: UntagResourceRequest) -> Response:
    """Remove tags from a key; those it does not have are no error."""
    _check_reserved(request.tag_keys)
    key = own_key(transaction, call)
    for name in set(request.tag_keys):
        transaction.delete(schema.tags, region=key["region"], key_id=key["key_id"], tag_key=name)
    mark_changed(transaction, key)
    return {}


class ListResourceTagsRequest(Request, frozen=True):
    """Input of ListResourceTags; the pipeline has resolved the key."""

    limit: int = 50
    marker: str | None = None


@reads(ListResourceTagsRequest)
def list_resource_tags(view: View, call: ControlCall, request: ListResourceTagsRequest) -> Response:
    """List the tags of a key."""
    if request.limit > _TAGS_OF_A_KEY:
        raise errors.ValidationException(
            f"1 validation error detected: Value '{request.limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {_TAGS_OF_A_KEY}"
        )
    key = own_key(view, call)
    selection = text(key, "key_id")
    after = position(view.hierarchy, call, request.marker, selection=selection)
    table = schema.tags.c
    found = view.rows(
        schema.tags,
        table.region == key["region"],
        table.key_id == key["key_id"],
        table.tag_key > after,
        order_by=[table.tag_key],
        limit=request.limit + 1,
    )
    tags, more = page(view.hierarchy, call, found, limit=request.limit, column="tag_key", selection=selection)
    return {"Tags": [{"TagKey": tag["tag_key"], "TagValue": tag["tag_value"]} for tag in tags], **more}


def check_tags(tags: tuple[Tag, ...]) -> None:
    """Refuse tags that no key can have.

    Raises:
        TagException: One stands twice, is reserved, or there are too many.
    """
    names = [tag.tag_key for tag in tags]
    if len(set(names)) < len(names):
        raise errors.TagException("Duplicate tag keys")
    if len(names) > _TAGS_OF_A_KEY:
        raise errors.TagException("Too many tags")
    _check_reserved(names)


def insert_tag(transaction: Transaction, key: Row, tag: Tag) -> None:
    """Give a key a tag that it does not have."""
    row: Row = {"region": key["region"], "key_id": key["key_id"], "tag_key": tag.tag_key, "tag_value": tag.tag_value}
    transaction.insert(schema.tags, row)


def _check_reserved(names: "tuple[str, ...] | list[str]") -> None:
    if any(name.lower().startswith("aws:") for name in names):
        raise errors.TagException("Tags beginning with aws: are reserved")


def _tags_of(view: View, key: Row) -> list[Row]:
    table = schema.tags.c
    return view.rows(schema.tags, table.region == key["region"], table.key_id == key["key_id"])
