"""What a store holds, and what each change makes of it: the model that a crash must not contradict."""

from dataclasses import dataclass, field, replace
from typing import Any

Change = dict[str, str]
"""`op`; `key` (an id) and `alias` where the operation has one; `text`, the description, where it sets one."""


@dataclass(frozen=True)
class Key:
    """What is compared of a KMS key."""

    state: str
    description: str


@dataclass(frozen=True)
class Contents:
    """Keys by id, and aliases with the id of their key."""

    keys: dict[str, Key] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def after(self, change: Change) -> "Contents":
        """The contents once a change is made; for CreateKey, `key` is the id that the answer told."""
        keys, aliases = dict(self.keys), dict(self.aliases)
        match change["op"]:
            case "CreateKey":
                keys[change["key"]] = Key("Enabled", change["text"])
            case "UpdateKeyDescription":
                keys[change["key"]] = replace(keys[change["key"]], description=change["text"])
            case "CreateAlias" | "UpdateAlias":
                aliases[change["alias"]] = change["key"]
            case "DeleteAlias":
                del aliases[change["alias"]]
            case operation:
                keys[change["key"]] = replace(keys[change["key"]], state=STATE_AFTER[operation])
        return Contents(keys, aliases)


STATE_AFTER = {
    "EnableKey": "Enabled",
    "DisableKey": "Disabled",
    "ScheduleKeyDeletion": "PendingDeletion",
    "CancelKeyDeletion": "Disabled",
}
OPERATIONS = (*STATE_AFTER, "CreateKey", "UpdateKeyDescription", "CreateAlias", "UpdateAlias", "DeleteAlias")


def of_store(kms: Any) -> Contents:
    """The contents as a client sees them."""
    ids = [key["KeyId"] for page in pages(kms.list_keys) for key in page["Keys"]]
    described = [kms.describe_key(KeyId=key_id)["KeyMetadata"] for key_id in ids]
    keys = {one["KeyId"]: Key(one["KeyState"], one["Description"]) for one in described}
    aliases = [alias for page in pages(kms.list_aliases) for alias in page["Aliases"]]
    return Contents(keys, {alias["AliasName"]: alias["TargetKeyId"] for alias in aliases if "TargetKeyId" in alias})


def pages(operation: Any) -> list[dict[str, Any]]:
    """Every page of a listing."""
    found = [operation(Limit=100)]
    while found[-1]["Truncated"]:
        found.append(operation(Limit=100, Marker=found[-1]["NextMarker"]))
    return found


def possible_changes(contents: Contents, number: int) -> list[Change]:
    """Changes that the store must accept, and that each change something."""
    text = f"change {number}"
    found: list[Change] = [{"op": "CreateKey", "text": text}] if len(contents.keys) < 12 else []
    usable = [key_id for key_id, key in contents.keys.items() if key.state != "PendingDeletion"]
    for key_id, key in contents.keys.items():
        found += [{"op": operation, "key": key_id} for operation in _FROM_STATE[key.state]]
    found += [{"op": "UpdateKeyDescription", "key": key_id, "text": text} for key_id in usable]
    found += [{"op": "CreateAlias", "alias": f"alias/{number}", "key": key_id} for key_id in usable[:4]]
    for alias, target in contents.aliases.items():
        found.append({"op": "DeleteAlias", "alias": alias})
        found += [{"op": "UpdateAlias", "alias": alias, "key": key_id} for key_id in usable if key_id != target][:2]
    return found


_FROM_STATE = {
    "Enabled": ("DisableKey", "ScheduleKeyDeletion"),
    "Disabled": ("EnableKey", "ScheduleKeyDeletion"),
    "PendingDeletion": ("CancelKeyDeletion",),
}


def make(kms: Any, change: Change) -> dict[str, Any]:
    """Call the operation of a change."""
    arguments: dict[str, Any] = {}
    if change["op"] == "CreateKey":
        arguments = {"Description": change["text"]}
    elif change["op"] in ("CreateAlias", "UpdateAlias"):
        arguments = {"AliasName": change["alias"], "TargetKeyId": change["key"]}
    elif change["op"] == "DeleteAlias":
        arguments = {"AliasName": change["alias"]}
    else:
        arguments = {"KeyId": change["key"]}
    if change["op"] == "UpdateKeyDescription":
        arguments["Description"] = change["text"]
    if change["op"] == "ScheduleKeyDeletion":
        arguments["PendingWindowInDays"] = 7
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in change["op"]).lstrip("_")
    answer: dict[str, Any] = getattr(kms, name)(**arguments)
    return answer
