"""What names a deleted user or role names its unique id from then on: nobody who is given its name later is meant.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import or_

from kmscore.arns import in_every_partition
from kmscore.store import schema
from kmscore.store.rows import text

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from kmscore.store.transaction import Transaction

_TEXT = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf"(?P<name>{_TEXT})\s*:|(?P<value>{_TEXT})|[{{}}\[\]]")
_PRINCIPALS = (("Principal", "AWS"), ("NotPrincipal", "AWS"))


def replace(transaction: Transaction, arn: str, unique_id: str) -> None:
    """Put a deleted principal's unique id in the place of its ARN: in key policies, trust policies and grants.

    Args:
        transaction: The one that deletes the principal.
        arn: Its ARN.
        unique_id: `AIDA…` or `AROA…`.
    """
    _in_key_policies(transaction, arn, unique_id)
    _in_identity_policies(transaction, arn, unique_id)
    _in_grants(transaction, arn, unique_id)


def replaced(document: str, arn: str, unique_id: str) -> str:
    """A policy in which a unique id stands for an ARN wherever that is a principal; everything else stays as it is.

    Args:
        document: The policy's text.
        arn: What to replace, in whichever partition.
        unique_id: By what.
    """
    arns = in_every_partition(arn)
    whole: list[str] = []
    end = 0
    for match in _principal_texts(document):
        if json.loads(match.group()) in arns:
            whole += [document[end : match.start()], json.dumps(unique_id)]
            end = match.end()
    return "".join([*whole, document[end:]])


def _principal_texts(document: str) -> Iterator[re.Match[str]]:
    """The texts that stand as AWS principals, with their places."""
    path: list[str] = []
    member = ""
    for token in _TOKEN.finditer(document):
        if token["name"] is not None:
            member = json.loads(token["name"])
        elif token["value"] is not None:
            # A list's items have no member of their own: they belong to the one that the list is the value of.
            if tuple(name for name in (*path, member) if name)[-2:] in _PRINCIPALS:
                yield token
        elif token.group() in "{[":
            path.append(member)
            member = ""
        else:
            member = path.pop()


def _in_key_policies(transaction: Transaction, arn: str, unique_id: str) -> None:
    table = schema.key_policies
    for row in transaction.rows(table, _may_name(table.c.document, arn)):
        document = replaced(text(row, "document"), arn, unique_id)
        if document != row["document"]:
            transaction.update(table, row, document=document)
            transaction.changed_key(text(row, "region"), text(row, "key_id"))


def _in_identity_policies(transaction: Transaction, arn: str, unique_id: str) -> None:
    table = schema.principal_policies
    for row in transaction.rows(table, table.c.document.is_not(None), _may_name(table.c.document, arn)):
        document = replaced(text(row, "document"), arn, unique_id)
        if document != row["document"]:
            transaction.update(table, row, document=document)
            transaction.changed_identity(text(row, "account"))


def _in_grants(transaction: Transaction, arn: str, unique_id: str) -> None:
    table = schema.grants
    arns = in_every_partition(arn)
    for row in transaction.rows(table, or_(table.c.grantee.in_(arns), table.c.retiring.in_(arns))):
        grantee = unique_id if row["grantee"] in arns else row["grantee"]
        retiring = unique_id if row["retiring"] in arns else row["retiring"]
        transaction.update(table, row, grantee=grantee, retiring=retiring)
        transaction.changed_key(text(row, "region"), text(row, "key_id"))


def _may_name(document: ColumnElement[str], arn: str) -> ColumnElement[bool]:
    """A first choice: the text holds the name, or something escaped that may be it."""
    return or_(document.contains(arn.rpartition("/")[2], autoescape=True), document.contains("\\", autoescape=True))
