"""What each figure is held against: the parts that no implementation can leave out, measured in the same run."""

from benches.run import Figures

APPEND = "append of a 400 B audit record"
NONCE = "random/nonce_of_32"
DERIVE = "kdf/64_bytes_of_101"
FRAMES = "limit/aes_256_gcm_4_kib_frames_of_1_mib"
FRESH_PAGES = ("limit/touch_fresh_4_kib_pages", "limit/touch_fresh_huge_pages")
OVERHEAD = 117


def row(figures: Figures, direction: str) -> float:
    """Seconds of one row of 256 bytes on one thread, into new memory: that of its cipher, and the first touch."""
    written = 256 + OVERHEAD if direction == "encrypt" else 256
    return cipher(figures, direction) + written * touch(figures)


def cipher(figures: Figures, direction: str) -> float:
    """Seconds of one row of 256 bytes on one thread: nonce, derived keys, AES-GCM."""
    nonce = figures[NONCE].seconds if direction == "encrypt" else 0
    return nonce + figures[DERIVE].seconds + figures["seal_fresh_key/256_b"].seconds


def call(figures: Figures, operation: str, *, audited: bool = True) -> float:
    """Seconds of one call of 32 bytes: record, keys, cipher, and what is random."""
    seconds = figures[DERIVE].seconds + figures["seal_fresh_key/64_b"].seconds
    seconds += figures[APPEND].seconds if audited else 0
    if operation != "decrypt":
        seconds += figures[NONCE].seconds
    if operation == "generate_data_key":
        seconds += figures["random/key_of_32"].seconds
    return seconds


def of_engine(figures: Figures, name: str) -> float | None:
    """Seconds that one of criterion's benchmarks cannot beat; None for the limits and their parts."""
    kind, _, rest = name.partition("/")
    if kind == "seal_fresh_key":
        frames = figures[FRAMES]
        return frames.seconds * (figures[name].bytes or 0) / (frames.bytes or 1)
    if kind == "call":
        operation = rest.partition(" 32 B")[0].replace(" ", "_")
        return call(figures, operation, audited=rest.endswith("audited"))
    if kind == "encrypt_rows 256 B":
        # Its output lies in memory that was written before.
        return cipher(figures, "encrypt") * (figures[name].elements or 1) / int(rest.partition(" ")[0])
    return None


def touch(figures: Figures) -> float:
    """Seconds to write a byte of memory for the first time, with the kinder of the two page sizes."""
    return min(figures[name].seconds / (figures[name].bytes or 1) for name in FRESH_PAGES)
