"""`sign_batch`, `verify_batch` and `mac_batch`: each family of algorithms, wrong rows, wrong calls, threads, audit."""

import hashlib
import hmac
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import kmscore
from client.conftest import new_key
from kmscore import BatchRowError, KMSClient, _core
from scratch_store import ScratchStore

ED25519, P256, RSA = "ED25519_SHA_512", "ECDSA_SHA_256", "RSASSA_PSS_SHA_256"
MESSAGES = [b"one", b"", b"x" * 4096, b"\0\0", b"one"]
TOO_LONG = [b"good", b"y" * 4097, b"good", b"z" * 5000]
# Of each family of algorithms: a key spec, the message type and the length of such a message if it has one.
FAMILIES = [
    ("RSA_2048", "RSASSA_PSS_SHA_256", "RAW", None),
    ("RSA_2048", "RSASSA_PSS_SHA_512", "DIGEST", 64),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", "RAW", None),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "DIGEST", 32),
    ("ECC_NIST_P256", "ECDSA_SHA_256", "RAW", None),
    ("ECC_NIST_P384", "ECDSA_SHA_384", "DIGEST", 48),
    ("ECC_NIST_P521", "ECDSA_SHA_512", "RAW", None),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256", "DIGEST", 32),
    ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "RAW", None),
    ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "DIGEST", 64),
    ("ML_DSA_44", "ML_DSA_SHAKE_256", "RAW", None),
    ("ML_DSA_65", "ML_DSA_SHAKE_256", "EXTERNAL_MU", 64),
    ("ML_DSA_87", "ML_DSA_SHAKE_256", "RAW", None),
    ("SM2", "SM2DSA", "RAW", None),
    ("SM2", "SM2DSA", "DIGEST", 32),
]
SIGNATURE_LENGTHS = {"RSA_2048": 256, "ECC_NIST_EDWARDS25519": 64, "ML_DSA_44": 2420, "ML_DSA_65": 3309}


@pytest.fixture
def china(scratch: ScratchStore) -> Iterator[KMSClient]:
    """A client of a Region that has every key spec."""
    with kmscore.client("kms", "cn-north-1", home=scratch.home) as client:
        yield client


# -- algorithms --


@pytest.mark.parametrize(("spec", "algorithm", "kind", "length"), FAMILIES)
def test_batch_and_single_calls_take_each_others_signatures(
    china: KMSClient, spec: str, algorithm: str, kind: str, length: int | None
) -> None:
    key = new_key(china, spec)
    messages = [bytes([number]) * (length or number + 1) for number in range(5)]
    signatures = china.sign_batch(KeyId=key, Messages=messages, SigningAlgorithm=algorithm, MessageType=kind)
    singles = []
    for message, signature in zip(messages, signatures, strict=True):
        assert len(signature) == SIGNATURE_LENGTHS.get(spec, len(signature))
        options: Any = {"KeyId": key, "Message": message, "SigningAlgorithm": algorithm, "MessageType": kind}
        assert china.verify(Signature=signature, **options)["SignatureValid"]
        singles.append(china.sign(**options)["Signature"])
    request: Any = {"KeyId": key, "Messages": messages, "SigningAlgorithm": algorithm, "MessageType": kind}
    assert china.verify_batch(Signatures=singles, **request) == [True] * 5
    assert china.verify_batch(Signatures=singles[1:] + singles[:1], **request) == [False] * 5


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs_are_those_of_generate_mac(kms: KMSClient, bits: int) -> None:
    key, algorithm = new_key(kms, f"HMAC_{bits}"), f"HMAC_SHA_{bits}"
    macs = kms.mac_batch(KeyId=key, Messages=MESSAGES, MacAlgorithm=algorithm)
    assert [len(mac) for mac in macs] == [bits // 8] * len(MESSAGES)
    for message, mac in zip(MESSAGES, macs, strict=True):
        if message:
            assert kms.generate_mac(KeyId=key, Message=message, MacAlgorithm=algorithm)["Mac"] == mac
            assert kms.verify_mac(KeyId=key, Message=message, Mac=mac, MacAlgorithm=algorithm)["MacValid"]


def test_empty_messages_are_signed_and_authenticated(kms: KMSClient, edwards: str, mac_key: str) -> None:
    public = _core.PublicKey(kms.get_public_key(KeyId=edwards)["PublicKey"])
    [signature] = kms.sign_batch(KeyId=edwards, Messages=(b"",), SigningAlgorithm=ED25519)
    assert public.verify(b"", signature, signing_algorithm=ED25519)
    [mac] = kms.mac_batch(KeyId=mac_key, Messages=[b""], MacAlgorithm="HMAC_SHA_256")
    assert mac != hmac.digest(b"", b"", hashlib.sha256)


def test_der_signatures_of_every_length_fit_their_room(kms: KMSClient) -> None:
    key = new_key(kms, "ECC_NIST_P521")
    messages = [str(number).encode() for number in range(600)]
    signatures = kms.sign_batch(KeyId=key, Messages=messages, SigningAlgorithm="ECDSA_SHA_512")
    assert len({len(signature) for signature in signatures}) > 1
    assert all(kms.verify_batch(KeyId=key, Messages=messages, Signatures=signatures, SigningAlgorithm="ECDSA_SHA_512"))


def test_python_is_told_which_signatures_vary() -> None:
    varying = {algorithm for _, algorithm, _, _ in FAMILIES if algorithm.startswith(("ECDSA", "SM2"))}
    assert {algorithm for _, algorithm, _, _ in FAMILIES if _core.signatures_vary(algorithm)} == varying
    assert not any(map(_core.signatures_vary, ("", "ECDSA", None, 7)))


# -- rows that are wrong --


@pytest.mark.parametrize("damage", ["message", "signature", "short", "empty", "long", "swapped", "foreign key"])
@pytest.mark.parametrize(
    ("spec", "algorithm"), [("ECC_NIST_P256", P256), ("RSA_2048", RSA), ("ML_DSA_44", "ML_DSA_SHAKE_256")]
)
def test_damaged_row_is_false_alone(kms: KMSClient, spec: str, algorithm: str, damage: str) -> None:
    key, messages = new_key(kms, spec), [b"a", b"b", b"c"]
    signatures = kms.sign_batch(KeyId=key, Messages=messages, SigningAlgorithm=algorithm)
    whole = signatures[1]
    damaged = {
        "signature": whole[:-1] + bytes([whole[-1] ^ 1]),
        "short": whole[:-1],
        "empty": b"",
        "long": whole + bytes(9000),
        "swapped": signatures[2],
        "foreign key": kms.sign(KeyId=new_key(kms, spec), Message=b"b", SigningAlgorithm=algorithm)["Signature"],
    }
    messages[1] = b"B" if damage == "message" else b"b"
    signatures[1] = damaged.get(damage, whole)
    arguments: Any = {"Messages": messages, "Signatures": signatures, "SigningAlgorithm": algorithm}
    assert kms.verify_batch(KeyId=key, **arguments) == [True, False, True]
    assert kms.verify_batch(KeyId=key, errors="return", **arguments).ok


def test_every_bit_of_a_signature_counts(kms: KMSClient, edwards: str) -> None:
    [signature] = kms.sign_batch(KeyId=edwards, Messages=[b"m"], SigningAlgorithm=ED25519)
    flipped = np.tile(np.frombuffer(signature, np.uint8), (512, 1))
    for bit in range(512):
        flipped[bit, bit // 8] ^= 1 << bit % 8
    arguments: Any = {"Messages": np.full(512, b"m"), "Signatures": flipped, "SigningAlgorithm": ED25519}
    assert not kms.verify_batch(KeyId=edwards, **arguments).any()


def test_first_bad_row_is_raised_with_its_index(kms: KMSClient, edwards: str, mac_key: str) -> None:
    calls: Any = [
        lambda: kms.sign_batch(KeyId=edwards, Messages=TOO_LONG, SigningAlgorithm=ED25519),
        lambda: kms.mac_batch(KeyId=mac_key, Messages=TOO_LONG, MacAlgorithm="HMAC_SHA_256"),
        lambda: kms.verify_batch(KeyId=edwards, Messages=TOO_LONG, Signatures=[b""] * 4, SigningAlgorithm=ED25519),
    ]
    for call, name in zip(calls, ("SignBatch", "MacBatch", "VerifyBatch"), strict=True):
        with pytest.raises(BatchRowError, match=r"Message of the row is longer than 4096 bytes") as caught:
            call()
        error = caught.value
        assert (error.index, error.failed, error.code) == (1, 2, "ValidationException")
        assert error.operation_name == name
        assert isinstance(error.__cause__, kms.exceptions.ClientError)


def test_bad_rows_are_returned_beside_the_good_ones(kms: KMSClient, edwards: str, mac_key: str) -> None:
    signed = kms.sign_batch(KeyId=edwards, Messages=TOO_LONG, SigningAlgorithm=ED25519, errors="return")
    macs = kms.mac_batch(KeyId=mac_key, Messages=TOO_LONG, MacAlgorithm="HMAC_SHA_256", errors="return")
    signatures = [row or b"" for row in signed.rows]
    arguments: Any = {"Messages": TOO_LONG, "Signatures": signatures, "SigningAlgorithm": ED25519}
    verified = kms.verify_batch(KeyId=edwards, errors="return", **arguments)
    for result in (signed, macs, verified):
        assert not result.ok
        assert [(error.index, error.code) for error in result.errors] == [
            (1, "ValidationException"),
            (3, "ValidationException"),
        ]
        assert [row is None for row in result.rows] == [False, True, False, True]
    assert verified.rows == [True, None, True, None]


@pytest.mark.parametrize("algorithm", [ED25519, P256])
def test_failed_rows_are_null_or_none_or_zero(kms: KMSClient, edwards: str, curve: str, algorithm: str) -> None:
    key = edwards if algorithm == ED25519 else curve
    column = pa.array([b"a", None, b"x" * 4097, b"b"])
    signed = kms.sign_batch(KeyId=key, Messages=column, SigningAlgorithm=algorithm, errors="return")
    signed.rows.validate(full=True)
    assert [error.index for error in signed.errors] == [2]
    assert signed.rows.is_null().to_pylist() == [False, True, True, False]
    arguments: Any = {"Messages": column, "Signatures": pa.array([b"s"] * 4), "SigningAlgorithm": algorithm}
    verified = kms.verify_batch(KeyId=key, errors="return", **arguments)
    assert verified.rows.to_pylist() == [False, None, None, False]
    objects = kms.sign_batch(
        KeyId=key, Messages=np.array([b"x" * 4097, b"b"], object), SigningAlgorithm=algorithm, errors="return"
    )
    assert [row is None for row in objects.rows] == [True, False]


def test_digest_of_a_wrong_length_fails_as_in_sign(kms: KMSClient, curve: str) -> None:
    digests = [bytes(32), bytes(31), b""]
    with pytest.raises(kms.exceptions.ClientError) as single:
        kms.sign(KeyId=curve, Message=bytes(31), SigningAlgorithm=P256, MessageType="DIGEST")
    signed = kms.sign_batch(KeyId=curve, Messages=digests, SigningAlgorithm=P256, MessageType="DIGEST", errors="return")
    assert [(error.index, error.message) for error in signed.errors] == [
        (index, "Digest is invalid length for algorithm ECDSA_SHA_256.") for index in (1, 2)
    ]
    assert signed.errors[0].message in str(single.value)
    zeros = kms.sign_batch(
        KeyId=new_key(kms, "ECC_NIST_EDWARDS25519"),
        Messages=np.zeros((3, 63), np.uint8),
        SigningAlgorithm="ED25519_PH_SHA_512",
        MessageType="DIGEST",
        errors="return",
    )
    assert len(zeros.errors) == 3
    assert not zeros.rows.any()


# -- the call as a whole --


@pytest.mark.parametrize(
    ("spec", "algorithm", "kind"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_384", "RAW"),
        ("ECC_NIST_P256", RSA, "RAW"),
        ("ECC_NIST_P256", "ROT13", "RAW"),
        ("ECC_NIST_P256", P256, "HAIKU"),
        ("ECC_NIST_P256", P256, "EXTERNAL_MU"),
        ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW"),
        ("HMAC_256", P256, "RAW"),
    ],
)
def test_whole_call_fails_as_sign_and_verify_do(kms: KMSClient, spec: str, algorithm: str, kind: str) -> None:
    key = new_key(kms, spec)
    options: Any = {"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": kind}
    with pytest.raises(kms.exceptions.ClientError) as signing:
        kms.sign(Message=b"x", **options)
    with pytest.raises(kms.exceptions.ClientError) as verifying:
        kms.verify(Message=b"x", Signature=b"s", **options)
    for messages in ([], [b"x"]):
        with pytest.raises(kms.exceptions.ClientError) as signed:
            kms.sign_batch(Messages=messages, errors="return", **options)
        with pytest.raises(kms.exceptions.ClientError) as verified:
            kms.verify_batch(Messages=messages, Signatures=messages, errors="return", **options)
        for batch, single in ((signed, signing), (verified, verifying)):
            assert str(batch.value).replace("Batch", "") == str(single.value)
            assert type(batch.value) is type(single.value)


@pytest.mark.parametrize(
    ("spec", "algorithm"), [("HMAC_256", "HMAC_SHA_512"), ("HMAC_256", "MD5"), ("ECC_NIST_P256", "HMAC_SHA_256")]
)
def test_whole_call_fails_as_generate_mac_does(kms: KMSClient, spec: str, algorithm: str) -> None:
    key = new_key(kms, spec)
    with pytest.raises(kms.exceptions.ClientError) as single:
        kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm=algorithm)
    with pytest.raises(kms.exceptions.ClientError) as batch:
        kms.mac_batch(KeyId=key, Messages=[b"x"], MacAlgorithm=algorithm)
    assert str(batch.value).replace("MacBatch", "GenerateMac") == str(single.value)
    assert type(batch.value) is type(single.value)


def test_disabled_and_unknown_keys_fail_the_whole_call(kms: KMSClient, edwards: str, mac_key: str) -> None:
    def calls(key: str, mac: str) -> Any:
        return [
            lambda: kms.sign_batch(KeyId=key, Messages=[b"x"], SigningAlgorithm=ED25519, errors="return"),
            lambda: kms.verify_batch(KeyId=key, Messages=[b"x"], Signatures=[b"s"], SigningAlgorithm=ED25519),
            lambda: kms.mac_batch(KeyId=mac, Messages=[b"x"], MacAlgorithm="HMAC_SHA_256"),
        ]

    for call in calls("alias/none", "alias/none"):
        with pytest.raises(kms.exceptions.NotFoundException):
            call()
    for key in (edwards, mac_key):
        kms.disable_key(KeyId=key)
    for call in calls(edwards, mac_key):
        with pytest.raises(kms.exceptions.DisabledException):
            call()


def test_one_record_says_how_many_rows(kms: KMSClient, edwards: str, mac_key: str, scratch: ScratchStore) -> None:
    kms.sign_batch(KeyId=edwards, Messages=TOO_LONG, SigningAlgorithm=ED25519, errors="return")
    arguments: Any = {"Messages": pa.chunked_array([[b"a"], [b"b", None]]), "SigningAlgorithm": ED25519}
    kms.verify_batch(KeyId=edwards, Signatures=[b"wrong"] * 3, **arguments)
    kms.mac_batch(KeyId=mac_key, Messages=np.zeros((7, 3), np.uint8), MacAlgorithm="HMAC_SHA_256")
    with pytest.raises(kms.exceptions.InvalidKeyUsageException):
        kms.mac_batch(KeyId=edwards, Messages=[b"x"] * 5, MacAlgorithm="HMAC_SHA_256")
    kms.close()
    records = [record for record in scratch.audit_records() if record["op"].endswith("Batch")]
    signing = {"KeyId": edwards, "SigningAlgorithm": ED25519, "MessageType": "RAW"}
    assert [(each["op"], each["outcome"], each["rows"], each["failed_rows"], each["request"]) for each in records] == [
        ("SignBatch", "Success", 4, 2, signing),
        ("VerifyBatch", "Success", 3, 0, signing),
        ("MacBatch", "Success", 7, 0, {"KeyId": mac_key, "MacAlgorithm": "HMAC_SHA_256"}),
        ("MacBatch", "InvalidKeyUsageException", 5, 5, {"KeyId": edwards, "MacAlgorithm": "HMAC_SHA_256"}),
    ]


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 64])
def test_threads_change_nothing_but_the_time(kms: KMSClient, edwards: str, mac_key: str, threads: int) -> None:
    rows = [str(number).encode() * (number % 5 + 1) for number in range(50)]
    rows[33] = b"x" * 4097
    options: Any = {"Messages": rows, "errors": "return"}
    one = kms.sign_batch(KeyId=edwards, SigningAlgorithm=ED25519, threads=1, **options)
    # Ed25519 and HMAC are deterministic.
    assert kms.sign_batch(KeyId=edwards, SigningAlgorithm=ED25519, threads=threads, **options) == one
    assert [error.index for error in one.errors] == [33]
    macs = kms.mac_batch(KeyId=mac_key, MacAlgorithm="HMAC_SHA_256", threads=1, **options)
    assert kms.mac_batch(KeyId=mac_key, MacAlgorithm="HMAC_SHA_256", threads=threads, **options) == macs
    signatures = [row or b"" for row in one.rows]
    signatures[7] = signatures[8]
    verified = kms.verify_batch(
        KeyId=edwards, Signatures=signatures, SigningAlgorithm=ED25519, threads=threads, **options
    )
    assert verified.rows == [None if row == 33 else row != 7 for row in range(50)]


def test_other_threads_run_while_a_batch_is_signed(kms: KMSClient) -> None:
    key = new_key(kms, "RSA_2048")
    kms.sign_batch(KeyId=key, Messages=[b"warm"], SigningAlgorithm=RSA)
    order: list[str] = []

    def sign() -> None:
        order.append("begun")
        kms.sign_batch(KeyId=key, Messages=[b"x"] * 500, SigningAlgorithm=RSA, threads=1)
        order.append("done")

    # Nobody is made to give up the interpreter: this thread goes on only because the batch lets it.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        signing = threading.Thread(target=sign)
        signing.start()
        order.append("meanwhile")
        signing.join()
    finally:
        sys.setswitchinterval(interval)
    assert order == ["begun", "meanwhile", "done"]


# -- arguments --


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"Messages": [b"a", "b"]}, r"Messages\[1\] must be bytes, not str"),
        ({"Messages": [b"a", None]}, r"Messages\[1\] must be bytes, not NoneType"),
        ({"Messages": b"abc"}, "Messages must be a list of bytes, .* not bytes"),
        ({"KeyId": None}, "Invalid type for parameter KeyId, type: <class 'NoneType'>"),
        ({"SigningAlgorithm": 7}, "Invalid type for parameter SigningAlgorithm, type: <class 'int'>"),
        ({"MessageType": b"RAW"}, "Invalid type for parameter MessageType, type: <class 'bytes'>"),
        ({"threads": 1.5}, "threads must be an int or None, not float"),
    ],
)
def test_argument_of_a_wrong_type_is_refused_by_name(
    kms: KMSClient, edwards: str, arguments: dict[str, Any], fault: str
) -> None:
    options: Any = {"KeyId": edwards, "Messages": [b"a"], "SigningAlgorithm": ED25519, **arguments}
    with pytest.raises(TypeError, match=fault):
        kms.sign_batch(**options)
    with pytest.raises(TypeError, match=fault):
        kms.verify_batch(Signatures=[b"s"], **options)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"threads": 0}, "threads is 0: it must be between 1 and 256"),
        ({"errors": "ignore"}, "errors is 'ignore': it must be 'raise' or 'return'"),
        ({"Messages": np.empty((3, 0), np.uint8)}, "Messages has rows of 0 bytes"),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(
    kms: KMSClient, edwards: str, arguments: dict[str, Any], fault: str
) -> None:
    options: Any = {"KeyId": edwards, "Messages": [b"a"], "SigningAlgorithm": ED25519, **arguments}
    with pytest.raises(ValueError, match=fault):
        kms.sign_batch(**options)
    with pytest.raises(ValueError, match=fault):
        kms.verify_batch(Signatures=[b"s"], **options)


@pytest.mark.parametrize("signatures", [[], [b"s"] * 3, np.zeros((3, 64), np.uint8), pa.array([b"s"] * 3)])
def test_as_many_signatures_as_messages_are_needed(kms: KMSClient, edwards: str, signatures: Any) -> None:
    fault = f"Messages has 2 rows and Signatures {len(signatures)}: they must be as many"
    with pytest.raises(ValueError, match=fault):
        kms.verify_batch(KeyId=edwards, Messages=[b"a", b"b"], Signatures=signatures, SigningAlgorithm=ED25519)
