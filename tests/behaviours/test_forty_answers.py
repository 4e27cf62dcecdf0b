"""Behaviours 1 to 9 that implementers of AWS KMS get wrong: what operations answer, and with which error."""

import pytest

from behaviours.world import World, refuses, statement
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION

UNKNOWN_KEY = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)
CONTEXT = {"App": "payroll"}


def arn(key_id: str) -> str:
    return f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:key/{key_id}"


def test_01_verification_raises_and_never_answers_false(world: World) -> None:
    kms = world.kms
    signing = {"KeyId": world.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"), "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(Message=b"text", **signing)["Signature"]
    assert kms.verify(Message=b"text", Signature=signature, **signing)["SignatureValid"] is True
    assert not refuses("KMSInvalidSignatureException", kms.verify, Message=b"other", Signature=signature, **signing)
    mac = {"KeyId": world.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"), "MacAlgorithm": "HMAC_SHA_256"}
    made = kms.generate_mac(Message=b"text", **mac)["Mac"]
    assert kms.verify_mac(Message=b"text", Mac=made, **mac)["MacValid"] is True
    assert not refuses("KMSInvalidMacException", kms.verify_mac, Message=b"other", Mac=made, **mac)


@pytest.mark.parametrize("disabled_before", [False, True])
def test_02_cancelling_a_deletion_leaves_the_key_disabled(world: World, disabled_before: bool) -> None:
    key_id = world.key()
    if disabled_before:
        world.kms.disable_key(KeyId=key_id)
    world.kms.schedule_key_deletion(KeyId=key_id)
    assert world.kms.cancel_key_deletion(KeyId=key_id)["KeyId"] == arn(key_id)
    metadata = world.metadata(key_id)
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Disabled", False)
    assert "DeletionDate" not in metadata


def test_03_a_pending_deletion_cannot_be_scheduled_again(world: World) -> None:
    key_id = world.key()
    date = world.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=20)["DeletionDate"]
    for days in (7, 20, 30):
        text = refuses(
            "KMSInvalidStateException", world.kms.schedule_key_deletion, KeyId=key_id, PendingWindowInDays=days
        )
        assert text == f"{arn(key_id)} is pending deletion."
    assert world.metadata(key_id)["DeletionDate"] == date


@pytest.mark.parametrize("days", [1, 6, 31, 365])
def test_04_a_deletion_waits_for_7_to_30_days_whatever_the_model_says(world: World, days: int) -> None:
    key_id = world.key()
    refuses("ValidationException", world.kms.schedule_key_deletion, KeyId=key_id, PendingWindowInDays=days)
    assert world.metadata(key_id)["KeyState"] == "Enabled"
    for allowed in (7, 30):
        answer = world.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=allowed)
        assert answer["PendingWindowInDays"] == allowed
        world.kms.cancel_key_deletion(KeyId=key_id)


def test_05_cryptography_answers_with_the_key_s_arn_and_descriptions_with_its_id(world: World) -> None:
    kms, key_id = world.kms, world.key()
    kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    for name in (key_id, arn(key_id), "alias/app"):
        encrypted = kms.encrypt(KeyId=name, Plaintext=b"text")
        assert encrypted["KeyId"] == arn(key_id)
        assert kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"])["KeyId"] == arn(key_id)
        assert kms.generate_data_key(KeyId=name, KeySpec="AES_256")["KeyId"] == arn(key_id)
        metadata = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert (metadata["KeyId"], metadata["Arn"]) == (key_id, arn(key_id))
    assert kms.list_keys()["Keys"] == [{"KeyId": key_id, "KeyArn": arn(key_id)}]
    assert kms.get_key_rotation_status(KeyId=arn(key_id))["KeyId"] == key_id


def test_06_decrypt_with_another_key_s_id_is_an_incorrect_key(world: World) -> None:
    key_id, other = world.key(), world.key()
    blob = world.kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    text = refuses("IncorrectKeyException", world.kms.decrypt, CiphertextBlob=blob, KeyId=other)
    assert text == "The key ID in the request does not identify a CMK that can perform this operation."
    mac_key = world.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    refuses("IncorrectKeyException", world.kms.decrypt, CiphertextBlob=blob, KeyId=mac_key)


@pytest.mark.parametrize("context", [{}, {"App": "Payroll"}, {"app": "payroll"}, {**CONTEXT, "more": "x"}])
def test_07_another_context_is_an_invalid_ciphertext_without_a_text(world: World, context: dict[str, str]) -> None:
    blob = world.kms.encrypt(KeyId=world.key(), Plaintext=b"text", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert world.kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == b"text"
    text = refuses("InvalidCiphertextException", world.kms.decrypt, CiphertextBlob=blob, EncryptionContext=context)
    assert not text


def test_08_decrypt_of_an_unknown_key_s_blob_is_denied(world: World) -> None:
    key_id = world.key()
    blob = world.kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    stranger = world.client(world.user("stranger"))
    elsewhere = world.client(region="eu-west-1")
    for client in (stranger, elsewhere):
        assert refuses("AccessDeniedException", client.decrypt, CiphertextBlob=blob) == UNKNOWN_KEY
    world.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    world.advance(days=8)
    refuses("NotFoundException", world.kms.describe_key, KeyId=key_id)
    allowed = world.client(world.user("reader", statement(action="kms:Decrypt")))
    for client in (world.kms, allowed):
        assert refuses("AccessDeniedException", client.decrypt, CiphertextBlob=blob) == UNKNOWN_KEY


def test_09_disabled_is_one_error_and_every_other_state_another(world: World) -> None:
    kms, key_id = world.kms, world.key()
    kms.disable_key(KeyId=key_id)
    assert refuses("DisabledException", kms.encrypt, KeyId=key_id, Plaintext=b"x") == f"{arn(key_id)} is disabled."
    kms.schedule_key_deletion(KeyId=key_id)
    text = refuses("KMSInvalidStateException", kms.encrypt, KeyId=key_id, Plaintext=b"x")
    assert text == f"{arn(key_id)} is pending deletion."
    external = world.key(Origin="EXTERNAL")
    text = refuses("KMSInvalidStateException", kms.encrypt, KeyId=external, Plaintext=b"x")
    assert text == f"{arn(external)} is pending import."
