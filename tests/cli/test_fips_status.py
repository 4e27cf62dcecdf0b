"""`kmscore fips-status` in a build without the FIPS module; that with it is in tests/fips."""

import re

import pytest

from cli.conftest import CommandLine
from kmscore import _core

CLAIMS = re.compile(r"complian|certif|validat|approved|140-[23]", re.IGNORECASE)


def test_status_names_the_library_and_ends_with_1_as_fips_mode_is_off(run: CommandLine) -> None:
    ran = run("fips-status")
    assert (ran.code, ran.error) == (1, "")
    version = _core.crypto_module()["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert ran.out.splitlines() == [
        f"library    AWS-LC {version}",
        "FIPS mode  off",
        "kmscore itself is not a validated module.",
    ]


def test_status_in_json_says_the_same(run: CommandLine) -> None:
    ran = run("fips-status", "--json")
    assert ran.code == 1
    assert ran.json() == {
        "name": "AWS-LC",
        "version": _core.crypto_module()["version"],
        "fips_mode": False,
        "refused_key_specs": {},
        "note": "kmscore itself is not a validated module.",
    }


def test_status_ends_with_0_when_fips_mode_is_on(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "crypto_module", lambda: {"name": "AWS-LC FIPS", "version": "4.2.0", "fips_mode": True})
    assert run.ok("fips-status").out.splitlines()[:2] == ["library    AWS-LC FIPS 4.2.0", "FIPS mode  on"]


def test_status_names_key_specs_that_the_build_refuses(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "key_spec_fault", lambda spec: "is left out" if spec == "SM2" else None)
    assert "refused    SM2 is left out\n" in run("fips-status").out
    assert run("fips-status", "--json").json()["refused_key_specs"] == {"SM2": "is left out"}


@pytest.mark.parametrize("option", ["--json", "--help", None])
def test_status_claims_nothing(run: CommandLine, option: str | None) -> None:
    shown = " ".join(run("fips-status", *filter(None, [option])).out.split())
    assert "kmscore itself is not a validated module" in shown
    assert not CLAIMS.search(shown.replace("kmscore itself is not a validated module", ""))


def test_status_needs_no_store(run: CommandLine) -> None:
    assert "--home" not in run.ok("fips-status", "--help").out


def test_doctor_names_the_library(store: CommandLine) -> None:
    module = _core.crypto_module()
    assert f" on {module['name']} {module['version']}, " in store.ok("doctor").out
