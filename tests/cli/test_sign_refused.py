"""`sign` and `verify` of bad input: one clear line, nothing left behind, and never a good word for a bad signature."""

import base64
import hashlib
import os
import stat
from pathlib import Path

import pytest

from cli.conftest import PLAINTEXT, CommandLine, tree

KEY = ["--key", "alias/key"]
PUBLIC = ["--public-key", "key.pem"]


@pytest.fixture
def signed(store: CommandLine, folder: Path) -> Path:
    """`a`, signed by the RSA key alias/key, whose public key is key.pem."""
    (folder / "a").write_bytes(PLAINTEXT)
    store.ok("keys", "create", "--spec", "RSA_2048", "--usage", "SIGN_VERIFY", "--alias", "key")
    store.ok("keys", "public", "alias/key", "-o", "key.pem")
    store.ok("sign", "a", *KEY)
    return folder


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["sign", "d", *KEY], "d is a directory: give the files in it"),
        (["sign", "a", "-", *KEY], "- stands for one stream"),
        (["sign", "a", "d/a", *KEY, "-o", "made"], "a and d/a would both become made/a.sig"),
        (["sign", "a", "./a", *KEY], "a is given twice"),
        (["sign", "a", "b", *KEY, "-o", "key.pem"], "--output key.pem must be a directory"),
        (["sign", "-", *KEY, "-o", "d"], "--output d is a directory"),
        (["sign", "-", *KEY, "--json"], "--json answers on standard output, where the data goes"),
        (["verify", "d", *PUBLIC], "d is a directory: give the files in it"),
        (["verify", "a"], "whose signature? give --key KEY of the store, or --public-key FILE"),
        (["verify", "a", *KEY, *PUBLIC], "with --key or with --public-key, not with both"),
        (["verify", "-", *PUBLIC], "- stands for one stream without a name: give it alone, with --signature FILE"),
        (["verify", "a", "-", *PUBLIC, "-s", "x"], "- stands for one stream without a name"),
        (["verify", "-", *PUBLIC, "-s", "-"], "standard input cannot be both the file and its signature"),
        (["verify", "a", "b", *PUBLIC, "-s", "x"], "--signature x is of one file, and 2 are given"),
    ],
)
def test_wrong_command_line_is_told_before_the_store_is_opened(
    run: CommandLine, folder: Path, arguments: list[str], fault: str
) -> None:
    (folder / "d").mkdir()
    for name in ("a", "b", "d/a", "key.pem"):
        (folder / name).write_bytes(b"x")
    assert fault in run.refused(*arguments, code=2)
    assert set(tree(folder)) == {"a", "b", "d/a", "key.pem"}


@pytest.mark.parametrize("arguments", [["sign", "a"], ["sign", *KEY], ["verify", *KEY]], ids=" ".join)
def test_argument_that_is_missing_ends_with_2(run: CommandLine, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


# One store for all of them: making it takes longer than the refusals.
REFUSALS = [
    (["sign", "none", *KEY], 1, "none: No such file or directory"),
    (["sign", "a", *KEY], 1, "a.sig: it is there already, and overwriting it was not asked for (--force)"),
    (["sign", "a", *KEY, "-o", "none/x"], 1, "none/x: No such file or directory"),
    (["sign", "a", *KEY, "-o", "a", "--force"], 2, "source and target are one file"),
    (["sign", "a", "--key", "alias/none"], 1, "NotFoundException: "),
    (["sign", "a", "--key", "alias/app"], 1, "alias/app has no public key; signatures need a key pair"),
    (["sign", "a", *KEY, "-a", "ECDSA_SHA_256"], 2, "alias/key: ECDSA_SHA_256 is not for keys of KeySpec RSA_2048"),
    (["verify", "none", *PUBLIC], 1, "none: No such file or directory"),
    (["verify", "none", *KEY], 1, "none: No such file or directory"),
    (["verify", "key.pem", *PUBLIC], 1, "key.pem: there is no signature key.pem.sig; give --signature FILE"),
    (["verify", "a", *PUBLIC, "-s", "none"], 1, "a: there is no signature none"),
    (["verify", "a", *PUBLIC, "-s", "/"], 1, "/: Is a directory"),
    (["verify", "a", *PUBLIC, "-s", "a"], 1, "a: bad, a is longer than any signature"),
    (["verify", "a", *PUBLIC, "-s", "/dev/null"], 1, "/dev/null has 0 bytes, and a signature by a key of KeySpec"),
    (["verify", "a", *PUBLIC, "-s", "key.pem"], 1, "key.pem has 451 bytes, and a signature by a key of KeySpec"),
    (
        ["verify", "a", *PUBLIC, "-a", "ECDSA_SHA_256"],
        2,
        "key.pem: ECDSA_SHA_256 is not for keys of KeySpec RSA_2048",
    ),
    (["verify", "a", *PUBLIC, "-a", "PSS"], 2, "which sign with RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, "),
    (["verify", "a", "--public-key", "none"], 1, "none: No such file or directory"),
    (["verify", "a", "--public-key", "/"], 1, "/: Is a directory"),
    (["verify", "a", "--public-key", "a"], 1, "a holds no public key of a kind that AWS KMS has, in PEM or DER"),
    (["verify", "a", "--public-key", "a.sig"], 1, "a.sig holds no public key"),
    (["verify", "a", "--public-key", "/dev/zero"], 1, "/dev/zero is too long for a public key"),
    (["verify", "a", "--key", "alias/none"], 1, "NotFoundException: "),
    (["verify", "a", "--key", "alias/app"], 1, "alias/app has no public key"),
]


def test_refusal_is_one_line_that_names_the_cause(store: CommandLine, signed: Path) -> None:
    before = tree(signed)
    for arguments, code, fault in REFUSALS:
        assert fault in store.refused(*arguments, code=code)
        assert tree(signed) == before


@pytest.mark.parametrize("options", [KEY, PUBLIC], ids=["store", "public key"])
def test_every_change_of_a_signature_makes_it_bad(store: CommandLine, signed: Path, options: list[str]) -> None:
    signature = (signed / "a.sig").read_bytes()
    flipped = [signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :] for at in (0, 1, 100, 254, 255)]
    for bad in (*flipped, b"", signature[:-1], signature + b"\n", base64.b64encode(signature), bytes(256)):
        (signed / "a.sig").write_bytes(bad)
        assert "a: bad, a.sig " in store.refused("verify", "a", *options)


@pytest.mark.parametrize("options", [KEY, PUBLIC], ids=["store", "public key"])
def test_signature_of_another_algorithm_asks_for_it(store: CommandLine, signed: Path, options: list[str]) -> None:
    assert signed
    store.ok("sign", "a", *KEY, "-a", "RSASSA_PKCS1_V1_5_SHA_512", "--force")
    assert store.refused("verify", "a", *options).endswith("; made with another --algorithm?")
    store.ok("verify", "a", *options, "--algorithm", "RSASSA_PKCS1_V1_5_SHA_512")


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ML_DSA_44"])
def test_signature_of_another_key_is_bad(store: CommandLine, signed: Path, spec: str) -> None:
    assert signed
    store.ok("keys", "create", "--spec", spec, "--usage", "SIGN_VERIFY", "--alias", "other")
    store.ok("keys", "public", "alias/other", "-o", "other.pem")
    for options in (["--key", "alias/other"], ["--public-key", "other.pem"]):
        assert "a: bad, a.sig " in store.refused("verify", "a", *options)


@pytest.mark.parametrize(
    ("spec", "usage"),
    [("RSA_2048", "ENCRYPT_DECRYPT"), ("ECC_NIST_P256", "KEY_AGREEMENT"), ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE")],
)
def test_key_of_another_usage_is_refused(store: CommandLine, signed: Path, spec: str, usage: str) -> None:
    store.ok("keys", "create", "--spec", spec, "--usage", usage, "--alias", "other")
    for command in ("sign", "verify"):
        fault = store.refused(command, "a", "--key", "alias/other")
        assert fault.startswith(
            f"alias/other has KeyUsage {usage}; signatures need a key pair of KeyUsage SIGN_VERIFY: "
        )
    store.ok("keys", "public", "alias/other", "-o", "other.pem")
    if spec == "ML_KEM_512":
        fault = store.refused("verify", "a", "--public-key", "other.pem")
        assert fault.startswith("other.pem: keys of KeySpec ML_KEM_512 do not sign; those that do are RSA_2048, ")
    assert set(tree(signed)) == {"a", "a.sig", "key.pem", "other.pem"}


def test_disabled_key_is_named(store: CommandLine, signed: Path) -> None:
    store.ok("keys", "disable", "alias/key")
    assert "DisabledException: " in store.refused("sign", "a", *KEY, "--force")
    assert "DisabledException: " in store.refused("verify", "a", *KEY)
    store.ok("verify", "a", *PUBLIC)
    assert set(tree(signed)) == {"a", "a.sig", "key.pem"}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "holds no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no public key"),
        (b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "holds damaged PEM: "),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "holds a PRIVATE KEY: a PUBLIC KEY is needed",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds a CERTIFICATE: a PUBLIC KEY is needed",
        ),
        (2 * b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds 2 PEM blocks"),
    ],
    ids=["empty", "no key", "no base64", "private", "certificate", "two"],
)
def test_file_that_is_no_public_key_is_named(store: CommandLine, signed: Path, content: bytes, fault: str) -> None:
    (signed / "bad.pem").write_bytes(content)
    assert f"bad.pem {fault}" in store.refused("verify", "a", "--public-key", "bad.pem")


def test_public_key_is_found_between_other_lines(store: CommandLine, signed: Path) -> None:
    text = (signed / "key.pem").read_bytes().replace(b"\n", b"\r\n")
    (signed / "key.pem").write_bytes(b"the key of\r\n" + text + b"\r\n")
    store.ok("verify", "a", *PUBLIC)


@pytest.mark.parametrize("size", [0, 4097])
def test_pure_ed25519_takes_short_messages_only(store: CommandLine, folder: Path, size: int) -> None:
    store.ok("keys", "create", "--spec", "ECC_NIST_EDWARDS25519", "--alias", "key")
    store.ok("keys", "public", "alias/key", "-o", "key.pem")
    (folder / "a").write_bytes(bytes(size))
    fault = store.refused("sign", "a", *KEY, "-a", "ED25519_SHA_512", code=2)
    assert fault.startswith("a: the message is ")
    assert fault.endswith("ED25519_SHA_512 takes 1 to 4,096 bytes; ED25519_PH_SHA_512 takes any number")
    store.ok("sign", "a", *KEY)
    assert "takes 1 to 4,096 bytes" in store.refused("verify", "a", *PUBLIC, "-a", "ED25519_SHA_512")
    (folder / "a").write_bytes(bytes(4096))
    store.ok("sign", "a", *KEY, "-a", "ED25519_SHA_512", "--force")
    store.ok("verify", "a", *PUBLIC, "-a", "ED25519_SHA_512")


def test_sm2_without_sm3_takes_short_messages_only(
    store: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = ["--region", "cn-north-1"]
    store.ok("keys", "create", "--spec", "SM2", "--usage", "SIGN_VERIFY", "--alias", "key", *region)
    store.ok("keys", "public", "alias/key", "-o", "key.pem", *region)
    (folder / "a").write_bytes(bytes(4096))
    store.ok("sign", "a", *KEY, *region)
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256"})
    store.ok("verify", "a", *PUBLIC)
    store.ok("sign", "a", *KEY, *region, "--force")
    (folder / "a").write_bytes(bytes(4097))
    fault = store.refused("sign", "a", *KEY, *region, "--force", code=2)
    assert fault == "a: the message is too long: SM2DSA takes 1 to 4,096 bytes"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_file_that_cannot_be_read_is_named(store: CommandLine, signed: Path) -> None:
    (signed / "a").chmod(0)
    assert store.refused("sign", "a", *KEY, "--force") == "a: Permission denied"
    assert store.refused("verify", "a", *PUBLIC) == "a: Permission denied"


def test_link_is_not_replaced(store: CommandLine, signed: Path) -> None:
    (signed / "a.sig").rename(signed / "elsewhere")
    (signed / "a.sig").symlink_to("elsewhere")
    assert "it is no regular file, and only such a one is overwritten" in store.refused("sign", "a", *KEY, "--force")
    assert stat.S_ISLNK((signed / "a.sig").lstat().st_mode)
    store.ok("verify", "a", *PUBLIC)
