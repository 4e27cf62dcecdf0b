"""`kmscore policy …`."""

from __future__ import annotations

import dataclasses
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore import _core
from kmscore.cli.failures import CommandLineError
from kmscore.cli.file_plan import STREAM
from kmscore.cli.groups import KEY_COMMANDS, NO_STORE, command, new_group
from kmscore.cli.keys import Key
from kmscore.cli.session import Session
from kmscore.config import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from kmscore.policies.decisions import Subject
    from kmscore.store.store import Store

_MULTIVALUED = (
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
    "aws:calledvia",
    "aws:tagkeys",
)


class PolicyKind(StrEnum):
    """What a policy is attached to."""

    key = "key"
    identity = "identity"
    session = "session"
    boundary = "boundary"
    service_control = "service_control"
    resource_control = "resource_control"
    vpc_endpoint = "vpc_endpoint"
    trust = "trust"


app = new_group("Key policies: who may do what to a KMS key.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="policy", rich_help_panel=KEY_COMMANDS)


@command(app, "get")
def get(session: Session, key: Key) -> None:
    """Show a key's policy."""
    answer = session.client().get_key_policy(KeyId=key)
    session.show(answer, answer["Policy"])


@command(app, "put")
def put(
    session: Session,
    key: Key,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The new policy, in JSON; - reads standard input.", show_default=False),
    ],
    bypass_lockout_check: Annotated[
        bool,
        typer.Option("--bypass-lockout-check", help="Put it even if you cannot replace it again."),
    ] = False,
) -> None:
    """Replace a key's policy; it decides from now on, in every process of this host.

    kmscore policy get alias/app > policy.json
    kmscore policy put alias/app policy.json
    """
    session.client().put_key_policy(KeyId=key, Policy=_read(file), BypassPolicyLockoutSafetyCheck=bypass_lockout_check)
    session.show({"KeyId": key}, f"{key} has the new policy")


@command(app, "check")
def check(
    session: Session,
    file_or_key: Annotated[
        str,
        typer.Argument(metavar="FILE|KEY", help="A policy's file (- is standard input), or a key.", show_default=False),
    ],
    kind: Annotated[PolicyKind, typer.Option("--kind", help="What a file's policy is for.")] = PolicyKind.key,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 for warnings, too.")] = False,
) -> None:
    """Look for faults, misspelled names, public and cross-account access, lock-out and dead statements.

    A file needs no store. Ends with 1 when something fails.

    kmscore policy check policy.json
    kmscore policy check alias/app
    """
    from kmscore.policies.review import review

    if _is_file(file_or_key):
        # --account has a default for calls; for a file it counts only when it is given.
        found = review(_read(file_or_key), kind.value, account=session.options.account)
    elif kind is not PolicyKind.key:
        raise CommandLineError("--kind is for files: the policy of a key is a key policy")
    else:
        _, subject = _subject(session, file_or_key)
        found = review(subject.policy, account=subject.account, arn=subject.arn)
    lines = [
        f"{finding.severity:<6}{finding.rule:<23}{f'{finding.statement}: ' if finding.statement else ''}{finding.text}"
        for finding in found
    ]
    session.show([dataclasses.asdict(finding) for finding in found], "\n".join(lines) or "nothing to say")
    failing = {"fail", "warn"} if strict else {"fail"}
    if any(finding.severity in failing for finding in found):
        raise typer.Exit(1)


@command(app, "explain")
def explain(
    session: Session,
    key: Key,
    principal: Annotated[
        list[str] | None,
        typer.Option("--principal", metavar="ARN", help="Only this one; can be given again.", show_default=False),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option("--action", metavar="ACTION", help="Only this one; can be given again.", show_default=False),
    ] = None,
) -> None:
    """Show who can do what to a key, and which statement of a policy or which grant decides.

    Asked are the key policy, the grants, and the identities of the store with all their policies. A right is marked
    "if" where it hangs on conditions of the request. With --principal or --action, what is not allowed is shown with
    its reason, too.
    """
    from kmscore.policies.rights import rights

    store, subject = _subject(session, key)
    chosen = [_action(name) for name in action or []]
    found = list(rights(store, subject, [_principal(arn) for arn in principal or []], chosen))
    if not principal and not action:
        found = [right for right in found if right.allowed != "no"]
    rows: dict[tuple[str, str, str], list[str]] = {}
    for right in found:
        reason = right.explanation.split(": ", 1)[-1] if right.allowed == "no" else right.by
        rows.setdefault((right.principal, right.allowed, reason), []).append(right.action)
    session.show_table(
        [dataclasses.asdict(right) for right in found],
        ["Principal", "Allowed", "By", "Actions"],
        [[arn, allowed, by, " ".join(actions)] for (arn, allowed, by), actions in rows.items()],
        "Nobody can do anything to this key.",
    )


@command(app, "simulate")
def simulate(
    session: Session,
    key: Key,
    principal: Annotated[str, typer.Option("--principal", metavar="ARN", help="Who would call.", show_default=False)],
    action: Annotated[str, typer.Option("--action", metavar="ACTION", help="Such as kms:Encrypt.", show_default=False)],
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="KEY=VALUE",
            help="A condition key; given again, it has several values.",
            show_default=False,
        ),
    ] = None,
    key_policy: Annotated[
        str | None, typer.Option("--key-policy", metavar="FILE", help="In place of the key's own.", show_default=False)
    ] = None,
    identity_policy: Annotated[
        list[str] | None,
        typer.Option("--identity-policy", metavar="FILE", help="The principal had this one, too.", show_default=False),
    ] = None,
) -> None:
    """Tell whether a call would be allowed, by which statement, or what it needs; nothing is called or changed.

    Files try policies out before they are put. Ends with 1 when it would be denied.

    kmscore policy simulate alias/app --principal arn:aws:iam::123456789012:role/app --action kms:Decrypt
    """
    from kmscore.policies.decisions import decide, identity_of

    store, subject = _subject(session, key)
    if key_policy is not None:
        subject = dataclasses.replace(subject, policy=_read(key_policy))
    identity = identity_of(store, _principal(principal))
    if identity_policy:
        added: list[dict[str, str | None]] = [{"name": file, "document": _read(file)} for file in identity_policy]
        own = identity.policies.get("identity", [])
        identity = dataclasses.replace(identity, policies={**identity.policies, "identity": [*own, *added]})
    decision = decide(subject, identity, _action(action), _context(context or []))
    session.show(dataclasses.asdict(decision), decision.explanation)
    if not decision.allowed:
        raise typer.Exit(1)


template = new_group("Ready key policies.")
app.add_typer(template, name="template")


@command(template, "list", NO_STORE)
def list_templates(session: Session) -> None:
    """List the ready policies."""
    from kmscore.policies.templates import TEMPLATES

    session.show_table(
        [{"Name": t.name, "Description": t.description, "Needs": t.needs} for t in TEMPLATES.values()],
        ["Name", "Description"],
        [[t.name, t.description] for t in TEMPLATES.values()],
        "",
    )


@command(template, "show", NO_STORE)
def show_template(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)],
    account: Annotated[str, typer.Option("--account", metavar="ID", help="The key's account.")] = DEFAULT_ACCOUNT,
    administrator: Annotated[
        list[str] | None, typer.Option("--administrator", metavar="ARN", help="Can be given again.", show_default=False)
    ] = None,
    user: Annotated[
        list[str] | None, typer.Option("--user", metavar="ARN", help="Can be given again.", show_default=False)
    ] = None,
    service: Annotated[str, typer.Option("--service", metavar="NAME", help="An AWS service, such as s3.")] = "",
    other_account: Annotated[
        list[str] | None, typer.Option("--other-account", metavar="ID", help="Can be given again.", show_default=False)
    ] = None,
) -> None:
    """Write a ready policy, filled in, to standard output.

    kmscore policy template show administrators-and-users --administrator ARN --user ARN > policy.json
    """
    from kmscore.policies.templates import show

    try:
        text = show(
            name,
            account=account,
            administrators=administrator or [],
            users=user or [],
            service=service,
            other_accounts=other_account or [],
        )
    except ValueError as error:
        raise CommandLineError(str(error)) from error
    session.show(json.loads(text), text)


def _subject(session: Session, key: str) -> tuple[Store, Subject]:
    """A key and its store; who may not describe it, may not look at it here either."""
    from kmscore.policies.decisions import subject_of

    found = session.client().describe_key(KeyId=key)["KeyMetadata"]
    store = session.embedded().store
    return store, subject_of(store, found["Arn"].split(":")[3], found["KeyId"])


def _is_file(text: str) -> bool:
    return text == STREAM or Path(text).is_file() or text.endswith(".json")


def _read(file: str) -> str:
    return sys.stdin.read() if file == STREAM else Path(file).read_text()


def _action(name: str) -> str:
    from kmscore.policies.review import nearest

    known: list[str] = _core.policy_vocabulary()["actions"]
    full = name if ":" in name else f"kms:{name}"
    found = next((action for action in known if action.lower() == full.lower()), None)
    if found is None:
        meant = nearest(full, known)
        raise CommandLineError(f"{full} is no action of AWS KMS" + (f"; is {meant} meant?" if meant else ""))
    return found


def _principal(arn: str) -> str:
    from kmscore.policies.documents import account_of

    service = ":" not in arn and arn.endswith(".amazonaws.com")
    if not service and (account_of(arn) is None or ":" not in arn):
        raise CommandLineError(
            f"{arn!r} is neither the ARN of a principal nor the name of a service (s3.amazonaws.com)"
        )
    return arn


def _context(given: list[str]) -> dict[str, str | list[str]]:
    made: dict[str, str | list[str]] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandLineError(f"--context {pair!r} is not KEY=VALUE")
        present = made.get(name, [])
        several = [*([present] if isinstance(present, str) else present), value]
        made[name] = several if len(several) > 1 or name.lower() in _MULTIVALUED else value
    return made
