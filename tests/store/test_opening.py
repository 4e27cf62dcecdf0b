"""Opening a store: each thing that is wrong is refused by a text that names it and says what to do."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kmscore import _core, errors
from kmscore._core import IntegrityError, RollbackError, RootKeyError, StoreError
from kmscore.embedded import Embedded
from kmscore.store import creation, opening
from opened_store import OpenedStore
from scratch_store import ScratchStore

OPEN = "from kmscore.embedded import Embedded; Embedded.open()"


@pytest.fixture
def made(scratch: ScratchStore) -> ScratchStore:
    """A store with one key, closed."""
    with Embedded.open(scratch.home) as embedded:
        caller = _core.Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1")
        embedded.engine.call("CreateKey", {}, caller)
    return scratch


def refused(scratch: ScratchStore, error: type[Exception], **options: bool | str) -> str:
    with pytest.raises(error) as found:
        Embedded.open(scratch.home, **options)  # type: ignore[arg-type]
    return str(found.value)


def in_process(scratch: ScratchStore, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], env=scratch.environment(), capture_output=True, text=True, check=False, timeout=60
    )


def test_no_store_and_none_to_be_made(scratch: ScratchStore) -> None:
    assert "there is no store in" in refused(scratch, StoreError, create=False)
    assert not scratch.home.exists()


def test_modes_do_not_depend_on_the_umask(scratch: ScratchStore) -> None:
    finished = in_process(scratch, f"import os; os.umask(0); {OPEN}")
    assert finished.returncode == 0, finished.stderr
    for path in (scratch.home, *scratch.home.rglob("*"), *scratch.configuration.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path} has mode {mode:04o}"


def test_store_of_a_newer_version(made: ScratchStore) -> None:
    made.execute("UPDATE head SET format_version = format_version + 1")
    assert "made by a newer version of kmscore" in refused(made, StoreError)


def test_file_that_is_no_store(made: ScratchStore) -> None:
    (made.home / "store.db").write_bytes(b"something else, long enough to be read as a header of a database" * 20)
    assert "is not a kmscore store" in refused(made, IntegrityError)


def test_database_of_somebody_else(made: ScratchStore) -> None:
    (made.home / "store.db").unlink()
    with closing(sqlite3.connect(made.home / "store.db")) as database:
        database.execute("CREATE TABLE other (x)")
    assert "is not a kmscore store" in refused(made, IntegrityError)


def test_root_key_is_missing(made: ScratchStore) -> None:
    (made.own_configuration() / "root.key").unlink()
    text = refused(made, RootKeyError)
    assert "the root key is missing" in text
    assert "KMSCORE_CONFIG_HOME" in text


def test_root_key_that_others_can_read(made: ScratchStore) -> None:
    (made.own_configuration() / "root.key").chmod(0o640)
    assert "others can read it" in refused(made, RootKeyError)


def test_malformed_root_key(made: ScratchStore) -> None:
    (made.own_configuration() / "root.key").write_text("kmscore-root-key-v1 short\n")
    assert "does not hold a kmscore root key" in refused(made, RootKeyError)


def test_root_key_of_another_store(made: ScratchStore) -> None:
    path = made.own_configuration() / "root.key"
    path.unlink()
    _core.RootKey.create_file(str(path))
    assert "wrong root key" in refused(made, RootKeyError)


def test_edited_domain_key(made: ScratchStore) -> None:
    made.execute("UPDATE domain_keys SET sealed = zeroblob(length(sealed)) WHERE purpose = 'records'")
    assert "domain_keys" in refused(made, IntegrityError)


def test_edited_head(made: ScratchStore) -> None:
    made.execute("UPDATE head SET time_seen = 0")
    assert "head" in refused(made, IntegrityError)


def test_edited_anchor(made: ScratchStore) -> None:
    anchor = made.own_configuration() / "anchor"
    anchor.write_text(anchor.read_text().replace('"state":1', '"state":0'))
    assert "anchor" in refused(made, IntegrityError)


def test_anchor_is_missing(made: ScratchStore) -> None:
    (made.own_configuration() / "anchor").unlink()
    assert "is missing" in refused(made, RollbackError)
    with Embedded.open(made.home, accept_rollback=True):
        pass
    with Embedded.open(made.home):
        pass


def older_copy(made: ScratchStore) -> None:
    copy = made.home.with_name("older.db")
    shutil.copy(made.home / "store.db", copy)
    with Embedded.open(made.home) as embedded:
        caller = _core.Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1")
        embedded.engine.call("CreateKey", {}, caller)
    shutil.copy(copy, made.home / "store.db")


def test_older_copy_is_refused(made: ScratchStore) -> None:
    older_copy(made)
    text = refused(made, RollbackError)
    assert "the store is older than its anchor" in text
    assert "at state 1 of epoch 0, and was once at state 2 of epoch 0" in text


def test_accepted_rollback_is_audited(made: ScratchStore) -> None:
    older_copy(made)
    with Embedded.open(made.home, accept_rollback=True) as embedded:
        assert embedded.store.head_state() == 1
    assert [record["op"] for record in made.audit_records()].count("AcceptRollback") == 1
    with Embedded.open(made.home):
        pass
    assert [record["op"] for record in made.audit_records()].count("AcceptRollback") == 1


def test_missing_audit_segment_is_refused_until_its_loss_is_accepted(made: ScratchStore) -> None:
    [segment] = made.segments()
    segment.unlink()
    text = refused(made, IntegrityError)
    assert segment.stem in text
    with Embedded.open(made.home, accept_missing_audit=True):
        pass
    with Embedded.open(made.home):
        pass
    [event] = [record for record in made.audit_records() if record["op"] == "AcceptMissingAudit"]
    assert event["resources"] == [segment.stem]


def test_read_only_directory(made: ScratchStore) -> None:
    if os.geteuid() != 0:
        made.home.chmod(0o500)
        assert "read-only" in refused(made, StoreError)
        return
    # Root may write anywhere: a user who owns nothing here finds the same as an owner whose directory is read-only.
    text = refused_to_nobody(made)
    assert "cannot be" in text or "read-only" in text


def refused_to_nobody(made: ScratchStore) -> str:
    for path in (made.home, *made.home.parents):
        if path == Path("/tmp"):  # noqa: S108
            break
        path.chmod(0o755)
    code = (
        "from kmscore.store import opening; from kmscore.config import locate; import os; os.setuid(65534);"
        "opening.prepare_directories(locate(), create=False)"
    )
    finished = in_process(made, code)
    assert finished.returncode != 0
    return finished.stderr


def test_file_system_without_coherent_shared_memory(made: ScratchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "file_system_kind", lambda _path: ("nfs", False))
    text = refused(made, StoreError)
    assert "is on nfs" in text
    assert "exclusive=True" in text
    with Embedded.open(made.home, exclusive=True) as embedded:
        assert [row["state"] for row in embedded.store.read(all_keys)] == ["Enabled"]


def all_keys(view: object) -> list[dict[str, object]]:
    from kmscore.store import schema
    from kmscore.store.transaction import View

    assert isinstance(view, View)
    return [dict(row) for row in view.rows(schema.keys)]


def test_exclusive_process_is_alone(made: ScratchStore) -> None:
    with Embedded.open(made.home, exclusive=True):
        finished = in_process(made, OPEN)
        assert "that process has it alone" in finished.stderr
    with Embedded.open(made.home):
        finished = in_process(made, OPEN.replace("open()", "open(exclusive=True)"))
        assert "exclusive=True needs it alone" in finished.stderr
    assert in_process(made, OPEN).returncode == 0


def test_failed_creation_leaves_nothing(scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_temporary: Path, _database: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(creation, "publish", full)
    assert "No space left on device" in refused(scratch, StoreError)
    assert not (scratch.home / "store.db").exists()
    assert list(scratch.home.glob(".new-*")) == []
    assert list((scratch.configuration / "stores").iterdir()) == []


def test_processes_that_create_at_once_end_with_the_same_store(scratch: ScratchStore) -> None:
    code = f"{OPEN}.store.hierarchy.store_id.hex()".replace("Embedded.open()", "print(Embedded.open()", 1) + ")"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], env=scratch.environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    printed = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(printed) == 1
    assert printed == {scratch.own_configuration().name}


def test_failed_open_leaves_the_store_free(made: ScratchStore) -> None:
    [segment] = made.segments()
    segment.rename(segment.with_suffix(".away"))
    refused(made, IntegrityError)
    segment.with_suffix(".away").rename(segment)
    with Embedded.open(made.home, exclusive=True):
        pass
    assert list((made.home / "processes").iterdir()) == []


def test_users_of_one_home_share_one_store(opened: OpenedStore) -> None:
    again = Embedded.open(opened.scratch.home, clock=opened.clock)
    assert again is opened.embedded
    again.close()
    opened.new_key()


def test_sharing_with_other_options_is_refused(opened: OpenedStore) -> None:
    with pytest.raises(StoreError, match="open in this process already"):
        Embedded.open(opened.scratch.home, audit_mode="fsync")


def test_closed_store_answers_no_more(made: ScratchStore) -> None:
    embedded = Embedded.open(made.home)
    embedded.close()
    caller = _core.Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1")
    with pytest.raises(StoreError):
        embedded.engine.call("ListKeys", {}, caller)


def test_opening_needs_neither_sqlalchemy_nor_alembic(made: ScratchStore) -> None:
    code = (
        f"import sys; {OPEN}.engine.call('GenerateDataKey', {{'KeyId': sys.argv[1], 'KeySpec': 'AES_256'}}, caller);"
        "print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))"
    ).replace(
        "Embedded.open()",
        "caller = Caller('123456789012', 'arn:aws:iam::123456789012:root', 'us-east-1');Embedded.open()",
    )
    [(key_id,)] = made.query("SELECT key_id FROM keys")
    finished = subprocess.run(
        [sys.executable, "-c", f"from kmscore._core import Caller; {code}", key_id],
        env=made.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.stdout == "[]\n", finished.stderr


def test_database_errors_name_their_cause() -> None:
    from kmscore.store.sqlite import explain

    causes: dict[str, str] = {
        "database or disk is full": "the disk is full",
        "attempt to write a readonly database": "cannot be written",
        "database is locked": "another process kept the store locked",
        "something new": "the database failed",
    }
    for text, cause in causes.items():
        assert cause in explain(sqlite3.OperationalError(text))


def test_handlers_turn_database_errors_into_kms_errors(opened: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(opened.embedded.store.writer, "write", full)
    with pytest.raises(errors.KMSInternalException, match="the disk is full"):
        opened.call("CreateKey")


@pytest.mark.parametrize("name", [".new-..db", ".new-zz.db"])
def test_sweeping_touches_only_what_kmscore_named(scratch: ScratchStore, name: str) -> None:
    scratch.home.mkdir(parents=True)
    (scratch.home / name).write_text("not ours")
    with Embedded.open(scratch.home):
        pass
    assert (scratch.home / name).read_text() == "not ours"


def test_rollback_is_judged_by_epoch_before_state(made: ScratchStore) -> None:
    from dataclasses import replace

    from kmscore.config import locate

    unlocked = opening.unlock(locate(made.home))
    assert opening.rollback_fault(replace(unlocked, epoch=1, state=0, anchored=(0, 9))) is None
    assert opening.rollback_fault(replace(unlocked, epoch=0, state=9, anchored=(1, 0))) is not None
