"""What nobody can leave out: the engine's own measure of AES-GCM, SHA-384, HKDF and first touches of memory."""

from __future__ import annotations

from kmscore import _core

AES = "aes_256_gcm_4_kib_frames_of_100_mb"
TOUCH = "touch_100_mb_of_huge_pages"
SHA = "sha_384_of_100_mb"
HKDF = "hkdf_sha_512_extract_and_two_expands"
SEAL = "seal_1_kib"
BYTES = 100_000_000
"""Of those whose name says 100 MB."""
LABELS = {
    AES: "AES-256-GCM over 4 KiB frames",
    TOUCH: "first touch of huge pages",
    SHA: "SHA-384",
    HKDF: "HKDF-SHA-512, extract and two expands",
    SEAL: "AES-256-GCM of 1 KiB under a key of its own",
}


def read() -> dict[str, float]:
    """One reading of each: seconds an operation."""
    return _core.envelope_limits()
