"""GenerateMac and VerifyMac."""

from typing import Any

import pytest

from formats.damage import all_damage
from key_specs.made_keys import MadeKey, MadeKeys, refusal

LENGTHS = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
INVALID = ("KMSInvalidMacException", "")


def asked(key: MadeKey, message: bytes = b"a message") -> dict[str, Any]:
    return {"KeyId": key.id, "Message": message, "MacAlgorithm": key.algorithms[0]}


@pytest.mark.parametrize("spec", LENGTHS)
def test_mac_is_as_long_as_the_hash_and_always_the_same(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    [mac] = {key.kms.generate_mac(**asked(key))["Mac"] for _ in range(3)}
    assert len(mac) == LENGTHS[spec]
    reply = key.kms.verify_mac(Mac=mac, **asked(key))
    assert (reply["MacValid"], reply["KeyId"], reply["MacAlgorithm"]) == (True, key.arn, key.algorithms[0])


@pytest.mark.parametrize("spec", LENGTHS)
def test_damaged_mac_is_invalid(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    mac = key.kms.generate_mac(**asked(key))["Mac"]
    for where, damaged in all_damage(mac):
        if damaged:
            assert refusal(key.kms, "verify_mac", Mac=damaged, **asked(key)) == INVALID, where


@pytest.mark.parametrize("spec", LENGTHS)
def test_mac_of_another_message_or_key_is_invalid(keys: MadeKeys, spec: str) -> None:
    one, other = keys.all_of(spec, "GENERATE_VERIFY_MAC")
    mac = one.kms.generate_mac(**asked(one))["Mac"]
    assert refusal(one.kms, "verify_mac", Mac=mac, **asked(one, b"a massage")) == INVALID
    assert refusal(one.kms, "verify_mac", Mac=mac, **asked(one, b"a message\0")) == INVALID
    assert refusal(other.kms, "verify_mac", Mac=mac, **asked(other)) == INVALID


@pytest.mark.parametrize("spec", LENGTHS)
def test_mac_of_any_length_is_invalid_and_no_more(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    for length in (1, 16, 20, 28, 32, 48, 64, 65, 6144):
        assert refusal(key.kms, "verify_mac", Mac=bytes(length), **asked(key)) == INVALID
    for length, bound in ((0, "greater than or equal to 1"), (6145, "less than or equal to 6144")):
        code, text = refusal(key.kms, "verify_mac", Mac=bytes(length), **asked(key))
        assert code == "ValidationException"
        assert text.endswith(f"at 'mac' failed to satisfy constraint: Member must have length {bound}")


@pytest.mark.parametrize("operation", ["generate_mac", "verify_mac"])
@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")])
def test_message_has_1_to_4096_bytes(keys: MadeKeys, operation: str, length: int, bound: str) -> None:
    key = keys.of("HMAC_256")
    more = {"Mac": bytes(32)} if operation == "verify_mac" else {}
    fault = f"Value at 'message' failed to satisfy constraint: Member must have length {bound}"
    expected = ("ValidationException", f"1 validation error detected: {fault}")
    assert refusal(key.kms, operation, **asked(key, bytes(length)), **more) == expected


def test_text_of_another_algorithm_is_aws_kms_own(keys: MadeKeys) -> None:
    key = keys.of("HMAC_224")
    expected = ("InvalidKeyUsageException", "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.")
    arguments = {**asked(key), "MacAlgorithm": "HMAC_SHA_256"}
    assert refusal(key.kms, "generate_mac", **arguments) == expected
    assert refusal(key.kms, "verify_mac", Mac=bytes(32), **arguments) == expected
