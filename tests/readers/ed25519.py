"""Ed25519 and Ed25519ph in the words of RFC 8032 5.1, for the second, which cryptography does not have."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
# RFC 8032 2: dom2(1, "").
PREHASH = b"SigEd25519 no Ed25519 collisions\x01\x00"
PURE = b""

Point = tuple[int, int]


def _recovered(y: int, sign: int) -> Point:
    """5.1.3."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x & 1 != sign else x), y


_BASE = _recovered(4 * pow(5, -1, P) % P, 0)


def sign(seed: bytes, message: bytes, domain: bytes = PURE) -> bytes:
    """5.1.6; with the domain PREHASH the message is its SHA-512 digest."""
    expanded = sha512(seed).digest()
    scalar = (int.from_bytes(expanded[:32], "little") & (2**254 - 8)) | 2**254
    public = _encoded(_multiplied(_BASE, scalar))
    r = _hashed(domain + expanded[32:] + message) % L
    commitment = _encoded(_multiplied(_BASE, r))
    s = (r + _hashed(domain + commitment + public + message) * scalar) % L
    return commitment + s.to_bytes(32, "little")


def _hashed(content: bytes) -> int:
    return int.from_bytes(sha512(content).digest(), "little")


def _encoded(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _added(one: Point, other: Point) -> Point:
    (x, y), (u, v) = one, other
    product = _D * x * y * u * v % P
    return (x * v + y * u) * pow(1 + product, -1, P) % P, (y * v + x * u) * pow(1 - product, -1, P) % P


def _multiplied(point: Point, scalar: int) -> Point:
    total: Point = (0, 1)
    for bit in f"{scalar:b}":
        total = _added(total, total)
        if bit == "1":
            total = _added(total, point)
    return total
