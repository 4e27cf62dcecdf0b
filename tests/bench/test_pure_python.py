"""The pure-Python peer computes what the field computes: otherwise its speed would mean nothing."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from kmscore.bench.pure_python import AesGcm, InvalidTag

# Test case 16 of the GCM submission (McGrew and Viega): AES-256, 60 bytes of plaintext, 20 of associated data.
KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
PLAINTEXT = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
ASSOCIATED_DATA = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
SEALED = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b"
)


def test_matches_the_published_vector() -> None:
    assert AesGcm(KEY).encrypt(NONCE, PLAINTEXT, ASSOCIATED_DATA) == SEALED
    assert AesGcm(KEY).decrypt(NONCE, SEALED, ASSOCIATED_DATA) == PLAINTEXT


@given(
    key=st.binary(min_size=32, max_size=32),
    nonce=st.binary(min_size=12, max_size=12),
    plaintext=st.binary(max_size=70),
    associated_data=st.binary(max_size=40),
)
def test_matches_cryptography(key: bytes, nonce: bytes, plaintext: bytes, associated_data: bytes) -> None:
    sealed = AesGcm(key).encrypt(nonce, plaintext, associated_data)
    assert sealed == AESGCM(key).encrypt(nonce, plaintext, associated_data)
    assert AesGcm(key).decrypt(nonce, sealed, associated_data) == plaintext


@pytest.mark.parametrize("place", range(len(SEALED)))
def test_refuses_a_flipped_bit(place: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1
    with pytest.raises(InvalidTag):
        AesGcm(KEY).decrypt(NONCE, bytes(changed), ASSOCIATED_DATA)


def test_refuses_a_key_of_another_length() -> None:
    with pytest.raises(ValueError, match="key: 16 bytes, AES-256 takes 32"):
        AesGcm(bytes(16))
