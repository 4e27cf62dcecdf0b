"""What the control plane keeps: due work, several materials of a key, grants, policies, custom key stores."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; rows that are made here are signed by the upgrade, as all others are."""
    _keys()
    _material()
    _grants()
    _identities()
    _custom_key_stores()


def _keys() -> None:
    for name in ("due", "rotation_period", "next_rotation", "transition_end", "pending_window"):
        op.add_column("keys", sa.Column(name, sa.Integer))
    op.add_column("keys", sa.Column("on_demand_rotations", sa.Integer, nullable=False, server_default="0"))
    for name in ("custom_key_store_id", "xks_key_id", "service"):
        op.add_column("keys", sa.Column(name, sa.Text))
    op.execute("UPDATE keys SET due = deletion_date")
    op.drop_index("keys_by_deletion_date", "keys")
    op.create_index("keys_by_due", "keys", ["due"])


def _material() -> None:
    op.add_column("key_material", sa.Column("state", sa.Text, nullable=False, server_default="NON_CURRENT"))
    op.execute("UPDATE key_material SET state = 'CURRENT' WHERE current = 1")
    op.drop_column("key_material", "current")
    for name in ("expiration_model", "description", "rotation_type"):
        op.add_column("key_material", sa.Column(name, sa.Text))
    for name in ("valid_to", "rotation_date"):
        op.add_column("key_material", sa.Column(name, sa.Integer))


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("grant_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("grantee", sa.Text, nullable=False),
        sa.Column("retiring", sa.Text),
        sa.Column("operations", sa.Text, nullable=False),
        sa.Column("constraints", sa.Text, nullable=False),
        sa.Column("issuing_account", sa.Text, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["region", "key_id"], ["keys.region", "keys.key_id"]),
    )
    op.create_index("grants_by_grantee", "grants", ["region", "key_id", "grantee"])
    op.create_index("grants_by_retiring", "grants", ["retiring", "region", "grant_id"])


def _identities() -> None:
    op.add_column("accounts", sa.Column("organization", sa.Text))
    op.add_column("principals", sa.Column("unique_id", sa.Text, nullable=False, server_default=""))
    op.add_column("principals", sa.Column("path", sa.Text, nullable=False, server_default="/"))
    op.add_column("principals", sa.Column("tags", sa.Text, nullable=False, server_default="{}"))
    op.create_table(
        "principal_policies",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("policy_name", sa.Text, primary_key=True),
        sa.Column("document", sa.Text),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.execute(
        "INSERT INTO principal_policies (account, kind, name, purpose, policy_name, document, mac) "
        "SELECT account, kind, name, 'identity', managed_policy, NULL, x'' FROM principals "
        "WHERE managed_policy IS NOT NULL"
    )
    op.drop_column("principals", "managed_policy")
    # All principals of the first format are users.
    op.execute("UPDATE principals SET unique_id = 'AIDA' || upper(hex(randomblob(8))) WHERE unique_id = ''")
    op.create_table(
        "group_members",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("group_name", sa.Text, primary_key=True),
        sa.Column("user_name", sa.Text, primary_key=True),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )


def _custom_key_stores() -> None:
    op.create_table(
        "custom_key_stores",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("custom_key_store_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("transition_end", sa.Integer),
        sa.Column("configuration", sa.Text, nullable=False),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("account", "region", "name", name="custom_key_store_name"),
    )
