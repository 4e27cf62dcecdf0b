"""What a key did, so that it can be shown later and elsewhere to be the same key."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from key_specs.made_keys import MadeKey

MESSAGE = b"a message from before"


@dataclass(frozen=True)
class Proof:
    """A call, and a member of its reply that only the same key can give. Bytes are in hex."""

    key: str
    region: str
    method: str
    arguments: dict[str, str]
    blobs: dict[str, str]
    member: str
    expected: str

    def holds(self, kms: Any) -> bool:
        """Whether the key still gives it."""
        blobs = {name: bytes.fromhex(blob) for name, blob in self.blobs.items()}
        value = getattr(kms, self.method)(**self.arguments, **blobs)[self.member]
        return (value.hex() if isinstance(value, bytes) else str(value)) == self.expected


def proofs_of(key: MadeKey) -> list[Proof]:
    """A proof for each algorithm, and one of the public key."""
    made = [_proof(key, algorithm) for algorithm in key.algorithms]
    if key.usage != "GENERATE_VERIFY_MAC" and key.spec != "SYMMETRIC_DEFAULT":
        made.append(_told(key, "get_public_key", "PublicKey", key.public_key))
    return made


def _proof(key: MadeKey, algorithm: str) -> Proof:
    kms, named = key.kms, {"KeyId": key.id}
    match key.usage:
        case "ENCRYPT_DECRYPT":
            how = {"EncryptionAlgorithm": algorithm}
            blob = kms.encrypt(Plaintext=MESSAGE, **named, **how)["CiphertextBlob"]
            return _told(key, "decrypt", "Plaintext", MESSAGE, how, CiphertextBlob=blob)
        case "SIGN_VERIFY":
            prehash = algorithm == "ED25519_PH_SHA_512"
            how = {"SigningAlgorithm": algorithm, "MessageType": "DIGEST" if prehash else "RAW"}
            message = bytes(64) if prehash else MESSAGE
            signature = kms.sign(Message=message, **named, **how)["Signature"]
            return _told(key, "verify", "SignatureValid", True, how, Message=message, Signature=signature)
        case "GENERATE_VERIFY_MAC":
            how = {"MacAlgorithm": algorithm}
            mac = kms.generate_mac(Message=MESSAGE, **named, **how)["Mac"]
            return _told(key, "generate_mac", "Mac", mac, how, Message=MESSAGE)
        case "KEY_AGREEMENT":
            how, peer = {"KeyAgreementAlgorithm": algorithm}, key.public_key
            secret = kms.derive_shared_secret(PublicKey=peer, **named, **how)["SharedSecret"]
            return _told(key, "derive_shared_secret", "SharedSecret", secret, how, PublicKey=peer)
        case _:
            how = {"EncapsulationAlgorithm": algorithm}
            reply = kms.encapsulate(**named, **how)
            blob = reply["SharedSecretCiphertextBlob"]
            secret = reply["SharedSecret"]
            return _told(key, "decapsulate", "SharedSecret", secret, how, SharedSecretCiphertextBlob=blob)


def _told(
    key: MadeKey, method: str, member: str, value: bytes | bool, how: dict[str, str] | None = None, **blobs: bytes
) -> Proof:
    expected = value.hex() if isinstance(value, bytes) else str(value)
    in_hex = {name: blob.hex() for name, blob in blobs.items()}
    return Proof(
        f"{key.spec} {key.usage}", key.region, method, {"KeyId": key.id, **(how or {})}, in_hex, member, expected
    )


def to_json(proofs: list[Proof]) -> str:
    """One line."""
    return json.dumps([asdict(proof) for proof in proofs])


def from_json(text: str) -> list[Proof]:
    """The proofs of a line."""
    return [Proof(**proof) for proof in json.loads(text)]


def broken(proofs: list[Proof], clients: dict[str, Any]) -> list[str]:
    """What no longer holds."""
    return [f"{proof.method} under {proof.key}" for proof in proofs if not proof.holds(clients[proof.region])]
