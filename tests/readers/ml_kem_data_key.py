"""Opens a data key under an ML-KEM key, given the shared secret or, of the sets that cryptography has, the seed."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .kdf import canonical, kdf

KEYS: dict[int, type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey]] = {
    1088: mlkem.MLKEM768PrivateKey,
    1568: mlkem.MLKEM1024PrivateKey,
}


def shared_secret(encrypted: bytes, seed: bytes) -> bytes:
    """What the ML-KEM ciphertext at the start carries."""
    ciphertext = encrypted[:-80]
    return KEYS[len(ciphertext)].from_seed_bytes(seed).decapsulate(ciphertext)


def read(encrypted: bytes, secret: bytes, key_arn: str, context: dict[str, str]) -> bytes:
    """Raises ValueError when the data key is not one, or not of this secret, key and context."""
    if len(encrypted) - 80 not in (768, 1088, 1568):
        raise ValueError("not a data key under ML-KEM")
    ciphertext, commitment, sealed = encrypted[:-80], encrypted[-80:-48], encrypted[-48:]
    arn = key_arn.encode()
    bound = hashlib.sha256(len(arn).to_bytes(2, "big") + arn + canonical(context)).digest()
    keys = kdf(secret, b"kmscore ml-kem data key v1", ciphertext + bound, 64)
    if not hmac.compare_digest(keys[:32], commitment):
        raise ValueError("commitment")
    try:
        return AESGCM(keys[32:]).decrypt(bytes(12), sealed, ciphertext + commitment)
    except InvalidTag:
        raise ValueError("tag") from None
