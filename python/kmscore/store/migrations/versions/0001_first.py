"""The first format of a store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    _store()
    _identities()
    _keys()
    _of_keys()
    _audit()


def _store() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("store_id", sa.LargeBinary, nullable=False),
        sa.Column("format_version", sa.Integer, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("time_seen", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "domain_keys",
        sa.Column("domain_key_id", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("root_key_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "change",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
    )
    op.create_index("change_by_state", "change", ["state"])


def _identities() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "principals",
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.account"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("managed_policy", sa.Text),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "access_keys",
        sa.Column("access_key_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["account", "kind", "name"], ["principals.account", "principals.kind", "principals.name"]
        ),
    )


def _keys() -> None:
    op.create_table(
        "key_owners",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.UniqueConstraint("key_id", "account", name="key_owner"),
    )
    op.create_table(
        "keys",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("usage", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("manager", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("primary_region", sa.Text),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("deletion_date", sa.Integer),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["key_id", "account"], ["key_owners.key_id", "key_owners.account"]),
    )
    op.create_index("keys_of_account", "keys", ["account", "region", "key_id"])
    op.create_index("keys_by_deletion_date", "keys", ["deletion_date"])
    op.create_index("keys_by_state", "keys", ["state"])


def _of_keys() -> None:
    op.create_table(
        "key_policies",
        *_key_reference(),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "key_material",
        *_key_reference(),
        sa.Column("material_id", sa.Text, primary_key=True),
        sa.Column("current", sa.Integer, nullable=False),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "tags",
        *_key_reference(),
        sa.Column("tag_key", sa.Text, primary_key=True),
        sa.Column("tag_value", sa.Text, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "aliases",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
    )
    op.create_index("aliases_of_key", "aliases", ["region", "key_id"])


def _audit() -> None:
    op.create_table(
        "audit_segments",
        sa.Column("segment_id", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("start_state", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("closed_lines", sa.Integer),
        sa.Column("closed_tag", sa.Text),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_outbox",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )


def _key_reference() -> tuple[sa.Column[str], sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
    )
