"""The search for keys is worth what its needles are worth: each form against an independent implementation."""

import hashlib
import struct

from security.needles import _INITIAL, _aes_256_schedule, _compress, needles


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
