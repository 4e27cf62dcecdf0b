"""Signatures and data key pairs: single calls beside the library's own time and cryptography's.

Everything is measured in one process, one after another in each round, so that a difference between two of them is not
one between two minutes of the machine.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kmscore
from kmscore import KMSClient
from kmscore._core import PublicKey

MESSAGE = bytes(range(100))
SECONDS = 0.15
"""How long one measurement of one round takes, about."""


@dataclass(frozen=True)
class Case:
    """An algorithm, and how a user of cryptography signs and verifies with it."""

    spec: str
    algorithm: str
    peer_sign: Callable[[Any, bytes], bytes]
    peer_verify: Callable[[Any, bytes, bytes], None]
    peer_key: Callable[[], Any]


def cases() -> list[Case]:
    """One algorithm of each family."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

    sha = hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha), padding.PSS.DIGEST_LENGTH)

    def rsa_key() -> Any:
        return rsa.generate_private_key(65537, 2048)

    def plain_sign(key: Any, message: bytes) -> bytes:
        signature: bytes = key.sign(message)
        return signature

    def plain_verify(key: Any, signature: bytes, message: bytes) -> None:
        key.verify(signature, message)

    return [
        Case(
            "RSA_2048",
            "RSASSA_PSS_SHA_256",
            lambda key, message: key.sign(message, pss, sha),
            lambda key, signature, message: key.verify(signature, message, pss, sha),
            rsa_key,
        ),
        Case(
            "ECC_NIST_P256",
            "ECDSA_SHA_256",
            lambda key, message: key.sign(message, ec.ECDSA(sha)),
            lambda key, signature, message: key.verify(signature, message, ec.ECDSA(sha)),
            lambda: ec.generate_private_key(ec.SECP256R1()),
        ),
        Case(
            "ECC_NIST_EDWARDS25519",
            "ED25519_SHA_512",
            plain_sign,
            plain_verify,
            ed25519.Ed25519PrivateKey.generate,
        ),
        Case("ML_DSA_65", "ML_DSA_SHAKE_256", plain_sign, plain_verify, mldsa.MLDSA65PrivateKey.generate),
    ]


@dataclass(frozen=True)
class Seconds:
    """Medians over all rounds, of one operation."""

    call: float
    """An authorised and audited call."""
    library: float
    """AWS-LC: a row of a batch on one thread to sign, `PublicKey.verify` to verify."""
    over: float
    """The median of the differences between the two in each round."""
    peer: float
    """cryptography, with OpenSSL."""


@dataclass(frozen=True)
class Signing:
    """What was measured."""

    sign: dict[str, Seconds]
    verify: dict[str, Seconds]
    threads: dict[str, float]
    """By algorithm, how many times the rate of one thread `sign_batch` reaches on two."""
    pair_from_pool: float
    pair_made: float


def measure(rounds: int) -> Signing:
    """Measure everything.

    Args:
        rounds: how often.
    """
    print("signatures", flush=True)
    with _client() as kms:
        ways: dict[str, dict[str, Callable[[], Any]]] = {}
        for case in cases():
            ways |= _ways(kms, case)
        counts = {name: _count(work) for pair in ways.values() for name, work in pair.items()}
        taken: dict[str, list[float]] = {name: [] for name in counts}
        for _ in range(rounds):
            for pair in ways.values():
                for name, work in pair.items():
                    taken[name].append(_timed(work, counts[name]))
        threads = {case.algorithm: _threads(kms, case, rounds) for case in cases()}
        pool, made = _pairs(kms, rounds)
    return Signing(
        {case.algorithm: _seconds(taken, f"sign {case.algorithm}") for case in cases()},
        {case.algorithm: _seconds(taken, f"verify {case.algorithm}") for case in cases()},
        threads,
        pool,
        made,
    )


@contextmanager
def _client() -> Iterator[KMSClient]:
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("KMSCORE_CONFIG_HOME")
        os.environ["KMSCORE_CONFIG_HOME"] = str(Path(folder, "config"))
        try:
            with kmscore.client("kms", home=Path(folder, "store"), data_key_pairs={"RSA_2048": _POOL}) as kms:
                yield kms
        finally:
            os.environ.pop("KMSCORE_CONFIG_HOME")
            if before is not None:
                os.environ["KMSCORE_CONFIG_HOME"] = before


_ROWS = 64


def _ways(kms: KMSClient, case: Case) -> dict[str, dict[str, Callable[[], Any]]]:
    """Each way to sign and to verify; a name ends in what it is."""
    key = kms.create_key(KeySpec=case.spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    algorithm = case.algorithm
    signature = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)["Signature"]
    public = PublicKey(kms.get_public_key(KeyId=key)["PublicKey"])
    private = case.peer_key()
    peer_public, theirs = private.public_key(), case.peer_sign(private, MESSAGE)
    case.peer_verify(kmscore.public_key(kms.get_public_key(KeyId=key)), signature, MESSAGE)
    rows = [MESSAGE] * _ROWS
    return {
        f"sign {algorithm}": {
            f"sign {algorithm} call": lambda: kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm),
            f"sign {algorithm} library": lambda: kms.sign_batch(
                KeyId=key, Messages=rows, SigningAlgorithm=algorithm, threads=1
            ),
            f"sign {algorithm} peer": lambda: case.peer_sign(private, MESSAGE),
        },
        f"verify {algorithm}": {
            f"verify {algorithm} call": lambda: kms.verify(
                KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm, Signature=signature
            ),
            f"verify {algorithm} library": lambda: public.verify(MESSAGE, signature, signing_algorithm=algorithm),
            f"verify {algorithm} peer": lambda: case.peer_verify(peer_public, theirs, MESSAGE),
        },
    }


def _count(work: Callable[[], Any]) -> int:
    """How many calls take about as long as a measurement shall."""
    work()
    start = time.perf_counter()
    work()
    return max(1, round(SECONDS / (time.perf_counter() - start)))


def _timed(work: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def _seconds(taken: dict[str, list[float]], name: str) -> Seconds:
    call, library, peer = (taken[f"{name} {way}"] for way in ("call", "library", "peer"))
    if name.startswith("sign "):
        library = [seconds / _ROWS for seconds in library]
    over = [one - other for one, other in zip(call, library, strict=True)]
    return Seconds(*(statistics.median(times) for times in (call, library, over, peer)))


def _threads(kms: KMSClient, case: Case, rounds: int) -> float:
    key = kms.create_key(KeySpec=case.spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    rows = [MESSAGE] * 400

    def batch(threads: int) -> float:
        start = time.perf_counter()
        kms.sign_batch(KeyId=key, Messages=rows, SigningAlgorithm=case.algorithm, threads=threads)
        return time.perf_counter() - start

    batch(2)
    return statistics.median(batch(1) / batch(2) for _ in range(rounds))


_POOL = 16


def _pairs(kms: KMSClient, rounds: int) -> tuple[float, float]:
    """Seconds of GenerateDataKeyPair of RSA_2048 from the pool, and of ECC_NIST_P384 made on the spot."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    pool: list[float] = []
    made: list[float] = []
    for _ in range(rounds):
        while (waiting := kms.health()["data_key_pairs"]["RSA_2048"])[0] < waiting[1]:
            time.sleep(0.05)
        for spec, times in (("RSA_2048", pool), ("ECC_NIST_P384", made)):
            for _ in range(_POOL // 2):
                start = time.perf_counter()
                kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
                times.append(time.perf_counter() - start)
    return statistics.median(pool), statistics.median(made)


SECTION = """## Signatures

From Python, in process, authorised and audited, messages of {length} bytes. *AWS-LC* is the library's own time with its
hash, without the pipeline: of a row of `sign_batch` on one thread, and of `PublicKey.verify`, which needs no store.
*Over* is the median of the differences in each of {rounds} rounds. *cryptography* is OpenSSL with a key in memory.

| algorithm | Sign | AWS-LC | over | cryptography | Verify | AWS-LC | over | cryptography | `sign_batch`, two threads |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


def section(signing: Signing, rounds: int) -> str:
    """The section of docs/benchmarks.md."""
    lines = [SECTION.format(length=len(MESSAGE), rounds=rounds)]
    for algorithm, sign in signing.sign.items():
        verify = signing.verify[algorithm]
        cells = [
            _micro(seconds) for side in (sign, verify) for seconds in (side.call, side.library, side.over, side.peer)
        ]
        lines.append(f"| {algorithm} | {' | '.join(cells)} | {signing.threads[algorithm]:.2f}x |")
    pool, made = _micro(signing.pair_from_pool), _micro(signing.pair_made)
    pairs = f"GenerateDataKeyPair of RSA_2048 from the pool takes {pool}, of ECC_NIST_P384 without a pool {made}."
    return "\n".join([*lines, "", pairs])


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs"


if __name__ == "__main__":
    print(section(measure(7), 7))
