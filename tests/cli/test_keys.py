"""`kmscore init`, `keys` and `aliases`."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from cli.conftest import CommandLine, tree
from scratch_store import ScratchStore


@pytest.mark.parametrize(
    "arguments",
    [
        ["keys", "list"],
        ["aliases", "list"],
        ["kms", "ListKeys"],
        ["encrypt-value", "alias/app", "x"],
        ["audit", "verify"],
        ["audit", "tail"],
        ["backup", "file", "--recipient", "x"],
    ],
    ids=" ".join,
)
def test_no_command_but_init_makes_a_store(run: CommandLine, scratch: ScratchStore, arguments: list[str]) -> None:
    assert "there is no store in" in run.refused(*arguments)
    assert not scratch.home.exists()


def test_init_shows_the_access_key_once(run: CommandLine, scratch: ScratchStore) -> None:
    made = run.ok("--json", "init").json()
    assert made["Home"] == str(scratch.home.resolve())
    assert made["UserArn"] == "arn:aws:iam::123456789012:user/administrator"
    assert (len(made["AccessKeyId"]), len(made["SecretAccessKey"])) == (20, 40)
    fault = run.refused("init")
    assert "has a user administrator already" in fault
    assert made["SecretAccessKey"] not in fault


def test_init_takes_account_and_name(run: CommandLine) -> None:
    shown = run.ok("init", "--account", "000000000001", "--administrator", "ada").out
    assert "arn:aws:iam::000000000001:user/ada" in shown
    assert "account '12' is not 12 digits" in run.refused("init", "--account", "12")


def test_home_option_stands_before_or_after_the_command(run: CommandLine, scratch: ScratchStore) -> None:
    other = str(scratch.home.with_name("other"))
    run.ok("--home", other, "init")
    run.ok("keys", "create", "--home", other)
    assert len(run.ok("--json", "--home", other, "keys", "list").json()) == 1
    assert not scratch.home.exists()


def test_created_key_is_listed_and_described(store: CommandLine) -> None:
    [key] = store.ok("keys", "list", "--json").json()
    assert (key["Description"], key["Aliases"], key["KeyState"]) == ("for tests", ["alias/app"], "Enabled")
    listed = store.ok("keys", "list").out
    described = store.ok("keys", "describe", "alias/app").out
    for text in (key["KeyId"], "alias/app", "Enabled", "for tests"):
        assert text in listed
        assert text in described


@pytest.mark.parametrize(
    ("spec", "usage", "algorithm"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
        ("RSA_2048", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_256"),
        ("RSA_2048", "SIGN_VERIFY", "RSASSA_PSS_SHA_256"),
        ("ECC_NIST_P256", "KEY_AGREEMENT", "ECDH"),
        ("ECC_SECG_P256K1", None, "ECDSA_SHA_256"),
        ("ECC_NIST_EDWARDS25519", None, "ED25519_PH_SHA_512"),
        ("HMAC_224", None, "HMAC_SHA_224"),
        ("ML_DSA_44", None, "ML_DSA_SHAKE_256"),
        ("ML_KEM_512", None, "ML_KEM"),
    ],
)
def test_create_takes_the_usage_that_a_spec_leaves_open(
    store: CommandLine, spec: str, usage: str | None, algorithm: str
) -> None:
    options = [] if usage is None else ["--usage", usage]
    key = store.ok("keys", "create", "--spec", spec, *options).out.strip()
    assert key in store.ok("keys", "list").out
    described = store.ok("keys", "describe", key).out
    assert f"Key spec      {spec}, {usage or ''}" in described
    assert algorithm in next(line for line in described.splitlines() if line.startswith("Algorithms"))


def test_public_key_is_handed_out(store: CommandLine, folder: Path) -> None:
    store.ok("keys", "create", "--spec", "ECC_NIST_P521", "--usage", "SIGN_VERIFY", "--alias", "pair")
    answer = store.ok("keys", "public", "alias/pair", "--json").json()
    der = base64.b64decode(answer["PublicKey"])
    pem = store.ok("keys", "public", "alias/pair").out
    expected = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert pem.encode() == expected
    assert store.ok("keys", "public", "alias/pair", "--der").raw == der
    assert store.ok("keys", "public", "alias/pair", "--der", "-o", "-").raw == der
    shown = store.ok("keys", "public", "alias/pair", "-o", "pair.pem").out
    assert shown == f"pair.pem: ECC_NIST_P521, SIGN_VERIFY, {answer['KeyId']}\n"
    assert store.ok("keys", "public", "alias/pair", "--der", "-o", "pair.der", "--json").json()["File"] == "pair.der"
    assert tree(folder) == {"pair.pem": expected, "pair.der": der}
    fault = store.refused("keys", "public", "alias/pair", "-o", "pair.pem")
    assert fault.endswith("pair.pem: it is there already, and overwriting it was not asked for (--force)")
    store.ok("keys", "public", "alias/pair", "-o", "pair.pem", "--force")
    assert "none/pair.pem: No such file or directory" in store.refused(
        "keys", "public", "alias/pair", "-o", "none/pair.pem"
    )


def test_create_takes_tags_and_prints_the_id_alone(store: CommandLine) -> None:
    key = store.ok("keys", "create", "--tag", "a=b", "--tag", "c=d=e", "--multi-region").out.strip()
    assert key.startswith("mrk-")
    assert "--tag 'a' is not KEY=VALUE" in store.refused("keys", "create", "--tag", "a", code=2)
    assert "--tag a is given twice" in store.refused("keys", "create", "--tag", "a=1", "--tag", "a=2", code=2)


def test_key_goes_through_its_states(store: CommandLine) -> None:
    def state() -> str:
        return str(store.ok("--json", "keys", "describe", "alias/app").json()["KeyState"])

    store.ok("keys", "disable", "alias/app")
    assert state() == "Disabled"
    assert "DisabledException" in store.refused("encrypt-value", "alias/app", "x")
    store.ok("keys", "enable", "alias/app")
    assert "will be destroyed on" in store.ok("keys", "delete", "alias/app", "--days", "7").out
    assert state() == "PendingDeletion"
    assert "KMSInvalidStateException" in store.refused("keys", "enable", "alias/app")
    store.ok("keys", "cancel-deletion", "alias/app")
    assert state() == "Disabled"
    assert "new words" in store.ok("keys", "update", "alias/app", "--description", "new words").out


def test_policy_is_shown_as_json(store: CommandLine) -> None:
    assert json.loads(store.ok("keys", "policy", "alias/app").out)["Statement"]


def test_aliases_are_made_moved_and_removed(store: CommandLine) -> None:
    second = store.ok("keys", "create").out.strip()
    store.ok("aliases", "create", "two", "alias/app")
    store.ok("aliases", "update", "alias/two", second)
    [alias] = store.ok("aliases", "list", "--key", second, "--json").json()
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/two", second)
    assert "alias/two" in store.ok("aliases", "list").out
    store.ok("aliases", "delete", "two")
    assert "NotFoundException: Alias" in store.refused("aliases", "delete", "two")
    assert "AlreadyExistsException" in store.refused("aliases", "create", "app", second)


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["keys", "describe", "alias/none"], 1, "NotFoundException: Alias "),
        (["keys", "describe", "no-key"], 1, "NotFoundException: Invalid keyId 'no-key'"),
        (
            ["keys", "delete", "alias/app", "--days", "3"],
            1,
            "PendingWindowInDays must be between 7 and 30, but it is 3",
        ),
        (["keys", "create", "--spec", "RSA_2048"], 2, "give --usage ENCRYPT_DECRYPT or SIGN_VERIFY"),
        (["keys", "create", "--spec", "ECC_NIST_P384"], 2, "give --usage SIGN_VERIFY or KEY_AGREEMENT"),
        (["keys", "create", "--spec", "SM2"], 2, "give --usage ENCRYPT_DECRYPT or SIGN_VERIFY or KEY_AGREEMENT"),
        (["keys", "create", "--spec", "SM2", "--usage", "SIGN_VERIFY"], 1, "KeySpec SM2 is supported in China Regions"),
        (["keys", "create", "--spec", "RSA_2"], 1, "ValidationException: "),
        (["keys", "create", "--usage", "SIGN"], 1, "ValidationException: "),
        (
            ["keys", "create", "--spec", "HMAC_256", "--usage", "SIGN_VERIFY"],
            1,
            "KeyUsage SIGN_VERIFY is not compatible",
        ),
        (["keys", "public", "alias/app"], 1, "key spec is SYMMETRIC_DEFAULT which is not valid for GetPublicKey"),
        (["keys", "public", "alias/none"], 1, "NotFoundException: Alias "),
        (["keys", "list", "--region", "mars"], 2, "region_name is 'mars'"),
        (["keys", "list", "--account", "1"], 2, "account_id is '1'"),
    ],
)
def test_refusal_is_one_line_with_cause_and_field(
    store: CommandLine, arguments: list[str], code: int, fault: str
) -> None:
    assert fault in store.refused(*arguments, code=code)


def test_regions_are_apart(store: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.ok("--region", "eu-west-1", "keys", "list", "--json").json() == []
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    ran = store.ok("keys", "list")
    assert ran.out == ""
    assert "There are no keys in this Region" in ran.error


def test_key_ids_are_shown_whole_on_a_narrow_terminal(store: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    key = store.ok("keys", "create", "--description", "a description that is rather long " * 4).out.strip()
    monkeypatch.setattr("kmscore.cli.output.console_width", lambda: 60)
    assert key in store.ok("keys", "list").out
