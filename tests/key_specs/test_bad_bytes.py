"""Any bytes as public key, signature, MAC or ciphertext: the documented error, nothing else and no crash."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from error_texts import UNKNOWN_KEY
from key_specs.calls import OPERATIONS, Operation
from key_specs.made_keys import KEY_PAIRS, ROWS, MadeKeys
from kmscore import _core, errors

DECLARED = {row["name"]: row for row in _core.operations()}
CIPHERTEXTS = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}
SIGNING = [(spec, name) for spec, usages in ROWS.items() for name in usages.get("SIGN_VERIFY", [])]
ENCRYPTING = [(spec, name) for spec, usages in ROWS.items() for name in usages.get("ENCRYPT_DECRYPT", [])]
AGREEING = [spec for spec, usages in ROWS.items() if "KEY_AGREEMENT" in usages]
HMAC = [spec for spec in ROWS if spec.startswith("HMAC_")]

few = settings(max_examples=50, deadline=None)
drawing = given(data=st.data())


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes that have nothing or much in common with the right ones; at least one."""
    return draw(
        st.one_of(
            st.binary(min_size=1, max_size=6144),
            st.binary(min_size=len(content), max_size=len(content)),
            _spliced(content),
            _rewritten(content),
        ).filter(bool)
    )


@st.composite
def _spliced(draw: st.DrawFn, content: bytes) -> bytes:
    """A part of the right bytes is replaced by others of any length."""
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:start] + draw(st.binary(max_size=64)) + content[end:]


@st.composite
def _rewritten(draw: st.DrawFn, content: bytes) -> bytes:
    """Some of the right bytes are changed."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        changed[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


def outcome(kms: Any, method: str, **arguments: Any) -> tuple[str, str] | dict[str, Any]:
    """The reply, or code and text of the error."""
    try:
        reply: dict[str, Any] = getattr(kms, method)(**arguments)
    except errors.ClientError as error:
        return error.code, error.message
    return reply


@pytest.mark.parametrize("spec", AGREEING)
def test_any_bytes_are_a_public_key_or_refused(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "KEY_AGREEMENT")
    right = key.public_key

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        given_key = data.draw(damaged(right))
        if given_key != right:
            asked = {"KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": given_key}
            assert outcome(key.kms, "derive_shared_secret", **asked) == ("ValidationException", "")

    check()


@pytest.mark.parametrize("spec", sorted(KEY_PAIRS))
def test_any_bytes_are_an_offline_key_in_its_one_form_or_refused(keys: MadeKeys, spec: str) -> None:
    right = keys.of(spec).public_key

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        der = data.draw(damaged(right))
        try:
            key = _core.PublicKey(der)
        except ValueError as error:
            assert str(error) == "der is not the canonical SubjectPublicKeyInfo of a key spec of AWS KMS"
        else:
            assert (key.key_spec, key.to_der()) == (spec, der)

    check()


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_any_bytes_are_the_signature_or_invalid(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    kind = "DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW"
    asked = {"KeyId": key.id, "Message": bytes(64), "MessageType": kind, "SigningAlgorithm": algorithm}
    right = key.kms.sign(**asked)["Signature"]

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        signature = data.draw(damaged(right))
        if signature != right:
            refused = outcome(key.kms, "verify", Signature=signature, **asked)
            assert refused == ("KMSInvalidSignatureException", "")

    check()


@pytest.mark.parametrize("spec", HMAC)
def test_any_bytes_are_the_mac_or_invalid(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    asked = {"KeyId": key.id, "Message": b"m", "MacAlgorithm": key.algorithms[0]}
    right = key.kms.generate_mac(**asked)["Mac"]

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        mac = data.draw(damaged(right))
        if mac != right:
            assert outcome(key.kms, "verify_mac", Mac=mac, **asked) == ("KMSInvalidMacException", "")

    check()


@pytest.mark.parametrize(("spec", "algorithm"), ENCRYPTING)
def test_any_bytes_are_the_ciphertext_or_invalid(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    right = key.kms.encrypt(KeyId=key.id, Plaintext=b"x" * 40, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    named = {} if spec == "SYMMETRIC_DEFAULT" else {"KeyId": key.id}
    source = {f"Source{name}": value for name, value in named.items()}
    allowed = [("InvalidCiphertextException", "")]
    allowed += [("AccessDeniedException", UNKNOWN_KEY)] if spec == "SYMMETRIC_DEFAULT" else []

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        blob = data.draw(damaged(right))
        if blob == right:
            return
        assert outcome(key.kms, "decrypt", CiphertextBlob=blob, EncryptionAlgorithm=algorithm, **named) in allowed
        moving = {"DestinationKeyId": keys.symmetric(key.region).id, "SourceEncryptionAlgorithm": algorithm}
        assert outcome(key.kms, "re_encrypt", CiphertextBlob=blob, **moving, **source) in allowed

    check()


@pytest.mark.parametrize("spec", CIPHERTEXTS)
def test_any_bytes_give_a_secret_or_are_of_another_length(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    made = key.kms.encapsulate(KeyId=key.id, EncapsulationAlgorithm="ML_KEM")
    right, secret = made["SharedSecretCiphertextBlob"], made["SharedSecret"]

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        ciphertext = data.draw(damaged(right))
        asked = {"KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": ciphertext}
        reply = outcome(key.kms, "decapsulate", **asked)
        if len(ciphertext) != CIPHERTEXTS[spec]:
            assert reply == ("InvalidCiphertextException", "")
        else:
            assert isinstance(reply, dict)
            assert len(reply["SharedSecret"]) == 32
            assert (reply["SharedSecret"] == secret) == (ciphertext == right)

    check()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_any_bytes_end_in_a_declared_error_or_an_answer(keys: MadeKeys, operation: Operation) -> None:
    """Every member that is bytes, replaced in a request that would go well, under every key of the usage."""
    every = [key for key in keys.every if operation.usage in (None, key.usage) and not key.multi_region]
    every = [key for key in every if not key.spec.startswith("RSA_") or operation.name != "GenerateDataKeyPair"]
    requests = [
        (key, operation.arguments(key, key.algorithms[0] if operation.algorithm_member else None)) for key in every
    ]
    declared = {"ValidationException", "AccessDeniedException", *DECLARED[operation.name]["errors"]}
    declared -= {"KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException"}

    @few
    @drawing
    def check(data: st.DataObject) -> None:
        key, arguments = data.draw(st.sampled_from(requests))
        arguments = {
            name: data.draw(damaged(value)) if isinstance(value, bytes) else value for name, value in arguments.items()
        }
        reply = outcome(key.kms, operation.method, **arguments)
        assert isinstance(reply, dict) or reply[0] in declared

    check()


def test_damage_includes_every_kind() -> None:
    """Without this control the draws above might all be far from the right bytes."""
    right = bytes(range(100))
    kinds = set()

    @settings(max_examples=200, deadline=None)
    @drawing
    def check(data: st.DataObject) -> None:
        content = data.draw(damaged(right))
        kinds.add((len(content) == len(right), content[:10] == right[:10], content[-10:] == right[-10:]))

    check()
    assert len(kinds) >= 6
