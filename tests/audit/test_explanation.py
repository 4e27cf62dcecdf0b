"""`kmscore why`: what the caller was not told."""

from audit.conftest import OTHER, arn, refused
from kmscore.audit.explanation import explain
from opened_store import OpenedStore

CONTEXT = {"app": "a", "tenant": "1"}


def why(opened: OpenedStore, request_id: str) -> str:
    found = explain(opened.scratch.home, request_id)
    assert found is not None
    return "\n".join(found.lines)


def sealed(opened: OpenedStore, key: str) -> bytes:
    answer = opened.call("Encrypt", KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)
    blob: bytes = answer["CiphertextBlob"]
    return blob


def test_each_differing_pair_of_the_context_is_named(opened: OpenedStore, key: str) -> None:
    blob = sealed(opened, key)
    text = why(opened, refused(opened, "Decrypt", CiphertextBlob=blob, EncryptionContext={"app": "b", "more": "2"}))
    assert "'tenant': '1' is missing" in text
    assert "'more': '2' is too many" in text
    assert "'app' is 'b' and was 'a'" in text
    assert "made by Encrypt of arn:aws:iam::123456789012:root" in text


def test_blob_of_re_encrypt_and_of_a_data_key_is_found(opened: OpenedStore, key: str) -> None:
    moved = opened.call(
        "ReEncrypt",
        CiphertextBlob=sealed(opened, key),
        SourceEncryptionContext=CONTEXT,
        DestinationKeyId=key,
        DestinationEncryptionContext={"to": "b"},
    )["CiphertextBlob"]
    assert "'to': 'b' is missing" in why(opened, refused(opened, "Decrypt", CiphertextBlob=moved))
    made = opened.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext={"d": "k"})["CiphertextBlob"]
    text = why(opened, refused(opened, "ReEncrypt", CiphertextBlob=made, DestinationKeyId=key))
    assert "'d': 'k' is missing" in text
    assert "GenerateDataKey" in text


def test_damaged_blob_is_told_from_a_wrong_context(opened: OpenedStore, key: str) -> None:
    blob = bytearray(sealed(opened, key))
    blob[-1] ^= 1
    request_id = refused(opened, "Decrypt", CiphertextBlob=bytes(blob), EncryptionContext=CONTEXT)
    assert "the blob was damaged" in why(opened, request_id)


def test_other_material_in_the_header_is_named(opened: OpenedStore, key: str) -> None:
    blob = bytearray(sealed(opened, key))
    blob[21] ^= 1
    request_id = refused(opened, "Decrypt", CiphertextBlob=bytes(blob), EncryptionContext=CONTEXT)
    assert "other key material" in why(opened, request_id)


def test_unknown_blob_and_what_is_no_blob(opened: OpenedStore, key: str) -> None:
    blob = bytearray(sealed(opened, key))
    blob[40] ^= 1
    assert "No record of this log made blob" in why(opened, refused(opened, "Decrypt", CiphertextBlob=bytes(blob)))
    assert "does not have the form" in why(opened, refused(opened, "Decrypt", CiphertextBlob=b"junk"))


def test_answer_says_nothing_of_it(opened: OpenedStore, key: str) -> None:
    found = explain(opened.scratch.home, refused(opened, "Decrypt", CiphertextBlob=sealed(opened, key)))
    assert found is not None
    assert "message" not in found.record


def test_blob_of_another_key_is_named(opened: OpenedStore, key: str) -> None:
    other = opened.new_key()
    request_id = refused(opened, "Decrypt", CiphertextBlob=sealed(opened, key), KeyId=other)
    assert f"The blob is of key {arn(key)}, and the request names {other}" in why(opened, request_id)


def test_denial_names_its_statement(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    text = why(opened, refused(opened, "Encrypt", account=OTHER, KeyId=arn(key_id), Plaintext=b"x"))
    assert "Decided so because: " in text
    assert f"kms:Encrypt on {arn(key_id)} for arn:aws:iam::{OTHER}:root: not allowed; " in text
    assert "AccessDeniedException" in text


def test_wrong_region_of_a_blob_is_named(opened: OpenedStore, key: str) -> None:
    request_id = refused(opened, "Decrypt", region="eu-west-1", CiphertextBlob=sealed(opened, key))
    assert "is in us-east-1; the call went to eu-west-1" in why(opened, request_id)


def test_wrong_region_of_a_key_and_of_an_alias_is_named(opened: OpenedStore, key: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key)
    for name in (key, "alias/app"):
        text = why(opened, refused(opened, "Encrypt", region="eu-west-1", KeyId=name, Plaintext=b"x"))
        assert f"{name} is in account 123456789012, Region us-east-1." in text
    text = why(opened, refused(opened, "DescribeKey", KeyId="alias/none"))
    assert "No account and no Region of this store has alias/none." in text


def test_state_names_who_brought_it_about(opened: OpenedStore, key: str) -> None:
    opened.call("DisableKey", KeyId=key)
    request_id = refused(opened, "Encrypt", KeyId=key, Plaintext=b"x")
    opened.call("EnableKey", KeyId=key)
    assert "last changed by DisableKey of arn:aws:iam::123456789012:root" in why(opened, request_id)


def test_success_and_unknown_requests(opened: OpenedStore) -> None:
    opened.new_key()
    [record] = [one for one in opened.scratch.audit_records() if one.get("op") == "CreateKey"]
    assert "it did not fail" in why(opened, record["id"])
    assert explain(opened.scratch.home, "no-such-request") is None
