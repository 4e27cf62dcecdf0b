"""`encrypt-value`, `decrypt-value` and `kms`."""

import base64
import json
from pathlib import Path

import pytest

from cli.conftest import CommandLine


def test_value_comes_from_argument_standard_input_or_file(store: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"\x00\xffsecret\n")
    for arguments, stdin, plaintext in [
        (["secret"], b"", b"secret"),
        ([], b"from stdin\n", b"from stdin\n"),
        (["-"], b"from stdin", b"from stdin"),
        (["--file", str(tmp_path / "value")], b"", b"\x00\xffsecret\n"),
        (["-", "-f", str(tmp_path / "value")], b"", b"\x00\xffsecret\n"),
        (["ümlaut"], b"", "ümlaut".encode()),
    ]:
        blob = store.ok("encrypt-value", "alias/app", *arguments, stdin=stdin).out
        assert store.ok("decrypt-value", blob.strip()).raw == plaintext
        assert store.ok("decrypt-value", stdin=blob).raw == plaintext


def test_context_is_needed_again(store: CommandLine) -> None:
    context = ["--context", "app=a", "-c", "path=/x=y"]
    blob = store.ok("encrypt-value", "alias/app", "secret", *context).out.strip()
    assert store.ok("decrypt-value", blob, *context).raw == b"secret"
    assert "another encryption context" in store.refused("decrypt-value", blob)
    assert "--context 'app' is not KEY=VALUE" in store.refused("decrypt-value", blob, "-c", "app", code=2)


def test_json_answer_is_boto3s_with_base64(store: CommandLine) -> None:
    made = store.ok("--json", "encrypt-value", "alias/app", "secret").json()
    assert set(made) == {"CiphertextBlob", "KeyId", "EncryptionAlgorithm"}
    opened = store.ok("decrypt-value", made["CiphertextBlob"], "--json").json()
    assert base64.b64decode(opened["Plaintext"]) == b"secret"


def test_named_key_must_be_the_blobs(store: CommandLine) -> None:
    other = store.ok("keys", "create").out.strip()
    blob = store.ok("encrypt-value", "alias/app", "secret").out.strip()
    assert "IncorrectKeyException" in store.refused("decrypt-value", blob, "--key", other)
    assert store.ok("decrypt-value", blob, "--key", "alias/app").raw == b"secret"


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["decrypt-value", "***"], 2, "CIPHERTEXT is not base64"),
        (["decrypt-value", "YWJj"], 1, "InvalidCiphertextException"),
        (["encrypt-value", "alias/app", "x", "--file", "y"], 2, "give VALUE or --file, not both"),
        (["encrypt-value", "alias/app", "--file", "/no/such/file"], 1, "/no/such/file: No such file or directory"),
        (["encrypt-value", "alias/app", "x" * 4097], 1, "'plaintext' failed to satisfy constraint"),
        (["encrypt-value", "alias/none", "x"], 1, "NotFoundException"),
    ],
)
def test_bad_value_is_refused_in_one_line(store: CommandLine, arguments: list[str], code: int, fault: str) -> None:
    refusal = store.refused(*arguments, code=code)
    assert fault in refusal
    assert "xxx" not in refusal


@pytest.mark.parametrize("name", ["GenerateDataKey", "generate-data-key", "generate_data_key"])
def test_operation_takes_either_spelling(store: CommandLine, name: str) -> None:
    answer = store.ok("kms", name, "--json", '{"KeyId": "alias/app", "KeySpec": "AES_256"}').json()
    assert len(base64.b64decode(answer["Plaintext"])) == 32


def test_operation_takes_a_file_or_standard_input(store: CommandLine, tmp_path: Path) -> None:
    request = json.dumps({"KeyId": "alias/app", "Plaintext": base64.b64encode(b"x").decode()})
    (tmp_path / "request.json").write_text(request)
    blobs = [
        store.ok("kms", "Encrypt", "--json", f"@{tmp_path / 'request.json'}").json()["CiphertextBlob"],
        store.ok("kms", "Encrypt", "--json", "-", stdin=request).json()["CiphertextBlob"],
    ]
    for blob in blobs:
        answer = store.ok("kms", "Decrypt", "--json", json.dumps({"CiphertextBlob": blob})).json()
        assert answer["Plaintext"] == "eA=="


def test_operation_without_output_answers_an_empty_object(store: CommandLine) -> None:
    assert store.ok("kms", "UpdateKeyDescription", "--json", '{"KeyId": "alias/app", "Description": ""}').json() == {}
    assert store.ok("kms", "ListKeys").json()["Truncated"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["Encryt"], 2, "OPERATION 'Encryt' is none of AWS KMS's 56; did you mean Encrypt?"),
        (["Encrypt", "--json", "{"], 2, "--json is not JSON: "),
        (["Encrypt", "--json", "[]"], 2, "--json must be an object of the operation's arguments, not list"),
        (["Encrypt", "--json", "@/no/such"], 1, "/no/such: No such file or directory"),
        (["Encrypt"], 1, "ValidationException: 2 validation errors detected: "),
        (["Encrypt", "--json", '{"KeyId": 7}'], 1, "SerializationException: "),
        (["Sign", "--json", "{}"], 1, "Exception: "),
    ],
)
def test_bad_request_is_refused_in_one_line(store: CommandLine, arguments: list[str], code: int, fault: str) -> None:
    assert fault in store.refused("kms", *arguments, code=code)
