"""Principals and calls for tests of grants."""

from typing import Any

from opened_store import OpenedStore

ACCOUNT, OTHER_ACCOUNT = "123456789012", "999999999999"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/u"
RETIRING = f"arn:aws:iam::{ACCOUNT}:user/retiring"
STRANGER = f"arn:aws:iam::{ACCOUNT}:user/stranger"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"
FOREIGNER = f"arn:aws:iam::{OTHER_ACCOUNT}:user/foreigner"
FOREIGN_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
SERVICE = "dynamodb.us-east-1.amazonaws.com"
SOURCE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"


def grant(opened: OpenedStore, key_id: str, **parameters: Any) -> dict[str, Any]:
    """Make a grant as the account's root: `Encrypt` for USER, unless the arguments say else."""
    grantee = {} if "GranteeServicePrincipal" in parameters else {"GranteePrincipal": USER}
    return opened.call("CreateGrant", **{"KeyId": key_id, "Operations": ["Encrypt"], **grantee, **parameters})


def grants(opened: OpenedStore, key_id: str, **parameters: Any) -> list[dict[str, Any]]:
    """The grants of a key, as its account's root sees them."""
    found: list[dict[str, Any]] = opened.call("ListGrants", KeyId=key_id, **parameters)["Grants"]
    return found


def ids(listed: list[dict[str, Any]]) -> set[str]:
    """Ids of listed grants."""
    return {one["GrantId"] for one in listed}
