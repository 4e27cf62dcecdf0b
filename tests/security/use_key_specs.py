"""Makes and uses a key of every key spec and every data key pair, as `memory_child` does with symmetric keys."""

import logging
import os
import time
from pathlib import Path
from typing import Any

CONTEXT = {"a": "b"}
# The longer keys of RSA would take seconds, and lie in memory as the shortest does.
LEFT_OUT = ("RSA_3072", "RSA_4096")
# The first two are taken from a pool.
PAIR_SPECS = [
    "RSA_2048",
    "ECC_NIST_P384",
    "ECC_NIST_P256",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
]


def use_key_specs(made: list[str]) -> Any:
    """Use all of them; the encrypted private keys of data key pairs are added to `made`, in hex."""
    logging.basicConfig(filename=Path(os.environ["KMSCORE_HOME"]).with_name("child.log"), level=logging.DEBUG)
    import kmscore
    from kmscore import _core

    pool = {"RSA_2048": 1, "ECC_NIST_P384": 2}
    kms = kmscore.client("kms", region_name="us-east-1", data_key_pairs=pool)
    with kmscore.client("kms", region_name="cn-north-1") as china:
        for row in _core.key_specs():
            if row["spec"] not in ("SYMMETRIC_DEFAULT", *LEFT_OUT):
                for usage, algorithms in row["usages"].items():
                    use_key(china if row["spec"] == "SM2" else kms, row["spec"], usage, algorithms)
        wrapping = kms.create_key()["KeyMetadata"]["KeyId"]
        asked: dict[str, Any] = {"KeyId": wrapping, "EncryptionContext": CONTEXT}
        while any(ready < wanted for ready, wanted in kms.health()["data_key_pairs"].values()):
            time.sleep(0.001)
        made += [data_key_pair(kms, KeyPairSpec=spec, **asked) for spec in PAIR_SPECS]
        asked["KeyId"] = china.create_key()["KeyMetadata"]["KeyId"]
        made.append(data_key_pair(china, KeyPairSpec="SM2", **asked))
    return kms


def data_key_pair(kms: Any, **asked: Any) -> str:
    """One whose private key this process never sees."""
    blob: bytes = kms.generate_data_key_pair_without_plaintext(**asked)["PrivateKeyCiphertextBlob"]
    return blob.hex()


def use_key(kms: Any, spec: str, usage: str, algorithms: list[str]) -> None:
    """Every operation of a usage, several times, and one that is refused."""
    key_id = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    for algorithm in algorithms * 3:
        _USES[usage](kms, key_id, algorithm)
    try:
        kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    except kms.exceptions.InvalidKeyUsageException:
        logging.getLogger(__name__).exception("refused as it must be")


def _sign(kms: Any, key_id: str, algorithm: str) -> None:
    kind = "DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW"
    asked = {"KeyId": key_id, "Message": bytes(64), "MessageType": kind, "SigningAlgorithm": algorithm}
    kms.verify(Signature=kms.sign(**asked)["Signature"], **asked)
    if algorithm == "ML_DSA_SHAKE_256":
        kms.sign(**{**asked, "MessageType": "EXTERNAL_MU"})


def _encrypt(kms: Any, key_id: str, algorithm: str) -> None:
    asked = {"KeyId": key_id, "EncryptionAlgorithm": algorithm}
    blob = kms.encrypt(Plaintext=b"x", **asked)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, **asked)
    try:
        kms.decrypt(CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]), **asked)
    except kms.exceptions.InvalidCiphertextException:
        logging.getLogger(__name__).exception("refused as it must be")


def _authenticate(kms: Any, key_id: str, algorithm: str) -> None:
    asked = {"KeyId": key_id, "Message": b"m", "MacAlgorithm": algorithm}
    kms.verify_mac(Mac=kms.generate_mac(**asked)["Mac"], **asked)


def _agree(kms: Any, key_id: str, algorithm: str) -> None:
    peer = kms.get_public_key(KeyId=key_id)["PublicKey"]
    kms.derive_shared_secret(KeyId=key_id, PublicKey=peer, KeyAgreementAlgorithm=algorithm)


def _encapsulate(kms: Any, key_id: str, algorithm: str) -> None:
    asked = {"KeyId": key_id, "EncapsulationAlgorithm": algorithm}
    blob = kms.encapsulate(**asked)["SharedSecretCiphertextBlob"]
    kms.decapsulate(SharedSecretCiphertextBlob=blob, **asked)


_USES = {
    "SIGN_VERIFY": _sign,
    "ENCRYPT_DECRYPT": _encrypt,
    "GENERATE_VERIFY_MAC": _authenticate,
    "KEY_AGREEMENT": _agree,
    "ENCAPSULATE_DECAPSULATE": _encapsulate,
}
