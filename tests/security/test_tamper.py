"""What was changed behind the engine's back is refused, each kind with a text of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kmscore import _core, identity
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.embedded import Embedded
from kmscore.identity import groups, principals
from kmscore.store import schema
from scratch_store import ScratchStore

GRANTEE = "arn:aws:iam::123456789012:user/grantee"
SECURED = {table.name for table in schema.metadata.sorted_tables if "mac" in table.columns}


@pytest.fixture
def store(scratch: ScratchStore) -> ScratchStore:
    """A closed store with two keys, an alias, a tag, a grant, an administrator in a group and some audited calls."""
    finished = scratch.command("init")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    with Embedded.open(scratch.home) as embedded:
        identity.change(embedded.store, _add_group)
    kms = scratch.client()
    keys = [kms.create_key(Description=name)["KeyMetadata"]["KeyId"] for name in ("one", "two")]
    kms.create_alias(AliasName="alias/one", TargetKeyId=keys[0])
    kms.create_custom_key_store(
        CustomKeyStoreName="cluster",
        CloudHsmClusterId="cluster-aaaaaaaaaaa",
        KeyStorePassword="not-a-secret",
        TrustAnchorCertificate="-----BEGIN CERTIFICATE-----",
    )
    kms.tag_resource(KeyId=keys[0], Tags=[{"TagKey": "team", "TagValue": "blue"}])
    kms.create_grant(KeyId=keys[0], GranteePrincipal=GRANTEE, Operations=["Encrypt"])
    for key_id in keys:
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
    kms.close()
    return scratch


def _add_group(changes: identity.Changes) -> None:
    """The administrator is a reader too."""
    principals.create(changes, identity.Principal(DEFAULT_ACCOUNT, "group", "readers"))
    groups.add_member(changes, DEFAULT_ACCOUNT, "readers", identity.ADMINISTRATOR)


def test_every_table_with_a_mac_is_tampered_with() -> None:
    later: set[str] = set()
    assert {*EDITS, *later} == SECURED, "a table that carries MACs is not tested here"


# Table -> an edit that a thief or a meddler would make.
EDITS = {
    "head": "UPDATE head SET state = state + 1",
    "accounts": "UPDATE accounts SET created = created + 1",
    "principals": "UPDATE principals SET path = '/elsewhere/'",
    "principal_policies": "UPDATE principal_policies SET policy_name = 'PowerUserAccess'",
    "group_members": "UPDATE group_members SET group_name = 'administrators'",
    "access_keys": "UPDATE access_keys SET status = 'Inactive'",
    "keys": "UPDATE keys SET state = 'Disabled'",
    "key_policies": "UPDATE key_policies SET document = replace(document, 'Allow', 'Deny') || ' '",
    "key_material": "UPDATE key_material SET record_version = 2",
    "aliases": "UPDATE aliases SET key_id = (SELECT key_id FROM keys WHERE description = 'two')",
    "custom_key_stores": "UPDATE custom_key_stores SET state = 'CONNECTED'",
    "tags": "UPDATE tags SET tag_value = 'red'",
    "grants": f"UPDATE grants SET grantee = '{GRANTEE}-2'",
    "audit_segments": "UPDATE audit_segments SET lost = 1",
}


@pytest.mark.parametrize("table", list(EDITS))
def test_edited_row_is_refused_and_named(store: ScratchStore, table: str) -> None:
    assert store.execute(EDITS[table]) >= 1
    assert f"a row of {table} was changed outside kmscore" in _refusal(store, _use_everything)


# What a meddler would make of a grant.
GRANT_EDITS = {
    "operations": '["Encrypt", "Decrypt"]',
    "constraints": '{"EncryptionContextEquals": {}}',
    "retiring": GRANTEE,
    "issuing_account": "999999999999",
    "name": "another",
}


@pytest.mark.parametrize("column", list(GRANT_EDITS))
def test_edited_grant_is_refused_to_its_grantee(store: ScratchStore, column: str) -> None:
    assert store.execute(f"UPDATE grants SET {column} = ?", GRANT_EDITS[column]) == 1
    refusal = _refusal(store, _use_grant, principal=GRANTEE)
    assert "a row of grants was changed outside kmscore" in refusal


def test_grant_moved_to_another_key_is_refused(store: ScratchStore) -> None:
    two = _key_of(store, "two")
    assert store.execute("UPDATE grants SET key_id = ?", two) == 1
    refusal = _refusal(store, lambda kms: kms.encrypt(KeyId=two, Plaintext=b"x"), principal=GRANTEE)
    assert "a row of grants was changed outside kmscore" in refusal


def test_copied_grant_is_refused(store: ScratchStore) -> None:
    columns = "region, key_id, account, name, grantee, retiring, operations, constraints, issuing_account, created, mac"
    copy = f"INSERT INTO grants (grant_id, {columns}) SELECT ?, {columns} FROM grants"
    assert store.execute(copy, "0" * 64) == 1
    assert "a row of grants was changed outside kmscore" in _refusal(store, _use_grant, principal=GRANTEE)


def test_forged_mac_is_refused(store: ScratchStore) -> None:
    for mac in (bytes(32), b"", "text"):
        store.execute("UPDATE keys SET mac = ?", mac)
        assert "a row of keys was changed outside kmscore" in _refusal(store, _use_everything)


def test_row_moved_to_another_primary_key_is_refused(store: ScratchStore) -> None:
    [(one,), (two,)] = store.query("SELECT key_id FROM keys ORDER BY description")
    [(mac,)] = store.query("SELECT mac FROM aliases")
    assert store.execute("UPDATE aliases SET key_id = ?, mac = ?", two, mac) == 1
    assert one != two
    assert "a row of aliases was changed outside kmscore" in _refusal(store, _use_everything)


def test_sealed_records_swapped_between_two_keys_are_refused(store: ScratchStore) -> None:
    [(one, first), (two, second)] = store.query(
        "SELECT k.key_id, m.sealed FROM keys k JOIN key_material m USING (region, key_id) ORDER BY k.description"
    )
    store.execute("UPDATE key_material SET sealed = ? WHERE key_id = ?", second, one)
    store.execute("UPDATE key_material SET sealed = ? WHERE key_id = ?", first, two)
    refusal = _refusal(store, lambda kms: kms.encrypt(KeyId=one, Plaintext=b"x"))
    assert "damaged or was moved from another row or store" in refusal


def test_whole_rows_of_key_material_swapped_between_two_keys_are_refused(store: ScratchStore) -> None:
    rows = store.query("SELECT key_id FROM keys ORDER BY description")
    (one,), (two,) = rows
    for source, target in ((one, "swapping"), (two, one), ("swapping", two)):
        # As whoever edits the file would: without foreign keys.
        store.execute("UPDATE key_material SET key_id = ? WHERE key_id = ?", target, source)
    refusal = _refusal(store, lambda kms: kms.encrypt(KeyId=one, Plaintext=b"x"))
    assert "a row of key_material was changed outside kmscore" in refusal


def test_deleted_key_policy_is_refused(store: ScratchStore) -> None:
    store.execute("DELETE FROM key_policies")
    refusal = _refusal(store, lambda kms: kms.encrypt(KeyId="alias/one", Plaintext=b"x"))
    assert "has no key policy" in refusal


def test_older_copy_of_the_store_is_refused(store: ScratchStore) -> None:
    older = store.home.with_name("older")
    shutil.copytree(store.home, older)
    kms = store.client()
    kms.disable_key(KeyId=_key_of(store, "one"))
    kms.close()
    shutil.rmtree(store.home)
    shutil.copytree(older, store.home)
    with pytest.raises(_core.RollbackError, match="the store is older than its anchor"):
        store.client()
    assert store.query("SELECT state FROM keys WHERE description = 'one'") == [("Enabled",)]


def test_older_copy_made_before_calls_of_a_killed_process_is_refused(store: ScratchStore) -> None:
    older = store.home.with_name("older")
    shutil.copytree(store.home, older)
    process = store.start("security.disable_and_die", _key_of(store, "one"))
    output, errors = process.communicate(timeout=60)
    assert output == b"acknowledged\n", errors.decode()
    shutil.rmtree(store.home)
    shutil.copytree(older, store.home)
    with pytest.raises(_core.StoreError, match="older than its anchor"):
        store.client()


def test_accepted_rollback_opens_and_is_audited(store: ScratchStore) -> None:
    test_older_copy_of_the_store_is_refused(store)
    from kmscore.embedded import Embedded

    Embedded.open(store.home, accept_rollback=True).close()
    store.client().close()
    assert "AcceptRollback" in {record["op"] for record in store.audit_records()}


def test_missing_audit_segment_is_refused_and_named(store: ScratchStore) -> None:
    path = store.segments()[0]
    path.unlink()
    with pytest.raises(_core.IntegrityError, match="registered audit segments? (is|are) missing") as caught:
        store.client()
    assert path.stem in str(caught.value)
    assert any(path.stem in problem for problem in store.audit_problems())


def test_segment_of_which_also_the_registration_was_deleted_is_found(store: ScratchStore) -> None:
    path = store.segments()[-1]
    path.unlink()
    store.execute("DELETE FROM audit_segments WHERE segment_id = ?", path.stem)
    assert any(path.stem in problem for problem in store.audit_problems())


def test_deleted_anchor_is_refused(store: ScratchStore) -> None:
    (store.own_configuration() / "anchor").unlink()
    with pytest.raises(_core.RollbackError, match=r"the anchor .* is missing"):
        store.client()


@pytest.mark.parametrize("edit", ["lower state", "one flipped bit", "another store's", "empty", "not text"])
def test_edited_anchor_is_refused(store: ScratchStore, tmp_path: Path, edit: str) -> None:
    path = store.own_configuration() / "anchor"
    content = path.read_bytes()
    path.write_bytes(_edited_anchor(content, edit, tmp_path))
    with pytest.raises(_core.IntegrityError, match=r"anchor .* (was changed outside kmscore|cannot be read)"):
        store.client()
    path.write_bytes(content)
    store.client().close()


def test_counter_file_that_is_none_is_refused(store: ScratchStore) -> None:
    (store.home / "state.counter").write_bytes(b"a foreign file" * 400)
    with pytest.raises(_core.StoreError, match=r"state\.counter is not a state counter"):
        store.client()
    (store.home / "state.counter").unlink()
    store.client().close()


def test_counter_of_another_store_costs_a_refresh_and_nothing_else(store: ScratchStore, tmp_path: Path) -> None:
    other = _other_store(tmp_path)
    shutil.copy(other.home / "state.counter", store.home / "state.counter")
    kms = store.client()
    key_id = _key_of(store, "one")
    kms.disable_key(KeyId=key_id)
    with pytest.raises(kms.exceptions.DisabledException):
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
    kms.close()


def test_domain_key_of_another_store_is_refused(store: ScratchStore, tmp_path: Path) -> None:
    other = _other_store(tmp_path)
    shutil.copy(other.own_configuration() / "root.key", store.own_configuration() / "root.key")
    with pytest.raises(_core.RootKeyError, match="wrong root key"):
        store.client()


def _use_everything(kms: Any) -> None:
    kms.encrypt(KeyId="alias/one", Plaintext=b"x")
    kms.list_keys()
    kms.list_aliases()
    kms.describe_custom_key_stores()
    kms.list_grants(KeyId="alias/one")


def _use_grant(kms: Any) -> None:
    kms.encrypt(KeyId="alias/one", Plaintext=b"x")


def _refusal(store: ScratchStore, use: Callable[[Any], object], **options: str) -> str:
    """The text with which opening, using, checking or signing in to the store is refused."""
    try:
        kms = store.client(**options)
        try:
            use(kms)
        finally:
            kms.close()
    except Exception as error:
        return str(error)
    checked = store.command("doctor")
    assert checked.returncode != 0, f"nobody noticed:\n{checked.stdout}"
    return checked.stdout + checked.stderr


def _key_of(store: ScratchStore, description: str) -> str:
    [(key_id,)] = store.query("SELECT key_id FROM keys WHERE description = ?", description)
    return str(key_id)


def _other_store(directory: Path) -> ScratchStore:
    other = ScratchStore(directory / "other-home", directory / "other-configuration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(other.configuration))
        other.client().close()
    return other


def _edited_anchor(content: bytes, edit: str, directory: Path) -> bytes:
    match edit:
        case "lower state":
            return content.replace(b'"state":', b'"state":1', 1)
        case "one flipped bit":
            return content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
        case "another store's":
            return (_other_store(directory).own_configuration() / "anchor").read_bytes()
        case "empty":
            return b""
        case _:
            return b"\xff\xfe" + content
