"""GenerateDataKeyPair, and the pool that makes pairs ahead."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from key_specs import algorithms
from key_specs.made_keys import CHINA, HOME_REGION, MadeKeys, refusal
from kmscore import StoreError, _core
from readers import ml_kem, sm2_curve
from scratch_store import ScratchStore

[MEMBER] = [
    member
    for row in _core.operations()
    if row["name"] == "GenerateDataKeyPair"
    for member in row["input"]["members"]
    if member["name"] == "KeyPairSpec"
]
SPECS: list[str] = MEMBER["enum"]
# Key pair spec -> bytes of its PrivateKeyInfo; those of RSA vary.
LENGTHS = {
    "ECC_NIST_P256": 138,
    "ECC_NIST_P384": 185,
    "ECC_NIST_P521": 241,
    "ECC_SECG_P256K1": 135,
    "SM2": 138,
    "ECC_NIST_EDWARDS25519": 48,
    "ML_KEM_512": 86,
    "ML_KEM_768": 86,
    "ML_KEM_1024": 86,
}
# RFC 9935: the seed, and nothing else, after the algorithm.
ML_KEM_HEADERS = {
    f"ML_KEM_{bits}": bytes.fromhex(f"3054020100300b060960864801650304040{number}04428040")
    for bits, number in ((512, 1), (768, 2), (1024, 3))
}
CONTEXT = {"purpose": "test"}

Pairs = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def pairs(keys: MadeKeys) -> Pairs:
    """A data key pair of every spec."""
    return {spec: keys.clients[region(spec)].generate_data_key_pair(**asked(keys, spec)) for spec in SPECS}


def region(spec: str) -> str:
    return CHINA if spec == "SM2" else HOME_REGION


def asked(keys: MadeKeys, spec: str) -> dict[str, Any]:
    return {"KeyId": keys.symmetric(region(spec)).id, "KeyPairSpec": spec, "EncryptionContext": CONTEXT}


def test_specs_are_those_of_the_service_model() -> None:
    rsa_specs = {"RSA_2048", "RSA_3072", "RSA_4096"}
    assert set(SPECS) == rsa_specs | set(LENGTHS)


@pytest.mark.parametrize("spec", SPECS)
def test_reply_names_key_spec_and_material(keys: MadeKeys, pairs: Pairs, spec: str) -> None:
    wrapping, reply = keys.symmetric(region(spec)), pairs[spec]
    assert (reply["KeyId"], reply["KeyPairSpec"]) == (wrapping.arn, spec)
    assert reply["KeyMaterialId"] == wrapping.metadata["CurrentKeyMaterialId"]
    assert "CiphertextForRecipient" not in reply
    assert _core.PublicKey(reply["PublicKey"]).key_spec == spec


@pytest.mark.parametrize("spec", LENGTHS)
def test_private_key_has_its_one_form(pairs: Pairs, spec: str) -> None:
    private = pairs[spec]["PrivateKeyPlaintext"]
    assert len(private) == LENGTHS[spec]
    if spec in ML_KEM_HEADERS:
        assert private.startswith(ML_KEM_HEADERS[spec])


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec not in ("SM2", "ML_KEM_512")])
def test_private_key_is_read_outside(pairs: Pairs, spec: str) -> None:
    private: Any = load_der_private_key(pairs[spec]["PrivateKeyPlaintext"], None)
    assert algorithms.spki(private.public_key()) == pairs[spec]["PublicKey"]
    match private:
        case rsa.RSAPrivateKey():
            assert private.key_size == int(spec.removeprefix("RSA_"))
            assert private.public_key().public_numbers().e == 65537
        case ec.EllipticCurvePrivateKey():
            assert private.exchange(ec.ECDH(), private.public_key())
        case ed25519.Ed25519PrivateKey():
            private.public_key().verify(private.sign(b"m"), b"m")
        case mlkem.MLKEM768PrivateKey() | mlkem.MLKEM1024PrivateKey():
            secret, ciphertext = private.public_key().encapsulate()
            assert private.decapsulate(ciphertext) == secret
        case _:
            pytest.fail(f"{spec} is a {type(private)}")


def test_private_keys_that_cryptography_lacks_are_those_of_their_public_keys(pairs: Pairs) -> None:
    seed = pairs["ML_KEM_512"]["PrivateKeyPlaintext"][-64:]
    assert pairs["ML_KEM_512"]["PublicKey"].endswith(ml_kem.key_pair("ML_KEM_512", seed).public)
    scalar = int.from_bytes(pairs["SM2"]["PrivateKeyPlaintext"][36:68], "big")
    assert sm2_curve.spki(sm2_curve.multiplied(sm2_curve.BASE, scalar)) == pairs["SM2"]["PublicKey"]


@pytest.mark.parametrize("spec", SPECS)
def test_private_key_is_decrypted_under_its_context_alone(keys: MadeKeys, pairs: Pairs, spec: str) -> None:
    kms, blob = keys.clients[region(spec)], pairs[spec]["PrivateKeyCiphertextBlob"]
    reply = kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    assert reply["Plaintext"] == pairs[spec]["PrivateKeyPlaintext"]
    assert reply["KeyId"] == keys.symmetric(region(spec)).arn
    for context in ({}, {"purpose": "Test"}, {**CONTEXT, "more": ""}):
        refused = refusal(kms, "decrypt", CiphertextBlob=blob, EncryptionContext=context)
        assert refused == ("InvalidCiphertextException", "")


@pytest.mark.parametrize("spec", [spec for spec in SPECS if not spec.startswith(("RSA_3072", "RSA_4096"))])
def test_pair_without_plaintext_has_none_and_is_another_pair(keys: MadeKeys, pairs: Pairs, spec: str) -> None:
    kms = keys.clients[region(spec)]
    reply = kms.generate_data_key_pair_without_plaintext(**asked(keys, spec))
    assert set(reply) == set(pairs[spec]) - {"PrivateKeyPlaintext"}
    assert reply["PublicKey"] != pairs[spec]["PublicKey"]
    private = kms.decrypt(CiphertextBlob=reply["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
    assert private != pairs[spec]["PrivateKeyPlaintext"]
    if spec not in ("SM2", "ML_KEM_512"):
        loaded: Any = load_der_private_key(private, None)
        assert algorithms.spki(loaded.public_key()) == reply["PublicKey"]


@pytest.mark.parametrize("operation", ["generate_data_key_pair", "generate_data_key_pair_without_plaintext"])
def test_wrapping_key_is_symmetric(keys: MadeKeys, operation: str) -> None:
    name = "".join(word.capitalize() for word in operation.split("_"))
    for key in keys.every:
        if key.spec == "SYMMETRIC_DEFAULT":
            continue
        text = f"{key.arn} key usage is {key.usage} which is not valid for {name}."
        if key.usage == "ENCRYPT_DECRYPT":
            text = f"Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {key.spec}."
        refused = refusal(key.kms, operation, KeyId=key.id, KeyPairSpec="ECC_NIST_P256")
        assert refused == ("InvalidKeyUsageException", text)


def test_sm2_pairs_are_for_china_regions(keys: MadeKeys) -> None:
    key = keys.symmetric()
    expected = ("UnsupportedOperationException", "KeyPairSpec SM2 is supported in China Regions only.")
    for more in ({}, {"DryRun": True}):
        assert refusal(key.kms, "generate_data_key_pair", KeyId=key.id, KeyPairSpec="SM2", **more) == expected


@pytest.mark.parametrize("spec", ["", "RSA_1024", "ML_DSA_44", "HMAC_256", "SYMMETRIC_DEFAULT", "AES_256", "rsa_2048"])
def test_other_specs_are_refused_by_name(keys: MadeKeys, spec: str) -> None:
    key = keys.symmetric()
    code, text = refusal(key.kms, "generate_data_key_pair", KeyId=key.id, KeyPairSpec=spec)
    assert code == "ValidationException"
    place = f"Value '{spec}' at 'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value set: ["
    assert text == f"1 validation error detected: {place}{', '.join(SPECS)}]"


# -- the pool ---------------------------------------------------------------------------------------------------------

SIZES = {"ECC_NIST_P256": 2, "ML_KEM_768": 3}


@pytest.fixture
def pooled(scratch: ScratchStore) -> Iterator[Any]:
    """A client that keeps pairs ready."""
    with scratch.client(data_key_pairs=SIZES) as kms:
        yield kms


def until(done: Callable[[], bool]) -> None:
    """Wait for the pool's thread; the test's own limit of time ends a wait in vain."""
    while not done():
        time.sleep(0.001)


def full(kms: Any, sizes: dict[str, int]) -> bool:
    waiting: dict[str, Any] = kms.health()["data_key_pairs"]
    return waiting == {spec: (size, size) for spec, size in sizes.items()}


def wrapping_key(kms: Any) -> str:
    made: str = kms.create_key()["KeyMetadata"]["KeyId"]
    return made


def test_health_shows_how_the_pool_fills_and_fills_again(pooled: Any) -> None:
    key = wrapping_key(pooled)
    for _ in range(3):
        until(lambda: full(pooled, SIZES))
        for _ in range(SIZES["ECC_NIST_P256"]):
            pooled.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
    until(lambda: full(pooled, SIZES))


def test_health_without_a_pool_shows_none(kms: Any) -> None:
    assert kms.health()["data_key_pairs"] == {}


def test_pair_is_never_given_twice(pooled: Any) -> None:
    key = wrapping_key(pooled)
    made: list[bytes] = []

    def take() -> None:
        for _ in range(100):
            for spec in (*SIZES, "ECC_NIST_P384"):
                reply = pooled.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
                made.append(reply["PublicKey"])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(set(made)) == 4 * 100 * 3


def test_pair_of_the_pool_is_a_whole_one(pooled: Any) -> None:
    key = wrapping_key(pooled)
    until(lambda: full(pooled, SIZES))
    for spec in SIZES:
        reply = pooled.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
        private: Any = load_der_private_key(reply["PrivateKeyPlaintext"], None)
        assert algorithms.spki(private.public_key()) == reply["PublicKey"]
        opened = pooled.decrypt(CiphertextBlob=reply["PrivateKeyCiphertextBlob"])["Plaintext"]
        assert opened == reply["PrivateKeyPlaintext"]


def test_call_that_is_refused_takes_no_pair(pooled: Any) -> None:
    key = wrapping_key(pooled)
    until(lambda: full(pooled, SIZES))
    asked = {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}
    assert refusal(pooled, "generate_data_key_pair", DryRun=True, **asked)[0] == "DryRunOperationException"
    pooled.disable_key(KeyId=key)
    assert refusal(pooled, "generate_data_key_pair", **asked)[0] == "DisabledException"
    assert full(pooled, SIZES)


def test_forked_child_makes_pairs_of_its_own(pooled: Any) -> None:
    key = wrapping_key(pooled)
    until(lambda: full(pooled, SIZES))
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            made = [pooled.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256") for _ in range(4)]
            until(lambda: full(pooled, SIZES))
            os.write(target, b"".join(reply["PublicKey"][-64:] for reply in made))
            status = 0
        finally:
            os._exit(status)
    os.close(target)
    with os.fdopen(source, "rb") as pipe:
        of_child = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    theirs = {of_child[at : at + 64] for at in range(0, len(of_child), 64)}
    ours = {pooled.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")["PublicKey"][-64:] for _ in range(4)}
    assert len(theirs) == len(ours) == 4
    assert not theirs & ours


@pytest.mark.parametrize(
    ("sizes", "fault"),
    [
        ({"RSA_1024": 1}, "data_key_pairs has 'RSA_1024', which is none of RSA_2048, "),
        ({"ML_DSA_44": 1}, "data_key_pairs has 'ML_DSA_44'"),
        ({"HMAC_256": 1}, "data_key_pairs has 'HMAC_256'"),
        ({"": 1}, "data_key_pairs has ''"),
        ({"ECC_NIST_P256": 1025}, "asks for 1025 pairs of ECC_NIST_P256: it must be a number from 0 to 1024"),
        ({"ECC_NIST_P256": -1}, "data_key_pairs"),
        ({"ECC_NIST_P256": 2**70}, "data_key_pairs"),
    ],
)
def test_sizes_of_the_pool_are_checked(scratch: ScratchStore, sizes: dict[str, int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        scratch.client(data_key_pairs=sizes)
    scratch.client().close()


@pytest.mark.parametrize("sizes", [{"RSA_1024": 1}, {"ECC_NIST_P256": 1025}, {"ECC_NIST_P256": -1}])
def test_wrong_sizes_of_the_pool_are_refused_before_a_store_is_made(
    scratch: ScratchStore, sizes: dict[str, int]
) -> None:
    with pytest.raises((ValueError, OverflowError)):
        scratch.client(data_key_pairs=sizes)
    assert not scratch.home.exists()


def test_any_mapping_tells_the_sizes_of_the_pool(scratch: ScratchStore) -> None:
    with scratch.client(data_key_pairs=MappingProxyType(SIZES)) as kms:
        until(lambda: full(kms, SIZES))


@pytest.mark.parametrize("sizes", [{"ECC_NIST_P256": "2"}, {"ECC_NIST_P256": 1.5}, {1: 1}, ["ECC_NIST_P256"], 2])
def test_sizes_of_the_pool_are_numbers_by_spec(scratch: ScratchStore, sizes: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="data_key_pairs"):
        scratch.client(data_key_pairs=sizes)
    scratch.client().close()


def test_size_of_zero_keeps_none(scratch: ScratchStore) -> None:
    with scratch.client(data_key_pairs={"ECC_NIST_P256": 0}) as kms:
        assert kms.health()["data_key_pairs"] == {}
        kms.generate_data_key_pair(KeyId=wrapping_key(kms), KeyPairSpec="ECC_NIST_P256")


@pytest.mark.usefixtures("pooled")
def test_clients_of_a_store_share_one_pool(scratch: ScratchStore) -> None:
    with scratch.client() as other, scratch.client(data_key_pairs=dict(SIZES)) as same:
        until(lambda: full(other, SIZES))
        assert full(same, SIZES)
    for sizes in ({}, {"ECC_NIST_P256": 3, "ML_KEM_768": 3}, {"ECC_NIST_P256": 2}):
        with pytest.raises(StoreError, match="is open in this process already, with another .*data_key_pairs"):
            scratch.client(data_key_pairs=sizes)


@pytest.mark.parametrize("sizes", [None, {}, {"ECC_NIST_P256": 0, "RSA_2048": 0}])
def test_pool_of_no_pairs_is_none(scratch: ScratchStore, sizes: dict[str, int] | None) -> None:
    """Whichever way the store was opened first, the others share it."""
    with (
        scratch.client(data_key_pairs=sizes) as kms,
        scratch.client(),
        scratch.client(data_key_pairs={}),
        scratch.client(data_key_pairs={"ECC_NIST_P256": 0}),
    ):
        assert kms.health()["data_key_pairs"] == {}
        with pytest.raises(StoreError, match="is open in this process already, with another .*data_key_pairs"):
            scratch.client(data_key_pairs={"ECC_NIST_P256": 1, "RSA_2048": 0})


@pytest.mark.usefixtures("pooled")
def test_size_of_zero_beside_others_tells_pools_not_apart(scratch: ScratchStore) -> None:
    with scratch.client(data_key_pairs={**SIZES, "RSA_2048": 0}) as kms:
        until(lambda: full(kms, SIZES))
    with pytest.raises(StoreError, match="is open in this process already, with another .*data_key_pairs"):
        scratch.client(data_key_pairs=dict.fromkeys(SIZES, 0))


def test_pool_that_comes_after_the_store_was_opened_is_refused(kms: Any, scratch: ScratchStore) -> None:
    with pytest.raises(StoreError, match="data_key_pairs"):
        scratch.client(data_key_pairs=SIZES)
    assert kms.health()["data_key_pairs"] == {}


def test_closed_client_ends_its_pool(scratch: ScratchStore) -> None:
    before = threads_of_pools()
    kms = scratch.client(data_key_pairs=SIZES)
    until(lambda: threads_of_pools() == before + 1)
    kms.close()
    assert threads_of_pools() == before


def threads_of_pools() -> int:
    """The kernel keeps 15 characters of a thread's name."""
    names = []
    for task in os.scandir("/proc/self/task"):
        with open(f"{task.path}/comm", encoding="utf-8") as file:  # noqa: PTH123 - the entry is a path already.
            names.append(file.read().strip())
    return names.count("kmscore-key-pai")
