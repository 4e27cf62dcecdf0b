"""Random life cycles of KMS keys go as the model says: the same answers and errors, the same state after each step."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kmscore._core import Clock
from kmscore.errors import KmsError
from lifecycle.model import MISSING, OK, Key, Material, Model
from opened_store import DAY, OpenedStore, open_store
from scratch_store import ScratchStore

STEPS = 50
REGIONS = ("us-east-1", "eu-west-1")
USER = "arn:aws:iam::123456789012:user/u"
KINDS: dict[str, dict[str, Any]] = {
    "symmetric": {},
    "external": {"Origin": "EXTERNAL"},
    "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "multi": {"MultiRegion": True},
}
# Three each of which a key may be given.
BYTES = [bytes([number]) * 32 for number in range(3)]
NAMES = st.sampled_from(["alias/a", "alias/b", "alias/c"])
# Keys are drawn by number, so that shrinking leads to those made first.
INDEX = st.integers(0, 11)
ROOT_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)
_OF_USER = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "kms:Encrypt",
    "Resource": "*",
    "Condition": {"ArnEquals": {"aws:PrincipalArn": USER}},
}
USER_TOO = json.dumps({**json.loads(ROOT_ONLY), "Statement": [*json.loads(ROOT_ONLY)["Statement"], _OF_USER]})


class Blob:
    """Ciphertext, the key that made it, and what it holds."""

    def __init__(self, key: Key, ciphertext: bytes, plaintext: bytes, context: dict[str, str]) -> None:
        self.key, self.ciphertext, self.plaintext, self.context = key, ciphertext, plaintext, context


class KeyLives(RuleBasedStateMachine):
    """Calls of a store beside a model of it."""

    steps: ClassVar[int] = 0
    """How many were made, in all lives."""

    def __init__(self) -> None:
        super().__init__()
        # What is there before the first step is looked at, too.
        KeyLives.steps -= 1
        self.folder = tempfile.TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        scratch = ScratchStore(Path(self.folder.name) / "home", Path(self.folder.name) / "configuration")
        self.patch.setenv("KMSCORE_CONFIG_HOME", str(scratch.configuration))
        clock = Clock()
        self.opened = OpenedStore(scratch, clock, open_store(scratch, clock))
        self.model = Model()
        self.blobs: list[Blob] = []
        self.looked_at: list[Key] = []
        """The keys that the last step was about; only these are looked at, and at times all."""

    def teardown(self) -> None:
        """Close the store."""
        self.opened.embedded.close()
        self.patch.undo()
        self.folder.cleanup()

    # -- what comes and goes ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.keys) < 10)
    @rule(kind=st.sampled_from([*KINDS, "symmetric", "external", "multi"]), region=st.sampled_from(REGIONS))
    def create_key(self, kind: str, region: str) -> None:
        made = self.opened.call("CreateKey", region=region, **KINDS[kind])["KeyMetadata"]
        external = kind == "external"
        key = Key(region, made["KeyId"], kind, "PendingImport" if external else "Enabled")
        key.materials = [] if external else [self.model.drawn()]
        key.primary_region = region if kind == "multi" else None
        self.model.keys.append(key)

    @rule(days=st.sampled_from([1, 7, 30, 90, 200]))
    def wait(self, days: int) -> None:
        self.opened.clock.advance(days * DAY)
        self.model.advance(days)
        self.looked_at = self.model.keys

    @rule(index=INDEX, region=st.sampled_from(REGIONS))
    def replicate(self, index: int, region: str) -> None:
        if (key := self.key(index)) is None:
            return
        answer = self.expect(self.model.replicate_answers(key, region), "ReplicateKey", key, ReplicaRegion=region)
        if answer is None:
            return
        assert answer["ReplicaKeyMetadata"]["KeyState"] == "Creating"
        replica = Key(region, key.key_id, "multi", primary_region=key.region, period=key.period)
        replica.materials = [Material(one.name, one.current) for one in key.materials]
        self.model.keys = [one for one in self.model.keys if (one.region, one.key_id) != (region, key.key_id)]
        self.model.keys.append(replica)
        # Created by the next step.
        self.opened.clock.advance(2)

    @rule(index=INDEX, window=st.sampled_from([6, 7, 20, 30, 31]))
    def schedule_deletion(self, index: int, window: int) -> None:
        if (key := self.key(index)) is None:
            return
        expected = {key.answer("ScheduleKeyDeletion")}
        if not 7 <= window <= 30:
            expected = (expected | {"ValidationException"}) - {OK}
        answer = self.expect(expected, "ScheduleKeyDeletion", key, PendingWindowInDays=window)
        if answer is not None:
            self.model.schedule(key, window)
            assert answer["KeyState"] == key.state
            assert ("DeletionDate" in answer) == (key.deletion is not None)

    @rule(index=INDEX)
    def cancel_deletion(self, index: int) -> None:
        self.do(index, "CancelKeyDeletion", self.model.cancel)

    # -- what is set and unset --------------------------------------------------------------------------------------

    @rule(index=INDEX)
    def enable(self, index: int) -> None:
        self.do(index, "EnableKey", lambda key: setattr(key, "state", "Enabled"))

    @rule(index=INDEX)
    def disable(self, index: int) -> None:
        self.do(index, "DisableKey", lambda key: setattr(key, "state", "Disabled"))

    @rule(index=INDEX, text=st.sampled_from(["", "one", "another"]))
    def describe(self, index: int, text: str) -> None:
        self.do(index, "UpdateKeyDescription", lambda key: setattr(key, "description", text), Description=text)

    @rule(index=INDEX, name=st.sampled_from(["a", "b"]), value=st.sampled_from(["", "x"]))
    def tag(self, index: int, name: str, value: str) -> None:
        tags = [{"TagKey": name, "TagValue": value}]
        self.do(index, "TagResource", lambda key: key.tags.update({name: value}), Tags=tags)

    @rule(index=INDEX, name=st.sampled_from(["a", "b"]))
    def untag(self, index: int, name: str) -> None:
        self.do(index, "UntagResource", lambda key: key.tags.pop(name, None), TagKeys=[name])

    @rule(index=INDEX, admits=st.booleans())
    def put_policy(self, index: int, admits: bool) -> None:
        policy = USER_TOO if admits else ROOT_ONLY
        self.do(index, "PutKeyPolicy", lambda key: setattr(key, "admits_user", admits), Policy=policy)

    @rule(index=INDEX)
    def create_grant(self, index: int) -> None:
        if (key := self.key(index)) is None:
            return
        operation = "GenerateMac" if key.kind == "hmac" else "Encrypt"
        expected = {key.answer("CreateGrant")}
        made = self.expect(expected, "CreateGrant", key, GranteePrincipal=USER, Operations=[operation])
        if made is not None:
            key.grants.add(made["GrantId"])

    @rule(index=INDEX, forged=st.booleans())
    def revoke_grant(self, index: int, forged: bool) -> None:
        if (key := self.key(index)) is None:
            return
        grant = min(key.grants, default=None)
        if forged or grant is None:
            self.expect({MISSING}, "RevokeGrant", key, GrantId="0" * 64)
        elif self.expect({key.answer("RevokeGrant")}, "RevokeGrant", key, GrantId=grant) is not None:
            key.grants.remove(grant)

    @rule(index=INDEX, name=NAMES)
    def create_alias(self, index: int, name: str) -> None:
        if (key := self.key(index)) is None:
            return
        faults = {key.answer("CreateAlias")} - {OK}
        if (key.region, name) in self.model.aliases:
            faults.add("AlreadyExistsException")
        if self.expect(faults or {OK}, "CreateAlias", key, "TargetKeyId", AliasName=name) is not None:
            self.model.aliases[key.region, name] = key

    @rule(index=INDEX, name=NAMES)
    def update_alias(self, index: int, name: str) -> None:
        if (key := self.key(index)) is None:
            return
        old = self.model.aliases.get((key.region, name))
        faults = {key.answer("UpdateAlias")} - {OK}
        if old is None:
            faults.add(MISSING)
        elif (old.kind == "hmac") != (key.kind == "hmac"):
            faults.add("ValidationException")
        if self.expect(faults or {OK}, "UpdateAlias", key, "TargetKeyId", AliasName=name) is not None:
            self.model.aliases[key.region, name] = key

    @rule(region=st.sampled_from(REGIONS), name=NAMES)
    def delete_alias(self, region: str, name: str) -> None:
        code, _ = self.outcome(lambda: self.opened.call("DeleteAlias", region=region, AliasName=name))
        assert code == (OK if self.model.aliases.pop((region, name), None) else MISSING)

    # -- rotation and import ----------------------------------------------------------------------------------------

    @rule(index=INDEX, days=st.sampled_from([90, 365]))
    def enable_rotation(self, index: int, days: int) -> None:
        if (key := self.key(index)) is None:
            return
        expected = self.model.rotation_answers(key, "EnableKeyRotation")
        done = self.expect(expected, "EnableKeyRotation", key, RotationPeriodInDays=days)
        if done is not None and key.period != days:
            self.schedule_rotation(key, days)

    @rule(index=INDEX)
    def disable_rotation(self, index: int) -> None:
        if (key := self.key(index)) is None:
            return
        expected = self.model.rotation_answers(key, "DisableKeyRotation")
        if self.expect(expected, "DisableKeyRotation", key) is not None:
            self.schedule_rotation(key, None)

    def schedule_rotation(self, key: Key, days: int | None) -> None:
        for member in self.model.related(key):
            member.period = days
        key.next_rotation = None if days is None else self.model.day + days

    @rule(index=INDEX, times=st.sampled_from([1, 1, 1, 13]))
    def rotate(self, index: int, times: int) -> None:
        for _ in range(times):
            if (key := self.key(index)) is None:
                return
            if self.expect(self.model.rotate_answers(key), "RotateKeyOnDemand", key) is not None:
                self.model.rotate(key, key.pending() or self.model.drawn())
                for member in self.model.related(key):
                    member.on_demand += 1

    @rule(index=INDEX, material=st.sampled_from(BYTES), new=st.booleans(), days=st.sampled_from([None, 5, 100]))
    def import_material(self, index: int, material: bytes, new: bool, days: int | None) -> None:
        if (key := self.key(index, "external")) is None:
            return
        expected = self.model.import_answers(key, material, new=new)
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        made = self.expect(self.model.parameters_answers(key), "GetParametersForImport", key, **wrapping)
        if made is None:
            return
        public = serialization.load_der_public_key(made["PublicKey"])
        assert isinstance(public, rsa.RSAPublicKey)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        life: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if days is not None:
            life = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": self.opened.clock.now() + days * DAY}
        imported = self.expect(
            expected,
            "ImportKeyMaterial",
            key,
            ImportToken=made["ImportToken"],
            EncryptedKeyMaterial=public.encrypt(material, oaep),
            ImportType="NEW_KEY_MATERIAL" if new else "EXISTING_KEY_MATERIAL",
            **life,
        )
        if imported is not None:
            self.model.import_material(key, material, None if days is None else self.model.day + days)

    @rule(index=INDEX)
    def delete_material(self, index: int) -> None:
        if (key := self.key(index, "external")) is None:
            return
        expected = (
            {MISSING} if key.state == "gone" else {OK if key.kind == "external" else "UnsupportedOperationException"}
        )
        done = self.expect(expected, "DeleteImportedKeyMaterial", key)
        current = key.current()
        if done is not None and current is not None and current.present:
            self.model.lose(key, current)

    # -- use --------------------------------------------------------------------------------------------------------

    @rule(index=INDEX, plaintext=st.binary(min_size=1, max_size=8), context=st.sampled_from([{}, {"a": "b"}]))
    def encrypt(self, index: int, plaintext: bytes, context: dict[str, str]) -> None:
        if (key := self.key(index)) is None:
            return
        if key.kind == "hmac":
            self.expect({key.answer("GenerateMac")}, "GenerateMac", key, Message=b"m", MacAlgorithm="HMAC_SHA_256")
            return
        made = self.expect({key.answer("Encrypt")}, "Encrypt", key, Plaintext=plaintext, EncryptionContext=context)
        if made is not None:
            self.blobs.append(Blob(key, made["CiphertextBlob"], plaintext, context))

    @precondition(lambda self: self.blobs)
    @rule(index=st.integers(0, 1000), region=st.sampled_from(REGIONS), wrong=st.booleans())
    def decrypt(self, index: int, region: str, wrong: bool) -> None:
        blob = self.blobs[index % len(self.blobs)]
        context = {**blob.context, "wrong": "pair"} if wrong else blob.context
        holders = [key for key in self.model.related(blob.key) if key.region == region]
        # Without a key, nothing tells whether there ever was one.
        expected = holders[0].answer("Decrypt") if holders else "AccessDeniedException"
        if expected == OK and wrong:
            expected = "InvalidCiphertextException"
        code, answer = self.outcome(
            lambda: self.opened.call(
                "Decrypt", region=region, CiphertextBlob=blob.ciphertext, EncryptionContext=context
            )
        )
        assert code == expected
        assert answer is None or answer["Plaintext"] == blob.plaintext

    @rule(region=st.sampled_from(REGIONS), name=NAMES)
    def encrypt_by_alias(self, region: str, name: str) -> None:
        key = self.model.aliases.get((region, name))
        expected = {MISSING if key is None else key.answer("Encrypt")}
        if key is not None and key.kind == "hmac":
            expected = {"InvalidKeyUsageException", *expected} - {OK}
        code, _ = self.outcome(lambda: self.opened.call("Encrypt", region=region, KeyId=name, Plaintext=b"x"))
        assert code in expected

    @rule(index=INDEX)
    def encrypt_as_user(self, index: int) -> None:
        key = self.key(index)
        if key is None or key.region != REGIONS[0] or key.kind == "hmac" or key.state == "gone":
            return
        allowed = key.admits_user or bool(key.grants)
        expected = key.answer("Encrypt") if allowed else "AccessDeniedException"
        code, _ = self.outcome(lambda: self.opened.call_as(USER, "Encrypt", KeyId=key.key_id, Plaintext=b"x"))
        assert code == expected

    # -- what is there after each step ------------------------------------------------------------------------------

    @invariant()
    def all_keys_are_as_the_model_says(self) -> None:
        KeyLives.steps += 1
        # Enabling a key may make a rotation due that it missed.
        self.model.settle()
        for region in REGIONS:
            keys = [key for key in self.model.keys if key.region == region and key.state != "gone"]
            listed = self.opened.call("ListKeys", region=region)["Keys"]
            assert {entry["KeyId"] for entry in listed} == {key.key_id for key in keys}
            # The predefined aliases of AWS services have no key yet.
            entries = self.opened.call("ListAliases", region=region)["Aliases"]
            aliases = [entry for entry in entries if "TargetKeyId" in entry]
            assert {entry["AliasName"]: entry["TargetKeyId"] for entry in aliases} == {
                name: key.key_id for (place, name), key in self.model.aliases.items() if place == region
            }
            for key in keys:
                if key in self.looked_at:
                    self.check(key)

    def check(self, key: Key) -> None:
        found = self.opened.metadata(key.key_id, region=key.region)
        assert found["KeyState"] == key.state
        assert found["Enabled"] == (key.state == "Enabled")
        assert found["Description"] == key.description
        assert ("DeletionDate" in found) == (key.deletion is not None)
        assert found.get("PendingDeletionWindowInDays") == key.window
        if key.deletion is not None:
            remaining = (found["DeletionDate"].timestamp() - self.opened.clock.now()) / DAY
            assert abs(remaining - (key.deletion - self.model.day)) < 0.01
        tags = self.opened.call("ListResourceTags", region=key.region, KeyId=key.key_id)["Tags"]
        assert {tag["TagKey"]: tag["TagValue"] for tag in tags} == key.tags
        grants = self.opened.call("ListGrants", region=key.region, KeyId=key.key_id)["Grants"]
        assert {grant["GrantId"] for grant in grants} == key.grants
        if key.kind != "hmac":
            self.check_rotation(key)

    def check_rotation(self, key: Key) -> None:
        status = self.opened.call("GetKeyRotationStatus", region=key.region, KeyId=key.key_id)
        enabled = key.period is not None and not key.is_pending
        assert status["KeyRotationEnabled"] == enabled
        assert status.get("RotationPeriodInDays") == (key.period if enabled else None)
        listed = self.opened.call(
            "ListKeyRotations", region=key.region, KeyId=key.key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL"
        )["Rotations"]
        states = [
            "PENDING_ROTATION" if one.pending else "CURRENT" if one.current else "NON_CURRENT" for one in key.materials
        ]
        assert [entry["KeyMaterialState"] for entry in listed] == states
        if key.kind == "external":
            imported = ["IMPORTED" if one.present else "PENDING_IMPORT" for one in key.materials]
            assert [entry["ImportState"] for entry in listed] == imported

    # -- how it is asked --------------------------------------------------------------------------------------------

    def key(self, index: int, kind: str | None = None) -> Key | None:
        """One of the keys, more often than not of a kind."""
        preferred = [key for key in self.model.keys if key.kind == kind]
        keys = preferred if preferred and index < 9 else self.model.keys
        return keys[index % len(keys)] if keys else None

    def do(self, index: int, operation: str, change: Callable[[Key], object], **parameters: Any) -> None:
        """Call an operation that the key's state alone decides on, and change the model if it went well."""
        key = self.key(index)
        if key is not None and self.expect({key.answer(operation)}, operation, key, **parameters) is not None:
            change(key)

    def expect(
        self, allowed: set[str], operation: str, key: Key, member: str = "KeyId", **parameters: Any
    ) -> dict[str, Any] | None:
        """Call an operation on a key and compare the outcome; returns the answer of a call that went well."""
        code, answer = self.outcome(
            lambda: self.opened.call(operation, region=key.region, **{member: key.key_id}, **parameters)
        )
        self.looked_at = self.model.related(key)
        assert code in allowed, f"{operation} of {key}: {code}, expected {allowed}"
        return answer

    def outcome(self, call: Callable[[], dict[str, Any]]) -> tuple[str, dict[str, Any] | None]:
        try:
            return OK, call()
        except KmsError as error:
            return type(error).__name__, None


def _run(steps: int, *, repeatable: bool) -> None:
    how = settings(
        max_examples=steps // STEPS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=repeatable,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(KeyLives, settings=how)


def test_keys_live_as_the_model_says() -> None:
    _run(300, repeatable=True)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_keys_live_as_the_model_says_for_ten_thousand_steps() -> None:
    KeyLives.steps = 0
    # A life may end before its last step.
    while KeyLives.steps < 10_000:
        _run(1_000, repeatable=False)
        print(f"{KeyLives.steps} steps, no difference", flush=True)  # noqa: T201 - what a torture run shows.
