"""Tags in requests and rows: what every operation that tags a key does."""

from collections.abc import Sequence

import msgspec

from kmscore import errors
from kmscore.store import schema
from kmscore.store.rows import Row
from kmscore.store.transaction import Transaction

TAGS_OF_A_KEY = 50


class Tag(msgspec.Struct, frozen=True, rename="pascal"):
    """A tag of a KMS key."""

    tag_key: str
    tag_value: str


def check_tags(tags: tuple[Tag, ...]) -> None:
    """Refuse tags that no key can have.

    Raises:
        TagException: One stands twice, is reserved, or there are too many.
    """
    names = [tag.tag_key for tag in tags]
    if len(set(names)) < len(names):
        raise errors.TagException("Duplicate tag keys")
    if len(names) > TAGS_OF_A_KEY:
        raise errors.TagException("Too many tags")
    check_reserved(names)


def insert_tag(transaction: Transaction, key: Row, tag: Tag) -> None:
    """Give a key a tag that it does not have."""
    row: Row = {"region": key["region"], "key_id": key["key_id"], "tag_key": tag.tag_key, "tag_value": tag.tag_value}
    transaction.insert(schema.tags, row)


def check_reserved(names: Sequence[str]) -> None:
    """Refuse the names of tags that are AWS's own.

    Raises:
        TagException: One is.
    """
    if any(name.lower().startswith("aws:") for name in names):
        raise errors.TagException("Tags beginning with aws: are reserved")
