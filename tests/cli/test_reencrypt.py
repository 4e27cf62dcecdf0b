"""`kmscore reencrypt`: files and columns, resume, dry runs and what cannot be done."""

import base64
import csv
from pathlib import Path

import pytest

from cli.conftest import CommandLine, tree
from kmscore.ciphertexts import blob_name, from_base64


@pytest.fixture
def run(store: CommandLine, folder: Path) -> CommandLine:
    assert not list(folder.iterdir())
    store.ok("keys", "create", "--alias", "new")
    return store


def blob(run: CommandLine, text: str, key: str = "alias/app", *more: str) -> str:
    return run.ok("encrypt-value", key, text, *more).out.strip()


def decrypted(run: CommandLine, text: str, *more: str) -> str:
    return run.ok("decrypt-value", text, *more).out.strip()


def key_of(text: str | bytes) -> str:
    found = blob_name(text if isinstance(text, bytes) else from_base64(text) or b"")
    assert found is not None
    return found.key_id


def target(run: CommandLine) -> str:
    return str(run.ok("keys", "describe", "alias/new", "--json").json()["KeyId"])


def test_files_in_base64_and_binary_are_moved(run: CommandLine, folder: Path) -> None:
    text = blob(run, "secret")
    (folder / "text").write_text(text + "\n")
    (folder / "binary").write_bytes(base64.b64decode(text))
    (folder / "binary").chmod(0o640)
    run.ok("reencrypt", "text", "binary", "--to", "alias/new")
    moved = (folder / "text").read_text()
    assert moved.endswith("\n")
    assert key_of((folder / "binary").read_bytes()) == key_of(moved) == target(run)
    assert decrypted(run, moved.strip()) == "secret"
    assert (folder / "binary").stat().st_mode & 0o777 == 0o640


def test_columns_of_csv_are_moved_and_taken_up_again(run: CommandLine, folder: Path) -> None:
    rows = [["name", "ssn"], ['Ann, "A"', blob(run, "1")], ["Bob", ""], ["Cy", blob(run, "3", "alias/new")]]
    with (folder / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    arguments = ["reencrypt", "t.csv", "--column", "ssn", "--to", "alias/new", "--json"]
    before = tree(folder)
    planned = run.ok(*arguments, "--dry-run").json()
    assert (tree(folder), planned[0]["Moved"]) == (before, 1)
    assert run.ok(*arguments).json() == [{"File": "t.csv", "Moved": 1, "Kept": 1, "Empty": 1}]
    with (folder / "t.csv").open(newline="") as file:
        found = list(csv.reader(file))
    assert [row[0] for row in found] == ["name", 'Ann, "A"', "Bob", "Cy"]
    assert [decrypted(run, row[1]) for row in (found[1], found[3])] == ["1", "3"]
    after = tree(folder)
    assert run.ok(*arguments).json()[0]["Moved"] == 0
    assert tree(folder) == after
    run.ok("keys", "rotate", "alias/new")
    assert run.ok(*arguments).json()[0]["Moved"] == 2


def test_columns_of_parquet_are_moved(run: CommandLine, folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    blobs = [base64.b64decode(blob(run, "1")), None]
    parquet.write_table(pa.table({"name": ["a", "b"], "ssn": pa.array(blobs, pa.binary())}), folder / "t.parquet")
    run.ok("reencrypt", "t.parquet", "--column", "ssn", "--to", "alias/new")
    [moved, nothing] = parquet.read_table(folder / "t.parquet").column("ssn").to_pylist()
    assert (key_of(moved), nothing) == (target(run), None)
    assert "of string" in run.refused("reencrypt", "t.parquet", "--column", "name", "--to", "alias/new")


def test_encryption_context_can_be_changed(run: CommandLine, folder: Path) -> None:
    (folder / "one").write_text(blob(run, "secret", "alias/new", "-c", "a=b"))
    run.ok("reencrypt", "one", "--to", "alias/new", "-c", "a=b", "--to-context", "c=d")
    assert decrypted(run, (folder / "one").read_text(), "-c", "c=d") == "secret"


@pytest.mark.parametrize(
    ("content", "arguments", "text"),
    [
        ("nothing", [], "no KMS ciphertext blob"),
        ("name,ssn\na,!!\n", ["--column", "ssn"], "row 1, column ssn: this is not base64"),
        ("name,ssn\na\n", ["--column", "ssn"], "row 1, column ssn: the row ends before it"),
        ("name,ssn\na,AAAA\n", ["--column", "ssn"], "row 1, column ssn: this is no KMS ciphertext blob"),
        ("name,ssn\n", ["--column", "other"], "'other'; the columns are name, ssn"),
        ("", ["--column", "ssn"], "no header"),
    ],
)
def test_what_cannot_be_done_is_named_and_left_as_it_is(
    run: CommandLine, folder: Path, content: str, arguments: list[str], text: str
) -> None:
    (folder / "t.csv").write_text(content)
    refused = run.refused("reencrypt", "t.csv", "--to", "alias/new", *arguments)
    assert "t.csv" in refused
    assert text in refused
    assert tree(folder) == {"t.csv": content.encode()}


def test_other_files_are_done_when_one_cannot_be(run: CommandLine, folder: Path) -> None:
    (folder / "bad").write_text("x")
    (folder / "good").write_text(blob(run, "secret"))
    ran = run("reencrypt", "bad", "good", "--to", "alias/new")
    assert ran.code == 1
    assert "bad" in ran.error
    assert key_of((folder / "good").read_text()) == target(run)
