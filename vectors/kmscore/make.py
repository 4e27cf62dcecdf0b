"""Makes the known answers in this directory from fixed inputs: `python vectors/kmscore/make.py`.

The writers follow docs/formats.md and share no code with the engine, so the engine is held to the page.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "tests"), str(HERE)]

import writers  # noqa: E402  (the readers' directory has to be on the path first)
from cryptography.hazmat.primitives.asymmetric import ec, mlkem  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: E402
from cryptography.hazmat.primitives.serialization import (  # noqa: E402
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from readers.blob import material_id  # noqa: E402
from readers.kdf import kdf  # noqa: E402
from readers.key_material import UNREADABLE, private_key  # noqa: E402
from readers.sealed_record import key_id  # noqa: E402

ROOT, DOMAIN, AUDIT, MATERIAL, SEED = (bytes(range(start, start + 32)) for start in (0x00, 0x20, 0x40, 0x60, 0x80))
N = bytes(range(0xA0, 0xC0))
STORE = bytes(range(0xC0, 0xD0))
UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI_REGION_ID = "mrk-0123456789abcdef0123456789abcdef"


def main() -> None:
    """Write every file anew."""
    _write("blob.json", {"vectors": [_blob(*case) for case in BLOBS]})
    _write("sealed_record.json", {"vectors": [_sealed_record(*case) for case in _sealed_records()]})
    _write("audit_segment.json", _audit_segment())
    _write("backup.json", {"vectors": [_backup(*case) for case in BACKUPS]})
    _write("message.json", {"vectors": [_message(case) for case in MESSAGES]})
    _write("key_material.json", {"vectors": [_key_material(*case) for case in KEY_MATERIALS]})
    _write("ml_kem_data_key.json", {"vectors": [_ml_kem_data_key(*case) for case in ML_KEM_DATA_KEYS]})


BLOBS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("a data key under a context", UUID, {"app": "billing", "Zeit": "früh"}, bytes(range(32))),
    ("one byte, no context", UUID, {}, b"\x00"),
    ("a multi-Region key", MULTI_REGION_ID, {"purpose": "test"}, b"hello"),
    ("the longest plaintext of Encrypt", UUID, {"a": ""}, bytes(4096)),
]


def _blob(name: str, key: str, context: dict[str, str], plaintext: bytes) -> dict[str, Any]:
    identifier = bytes.fromhex(key.removeprefix("mrk-").replace("-", ""))
    blob = writers.blob(
        MATERIAL, identifier, multi_region=key.startswith("mrk-"), n=N, context=context, plaintext=plaintext
    )
    return {
        "name": name,
        "key_material": MATERIAL.hex(),
        "key_id": key,
        "key_material_id": material_id(MATERIAL, identifier).hex(),
        "n": N.hex(),
        "encryption_context": context,
        "plaintext": plaintext.hex(),
        "blob": blob.hex(),
    }


def _wrapping_binding(key: bytes) -> dict[str, str]:
    return {"store": STORE.hex(), "domain_key": key_id(key).hex(), "version": "1"}


def _material_binding() -> dict[str, str]:
    identifier = bytes.fromhex(UUID.replace("-", ""))
    return {
        "store": STORE.hex(),
        "domain_key": key_id(DOMAIN).hex(),
        "account": "123456789012",
        "region": "us-east-1",
        "table": "key_material",
        "row": f"us-east-1/{UUID}",
        "column": "sealed",
        "record_version": "1",
        "key_id": UUID,
        "material_id": material_id(MATERIAL, identifier).hex(),
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
    }


def _sealed_records() -> list[tuple[str, int, bytes, dict[str, str], bytes]]:
    return [
        ("key material under a domain key", 1, DOMAIN, _material_binding(), MATERIAL),
        ("a domain key under a root key", 2, ROOT, _wrapping_binding(DOMAIN), DOMAIN),
        ("an audit key under a root key", 3, ROOT, _wrapping_binding(AUDIT), AUDIT),
        ("an audit seed under an audit key", 4, AUDIT, {"store": STORE.hex(), "session_id": "5e" * 16}, SEED),
        ("one byte, no binding", 5, DOMAIN, {}, b"\x01"),
    ]


def _sealed_record(name: str, kind: int, key: bytes, binding: dict[str, str], plaintext: bytes) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "sealing_key": key.hex(),
        "sealing_key_id": key_id(key).hex(),
        "n": N.hex(),
        "binding": binding,
        "plaintext": plaintext.hex(),
        "record": writers.sealed_record(kind, key, N, binding, plaintext).hex(),
    }


def _audit_segment() -> dict[str, Any]:
    named = {"format": 1, "segment": "5f" * 16, "store": STORE.hex(), "start_state": 7, "time": 1_790_000_000_000_000}
    header = writers.audit_header(AUDIT, N, SEED, {**named, "session": 2, "session_id": "5e" * 16})
    return {
        "store": STORE.hex(),
        "audit_key": AUDIT.hex(),
        "seed": SEED.hex(),
        "segment": "5f" * 16,
        "lines": 4,
        "content": writers.audit_segment(header, SEED, [_record(number) for number in (1, 2, 3)]).decode(),
    }


def _record(number: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-00000000000{number}",
        "time": 1_790_000_000_000_000 + number,
        "state": 7,
        "op": "Encrypt",
        "caller": "arn:aws:iam::123456789012:root",
        "region": "us-east-1",
        "outcome": "Success" if number != 2 else "DisabledException",
        "resources": [f"arn:aws:kms:us-east-1:123456789012:key/{UUID}"],
        "request": {"KeyId": "alias/früh"},
    }


PASSPHRASE = "correct horse battery staple"  # noqa: S105
MANIFEST: dict[str, object] = {
    "version": 1,
    "keys": [
        {"purpose": "records", "version": 1, "key": base64.b64encode(DOMAIN).decode()},
        {"purpose": "audit", "version": 1, "key": base64.b64encode(AUDIT).decode()},
    ],
}
_BEFORE_DATABASE = 4 + len(json.dumps(MANIFEST, separators=(",", ":")))
BACKUPS: list[tuple[str, str, bytes]] = [
    ("to a passphrase", "passphrase", b"stands for a database"),
    ("to a recipient", "recipient", b"stands for a database"),
    ("no database, one chunk", "recipient", b""),
    ("one full chunk", "recipient", bytes(65_536 - _BEFORE_DATABASE)),
    ("two chunks, one byte in the second", "recipient", bytes(65_537 - _BEFORE_DATABASE)),
]


def _backup(name: str, kind: str, database: bytes) -> dict[str, Any]:
    recipient, ephemeral = (X25519PrivateKey.from_private_bytes(key) for key in (MATERIAL, SEED))
    common: dict[str, object] = {"created": 1_790_000_000_000_000, "store": STORE.hex()}
    if kind == "passphrase":
        cost = {"memory_kib": 8_192, "passes": 1, "lanes": 1}
        argon = Argon2id(salt=STORE, length=32, iterations=1, lanes=1, memory_cost=8_192)
        kek = argon.derive(PASSPHRASE.encode())
        parameters = {"kind": kind, **cost, "salt": base64.b64encode(STORE).decode()}
    else:
        public = [key.public_key().public_bytes_raw() for key in (ephemeral, recipient)]
        kek = kdf(ephemeral.exchange(recipient.public_key()), b"kmscore backup recipient v1", b"".join(public), 32)
        texts = [base64.b64encode(key).decode() for key in public]
        parameters = {"kind": kind, "ephemeral": texts[0], "recipient": texts[1]}
    content = writers.backup({**parameters, **common}, kek, ROOT, N, MANIFEST, database)
    path = f"backup/{name.replace(',', '').replace(' ', '-')}.kmsbak"
    (HERE / path).parent.mkdir(exist_ok=True)
    (HERE / path).write_bytes(content)
    return {
        "name": name,
        "file": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "kind": kind,
        "secret": PASSPHRASE if kind == "passphrase" else MATERIAL.hex(),
        "kek": kek.hex(),
        "file_key": ROOT.hex(),
        "store": STORE.hex(),
        "created": common["created"],
        "manifest": MANIFEST,
        "database_bytes": len(database),
        "database_sha256": hashlib.sha256(database).hexdigest(),
    }


SIGNING_KEY = ec.derive_private_key(int.from_bytes(bytes(range(1, 49)), "big"), ec.SECP384R1())
AES_128, AES_192, AES_256 = (
    writers.Wrapping("kmscore-vectors", f"aes-{8 * length}", bytes(range(length)), bytes(range(0xE0, 0xEC)))
    for length in (16, 24, 32)
)
THREE_FRAMES = writers.Body(bytes(range(80)), 32)


class MessageCase(NamedTuple):
    """A message. `number` is the last byte of its id."""

    name: str
    number: int
    stored: dict[str, str]
    body: writers.Body = THREE_FRAMES
    required: Mapping[str, str] = MappingProxyType({})
    wrappings: tuple[writers.Wrapping, ...] = (AES_256,)
    signed: bool = False


# Numbers of signed messages are such that their signatures have 102, 103 and 104 bytes.
MESSAGES = [
    MessageCase("a context, three frames", 1, {"app": "billing", "Zeit": "früh"}),
    MessageCase("no context, no plaintext", 2, {}, writers.Body(b"", 4096)),
    MessageCase("a full final frame", 3, {"a": ""}, writers.Body(bytes(range(128)), 64)),
    MessageCase("an empty final frame", 4, {"a": ""}, writers.Body(bytes(range(128)), 64, empty_final_frame=True)),
    MessageCase("frames of one byte", 5, {}, writers.Body(b"abc", 1)),
    MessageCase("pairs that are not stored", 6, {"b": "2"}, required={"a": "1", "c": "3"}),
    MessageCase("context keys beyond the basic plane", 7, {"\U00010000": "2", "\uffff": "1"}),
    MessageCase("three wrapping keys", 8, {"a": "b"}, wrappings=(AES_128, AES_192, AES_256)),
    MessageCase("not framed", 9, {"a": "b"}, writers.Body(b"one block", 0)),
    MessageCase("signed, three frames", 16, {"app": "billing", "Zeit": "früh"}, signed=True),
    MessageCase("signed, no context, no plaintext", 17, {}, writers.Body(b"", 4096), signed=True),
    MessageCase("signed, pairs that are not stored", 18, {}, required={"a": "1"}, signed=True),
    MessageCase("signed, three wrapping keys", 19, {"a": "b"}, wrappings=(AES_128, AES_192, AES_256), signed=True),
    MessageCase("signed, not framed", 20, {"a": "b"}, writers.Body(b"one block", 0), signed=True),
]


def _message(case: MessageCase) -> dict[str, Any]:
    message_id = N[:31] + bytes([case.number])
    keys = writers.MessageKeys(MATERIAL, message_id, case.wrappings, SIGNING_KEY if case.signed else None)
    required = dict(case.required)
    return {
        "name": case.name,
        "algorithm_suite": "0578" if case.signed else "0478",
        "data_key": MATERIAL.hex(),
        "message_id": message_id.hex(),
        "wrapping_keys": [
            {"namespace": key.namespace, "name": key.name, "key": key.key.hex()} for key in case.wrappings
        ],
        "stored_context": case.stored,
        "required_context": required,
        "frame_length": case.body.frame_length,
        "plaintext": case.body.plaintext.hex(),
        "message": writers.message(keys, case.stored, required, case.body).hex(),
    }


SM2_SAMPLE = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
SM2_SAMPLE_POINT = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SM2_PUBLIC_KEY = "3059301306072a8648ce3d020106082a811ccf5501822d03420004" + SM2_SAMPLE_POINT
KEY_MATERIALS: list[tuple[str, bytes]] = [
    ("SYMMETRIC_DEFAULT", MATERIAL),
    *((f"HMAC_{bits}", bytes(range(bits // 8))) for bits in (224, 256, 384, 512)),
    *((f"RSA_{bits}", writers.rsa_private_key(bits)) for bits in (2048, 3072, 4096)),
    ("ECC_NIST_P256", bytes(range(1, 33))),
    ("ECC_NIST_P384", bytes(range(1, 49))),
    # The scalar of P-521 has 66 bytes, whose first seven bits are zero.
    ("ECC_NIST_P521", bytes([1, *range(2, 67)])),
    ("ECC_SECG_P256K1", bytes(range(1, 33))),
    ("ECC_NIST_EDWARDS25519", MATERIAL),
    *((f"ML_DSA_{level}", MATERIAL) for level in (44, 65, 87)),
    *((f"ML_KEM_{size}", MATERIAL + SEED) for size in (512, 768, 1024)),
    ("SM2", bytes.fromhex(SM2_SAMPLE)),
]


def _key_material(spec: str, material: bytes) -> dict[str, Any]:
    identifier = bytes.fromhex(UUID.replace("-", ""))
    vector = {
        "name": spec,
        "key_id": UUID,
        "key_material": material.hex(),
        "key_material_id": material_id(material, identifier).hex(),
    }
    if spec == "SM2":
        vector["public_key"] = SM2_PUBLIC_KEY
    elif spec not in UNREADABLE and spec != "SYMMETRIC_DEFAULT" and not spec.startswith("HMAC_"):
        key = private_key(spec, material)
        vector["public_key"] = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
        vector["pkcs8"] = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex()
    return vector


KEY_ARN = f"arn:aws:kms:us-east-1:123456789012:key/{UUID}"
PARAMETER_SETS: dict[str, type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey]] = {
    "ML_KEM_768": mlkem.MLKEM768PrivateKey,
    "ML_KEM_1024": mlkem.MLKEM1024PrivateKey,
}
ML_KEM_DATA_KEYS: list[tuple[str, str, str, dict[str, str]]] = [
    ("a context", "ML_KEM_768", KEY_ARN, {"app": "billing", "Zeit": "früh"}),
    ("no context", "ML_KEM_768", KEY_ARN, {}),
    ("a multi-Region key", "ML_KEM_1024", KEY_ARN.replace(UUID, MULTI_REGION_ID), {"purpose": "test"}),
    ("context keys beyond the basic plane", "ML_KEM_1024", KEY_ARN, {"\U00010000": "2", "\uffff": "1"}),
]


def _ml_kem_data_key(name: str, spec: str, key_arn: str, context: dict[str, str]) -> dict[str, Any]:
    seed = MATERIAL + SEED
    private = PARAMETER_SETS[spec].from_seed_bytes(seed)
    drawn = HERE / "ml_kem" / f"{spec}.ciphertext"
    if not drawn.exists():
        # Encapsulation draws at random, so what it drew is kept.
        drawn.write_bytes(private.public_key().encapsulate()[1])
    ciphertext = drawn.read_bytes()
    secret = private.decapsulate(ciphertext)
    return {
        "name": name,
        "key_spec": spec,
        "seed": seed.hex(),
        "shared_secret": secret.hex(),
        "key_arn": key_arn,
        "encryption_context": context,
        "data_key": ROOT.hex(),
        "encrypted_data_key": writers.ml_kem_data_key(secret, ciphertext, key_arn, context, ROOT).hex(),
    }


def _write(name: str, content: dict[str, Any]) -> None:
    content = {"made_by": "vectors/kmscore/make.py", "format": "docs/formats.md", **content}
    (HERE / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
