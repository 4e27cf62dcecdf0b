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
    _text("organization", nullable=True),
)

principals = Table(
    "principals",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    _text("kind", primary_key=True),
    _text("name", primary_key=True),
    _integer("created"),
    _bytes("mac"),
    # `AIDA...`, `AROA...`, as IAM has them.
    Column("unique_id", Text, nullable=False, server_default=""),
    Column("path", Text, nullable=False, server_default="/"),
    # JSON: an object of text.
    Column("tags", Text, nullable=False, server_default="{}"),
)

# Policies of users, roles, groups (`identity`, `boundary`, `trust`) and of accounts (`service_control`,
# `resource_control`; kind `account`, name ""). A policy without a document is the AWS managed policy of that name.
principal_policies = Table(
    "principal_policies",
    metadata,
    _text("account", primary_key=True),
    _text("kind", primary_key=True),
    _text("name", primary_key=True),
    _text("purpose", primary_key=True),
    _text("policy_name", primary_key=True),
    _text("document", nullable=True),
    _bytes("mac"),
)

group_members = Table(
    "group_members",
    metadata,
    _text("account", primary_key=True),
    _text("group_name", primary_key=True),
    _text("user_name", primary_key=True),
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
    # The earliest moment at which something is to be done to the key; `lifecycle` knows what.
    _integer("due", nullable=True),
    # Days; NULL while automatic rotation is off.
    _integer("rotation_period", nullable=True),
    _integer("next_rotation", nullable=True),
    # When `Creating` or `Updating` is over.
    _integer("transition_end", nullable=True),
    # Days that a primary key waits once its last replica key is gone.
    _integer("pending_window", nullable=True),
    Column("on_demand_rotations", Integer, nullable=False, server_default="0"),
    _text("custom_key_store_id", nullable=True),
    _text("xks_key_id", nullable=True),
    # The AWS service that an AWS managed key belongs to.
    _text("service", nullable=True),
    ForeignKeyConstraint(["key_id", "account"], ["key_owners.key_id", "key_owners.account"]),
    Index("keys_of_account", "account", "region", "key_id"),
    Index("keys_by_state", "state"),
    Index("keys_by_due", "due"),
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
    _integer("record_version"),
    _integer("created"),
    # NULL while the material is not there: deleted, expired, or not imported again yet.
    _bytes("sealed", nullable=True),
    _bytes("mac"),
    # `KeyMaterialState` of the API: CURRENT, NON_CURRENT, PENDING_ROTATION, ...
    Column("state", Text, nullable=False, server_default="NON_CURRENT"),
    _text("expiration_model", nullable=True),
    _text("description", nullable=True),
    _text("rotation_type", nullable=True),
    _integer("valid_to", nullable=True),
    _integer("rotation_date", nullable=True),
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

grants = Table(
    "grants",
    metadata,
    _text("region", primary_key=True),
    _text("key_id", primary_key=True),
    _text("grant_id", primary_key=True),
    # The account of the key.
    _text("account"),
    # "" when the grant has none.
    _text("name"),
    # An ARN, or a service principal such as `dynamodb.us-east-1.amazonaws.com`.
    _text("grantee"),
    _text("retiring", nullable=True),
    # JSON: a list of grant operations.
    _text("operations"),
    # JSON: the API's GrantConstraints, `{}` when there are none.
    _text("constraints"),
    _text("issuing_account"),
    _integer("created"),
    _bytes("mac"),
    ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
    Index("grants_by_grantee", "region", "key_id", "grantee"),
    Index("grants_by_retiring", "retiring", "region", "grant_id"),
)

custom_key_stores = Table(
    "custom_key_stores",
    metadata,
    _text("account", primary_key=True),
    _text("region", primary_key=True),
    _text("custom_key_store_id", primary_key=True),
    _text("name"),
    _text("type"),
    # `ConnectionState` of the API.
    _text("state"),
    _text("error", nullable=True),
    _integer("transition_end", nullable=True),
    # JSON: the members that describe the cluster or the proxy, without secrets.
    _text("configuration"),
    _integer("record_version"),
    # The password or the proxy's secret access key.
    _bytes("sealed", nullable=True),
    _integer("created"),
    _bytes("mac"),
    UniqueConstraint("account", "region", "name", name="custom_key_store_name"),
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
