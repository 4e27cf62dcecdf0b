"""The tables of a store.

Times are integers, microseconds since 1970, and truth is 0 or 1: row MACs know integers, text and bytes.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def _text(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary_key, nullable=nullable)


def _integer(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=primary_key, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


head = Table(
    "head",
    metadata,
    _integer("id", primary_key=True),
    _bytes("store_id"),
    _integer("format_version"),
    _integer("state"),
    _integer("epoch"),
    _integer("time_seen"),
    _integer("created"),
    _bytes("mac"),
)

domain_keys = Table(
    "domain_keys",
    metadata,
    _text("domain_key_id", primary_key=True),
    _text("purpose"),
    _integer("version"),
    _text("root_key_id"),
    _bytes("sealed"),
)

accounts = Table(
    "accounts",
    metadata,
    _text("account", primary_key=True),
    _integer("created"),
    _bytes("mac"),
)

principals = Table(
    "principals",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    _text("kind", primary_key=True),
    _text("name", primary_key=True),
    _text("managed_policy", nullable=True),
    _integer("created"),
    _bytes("mac"),
)

access_keys = Table(
    "access_keys",
    metadata,
    _text("access_key_id", primary_key=True),
    _text("account"),
    _text("kind"),
    _text("name"),
    _text("status"),
    _integer("record_version"),
    _bytes("sealed"),
    _integer("created"),
    _bytes("mac"),
    ForeignKeyConstraint(["account", "kind", "name"], ["principals.account", "principals.kind", "principals.name"]),
)

# A key id belongs to one account for ever, in however many Regions it has related keys.
key_owners = Table(
    "key_owners",
    metadata,
    _text("key_id", primary_key=True),
    _text("account"),
    UniqueConstraint("key_id", "account", name="key_owner"),
)

keys = Table(
    "keys",
    metadata,
    _text("region", primary_key=True),
    _text("key_id", primary_key=True),
    _text("account"),
    _text("spec"),
    _text("usage"),
    _text("origin"),
    _text("manager"),
    _text("state"),
    _text("description"),
    _text("primary_region", nullable=True),
    _integer("created"),
    _integer("deletion_date", nullable=True),
    _bytes("mac"),
    ForeignKeyConstraint(["key_id", "account"], ["key_owners.key_id", "key_owners.account"]),
    Index("keys_of_account", "account", "region", "key_id"),
    Index("keys_by_deletion_date", "deletion_date"),
    Index("keys_by_state", "state"),
)

key_policies = Table(
    "key_policies",
    metadata,
    _text("region", primary_key=True),
    _text("key_id", primary_key=True),
    _text("name", primary_key=True),
    _text("document"),
    _bytes("mac"),
    ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
)

key_material = Table(
    "key_material",
    metadata,
    _text("region", primary_key=True),
    _text("key_id", primary_key=True),
    _text("material_id", primary_key=True),
    _integer("current"),
    _integer("record_version"),
    _integer("created"),
    _bytes("sealed", nullable=True),
    _bytes("mac"),
    ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
)

aliases = Table(
    "aliases",
    metadata,
    _text("account", primary_key=True),
    _text("region", primary_key=True),
    _text("name", primary_key=True),
    _text("key_id"),
    _integer("created"),
    _integer("updated"),
    _bytes("mac"),
    ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
    Index("aliases_of_key", "region", "key_id"),
)

tags = Table(
    "tags",
    metadata,
    _text("region", primary_key=True),
    _text("key_id", primary_key=True),
    _text("tag_key", primary_key=True),
    _text("tag_value"),
    _bytes("mac"),
    ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
)

change = Table(
    "change",
    metadata,
    _integer("sequence", primary_key=True),
    _integer("state"),
    _text("kind"),
    _text("id"),
    Index("change_by_state", "state"),
)

audit_segments = Table(
    "audit_segments",
    metadata,
    _text("segment_id", primary_key=True),
    _text("process"),
    _integer("start_state"),
    _integer("created"),
    _integer("closed_lines", nullable=True),
    _text("closed_tag", nullable=True),
    _integer("lost"),
    _bytes("mac"),
)

audit_outbox = Table(
    "audit_outbox",
    metadata,
    _text("request_id", primary_key=True),
    _text("process"),
    _integer("state"),
    _text("record"),
)
