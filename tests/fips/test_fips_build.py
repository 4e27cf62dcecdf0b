"""A build on the FIPS module (`make fips`): it makes and uses keys of every key spec but two, and says what it is."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.conftest import CommandLine
from cli.test_fips_status import CLAIMS
from kmscore import _core, envelope, errors
from kmscore.cli.fips_status import NOTE
from opened_store import OpenedStore
from scratch_store import ScratchStore

pytestmark = pytest.mark.fips

# SM2 is for China Regions: elsewhere it would be refused for that.
CHINA = "cn-north-1"
REFUSED = {"ECC_SECG_P256K1": "does not approve", "SM2": "is outside the FIPS module"}
MESSAGE = b"message"
ALLOWED = [
    (row["spec"], usage, algorithm)
    for row in _core.key_specs()
    if row["spec"] not in REFUSED
    for usage, algorithms in row["usages"].items()
    for algorithm in algorithms
]


def encrypts(store: OpenedStore, key: str, algorithm: str) -> None:
    named = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    blob = store.call("Encrypt", **named, Plaintext=MESSAGE)["CiphertextBlob"]
    assert store.call("Decrypt", **named, CiphertextBlob=blob)["Plaintext"] == MESSAGE
    with pytest.raises(errors.InvalidCiphertextException):
        store.call("Decrypt", **named, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]))


def signs(store: OpenedStore, key: str, algorithm: str) -> None:
    kind, message = ("DIGEST", bytes(64)) if algorithm == "ED25519_PH_SHA_512" else ("RAW", MESSAGE)
    named = {"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": kind}
    signature = store.call("Sign", **named, Message=message)["Signature"]
    assert store.call("Verify", **named, Message=message, Signature=signature)["SignatureValid"] is True
    with pytest.raises(errors.KMSInvalidSignatureException):
        store.call("Verify", **named, Message=message[:-1] + b"?", Signature=signature)


def authenticates(store: OpenedStore, key: str, algorithm: str) -> None:
    named = {"KeyId": key, "MacAlgorithm": algorithm}
    tag = store.call("GenerateMac", **named, Message=MESSAGE)["Mac"]
    assert store.call("VerifyMac", **named, Message=MESSAGE, Mac=tag)["MacValid"] is True
    with pytest.raises(errors.KMSInvalidMacException):
        store.call("VerifyMac", **named, Message=MESSAGE + b"?", Mac=tag)


def agrees(store: OpenedStore, key: str, algorithm: str) -> None:
    spec = store.metadata(key)["KeySpec"]
    other = store.new_key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")
    secrets = [
        store.call(
            "DeriveSharedSecret",
            KeyId=own,
            KeyAgreementAlgorithm=algorithm,
            PublicKey=store.call("GetPublicKey", KeyId=peer)["PublicKey"],
        )["SharedSecret"]
        for own, peer in ((key, other), (other, key))
    ]
    assert secrets[0] == secrets[1]


def encapsulates(store: OpenedStore, key: str, algorithm: str) -> None:
    named = {"KeyId": key, "EncapsulationAlgorithm": algorithm}
    made = store.call("Encapsulate", **named)
    blob = made["SharedSecretCiphertextBlob"]
    assert store.call("Decapsulate", **named, SharedSecretCiphertextBlob=blob)["SharedSecret"] == made["SharedSecret"]


USES: dict[str, Callable[[OpenedStore, str, str], None]] = {
    "ENCRYPT_DECRYPT": encrypts,
    "SIGN_VERIFY": signs,
    "GENERATE_VERIFY_MAC": authenticates,
    "KEY_AGREEMENT": agrees,
    "ENCAPSULATE_DECAPSULATE": encapsulates,
}


def test_this_is_a_fips_build() -> None:
    module = _core.crypto_module()
    assert module["name"] == "AWS-LC FIPS"
    assert module["fips_mode"] is True


def test_eighteen_specs_are_allowed() -> None:
    assert len({spec for spec, _, _ in ALLOWED}) == 18


@pytest.mark.parametrize(("spec", "usage", "algorithm"), ALLOWED)
def test_key_of_an_allowed_spec_is_made_and_used(opened: OpenedStore, spec: str, usage: str, algorithm: str) -> None:
    USES[usage](opened, opened.new_key(KeySpec=spec, KeyUsage=usage), algorithm)


@pytest.mark.parametrize(("spec", "text"), REFUSED.items())
def test_create_key_refuses_a_spec_outside_the_module(scratch: ScratchStore, spec: str, text: str) -> None:
    with scratch.client(region_name=CHINA) as kms:
        with pytest.raises(errors.UnsupportedOperationException, match=text):
            kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
        assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize(("spec", "text"), REFUSED.items())
def test_data_key_pair_of_a_spec_outside_the_module_is_refused(scratch: ScratchStore, spec: str, text: str) -> None:
    with scratch.client(region_name=CHINA) as kms:
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        with pytest.raises(errors.UnsupportedOperationException, match=text):
            kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)


def test_envelope_is_signed_and_read_back() -> None:
    ring = envelope.RawAesKeyring(namespace="tests", name="key", wrapping_key=bytes(32))
    message = envelope.encrypt(MESSAGE, ring)
    assert envelope.decrypt(message, ring)[0] == MESSAGE


def test_status_says_what_the_library_says_and_claims_nothing(run: CommandLine) -> None:
    shown = run.ok("fips-status").out
    version = _core.crypto_module()["version"]
    assert shown.startswith(f"library    AWS-LC FIPS {version}\nFIPS mode  on\n")
    assert shown.endswith(f"{NOTE}\n")
    assert not CLAIMS.search(shown.removesuffix(f"{NOTE}\n"))


def test_status_in_json_names_the_refused_specs(run: CommandLine) -> None:
    answer: dict[str, Any] = run.ok("fips-status", "--json").json()
    assert answer["fips_mode"] is True
    assert set(answer["refused_key_specs"]) == set(REFUSED)
