"""AWS managed keys, `alias/aws/<service>`: made when their alias is used first, with the policy that AWS gives them.

Source: AWS KMS developer guide, "AWS managed keys"; key policies as GetKeyPolicy returns them.
"""

import json
import uuid

from kmscore import _core
from kmscore.arns import alias_arn, key_arn, root_arn
from kmscore.operations.new_keys import insert_key, new_material
from kmscore.services import ManagedKeyFacts, Service, managed_aliases
from kmscore.store import schema
from kmscore.store.rows import Row, text
from kmscore.store.service_events import service_record
from kmscore.store.store import Store
from kmscore.store.transaction import MICROSECONDS, Transaction

ROTATION_PERIOD = 365
"""Days."""
_DAY = 86_400 * MICROSECONDS


def make_managed_key(store: Store, account: str, region: str, name: str) -> bool:
    """Make the AWS managed key of an alias, unless another process was first.

    Args:
        store: The open store.
        account: The account that is to have it.
        region: The Region.
        name: `alias/aws/…`.

    Returns:
        Whether there is such a key now: False when no AWS service has this alias.
    """
    service = managed_aliases().get(name)
    if service is None or service.managed_key is None:
        return False
    key = _new_row(service, service.managed_key, account, region)
    material = new_material(store.hierarchy, key)
    policy = managed_key_policy(service, account, region)

    def make(transaction: Transaction) -> list[str]:
        if transaction.row(schema.aliases, account=account, region=region, name=name) is not None:
            return []
        return _insert(transaction, key, material, policy, name)

    def record(made: list[str], state: int) -> str | None:
        return service_record("CreateKey", store.now(), state, region=region, resources=made) if made else None

    store.change_by_service(make, record)
    return True


def managed_key_policy(service: Service, account: str, region: str) -> str:
    """The key policy of a service's AWS managed key.

    Args:
        service: The service.
        account: The account that has the key.
        region: The key's Region.
    """
    facts = service.managed_key
    through = f"Allow access through {service.title} for all principals in the account that are authorized to use"
    used = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey"]
    seen = ["Describe*", "Get*", "List*", "RevokeGrant"]
    document = {
        "Version": "2012-10-17",
        "Id": facts.policy_id if facts else service.name,
        "Statement": [
            {
                "Sid": f"{through} {service.title}",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"kms:{action}" for action in used],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": service.via(region)}},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": root_arn(account, region)},
                "Action": [f"kms:{action}" for action in seen],
                "Resource": "*",
            },
        ],
    }
    return json.dumps(document, indent=2, separators=(",", " : "))


def _new_row(service: Service, facts: ManagedKeyFacts, account: str, region: str) -> Row:
    return {
        "region": region,
        "key_id": str(uuid.UUID(bytes=_core.random_bytes(16), version=4)),
        "account": account,
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
        "manager": "AWS",
        "state": "Enabled",
        "description": facts.description,
        "primary_region": None,
        "deletion_date": None,
        "transition_end": None,
        "pending_window": None,
        "on_demand_rotations": 0,
        "custom_key_store_id": None,
        "xks_key_id": None,
        "service": service.name,
        "rotation_period": ROTATION_PERIOD,
    }


def _insert(transaction: Transaction, key: Row, material: Row, policy: str, alias: str) -> list[str]:
    next_rotation = transaction.now + ROTATION_PERIOD * _DAY
    made: Row = {**key, "created": transaction.now, "next_rotation": next_rotation, "due": next_rotation}
    transaction.insert(schema.key_owners, {"key_id": made["key_id"], "account": made["account"]})
    insert_key(transaction, made, policy, ())
    transaction.insert(schema.key_material, {**material, "created": transaction.now})
    account, region, key_id = (text(made, column) for column in ("account", "region", "key_id"))
    row: Row = {"account": account, "region": region, "name": alias, "key_id": key_id}
    transaction.insert(schema.aliases, {**row, "created": transaction.now, "updated": transaction.now})
    transaction.changed_alias(account, region, alias)
    return [key_arn(account, region, key_id), alias_arn(account, region, alias)]
