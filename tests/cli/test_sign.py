"""`sign` and `verify`: what is signed is what KMS, openssl and cryptography verify, with or without a store."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import LARGE, PLAINTEXT, CommandLine, tree
from scratch_store import ScratchStore

CHINA = "cn-north-1"
SPECS = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "ECC_NIST_EDWARDS25519": "ED25519_PH_SHA_512",
    "ML_DSA_44": "ML_DSA_SHAKE_256",
    "ML_DSA_65": "ML_DSA_SHAKE_256",
    "ML_DSA_87": "ML_DSA_SHAKE_256",
    "SM2": "SM2DSA",
}
# What makes openssl (3.0 and later) verify a.sig over a.
DIGEST = "dgst -verify key.pem -signature a.sig a"
OPENSSL = {
    ("RSA_2048", "RSASSA_PSS_SHA_256"): f"{DIGEST} -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest",
    ("RSA_2048", "RSASSA_PSS_SHA_384"): f"{DIGEST} -sha384 -sigopt rsa_padding_mode:pss",
    ("RSA_2048", "RSASSA_PSS_SHA_512"): f"{DIGEST} -sha512 -sigopt rsa_padding_mode:pss",
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"): f"{DIGEST} -sha256",
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384"): f"{DIGEST} -sha384",
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"): f"{DIGEST} -sha512",
    ("ECC_NIST_P256", "ECDSA_SHA_256"): f"{DIGEST} -sha256",
    ("ECC_NIST_P384", "ECDSA_SHA_384"): f"{DIGEST} -sha384",
    ("ECC_NIST_P521", "ECDSA_SHA_512"): f"{DIGEST} -sha512",
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"): f"{DIGEST} -sha256",
    ("SM2", "SM2DSA"): f"{DIGEST} -sm3 -sigopt distid:1234567812345678",
    ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"): "pkeyutl -verify -pubin -inkey key.pem -rawin -in a -sigfile a.sig",
}


def create(run: CommandLine, spec: str) -> tuple[list[str], str]:
    """A key that signs: the options that name it and its Region, and its ARN. Its public key is key.pem."""
    region = ["--region", CHINA if spec == "SM2" else "us-east-1"]
    run.ok("keys", "create", "--spec", spec, "--usage", "SIGN_VERIFY", "--alias", "key", *region)
    arn = run.ok("keys", "public", "alias/key", "-o", "key.pem", "--json", *region).json()["KeyId"]
    return ["--key", "alias/key", *region], arn


@pytest.fixture
def signer(store: CommandLine, folder: Path) -> list[str]:
    """The options that name a key on P-256; its public key is key.pem, and `a` is a file."""
    (folder / "a").write_bytes(PLAINTEXT)
    return create(store, "ECC_NIST_P256")[0]


@pytest.mark.parametrize("spec", SPECS)
def test_signature_is_good_by_the_key_and_by_its_public_key_alone(store: CommandLine, folder: Path, spec: str) -> None:
    key, arn = create(store, spec)
    for content in (b"", b"x", LARGE):
        (folder / "a").write_bytes(content)
        assert store.ok("sign", "a", *key, "--force").out.endswith(f"  a → a.sig, {SPECS[spec]}\n")
        assert store.ok("verify", "a", *key).out == f"a: good, {SPECS[spec]} by {arn}\n"
        assert store.ok("verify", "a", "--public-key", "key.pem").out == f"a: good, {SPECS[spec]} by key.pem\n"
    (folder / "a").write_bytes(LARGE[:-1] + b"\0")
    assert f"a: bad, a.sig is no {SPECS[spec]} signature of it by {arn}" in store.refused("verify", "a", *key)
    assert "a: bad, a.sig is no " in store.refused("verify", "a", "--public-key", "key.pem")


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "ECC_NIST_EDWARDS25519"])
def test_kms_verifies_it_over_the_whole_message(
    store: CommandLine, scratch: ScratchStore, folder: Path, spec: str
) -> None:
    key, arn = create(store, spec)
    (folder / "a").write_bytes(PLAINTEXT[:4096])
    store.ok("sign", "a", *key)
    with scratch.client(region_name=CHINA if spec == "SM2" else "us-east-1") as kms:
        signature = (folder / "a.sig").read_bytes()
        kms.verify(KeyId=arn, Message=PLAINTEXT[:4096], Signature=signature, SigningAlgorithm=SPECS[spec])


def test_ed25519ph_is_asked_for_the_digest(store: CommandLine, scratch: ScratchStore, folder: Path) -> None:
    key, arn = create(store, "ECC_NIST_EDWARDS25519")
    (folder / "a").write_bytes(PLAINTEXT)
    store.ok("sign", "a", *key)
    with scratch.client(region_name="us-east-1") as kms:
        kms.verify(
            KeyId=arn,
            Message=hashlib.sha512(PLAINTEXT).digest(),
            MessageType="DIGEST",
            Signature=(folder / "a.sig").read_bytes(),
            SigningAlgorithm="ED25519_PH_SHA_512",
        )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
@pytest.mark.parametrize(("spec", "algorithm"), OPENSSL)
def test_openssl_verifies_it(store: CommandLine, folder: Path, spec: str, algorithm: str) -> None:
    key, _ = create(store, spec)
    (folder / "a").write_bytes(PLAINTEXT[:4096])
    store.ok("sign", "a", *key, "--algorithm", algorithm)
    verb, *options = OPENSSL[spec, algorithm].split()
    if verb == "dgst":
        # Options come before the file.
        options = [option for option in options if option != "a"] + ["a"]
    assert subprocess.run(["openssl", verb, *options], capture_output=True, check=False).returncode == 0
    store.ok("verify", "a", "--public-key", "key.pem", "--algorithm", algorithm)
    (folder / "a").write_bytes(PLAINTEXT[:4095])
    assert subprocess.run(["openssl", verb, *options], capture_output=True, check=False).returncode != 0
    assert "a: bad" in store.refused("verify", "a", "--public-key", "key.pem", "--algorithm", algorithm)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_cryptography_verifies_ml_dsa(store: CommandLine, folder: Path, spec: str) -> None:
    pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa", reason="cryptography has no ML-DSA")
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key, _ = create(store, spec)
    (folder / "a").write_bytes(LARGE)
    store.ok("sign", "a", *key)
    public: Any = load_pem_public_key((folder / "key.pem").read_bytes())
    public.verify((folder / "a.sig").read_bytes(), LARGE)


def test_public_key_needs_no_store(
    store: CommandLine, scratch: ScratchStore, folder: Path, signer: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ok("sign", "a", *signer)
    store.ok("keys", "public", "alias/key", "--der", "-o", "key.der")
    elsewhere = scratch.home.with_name("elsewhere")
    monkeypatch.setenv("KMSCORE_HOME", str(elsewhere / "home"))
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(elsewhere / "configuration"))
    for public in ("key.pem", "key.der"):
        store.ok("verify", "a", "--public-key", public)
    assert not elsewhere.exists()
    assert "there is no store in" in store.refused("verify", "a", *signer)
    assert "there is no store in" in store.refused("sign", "a", *signer)
    assert not elsewhere.exists()
    assert set(tree(folder)) == {"a", "a.sig", "key.pem", "key.der"}


def test_calls_are_audited_with_the_keys_arn(store: CommandLine, scratch: ScratchStore, signer: list[str]) -> None:
    arn = store.ok("keys", "public", "alias/key", "--json").json()["KeyId"]
    store.ok("sign", "a", *signer)
    store.ok("verify", "a", *signer)
    Path("a").write_bytes(b"another")
    store.refused("verify", "a", *signer)
    # Each run has a segment of its own, in no order.
    calls = [record for record in scratch.audit_records() if record.get("op") in ("Sign", "Verify")]
    calls.sort(key=lambda record: record["time"])
    outcomes = ["Success", "Success", "KMSInvalidSignatureException"]
    assert [record["op"] for record in calls] == ["Sign", "Verify", "Verify"]
    assert [record["outcome"] for record in calls] == outcomes
    assert all(record["resources"] == [arn] for record in calls)


def test_standard_input_is_signed_to_standard_output(store: CommandLine, folder: Path, signer: list[str]) -> None:
    signed = store.ok("sign", "-", *signer, stdin=LARGE)
    assert signed.error == ""
    (folder / "given").write_bytes(signed.raw)
    public = ["--public-key", "key.pem"]
    good = "standard input: good, ECDSA_SHA_256 by key.pem\n"
    assert store.ok("verify", "-", "--signature", "given", *public, stdin=LARGE).out == good
    assert "standard input: bad" in store.refused("verify", "-", "-s", "given", *public, stdin=LARGE[1:])
    store.ok("sign", "-", *signer, "-o", "made", stdin=PLAINTEXT)
    store.ok("verify", "a", "-s", "made", *public)
    signature = store.ok("sign", "a", *signer, "-o", "-").raw
    store.ok("verify", "a", "-s", "-", *public, stdin=signature)


def test_signatures_are_for_others_to_read(store: CommandLine, folder: Path, signer: list[str]) -> None:
    (folder / "b").write_bytes(b"x")
    before = os.umask(0o027)
    try:
        store.ok("sign", "a", "b", *signer, "-o", "made/deep")
        store.ok("sign", "a", *signer)
        store.ok("keys", "public", "alias/key", "-o", "again.pem")
    finally:
        os.umask(before)
    modes = {"made": 0o750, "made/deep": 0o750, "made/deep/a.sig": 0o640, "a.sig": 0o640, "again.pem": 0o640}
    assert {name: (folder / name).stat().st_mode & 0o777 for name in modes} == modes
    store.ok("verify", "b", "-s", "made/deep/b.sig", "--public-key", "key.pem")


def test_signatures_among_the_files_are_left_out(store: CommandLine, folder: Path, signer: list[str]) -> None:
    for name in ("b", "c.sig"):
        (folder / name).write_bytes(b"x")
    store.ok("sign", "a", "b", "c.sig", *signer)
    given = ["a", "a.sig", "b", "b.sig", "c.sig", "c.sig.sig"]
    again = store.ok("sign", *given, *signer, "--force")
    assert again.error == "note: left out 3 signatures of other files\n"
    checked = store.ok("verify", *given, "--public-key", "key.pem")
    assert checked.error == "note: left out 3 signatures of other files\n"
    assert [line.partition(":")[0] for line in checked.out.splitlines()] == ["a", "b", "c.sig"]
    assert set(tree(folder)) == {*given, "key.pem"}


def test_bad_file_does_not_stop_the_others(store: CommandLine, folder: Path, signer: list[str]) -> None:
    for name in ("b", "c", "d"):
        (folder / name).write_bytes(name.encode())
    store.ok("sign", "a", "b", "c", *signer)
    (folder / "b").write_bytes(b"changed")
    for options in (["--public-key", "key.pem"], signer):
        ran = store("verify", "a", "b", "none", "c", "d", *options)
        assert ran.code == 1
        assert [line.partition(",")[0] for line in ran.out.splitlines()] == ["a: good", "c: good"]
        bad, missing, unsigned = ran.error.splitlines()
        assert bad.startswith("error: b: bad, b.sig is no ECDSA_SHA_256 signature of it by ")
        assert missing == "error: none: No such file or directory"
        assert unsigned == "error: d: there is no signature d.sig; give --signature FILE"
    ran = store("sign", "d", "none", "a", *signer)
    assert (ran.code, ran.out.splitlines()[0].rpartition("  ")[2]) == (1, "d → d.sig, ECDSA_SHA_256")
    assert "error: none: No such file" in ran.error
    assert "a.sig: it is there already, and overwriting it was not asked for (--force)" in ran.error


def test_json_tells_what_was_signed_and_what_is_bad(store: CommandLine, folder: Path, signer: list[str]) -> None:
    arn = store.ok("keys", "public", "alias/key", "--json").json()["KeyId"]
    [done] = store.ok("sign", "a", *signer, "--json").json()
    assert {**done, "Seconds": 0} == {
        "Source": "a",
        "Target": "a.sig",
        "BytesRead": len(PLAINTEXT),
        "BytesWritten": (folder / "a.sig").stat().st_size,
        "Seconds": 0,
        "KeyId": arn,
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    (folder / "b").write_bytes(b"x")
    facts = {"SigningAlgorithm": "ECDSA_SHA_256", "KeySpec": "ECC_NIST_P256"}
    ran = store("verify", "a", "b", "--public-key", "key.pem", "--json")
    fault = "b: there is no signature b.sig; give --signature FILE"
    assert (ran.code, ran.error) == (1, f"error: {fault}\n")
    assert ran.json() == [
        {"File": "a", "Signature": "a.sig", "SignatureValid": True, **facts, "PublicKey": "key.pem"},
        {"File": "b", "Signature": "b.sig", "SignatureValid": False, "Error": fault, **facts, "PublicKey": "key.pem"},
    ]
    [checked] = store.ok("--json", "verify", "a", *signer).json()
    assert checked == {"File": "a", "Signature": "a.sig", "SignatureValid": True, **facts, "KeyId": arn}


def test_names_are_shown_without_what_a_terminal_would_obey(
    store: CommandLine, folder: Path, signer: list[str]
) -> None:
    name = b"\xff\x1b[31mred\n".decode(errors="surrogateescape")
    (folder / name).write_bytes(b"x")
    assert "  \\udcff\\x1b[31mred\\n → " in store.ok("sign", name, *signer).out
    assert store.ok("verify", name, "--public-key", "key.pem").out.startswith("\\udcff\\x1b[31mred\\n: good")
    (folder / name).write_bytes(b"y")
    assert "\\x1b[31mred : bad" in store.refused("verify", name, "--public-key", "key.pem")


def test_large_file_takes_no_more_memory(scratch: ScratchStore, folder: Path, signer: list[str]) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(50_000_000)
    program = (
        "import sys; from kmscore.cli.app import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )

    def peak(*arguments: str) -> int:
        command = [sys.executable, "-c", program, *arguments]
        ran = subprocess.run(command, env=scratch.environment(), capture_output=True, text=True, check=True)
        return 1024 * int(ran.stdout.split()[-1])

    for command in (["sign", *signer], ["verify", *signer]):
        assert peak(*command, "large") - peak(*command, "a") < 10_000_000


def test_interrupted_run_leaves_nothing(scratch: ScratchStore, folder: Path, signer: list[str]) -> None:
    process = scratch.start("kmscore", "sign", "-", *signer, "-o", "target")
    assert process.stdin is not None
    process.stdin.write(LARGE)
    process.stdin.flush()
    process.send_signal(signal.SIGTERM)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error) == (143, b"", b"error: interrupted by SIGTERM\n")
    assert set(tree(folder)) == {"a", "key.pem"}


@pytest.mark.parametrize("command", [["sign", "-o", "-"], ["verify"]], ids=" ".join)
def test_standard_output_that_is_closed_ends_with_one_line(
    store: CommandLine, scratch: ScratchStore, signer: list[str], command: list[str]
) -> None:
    store.ok("sign", "a", *signer)
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "kmscore", *command, "a", *signer],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=scratch.environment(),
        check=False,
    )
    os.close(writing)
    assert ran.returncode == 1
    assert ran.stderr.decode().startswith("error: ")
    assert ran.stderr.decode().endswith("Broken pipe\n")
    assert ran.stderr.count(b"\n") == 1
