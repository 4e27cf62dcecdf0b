"""The search for keys is worth what its needles are worth: each form against an independent implementation."""

import hashlib
import os
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from formats.known_answers import vectors
from readers import key_material
from security import private_key_needles
from security.needles import _INITIAL, _aes_256_schedule, _compress, found_in, needles


def test_compression_function_is_that_of_sha_256() -> None:
    message = b"abc"
    block = message + b"\x80" + bytes(52) + (8 * len(message)).to_bytes(8, "big")
    assert struct.pack(">8I", *_compress(_INITIAL, block)) == hashlib.sha256(message).digest()


def test_key_schedule_is_that_of_fips_197() -> None:
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    schedule = _aes_256_schedule(key)
    assert len(schedule) == 240
    # FIPS 197, A.3: w8 to w11 and w56 to w59.
    assert schedule[32:48].hex() == "9ba354118e6925afa51a8b5f2067fcde"
    assert schedule[-16:].hex() == "fe4890d1e6188d0b046df344706c631e"


def test_every_form_of_a_key_is_a_needle_of_its_own() -> None:
    sought = needles("key", hashlib.sha256(b"key").digest())
    assert len(set(sought.values())) == len(sought) == 15
    assert min(len(needle) for needle in sought.values()) == 16


@pytest.mark.parametrize("place", [0, 1, (1 << 20) - 17, (1 << 20) - 16, (1 << 20) - 3, (1 << 20) - 1, 1 << 20, -16])
def test_search_finds_a_needle_wherever_it_stands(place: int) -> None:
    needle = os.urandom(16)
    content = bytearray(3 << 20)
    start = place % (len(content) - 15 if place < 0 else len(content))
    content[start : start + 16] = needle
    sought = {"there": needle, "first half": needle[:8], "not there": os.urandom(16)}
    expected = {name: bytes(content).count(needle) for name, needle in sought.items()}
    assert found_in(bytes(content), sought) == {name: count for name, count in expected.items() if count}
    assert expected["there"] == 1


def test_search_in_little_finds_what_counting_finds() -> None:
    sought = {"a": b"abcd", "b": b"bcde", "c": b"xyzw"}
    for content in (b"", b"a", b"abc", b"abcd", b"abcde", b"xabcdabcde"):
        counted = {name: content.count(needle) for name, needle in sought.items()}
        assert found_in(content, sought) == {name: count for name, count in counted.items() if count}


def _pkcs8(key: Any) -> bytes:
    der: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return der


def test_stored_form_is_taken_out_of_the_private_key_of_a_data_key_pair() -> None:
    for spec, curve in key_material.CURVES.items():
        key = ec.generate_private_key(curve)
        scalar = key.private_numbers().private_value.to_bytes((curve.key_size + 7) // 8, "big")
        assert private_key_needles.canonical(spec, _pkcs8(key)) == scalar
    edwards = ed25519.Ed25519PrivateKey.generate()
    assert private_key_needles.canonical("ECC_NIST_EDWARDS25519", _pkcs8(edwards)) == edwards.private_bytes_raw()
    seed = os.urandom(64)
    assert private_key_needles.canonical("ML_KEM_768", _pkcs8(mlkem.MLKEM768PrivateKey.from_seed_bytes(seed))) == seed
    pair = rsa.generate_private_key(65537, 2048)
    der = pair.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert private_key_needles.canonical("RSA_2048", _pkcs8(pair)) == der


@pytest.mark.parametrize("vector", vectors("key_material"), ids=lambda vector: vector["name"])
def test_needles_of_a_private_key_are_long_and_none_is_public(vector: dict[str, Any]) -> None:
    if vector["name"] == "SYMMETRIC_DEFAULT":
        return
    sought = private_key_needles.needles("key", vector["name"], bytes.fromhex(vector["key_material"]))
    assert min(len(needle) for needle in sought.values()) == 16
    public = bytes.fromhex(vector.get("public_key", ""))
    assert not any(needle in public or needle[::-1] in public for needle in sought.values())


def test_parts_of_rsa_are_those_of_rfc_8017() -> None:
    vector = next(vector for vector in vectors("key_material") if vector["name"] == "RSA_2048")
    parts = private_key_needles.secrets_of("RSA_2048", bytes.fromhex(vector["key_material"]))
    p, q, d, *_ = (int.from_bytes(part, "big") for part in parts.values())
    assert pow(pow(2, 65537, p * q), d, p * q) == 2
    assert all(part in bytes.fromhex(vector["key_material"]) for part in parts.values())
