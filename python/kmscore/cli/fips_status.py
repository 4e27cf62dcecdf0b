"""`kmscore fips-status`."""

from __future__ import annotations

import typer

from kmscore import _core
from kmscore.cli.bench import MACHINE_COMMANDS
from kmscore.cli.groups import NO_STORE, command
from kmscore.cli.session import Session

NOTE = "kmscore itself is not a validated module."


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "fips-status", NO_STORE, rich_help_panel=MACHINE_COMMANDS)(fips_status)


def fips_status(session: Session) -> None:
    """Say which library does the cryptography, and whether its FIPS mode is on, both as the library reports them.

    The key specs that this build refuses to make keys of are named, too. Ends with 0 when FIPS mode is on and with 1
    when it is off. kmscore itself is not a validated module.
    """
    module = _core.crypto_module()
    refused = _refused()
    answer = {**module, "refused_key_specs": refused, "note": NOTE}
    lines = [
        f"library    {module['name']} {module['version']}",
        f"FIPS mode  {'on' if module['fips_mode'] else 'off'}",
        *(f"refused    {spec} {fault}" for spec, fault in refused.items()),
        NOTE,
    ]
    session.show(answer, "\n".join(lines))
    if not module["fips_mode"]:
        raise typer.Exit(1)


def _refused() -> dict[str, str]:
    specs = [row["spec"] for row in _core.key_specs()]
    faults = {spec: _core.key_spec_fault(spec) for spec in specs}
    return {spec: fault for spec, fault in faults.items() if fault is not None}
