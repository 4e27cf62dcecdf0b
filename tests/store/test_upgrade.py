"""A store of an older format is copied, checked, migrated and signed again; a failed upgrade changes nothing."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kmscore._core import IntegrityError, StoreError
from kmscore.embedded import Embedded
from kmscore.store import creation, opening, upgrade
from opened_store import OpenedStore

NEWEST = creation.FORMAT_VERSION
NEXT_REVISION = "next"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", "{latest}", None, None


def upgrade() -> None:
    op.add_column("keys", sa.Column("colour", sa.Text))
    op.execute("UPDATE keys SET colour = 'blue'")
"""


@pytest.fixture
def next_format(opened: OpenedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a later version would bring to a store of this one: one more migration and format."""
    assert opened.state() == 0
    migrations = tmp_path / "100% migrations"
    shutil.copytree(Path(upgrade.__file__).parent / "migrations", migrations)
    latest = upgrade.latest_revision()
    file = migrations / "versions" / "next.py"
    file.write_text(NEXT.format(revision=NEXT_REVISION, latest=latest))
    monkeypatch.setattr(upgrade, "_MIGRATIONS", migrations)
    monkeypatch.setattr(opening, "FORMAT_VERSION", NEWEST + 1)
    return file


@pytest.mark.usefixtures("next_format")
def test_upgraded_store_works(opened: OpenedStore) -> None:
    key_id = opened.new_key(Description="old")
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"kept")["CiphertextBlob"]
    opened.reopen()
    assert opened.scratch.query("SELECT format_version FROM head") == [(NEWEST + 1,)]
    assert opened.scratch.query("SELECT colour FROM keys") == [("blue",)]
    assert opened.scratch.query("SELECT version_num FROM alembic_version") == [(NEXT_REVISION,)]
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"kept"
    opened.reopen()


@pytest.mark.usefixtures("next_format")
def test_copy_of_the_old_format_is_kept(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.reopen()
    copy = opened.scratch.home / f"store.db.format-{NEWEST}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT key_id FROM keys").fetchall() == [(key_id,)]
        assert database.execute("SELECT format_version FROM head").fetchall() == [(NEWEST,)]


def test_failed_upgrade_leaves_the_store_as_it_was(
    opened: OpenedStore, next_format: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id = opened.new_key()
    opened.embedded.close()
    next_format.write_text(next_format.read_text() + "    raise RuntimeError('half way')\n")
    with pytest.raises(StoreError, match="could not be upgraded and is as it was: .*half way"):
        Embedded.open(opened.scratch.home)
    assert opened.scratch.query("SELECT format_version FROM head") == [(NEWEST,)]
    monkeypatch.setattr(opening, "FORMAT_VERSION", NEWEST)
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)
    assert opened.metadata(key_id)["KeyState"] == "Enabled"


@pytest.mark.usefixtures("next_format")
def test_edited_row_is_not_signed_by_an_upgrade(opened: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.new_key()
    opened.embedded.close()
    opened.scratch.execute("UPDATE keys SET description = 'edited'")
    with pytest.raises(IntegrityError, match="keys"):
        Embedded.open(opened.scratch.home)
    monkeypatch.setattr(opening, "FORMAT_VERSION", NEWEST)
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)


@pytest.mark.usefixtures("next_format")
def test_store_in_use_is_not_upgraded(opened: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.embedded.close()
    code = "import sys; from kmscore.embedded import Embedded; Embedded.open(); print(flush=True); sys.stdin.read()"
    environment = opened.scratch.environment()
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        with pytest.raises(StoreError, match="another process has it open"):
            Embedded.open(opened.scratch.home)
        other.communicate()
    monkeypatch.setattr(opening, "FORMAT_VERSION", NEWEST)
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)
