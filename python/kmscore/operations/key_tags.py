"""Tags of KMS keys, and which of them AWS KMS refuses.

Source: AWS KMS developer guide, "Tags in AWS KMS"; texts as the service sends them.
"""

from collections.abc import Collection, Sequence

import msgspec

from kmscore import errors
from kmscore.quotas import RESOURCES
from kmscore.store import schema
from kmscore.store.rows import Row
from kmscore.store.transaction import Transaction

_MOST_TAGS = RESOURCES["tags_per_key"]
_RESERVED = "aws:"


class Tag(msgspec.Struct, frozen=True, rename="pascal"):
    """A tag of a KMS key."""

    tag_key: str
    tag_value: str


def check_tags(tags: Sequence[Tag], present: Collection[str] = ()) -> None:
    """Refuse tags that a KMS key cannot have.

    Args:
        tags: The tags to be set.
        present: The tag keys that the KMS key has already.

    Raises:
        TagException: A tag key comes twice, is reserved, or is one too many.
    """
    names = [tag.tag_key for tag in tags]
    if len(set(names)) < len(names):
        raise errors.TagException("Duplicate tag keys")
    if len({*present, *names}) > _MOST_TAGS:
        raise errors.TagException("Too many tags")
    check_not_reserved(names)


def insert_tag(transaction: Transaction, region: str, key_id: str, tag: Tag) -> None:
    """Give a key a tag that it does not have."""
    row: Row = {"region": region, "key_id": key_id, "tag_key": tag.tag_key, "tag_value": tag.tag_value}
    transaction.insert(schema.tags, row)


def check_not_reserved(names: Sequence[str]) -> None:
    """Refuse tag keys that belong to AWS, in any letter case.

    Raises:
        TagException: There is one.
    """
    if any(name.lower().startswith(_RESERVED) for name in names):
        raise errors.TagException("Tags beginning with aws: are reserved")
