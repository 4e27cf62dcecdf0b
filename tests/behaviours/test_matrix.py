"""Every operation in every case of permission and key state, against a table written by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.session import get_session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from behaviours.matrix import Cell, Row, cells, letter, read_table
from behaviours.matrix_calls import MATERIAL, Preparations
from behaviours.world import OTHER_ACCOUNT, ROOT, WEST, World, allow, deny, key_policy
from identity.conftest import Identities, statement
from kmscore.client.meta import method_name
from kmscore.testing import Clock
from opened_store import OpenedStore, open_store
from scratch_store import ScratchStore

ROWS = read_table()
CELLS = cells(ROWS)
FOREIGN_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
FOREIGN_COLUMNS = ("other", "one-sided")
PRIVATE_KEY = ec.derive_private_key(12345, ec.SECP256R1()).private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
KINDS: dict[str, dict[str, Any]] = {
    "symmetric": {},
    "external": {"Origin": "EXTERNAL"},
    "signing": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "agreement": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
    "mac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "kem": {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "primary": {"MultiRegion": True},
    "related": {"MultiRegion": True},
}


@dataclass
class Stage:
    """A store in which each cell has a key of its own."""

    world: World
    prepare: Preparations
    callers: dict[object, str] = field(default_factory=dict)

    def caller(self, cell: Cell) -> str:
        """Who calls in this case."""
        account = {"account": OTHER_ACCOUNT} if cell.column in FOREIGN_COLUMNS else {}
        policies: list[str] = []
        if cell.column == "denied":
            policies = [statement()] if self.is_bound_by_key_policies(cell.row) else [statement(), statement("Deny")]
        elif cell.column != "none" and cell.row.actions:
            policies = [statement(action=list(cell.row.actions))]
        traits = (tuple(policies), *account.values())
        if traits not in self.callers:
            self.callers[traits] = self.world.user(f"user{len(self.callers)}", *policies, **account)
        return self.callers[traits]

    def is_bound_by_key_policies(self, row: Row) -> bool:
        """Whether key policies have a say; in ListAliases a key is but a filter."""
        return row.has_key and row.operation != "ListAliases"

    def key(self, cell: Cell, caller: str) -> str:
        """A key for this case, enabled; its ARN."""
        statements = [deny(caller, "kms:*")] if cell.column == "denied" else []
        statements += [allow(FOREIGN_ROOT, "kms:*")] if cell.column == "other" else []
        parameters = KINDS[cell.row.kind] | ({"Origin": "EXTERNAL"} if cell.column == "import" else {})
        metadata = self.world.kms.create_key(Policy=key_policy(*statements), **parameters)["KeyMetadata"]
        if metadata["Origin"] == "EXTERNAL":
            is_pair = cell.row.kind in ("signing", "agreement")
            self.world.import_material(metadata["KeyId"], PRIVATE_KEY if is_pair else MATERIAL)
        if cell.row.kind == "related":
            self.world.kms.replicate_key(KeyId=metadata["KeyId"], ReplicaRegion=WEST)
            self.world.advance(seconds=10)
        return str(metadata["Arn"])

    def enter_state(self, cell: Cell, arn: str) -> None:
        """Bring the key into the state of this case."""
        kms = self.world.kms
        changes = {
            "disabled": kms.disable_key,
            "deletion": kms.schedule_key_deletion,
            "import": kms.delete_imported_key_material,
        }
        if cell.column in changes:
            changes[cell.column](KeyId=arn)

    def retiring(self, cell: Cell, caller: str) -> str:
        """Whom grants name as the one who may retire them: the caller, where he is to have a permission."""
        return ROOT if cell.column in ("none", "one-sided") else caller


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, trust_anchor: str) -> Iterator[Stage]:
    """The store of this module."""
    place = tmp_path_factory.mktemp("matrix")
    scratch = ScratchStore(place / "home", place / "configuration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(scratch.configuration))
        clock = Clock()
        opened = OpenedStore(scratch, clock, open_store(scratch, clock))
        world = World(Identities(opened))
        world.user("somebody", account=OTHER_ACCOUNT)
        yield Stage(world, Preparations(world, FOREIGN_ROOT, trust_anchor))
        world.close()
        opened.embedded.close()


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_outcome_is_the_documented_one(stage: Stage, cell: Cell) -> None:
    caller = stage.caller(cell)
    arn = stage.key(cell, caller) if cell.row.has_key else ""
    arguments = stage.prepare.arguments(cell.row.name, arn, stage.retiring(cell, caller))
    stage.enter_state(cell, arn)
    call = getattr(stage.world.client(caller), method_name(cell.row.operation))
    assert letter(call, arguments, caller, arn) == cell.expected


def test_table_has_every_operation() -> None:
    names = set(get_session().get_service_model("kms").operation_names)
    assert {row.operation for row in ROWS} == names
    assert len(names) == 56
    assert len(CELLS) > 400


def test_table_has_no_row_twice() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
