"""The curve sm2p256v1 (GB/T 32918.5) in affine coordinates, for key agreement, which OpenSSL's command line lacks."""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
BASE = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# RFC 5480: id-ecPublicKey, 1.2.156.10197.1.301, an uncompressed point.
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")

Point = tuple[int, int]


def multiplied(point: Point, scalar: int) -> Point:
    """A multiple of a point, for a scalar of 1 to N - 1."""
    total: Point | None = None
    for bit in f"{scalar:b}":
        total = None if total is None else _added(total, total)
        if bit == "1":
            total = point if total is None else _added(total, point)
    if total is None:
        raise ValueError("the scalar is zero")
    return total


def spki(point: Point) -> bytes:
    """SubjectPublicKeyInfo of a point."""
    return SPKI + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def point_of(der: bytes) -> Point:
    """The point of a SubjectPublicKeyInfo. Raises ValueError when it is no point of the curve in its one form."""
    if len(der) != len(SPKI) + 64 or not der.startswith(SPKI):
        raise ValueError("another form")
    x, y = (int.from_bytes(der[len(SPKI) + at :][:32], "big") for at in (0, 32))
    if (y * y - x**3 - A * x - B) % P:
        raise ValueError("off the curve")
    return x, y


def _added(one: Point, other: Point) -> Point:
    (x, y), (u, v) = one, other
    slope = (3 * x * x + A) * pow(2 * y, -1, P) if one == other else (v - y) * pow(u - x, -1, P)
    third = (slope * slope - x - u) % P
    return third, (slope * (x - third) - y) % P
