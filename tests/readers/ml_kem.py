"""ML-KEM in its clearest form, for the parameter set that cryptography does not have (FIPS 203; not constant time)."""

from hashlib import sha3_256, sha3_512, shake_128, shake_256
from typing import NamedTuple

Q = 3329
N = 256
# FIPS 203, 4.3: zeta = 17 to the bit-reversed exponents.
_REVERSED = [int(f"{number:07b}"[::-1], 2) for number in range(128)]
_ZETAS = [pow(17, exponent, Q) for exponent in _REVERSED]
_GAMMAS = [pow(17, 2 * exponent + 1, Q) for exponent in _REVERSED]

Polynomial = list[int]


class ParameterSet(NamedTuple):
    """A column of table 2."""

    k: int
    eta_1: int
    du: int
    dv: int


SETS = {
    "ML_KEM_512": ParameterSet(2, 3, 10, 4),
    "ML_KEM_768": ParameterSet(3, 2, 10, 4),
    "ML_KEM_1024": ParameterSet(4, 2, 11, 5),
}
_ETA_2 = 2


class KeyPair(NamedTuple):
    """Encapsulation and decapsulation key."""

    public: bytes
    private: bytes


def key_pair(spec: str, seed: bytes) -> KeyPair:
    """Algorithm 16, for the seed d and z."""
    parameters = SETS[spec]
    d, z = seed[:32], seed[32:]
    hashed = sha3_512(d + bytes([parameters.k])).digest()
    rho, sigma = hashed[:32], hashed[32:]
    matrix = _matrix(rho, parameters.k)
    noise = [_ntt(_sampled(sigma, number, parameters.eta_1)) for number in range(2 * parameters.k)]
    secret, errors = noise[: parameters.k], noise[parameters.k :]
    image = [_sum(_dot(row, secret), error) for row, error in zip(matrix, errors, strict=True)]
    public = b"".join(_encoded(one, 12) for one in image) + rho
    private = b"".join(_encoded(one, 12) for one in secret)
    return KeyPair(public, private + public + sha3_256(public).digest() + z)


def encapsulate(spec: str, public: bytes, m: bytes) -> tuple[bytes, bytes]:
    """Algorithm 17: shared secret and ciphertext, for 32 random bytes."""
    hashed = sha3_512(m + sha3_256(public).digest()).digest()
    return hashed[:32], _encrypt(SETS[spec], public, m, hashed[32:])


def decapsulate(spec: str, private: bytes, ciphertext: bytes) -> bytes:
    """Algorithm 18."""
    parameters = SETS[spec]
    half = 384 * parameters.k
    public, digest, z = private[half : 2 * half + 32], private[2 * half + 32 : 2 * half + 64], private[2 * half + 64 :]
    m = _decrypt(parameters, private[:half], ciphertext)
    hashed = sha3_512(m + digest).digest()
    if _encrypt(parameters, public, m, hashed[32:]) == ciphertext:
        return hashed[:32]
    return shake_256(z + ciphertext).digest(32)


def _encrypt(parameters: ParameterSet, public: bytes, m: bytes, randomness: bytes) -> bytes:
    """Algorithm 14."""
    k, eta_1, du, dv = parameters
    image = [_decoded(public[384 * row : 384 * (row + 1)], 12) for row in range(k)]
    matrix = _matrix(public[384 * k :], k)
    y = [_ntt(_sampled(randomness, number, eta_1)) for number in range(k)]
    e_1 = [_sampled(randomness, k + number, _ETA_2) for number in range(k)]
    e_2 = _sampled(randomness, 2 * k, _ETA_2)
    columns = [list(column) for column in zip(*matrix, strict=True)]
    u = [_sum(_inverse_ntt(_dot(column, y)), error) for column, error in zip(columns, e_1, strict=True)]
    message = [_expanded(bit, 1) for bit in _decoded(m, 1)]
    v = _sum(_sum(_inverse_ntt(_dot(image, y)), e_2), message)
    return b"".join(_encoded(_compressed(one, du), du) for one in u) + _encoded(_compressed(v, dv), dv)


def _decrypt(parameters: ParameterSet, private: bytes, ciphertext: bytes) -> bytes:
    """Algorithm 15."""
    k, _, du, dv = parameters
    step = 32 * du
    u = [[_expanded(x, du) for x in _decoded(ciphertext[step * row : step * (row + 1)], du)] for row in range(k)]
    v = [_expanded(x, dv) for x in _decoded(ciphertext[step * k :], dv)]
    secret = [_decoded(private[384 * row : 384 * (row + 1)], 12) for row in range(k)]
    product = _inverse_ntt(_dot(secret, [_ntt(one) for one in u]))
    return _encoded(_compressed([(one - other) % Q for one, other in zip(v, product, strict=True)], 1), 1)


def _matrix(rho: bytes, k: int) -> list[list[Polynomial]]:
    return [[_uniform(rho + bytes([column, row])) for column in range(k)] for row in range(k)]


def _uniform(seed: bytes) -> Polynomial:
    """Algorithm 7. 1,344 bytes are too few for one seed in 2^100."""
    found: Polynomial = []
    stream = shake_128(seed).digest(1344)
    for at in range(0, len(stream), 3):
        low, middle, high = stream[at : at + 3]
        found += [x for x in (low | (middle & 15) << 8, middle >> 4 | high << 4) if x < Q]
    return found[:N]


def _sampled(seed: bytes, number: int, eta: int) -> Polynomial:
    """Algorithm 8 over PRF."""
    bits = _decoded(shake_256(seed + bytes([number])).digest(64 * eta), 1)
    return [
        (sum(bits[at : at + eta]) - sum(bits[at + eta : at + 2 * eta])) % Q for at in range(0, 2 * eta * N, 2 * eta)
    ]


def _ntt(polynomial: Polynomial) -> Polynomial:
    """Algorithm 9."""
    f, number, length = list(polynomial), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, number = _ZETAS[number], number + 1
            for at in range(start, start + length):
                product = zeta * f[at + length] % Q
                f[at + length], f[at] = (f[at] - product) % Q, (f[at] + product) % Q
        length //= 2
    return f


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    """Algorithm 10."""
    f, number, length = list(polynomial), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, number = _ZETAS[number], number - 1
            for at in range(start, start + length):
                f[at], f[at + length] = (f[at] + f[at + length]) % Q, zeta * (f[at + length] - f[at]) % Q
        length *= 2
    return [x * 3303 % Q for x in f]


def _dot(row: list[Polynomial], column: list[Polynomial]) -> Polynomial:
    """Algorithm 11, added up."""
    total = [0] * N
    for f, g in zip(row, column, strict=True):
        for at, gamma in enumerate(_GAMMAS):
            a, b, c, d = f[2 * at], f[2 * at + 1], g[2 * at], g[2 * at + 1]
            total[2 * at] = (total[2 * at] + a * c + b * d * gamma) % Q
            total[2 * at + 1] = (total[2 * at + 1] + a * d + b * c) % Q
    return total


def _sum(one: Polynomial, other: Polynomial) -> Polynomial:
    return [(a + b) % Q for a, b in zip(one, other, strict=True)]


def _compressed(polynomial: Polynomial, bits: int) -> Polynomial:
    return [((x << bits) + Q // 2) // Q % (1 << bits) for x in polynomial]


def _expanded(x: int, bits: int) -> int:
    return (x * Q + (1 << bits >> 1)) >> bits


def _encoded(polynomial: Polynomial, bits: int) -> bytes:
    """Algorithm 5."""
    number = sum(x << bits * at for at, x in enumerate(polynomial))
    return number.to_bytes(len(polynomial) * bits // 8, "little")


def _decoded(content: bytes, bits: int) -> Polynomial:
    """Algorithm 6."""
    number = int.from_bytes(content, "little")
    return [number >> bits * at & (1 << bits) - 1 for at in range(8 * len(content) // bits)]
