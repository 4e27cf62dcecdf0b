"""What holds for every operation on key material: key ids, states, DryRun, Recipient, permission, the audit."""

import base64
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from error_texts import UNKNOWN_KEY
from key_specs.calls import MESSAGE, OPERATIONS, Operation
from key_specs.made_keys import HOME_REGION, ROWS, MadeKey, MadeKeys, refusal
from key_specs.proofs import broken, proofs_of
from kmscore import ParameterError, _core

DECLARED = {row["name"]: row for row in _core.operations()}
# A key spec for each usage; RSA and SM2 beside symmetric keys, whose way through is another one.
ABLE = {
    "ENCRYPT_DECRYPT": ["SYMMETRIC_DEFAULT", "RSA_2048", "SM2"],
    "SIGN_VERIFY": ["ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_DSA_44", "RSA_2048", "SM2"],
    "GENERATE_VERIFY_MAC": ["HMAC_256"],
    "KEY_AGREEMENT": ["ECC_NIST_P384", "SM2"],
    "ENCAPSULATE_DECAPSULATE": ["ML_KEM_768"],
}
NEEDS_SYMMETRIC = {operation.name for operation in OPERATIONS if operation.name.startswith("GenerateDataKey")}
CASES = [
    (operation, spec, usage)
    for operation in OPERATIONS
    for usage, specs in ABLE.items()
    for spec in specs
    if operation.name != "GenerateRandom"
    and operation.usage in (usage, None)
    and not (operation.name in NEEDS_SYMMETRIC and spec != "SYMMETRIC_DEFAULT")
    and not (operation.name == "GetPublicKey" and spec in ("SYMMETRIC_DEFAULT", "HMAC_256"))
]
every_case = pytest.mark.parametrize(("operation", "spec", "usage"), CASES, ids=str)
dry_run_cases = pytest.mark.parametrize(
    ("operation", "spec", "usage"), [case for case in CASES if case[0].name != "GetPublicKey"], ids=str
)
DRY_RUN = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
NOBODY = "arn:aws:iam::123456789012:user/nobody"


Borrow = Callable[[str, str], MadeKey]


@pytest.fixture(scope="module")
def own(keys: MadeKeys) -> dict[tuple[str, str], MadeKey]:
    """Keys of these tests alone."""
    return {(spec, usage): keys.new(spec, usage) for usage, specs in ABLE.items() for spec in specs}


@pytest.fixture
def borrow(own: dict[tuple[str, str], MadeKey]) -> Iterator[Borrow]:
    """Lends a key that may be disabled or marked for deletion; it is enabled afterwards."""
    lent: list[MadeKey] = []

    def lend(spec: str, usage: str) -> MadeKey:
        lent.append(own[spec, usage])
        return lent[-1]

    yield lend
    for key in lent:
        if key.kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "PendingDeletion":
            key.kms.cancel_key_deletion(KeyId=key.id)
        key.kms.enable_key(KeyId=key.id)


def arguments_of(operation: Operation, key: MadeKey) -> dict[str, Any]:
    """Arguments that succeed, with the algorithm that the key lists last."""
    return operation.arguments(key, key.algorithms[-1] if operation.algorithm_member else None)


def key_member(operation: Operation) -> str:
    """The member that names the key of these tests."""
    if operation.name != "ReEncrypt":
        return "KeyId"
    return "SourceKeyId" if operation.algorithm_member == "SourceEncryptionAlgorithm" else "DestinationKeyId"


# -- the key id -------------------------------------------------------------------------------------------------------


@every_case
def test_key_is_named_in_four_forms_and_answered_by_its_arn(
    keys: MadeKeys, operation: Operation, spec: str, usage: str
) -> None:
    key = keys.of(spec, usage)
    alias = f"alias/named-{key.id}"
    key.kms.create_alias(AliasName=alias, TargetKeyId=key.id)
    arguments, member = arguments_of(operation, key), key_member(operation)
    answered = "SourceKeyId" if member == "SourceKeyId" else "KeyId"
    for form in (key.id, key.arn, alias, f"{key.arn.rpartition(':')[0]}:{alias}"):
        reply = getattr(key.kms, operation.method)(**{**arguments, member: form})
        assert reply[answered] == key.arn
    key.kms.delete_alias(AliasName=alias)


@every_case
def test_unknown_key_is_named(keys: MadeKeys, operation: Operation, spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    absent = "00000000-0000-4000-8000-000000000000"
    elsewhere = key.arn.replace(key.region, "us-west-2")
    arguments, member = arguments_of(operation, key), key_member(operation)
    expected = {
        absent: f"Key '{key.arn.replace(key.id, absent)}' does not exist",
        "alias/none": f"Alias {key.arn.rpartition(':')[0]}:alias/none is not found.",
        "no-key": "Invalid keyId 'no-key'",
        elsewhere: "Invalid arn us-west-2",
    }
    for form, text in expected.items():
        refused = refusal(key.kms, operation.method, **{**arguments, member: form})
        assert refused == ("NotFoundException", text)


def test_keys_are_used_by_many_threads(keys: MadeKeys) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for key in keys.every[number % 2 :: 2] * 3:
                assert broken(proofs_of(key), keys.clients) == []
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# -- states -----------------------------------------------------------------------------------------------------------


@every_case
def test_key_must_be_enabled(borrow: Borrow, operation: Operation, spec: str, usage: str) -> None:
    key = borrow(spec, usage)
    arguments = arguments_of(operation, key)
    disabled = ("DisabledException", f"{key.arn} is disabled.")
    pending = ("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    key.kms.disable_key(KeyId=key.id)
    assert refusal(key.kms, operation.method, **arguments) == disabled
    key.kms.schedule_key_deletion(KeyId=key.id, PendingWindowInDays=7)
    assert refusal(key.kms, operation.method, **arguments) == pending
    key.kms.cancel_key_deletion(KeyId=key.id)
    assert refusal(key.kms, operation.method, **arguments) == disabled
    key.kms.enable_key(KeyId=key.id)
    getattr(key.kms, operation.method)(**arguments)


def test_state_is_looked_at_before_usage_and_algorithm(borrow: Borrow) -> None:
    key = borrow("HMAC_256", "GENERATE_VERIFY_MAC")
    wrong_usage = {"KeyId": key.id, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    wrong_algorithm = {"KeyId": key.id, "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_512"}
    key.kms.disable_key(KeyId=key.id)
    expected = ("DisabledException", f"{key.arn} is disabled.")
    assert refusal(key.kms, "sign", **wrong_usage) == expected
    assert refusal(key.kms, "generate_mac", **wrong_algorithm) == expected
    assert refusal(key.kms, "get_public_key", KeyId=key.id) == expected


# -- DryRun, Recipient, permission ------------------------------------------------------------------------------------


def test_dry_run_is_known_to_every_operation_with_a_key_but_get_public_key() -> None:
    without = {operation.name for operation in OPERATIONS if not DECLARED[operation.name]["dry_run"]}
    assert without == {"GenerateRandom", "GetPublicKey"}


@dry_run_cases
def test_dry_run_ends_in_its_own_error(keys: MadeKeys, operation: Operation, spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    arguments = arguments_of(operation, key)
    assert refusal(key.kms, operation.method, DryRun=True, **arguments) == DRY_RUN
    assert "ResponseMetadata" in getattr(key.kms, operation.method)(DryRun=False, **arguments)


@dry_run_cases
def test_dry_run_fails_as_the_call_would(borrow: Borrow, operation: Operation, spec: str, usage: str) -> None:
    key = borrow(spec, usage)
    asked = arguments_of(operation, key)
    wrong = {**asked, key_member(operation): "alias/none"}
    assert refusal(key.kms, operation.method, DryRun=True, **wrong) == refusal(key.kms, operation.method, **wrong)
    key.kms.disable_key(KeyId=key.id)
    assert refusal(key.kms, operation.method, DryRun=True, **asked) == ("DisabledException", f"{key.arn} is disabled.")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.usage is not None], ids=str)
def test_dry_run_looks_at_the_usage(keys: MadeKeys, operation: Operation) -> None:
    algorithm = ROWS[ABLE[str(operation.usage)][-1]][str(operation.usage)][0] if operation.algorithm_member else None
    for other in (keys.of("HMAC_512"), keys.of("ECC_NIST_P521", "SIGN_VERIFY")):
        if other.usage != operation.usage:
            asked = operation.arguments(other, algorithm)
            text = f"{other.arn} key usage is {other.usage} which is not valid for {operation.name}."
            refused = refusal(other.kms, operation.method, DryRun=True, **asked)
            assert refused == ("InvalidKeyUsageException", text)


def test_get_public_key_has_no_dry_run(keys: MadeKeys) -> None:
    with pytest.raises(ParameterError, match='Unknown parameter in input: "DryRun"'):
        keys.clients[HOME_REGION].get_public_key(KeyId="alias/none", DryRun=True)


def test_dry_run_of_what_does_not_verify_fails(keys: MadeKeys) -> None:
    signing, mac = keys.of("ECC_NIST_P256", "SIGN_VERIFY"), keys.of("HMAC_256")
    asked: dict[str, Any] = {"KeyId": signing.id, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    refused = refusal(signing.kms, "verify", Signature=b"x", DryRun=True, **asked)
    assert refused == ("KMSInvalidSignatureException", "")
    asked = {"KeyId": mac.id, "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
    assert refusal(mac.kms, "verify_mac", Mac=b"x", DryRun=True, **asked) == ("KMSInvalidMacException", "")


WITH_RECIPIENT = {
    name for name, row in DECLARED.items() if "Recipient" in {member["name"] for member in row["input"]["members"]}
}


def test_recipient_is_known_to_five_operations() -> None:
    expected = {"Decrypt", "DeriveSharedSecret", "GenerateDataKey", "GenerateDataKeyPair", "GenerateRandom"}
    assert expected == WITH_RECIPIENT


@pytest.mark.parametrize("name", sorted(WITH_RECIPIENT))
@pytest.mark.parametrize(
    "recipient",
    [{}, {"AttestationDocument": b"x", "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}],
    ids=["empty", "given"],
)
def test_recipient_is_not_supported(keys: MadeKeys, name: str, recipient: dict[str, Any]) -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    spec = ABLE[operation.usage][0] if operation.usage else "SYMMETRIC_DEFAULT"
    key = keys.of(spec, operation.usage)
    expected = f"Recipient is not supported for {name} by this version of kmscore."
    arguments = arguments_of(operation, key)
    refused = refusal(key.kms, operation.method, Recipient=recipient, **arguments)
    assert refused == ("UnsupportedOperationException", expected)


@every_case
def test_grant_token_of_no_grant_is_refused(keys: MadeKeys, operation: Operation, spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    refused = refusal(key.kms, operation.method, GrantTokens=["token"], **arguments_of(operation, key))
    assert refused == ("InvalidGrantTokenException", "The grant token is not valid.")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_principal_without_permission_is_denied(keys: MadeKeys, operation: Operation) -> None:
    spec = ABLE[operation.usage][0] if operation.usage else "ECC_NIST_P256"
    key = keys.of(spec, operation.usage)
    arguments = arguments_of(operation, key)
    denied = "ReEncryptFrom" if operation.name == "ReEncrypt" else operation.name
    hidden = "CiphertextBlob" in arguments and not {"KeyId", "SourceKeyId"} & set(arguments)
    with keys.scratch.client(principal=NOBODY) as nobody:
        code, text = refusal(nobody, operation.method, **arguments)
    assert code == "AccessDeniedException"
    if hidden:
        assert text == UNKNOWN_KEY
        return
    assert text.startswith(f"User: {NOBODY} is not authorized to perform: kms:{denied} on resource: ")
    assert key.arn in text or operation.name == "GenerateRandom"


# -- the audit --------------------------------------------------------------------------------------------------------


def test_audit_names_key_and_algorithm_and_holds_no_message(keys: MadeKeys) -> None:
    key = keys.of("ECC_NIST_P256", "SIGN_VERIFY")
    message = b"a message that the audit must not hold"
    asked = {"KeyId": key.arn, "Message": message, "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = key.kms.sign(**asked)["Signature"]
    key.kms.verify(Signature=signature, **asked)
    assert refusal(key.kms, "verify", Signature=b"another", **asked) == ("KMSInvalidSignatureException", "")
    signed, verified, refused = keys.scratch.audit_records()[-3:]
    assert [record["op"] for record in (signed, verified, refused)] == ["Sign", "Verify", "Verify"]
    assert refused["outcome"] == "KMSInvalidSignatureException"
    for record in (signed, verified, refused):
        assert key.arn in str(record)
        assert "ECDSA_SHA_256" in str(record)
    written = b"".join(path.read_bytes() for path in keys.scratch.segments())
    for secret in (message, signature, b"another"):
        assert secret not in written
        assert base64.b64encode(secret)[:-4] not in written
        assert secret.hex().encode() not in written


def test_specs_of_these_tests_cover_every_usage() -> None:
    assert set(ABLE) == {usage for usages in ROWS.values() for usage in usages}
    assert all(usage in ROWS[spec] for usage, specs in ABLE.items() for spec in specs)
