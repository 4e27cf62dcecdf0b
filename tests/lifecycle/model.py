"""Key life cycles as the documentation tells them, in plain Python: what becomes of keys, and what each call answers.

Time is counted in days. A call's answer is one error code or OK; where the documentation allows several, a set.
"""

from dataclasses import dataclass, field

OK = "OK"
MISSING = "NotFoundException"
INVALID_STATE = "KMSInvalidStateException"
UNSUPPORTED = "UnsupportedOperationException"
DISABLED = "DisabledException"

_PENDING = ("PendingDeletion", "PendingReplicaDeletion")
_USE = {"Disabled": DISABLED, "PendingImport": INVALID_STATE, **dict.fromkeys(_PENDING, INVALID_STATE)}
_DESCRIBE = dict.fromkeys(_PENDING, INVALID_STATE)
# Section "Key states of AWS KMS keys" of the developer guide: the errors by state; any other state lets the call on.
REFUSED: dict[str, dict[str, str]] = {
    "Encrypt": _USE,
    "Decrypt": _USE,
    "GenerateMac": _USE,
    "CreateGrant": _USE,
    "ReplicateKey": _USE,
    "RotateKeyOnDemand": _USE,
    "CreateAlias": _DESCRIBE,
    "UpdateAlias": _DESCRIBE,
    "TagResource": _DESCRIBE,
    "UntagResource": _DESCRIBE,
    "UpdateKeyDescription": _DESCRIBE,
    "EnableKey": {**_DESCRIBE, "PendingImport": INVALID_STATE},
    "DisableKey": {**_DESCRIBE, "PendingImport": INVALID_STATE},
    "EnableKeyRotation": {**_DESCRIBE, "Disabled": DISABLED},
    "DisableKeyRotation": {**_DESCRIBE, "Disabled": DISABLED},
    "ScheduleKeyDeletion": _DESCRIBE,
    "GetParametersForImport": _DESCRIBE,
    "CancelKeyDeletion": dict.fromkeys(("Enabled", "Disabled", "PendingImport"), INVALID_STATE),
}


@dataclass
class Material:
    """Key material: imported material is known by its bytes, other by its number."""

    name: bytes
    current: bool = True
    pending: bool = False
    present: bool = True
    expires: float | None = None


@dataclass
class Key:
    """One KMS key in one Region."""

    region: str
    key_id: str
    kind: str
    """symmetric, external, hmac or multi."""
    state: str = "Enabled"
    primary_region: str | None = None
    materials: list[Material] = field(default_factory=list)
    period: int | None = None
    next_rotation: float | None = None
    deletion: float | None = None
    window: int | None = None
    on_demand: int = 0
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    grants: set[str] = field(default_factory=set)
    admits_user: bool = False
    """Whether the key policy does."""

    @property
    def is_replica(self) -> bool:
        """Whether it follows a primary key."""
        return self.primary_region not in (None, self.region)

    @property
    def is_pending(self) -> bool:
        """Whether it waits for its deletion."""
        return self.state in _PENDING

    @property
    def complete(self) -> bool:
        """Whether all material that ciphertext may need is there."""
        lasting = [material for material in self.materials if not material.pending]
        return bool(lasting) and all(material.present for material in lasting)

    def current(self) -> Material | None:
        """The material that encrypts."""
        return next((material for material in self.materials if material.current), None)

    def pending(self) -> Material | None:
        """The imported material that waits for a rotation."""
        return next((material for material in self.materials if material.pending), None)

    def answer(self, operation: str) -> str:
        """What the key's state makes of a call."""
        return MISSING if self.state == "gone" else REFUSED.get(operation, {}).get(self.state, OK)


class Model:
    """All keys and aliases of one account, and the time."""

    def __init__(self) -> None:
        self.day = 0.0
        self.keys: list[Key] = []
        self.aliases: dict[tuple[str, str], Key] = {}
        self._drawn = 0

    def drawn(self) -> Material:
        """Fresh material of kmscore's own."""
        self._drawn += 1
        return Material(f"drawn {self._drawn}".encode())

    def related(self, key: Key) -> list[Key]:
        """A key and its related keys, without those that are gone."""
        return [other for other in self.keys if other.key_id == key.key_id and other.state != "gone"]

    def advance(self, days: float) -> None:
        """Move time on, and do what is due then."""
        self.day += days
        self.settle()

    def settle(self) -> None:
        """Do what is due: rotations, expiries, deletions; and a primary key's waiting once it is the last one."""
        for key in self.keys:
            if key.state == "Enabled" and key.next_rotation is not None and key.next_rotation <= self.day:
                assert key.period is not None
                self.rotate(key, self.drawn())
                missed = (self.day - key.next_rotation) // key.period
                key.next_rotation += (missed + 1) * key.period
            for material in list(key.materials):
                if material.present and material.expires is not None and material.expires <= self.day:
                    self.lose(key, material)
            if key.deletion is not None and key.deletion <= self.day:
                self.delete(key)

    def rotate(self, key: Key, material: Material) -> None:
        """Make other material current, in every related key."""
        for member in self.related(key):
            for other in member.materials:
                other.current = False
            if member is key and material in member.materials:
                material.current, material.pending = True, False
            else:
                member.materials.append(Material(material.name))

    def lose(self, key: Key, material: Material) -> None:
        """Imported material is deleted or expires; when it was never current, it is forgotten."""
        material.present, material.expires = False, None
        if material.pending:
            key.materials.remove(material)
        elif not key.is_pending:
            key.state = "PendingImport"

    def delete(self, key: Key) -> None:
        """The waiting period is over."""
        key.state, key.deletion, key.next_rotation = "gone", None, None
        self.aliases = {place: target for place, target in self.aliases.items() if target is not key}
        left = self.related(key)
        if [member.state for member in left] == ["PendingReplicaDeletion"]:
            [primary] = left
            assert primary.window is not None
            primary.state, primary.deletion, primary.window = "PendingDeletion", self.day + primary.window, None

    def schedule(self, key: Key, window: int) -> None:
        """ScheduleKeyDeletion."""
        if not key.is_replica and len(self.related(key)) > 1:
            key.state, key.window = "PendingReplicaDeletion", window
        else:
            key.state, key.deletion = "PendingDeletion", self.day + window

    def cancel(self, key: Key) -> None:
        """CancelKeyDeletion; a key without its material goes on waiting for it."""
        key.state, key.deletion, key.window = "Disabled" if key.complete else "PendingImport", None, None

    def rotation_answers(self, key: Key, operation: str) -> set[str]:
        """EnableKeyRotation, DisableKeyRotation: for symmetric primary keys whose material kmscore draws."""
        if key.kind in ("hmac", "external") or key.is_replica:
            # The documentation leaves open which of the two faults is told.
            return {UNSUPPORTED, key.answer(operation)} - {OK} if key.state != "gone" else {MISSING}
        return {key.answer(operation)}

    def rotate_answers(self, key: Key) -> set[str]:
        """RotateKeyOnDemand."""
        if key.state == "gone":
            return {MISSING}
        if key.kind == "hmac" or key.is_replica:
            return {UNSUPPORTED, key.answer("RotateKeyOnDemand")} - {OK}
        if key.answer("RotateKeyOnDemand") != OK:
            return {key.answer("RotateKeyOnDemand")}
        if key.on_demand >= 25:
            return {"LimitExceededException"}
        return {INVALID_STATE if key.kind == "external" and key.pending() is None else OK}

    def replicate_answers(self, key: Key, region: str) -> set[str]:
        """ReplicateKey."""
        if key.state == "gone":
            return {MISSING}
        faults = {key.answer("ReplicateKey")} - {OK}
        if key.primary_region is None or key.is_replica:
            faults.add(UNSUPPORTED)
        if any(member.region == region for member in self.related(key)):
            faults.add("AlreadyExistsException")
        return faults or {OK}

    def parameters_answers(self, key: Key) -> set[str]:
        """GetParametersForImport; of two faults, the documentation leaves open which is told."""
        faults = {key.answer("GetParametersForImport")} - {OK}
        if key.state != "gone" and key.kind != "external":
            faults.add(UNSUPPORTED)
        return faults or {OK}

    def import_answers(self, key: Key, name: bytes, *, new: bool) -> set[str]:
        """ImportKeyMaterial with good parameters, as new material or as material that the key had."""
        known = any(material.name == name for material in key.materials)
        if known == new:
            return {"IncorrectKeyMaterialException"}
        return {INVALID_STATE if new and key.pending() else OK}

    def import_material(self, key: Key, name: bytes, expires: float | None) -> None:
        """Imported material is there (again); a key that waited for it can be used once all of it is."""
        known = next((material for material in key.materials if material.name == name), None)
        if known is None:
            first = not key.materials
            known = Material(name, current=first, pending=not first)
            key.materials.append(known)
        known.present, known.expires = True, expires
        if key.state == "PendingImport" and key.complete:
            key.state = "Enabled"
