"""What an auditor asks of keys: rules named after those of AWS Config and Security Hub where one exists.

Source: AWS Config developer guide, "List of AWS Config managed rules"; Security Hub user guide, "Security Hub controls
for AWS KMS".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kmscore.advice import UNUSED_DAYS, is_unused
from kmscore.arns import key_arn, principal_arn, root_arn
from kmscore.cost import StoredKey, stored_keys
from kmscore.policies.decisions import Identity, Subject, decide, subject_of
from kmscore.policies.documents import of_statements, statements
from kmscore.policies.review import review
from kmscore.policies.rights import rights
from kmscore.store import schema
from kmscore.store.rows import Row
from kmscore.usage import UsageIndex

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import View

EXPIRY_DAYS = 30
"""Imported key material that expires sooner is reported."""
_DAY = 86_400
_MICROSECONDS = 1_000_000
_PENDING_DELETION = ("PendingDeletion", "PendingReplicaDeletion")
_USES = {
    "ENCRYPT_DECRYPT": ["kms:Decrypt", "kms:ReEncryptFrom"],
    "ENCAPSULATE_DECAPSULATE": ["kms:Decapsulate"],
    "SIGN_VERIFY": ["kms:Sign"],
    "GENERATE_VERIFY_MAC": ["kms:GenerateMac"],
    "KEY_AGREEMENT": ["kms:DeriveSharedSecret"],
}
"""Key usage → what reads data or speaks in the key's name."""
_ADMINISTRATION = ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
_ON_ALL_KEYS = ["kms:Decrypt", "kms:ReEncryptFrom"]


@dataclass(frozen=True)
class Result:
    """What a rule says of a key, or of a principal."""

    rule: str
    status: Literal["ok", "warn", "fail"]
    resource: str
    """The ARN."""
    text: str
    """What was found; empty when all is well."""


@dataclass(frozen=True)
class Key:
    """A customer managed key, and all that the rules look at."""

    row: Row
    subject: Subject
    tags: int
    expiry: int | None
    """When the first of its imported material expires, in microseconds since 1970."""
    stored: StoredKey | None


@dataclass(frozen=True)
class Scope:
    """What the rules may ask besides."""

    store: Store
    usage: UsageIndex
    now: int
    """Microseconds since 1970."""
    expiry_days: int


@dataclass(frozen=True)
class Rule:
    """A rule about keys. `check` returns a status and a text, or None where the rule does not apply."""

    name: str
    control: str
    """The control of Security Hub, if there is one."""
    text: str
    check: Callable[[Key, Scope], tuple[Literal["ok", "warn", "fail"], str] | None]


Verdict = tuple[Literal["ok", "warn", "fail"], str] | None
_OK: Verdict = ("ok", "")


def check(
    store: Store,
    home: Any,
    *,
    account: str | None = None,
    region: str | None = None,
    rules: Collection[str] = (),
    expiry_days: int = EXPIRY_DAYS,
) -> list[Result]:
    """Check all customer managed keys of a store, and the policies of its principals.

    Args:
        store: The store, open.
        home: Its directory, for the index of usage; None as everywhere.
        account: Only this account.
        region: Only this Region.
        rules: Only these; all when empty.
        expiry_days: Imported key material that expires sooner is reported.

    Raises:
        ValueError: There is no such rule.
    """
    unknown = set(rules) - {*RULES, INLINE_POLICIES}
    if unknown:
        raise ValueError(
            f"there is no rule {', '.join(sorted(unknown))}; there are {', '.join([*RULES, INLINE_POLICIES])}"
        )
    chosen = [rule for rule in RULES.values() if not rules or rule.name in rules]
    found = []
    with UsageIndex.of(home) as usage:
        usage.update()
        scope = Scope(store, usage, store.now(), expiry_days)
        for key in _keys(store, home, usage, account, region):
            for rule in chosen:
                verdict = rule.check(key, scope)
                if verdict is not None:
                    found.append(Result(rule.name, verdict[0], key.subject.arn, verdict[1]))
    if not rules or INLINE_POLICIES in rules:
        found += _inline_policies(store, account)
    return found


def _keys(store: Store, home: Any, usage: UsageIndex, account: str | None, region: str | None) -> Iterator[Key]:
    table = schema.keys

    def read(view: View) -> list[tuple[Row, int, int | None]]:
        rows = view.rows(
            table, table.c.manager == "CUSTOMER", order_by=[table.c.account, table.c.region, table.c.key_id]
        )
        living = [row for row in rows if str(row["state"]) not in ("shredding", "deleted")]
        wanted = [row for row in living if account in (None, row["account"]) and region in (None, row["region"])]
        return [(row, _tags(view, row), _expiry(view, row)) for row in wanted]

    known = {key.arn: key for key in stored_keys(home, usage)}
    for row, tags, expiry in store.read(read):
        subject = subject_of(store, str(row["region"]), str(row["key_id"]))
        yield Key(row, subject, tags, expiry, known.get(subject.arn))


def _of(table: Any, row: Row) -> Any:
    return (table.c.region == row["region"]) & (table.c.key_id == row["key_id"])


def _tags(view: View, row: Row) -> int:
    return len(view.rows(schema.tags, _of(schema.tags, row)))


def _expiry(view: View, row: Row) -> int | None:
    material = view.rows(schema.key_material, _of(schema.key_material, row))
    dates = [int(str(one["valid_to"])) for one in material if one["valid_to"] is not None and one["sealed"] is not None]
    return min(dates, default=None)


# -- rules


def _rotation(key: Key, _: Scope) -> Verdict:
    row = key.row
    rotates = (row["spec"], row["origin"]) == ("SYMMETRIC_DEFAULT", "AWS_KMS")
    replica = row["primary_region"] not in (None, row["region"])
    if not rotates or replica or row["state"] in _PENDING_DELETION:
        return None
    if row["rotation_period"] is not None:
        return _OK
    return "fail", "automatic rotation is off; turn it on with EnableKeyRotation"


def _deletion(key: Key, _: Scope) -> Verdict:
    if key.row["state"] not in _PENDING_DELETION:
        return _OK
    return "fail", "its deletion is scheduled; kmscore keys cancel-deletion takes it back"


def _unused(key: Key, scope: Scope) -> Verdict:
    if key.stored is None or key.row["state"] in _PENDING_DELETION:
        return None
    if not is_unused(key.stored, scope.usage, scope.now // _MICROSECONDS):
        return _OK
    return (
        "warn",
        f"it did no cryptographic work for {UNUSED_DAYS} days; disable it, and delete it when nobody misses it",
    )


def _public(key: Key, _: Scope) -> Verdict:
    found = [
        f
        for f in review(key.subject.policy, arn=key.subject.arn, account=key.subject.account)
        if f.rule == "public-access"
    ]
    if not found:
        return _OK
    return "fail", f"{', '.join(finding.statement for finding in found)} of its key policy: {found[0].text}"


def _administrator(key: Key, scope: Scope) -> Verdict:
    able = [
        right.principal
        for right in rights(scope.store, key.subject, actions=_ADMINISTRATION[:1])
        if right.allowed != "no"
    ]
    root = root_arn(key.subject.account, str(key.row["region"]))
    if not able:
        return "fail", "nobody that the store knows can change its key policy"
    if able == [root]:
        return "warn", "only the account's root user can change its key policy; name an administrator"
    return _OK


def _apart(key: Key, scope: Scope) -> Verdict:
    uses = _USES[str(key.row["usage"])]
    held: dict[str, set[str]] = {}
    for right in rights(scope.store, key.subject, actions=[*_ADMINISTRATION, *uses]):
        # The root user can do what it likes by nature; nobody works as it.
        if right.allowed != "no" and not right.principal.endswith(":root"):
            held.setdefault(right.principal, set()).add(right.action)
    both = [name for name, actions in held.items() if actions & set(_ADMINISTRATION) and actions & set(uses)]
    if not both:
        return _OK
    return "warn", f"who administers it can use it as well: {', '.join(both)}"


def _material_expiry(key: Key, scope: Scope) -> Verdict:
    if key.row["origin"] != "EXTERNAL":
        return None
    if key.expiry is None or key.expiry - scope.now > scope.expiry_days * _DAY * _MICROSECONDS:
        return _OK
    days = max(0, (key.expiry - scope.now) // (_DAY * _MICROSECONDS))
    return "warn", f"imported key material expires in {days} days; import it again before, or the key cannot be used"


def _tagged(key: Key, _: Scope) -> Verdict:
    return _OK if key.tags else ("warn", "it has no tags; kmscore keys tag KEY owner=… says whose it is")


def _described(key: Key, _: Scope) -> Verdict:
    return _OK if key.row["description"] else ("warn", "it has no description")


RULES = {
    rule.name: rule
    for rule in (
        Rule("cmk-backing-key-rotation-enabled", "KMS.4", "Automatic rotation is on.", _rotation),
        Rule("kms-cmk-not-scheduled-for-deletion", "KMS.3", "No deletion is pending.", _deletion),
        Rule("kms-key-policy-no-public-access", "KMS.5", "No statement allows everyone unbound.", _public),
        Rule("kms-key-tagged", "", "It has tags.", _tagged),
        Rule("kmscore-key-described", "", "It has a description.", _described),
        Rule("kmscore-key-used", "", f"It was used within {UNUSED_DAYS} days.", _unused),
        Rule("kmscore-key-has-administrator", "", "Somebody can change its key policy.", _administrator),
        Rule("kmscore-administrators-apart", "", "Who administers it cannot use it.", _apart),
        Rule("kmscore-imported-material-valid", "", "Imported key material does not expire soon.", _material_expiry),
    )
}
"""Rules about keys, by name."""
INLINE_POLICIES = "iam-inline-policy-blocked-kms-actions"
"""The rule about principals: KMS.2. A store has no customer managed IAM policies, so KMS.1 has nothing to look at."""


def _inline_policies(store: Store, account: str | None) -> Iterator[Result]:
    """No policy of a user, role or group decrypts with all keys. As in AWS, conditions do not count."""
    table = schema.principal_policies

    def read(view: View) -> list[Row]:
        rows = view.rows(table, table.c.purpose == "identity", order_by=[table.c.account, table.c.kind, table.c.name])
        return [row for row in rows if row["document"] is not None and account in (None, row["account"])]

    for row in store.read(read):
        owner = str(row["account"])
        arn = principal_arn(owner, str(row["kind"]), "/", str(row["name"]))
        actions, name = _on_all_keys(str(row["document"]), owner), str(row["policy_name"])
        text = f"its policy {name} allows {' and '.join(actions)} on all keys; name the keys in Resource"
        yield Result(INLINE_POLICIES, "fail" if actions else "ok", arn, text if actions else "")


def _on_all_keys(document: str, account: str) -> list[str]:
    """The blocked actions that a policy allows on a key of which nobody has heard."""
    everyone = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    subject = Subject(
        key_arn(account, "us-east-1", "00000000-0000-0000-0000-000000000000"), account, of_statements([everyone])
    )
    bare = [
        {name: value for name, value in statement.element.items() if name != "Condition"}
        for statement in statements(document)
    ]
    policy: dict[str, str | None] = {
        "name": "policy",
        "document": json.dumps({"Version": "2012-10-17", "Statement": bare}),
    }
    who = Identity(f"arn:aws:iam::{account}:user/anyone", policies={"identity": [policy]})
    return [action for action in _ON_ALL_KEYS if decide(subject, who, action).allowed]
