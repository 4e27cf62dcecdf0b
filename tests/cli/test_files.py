"""`encrypt` and `decrypt`: what becomes of files, directories, standard input and output."""

import os
from pathlib import Path

import pytest

from cli.conftest import KEY, LARGE, PLAINTEXT, CommandLine, tree
from kmscore import envelope


@pytest.mark.parametrize("options", [[], ["--signed"], ["--frame-length", "65537"]], ids=str)
def test_file_comes_back_byte_for_byte(store: CommandLine, folder: Path, options: list[str]) -> None:
    for plaintext in (b"", b"x", PLAINTEXT, LARGE):
        (folder / "plain").write_bytes(plaintext)
        store.ok("encrypt", "plain", *KEY, *options, "--force")
        assert (folder / "plain").read_bytes() == plaintext
        store.ok("decrypt", "plain.kms", "-o", "again", "--force")
        assert (folder / "again").read_bytes() == plaintext
    (folder / "plain").unlink()
    assert store.ok("decrypt", "plain.kms").out.endswith("  plain.kms → plain\n")
    assert sorted(tree(folder)) == ["again", "plain", "plain.kms"]
    for name in ("again", "plain", "plain.kms"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_message_is_what_the_options_say(store: CommandLine, folder: Path) -> None:
    other = store.ok("keys", "create").out.strip()
    (folder / "plain").write_bytes(PLAINTEXT)
    store.ok("encrypt", "plain", *KEY, "--key", other, "-c", "a=1=2", "--context", "b=", "--frame-length", "100")
    found = envelope.inspect(folder / "plain.kms")
    assert found.encryption_context == {"a": "1=2", "b": ""}
    assert (found.algorithm_suite, found.frame_length, found.plaintext_length) == (0x0478, 100, len(PLAINTEXT))
    assert [key.provider_info.decode().partition(":key/")[2] for key in found.encrypted_data_keys][1:] == [other]
    store.ok("encrypt", "plain", *KEY, "--signed", "--force")
    signed = envelope.inspect(folder / "plain.kms")
    assert (signed.algorithm_suite, signed.frame_length, signed.is_signed) == (0x0578, 4096, True)
    assert signed.message_id != found.message_id


def test_standard_input_becomes_standard_output(store: CommandLine, folder: Path) -> None:
    sealed = store.ok("encrypt", "-", *KEY, stdin=LARGE)
    assert sealed.error == ""
    assert store.ok("decrypt", "-", stdin=sealed.raw).raw == LARGE
    (folder / "message").write_bytes(sealed.raw)
    assert store.ok("decrypt", "message", "-o", "-").raw == LARGE
    store.ok("decrypt", "-", "-o", "plain", stdin=sealed.raw)
    assert tree(folder) == {"message": sealed.raw, "plain": LARGE}


def test_directory_is_done_file_by_file_beside_each(store: CommandLine, folder: Path) -> None:
    plain = {"d/a": b"1", "d/b/c": b"2", "d/b/.hidden": b"3", "e": b"4"}
    for name, content in plain.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    shown = store.ok("encrypt", "d", "e", *KEY)
    assert [line.rpartition("  ")[2] for line in shown.out.splitlines()] == [
        "d/a → d/a.kms",
        "d/b/.hidden → d/b/.hidden.kms",
        "d/b/c → d/b/c.kms",
        "e → e.kms",
        "4 files",
    ]
    assert set(tree(folder)) == {*plain, *(f"{name}.kms" for name in plain)}
    for name in plain:
        (folder / name).unlink()
    store.ok("decrypt", "d", "e.kms")
    assert tree(folder).items() >= plain.items()


def test_directory_is_mirrored_under_output(store: CommandLine, folder: Path) -> None:
    (folder / "d/b").mkdir(parents=True)
    (folder / "d/a").write_bytes(b"1")
    (folder / "d/b/c").write_bytes(b"2")
    store.ok("encrypt", "d", *KEY, "-o", "sealed/deep")
    assert set(tree(folder / "sealed")) == {"deep/a.kms", "deep/b/c.kms"}
    assert (folder / "sealed/deep/b").stat().st_mode & 0o777 == 0o700
    store.ok("decrypt", "sealed/deep", "-o", "opened")
    assert tree(folder / "opened") == {"a": b"1", "b/c": b"2"}
    store.ok("encrypt", "d/a", "d/b/c", *KEY, "-o", "flat/")
    assert set(tree(folder / "flat")) == {"a.kms", "c.kms"}
    store.ok("encrypt", "d/a", *KEY, "-o", "opened")
    assert set(tree(folder / "opened")) == {"a", "b/c", "a.kms"}


def test_directory_leaves_out_what_is_done_and_what_is_no_file(store: CommandLine, folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d/a").write_bytes(b"1")
    (folder / "outside").write_bytes(b"not meant")
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/file").write_bytes(b"not meant")
    (folder / "d/link").symlink_to(folder / "outside")
    (folder / "d/links").symlink_to(folder / "elsewhere")
    os.mkfifo(folder / "d/pipe")
    store.ok("encrypt", "d", *KEY)
    again = store.ok("encrypt", "d", *KEY, "--force")
    assert again.error == "note: d: left out 1 file ending in .kms, 2 symbolic links, 1 special file\n"
    assert set(tree(folder)) == {"d/a", "d/a.kms", "d/link", "outside", "elsewhere/file"}
    opened = store.ok("decrypt", "d", "--force")
    assert opened.error == "note: d: left out 1 file not ending in .kms, 2 symbolic links, 1 special file\n"
    (folder / "empty").mkdir()
    assert store.ok("encrypt", "empty", *KEY).error == "There is nothing to do.\n"


def test_suffix_can_be_another(store: CommandLine, folder: Path) -> None:
    (folder / "plain").write_bytes(b"x")
    store.ok("encrypt", "plain", *KEY, "--suffix", ".sealed")
    (folder / "plain").unlink()
    store.ok("decrypt", "plain.sealed", "--suffix", ".sealed")
    assert set(tree(folder)) == {"plain", "plain.sealed"}


def test_names_are_shown_without_what_a_terminal_would_obey(store: CommandLine, folder: Path) -> None:
    name = b"\xff\x1b[31mred[bold]\n".decode(errors="surrogateescape")
    (folder / name).write_bytes(b"x")
    assert "  \\udcff\\x1b[31mred[bold]\\n → " in store.ok("encrypt", name, *KEY).out
    assert "\\x1b[31mred" in store.refused("encrypt", name, *KEY)
    [done] = store.ok("encrypt", name, *KEY, "--force", "--json").json()
    assert done["Source"] == "\\udcff\\x1b[31mred[bold]\\n"


def test_json_answer_lists_what_was_done(store: CommandLine, folder: Path) -> None:
    (folder / "plain").write_bytes(PLAINTEXT)
    [done] = store.ok("encrypt", "plain", *KEY, "-c", "a=b", "--json").json()
    size = (folder / "plain.kms").stat().st_size
    assert done["Seconds"] > 0
    assert {**done, "Seconds": 0} == {
        "Source": "plain",
        "Target": "plain.kms",
        "BytesRead": len(PLAINTEXT),
        "BytesWritten": size,
        "Seconds": 0,
        "EncryptionContext": {"a": "b"},
    }
    [done] = store.ok("--json", "decrypt", "plain.kms", "--force").json()
    assert (done["BytesRead"], done["BytesWritten"]) == (size, len(PLAINTEXT))


def test_file_that_fails_does_not_stop_the_others(store: CommandLine, folder: Path) -> None:
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(name.encode())
    store.ok("encrypt", "a", "b", "c", *KEY, "-o", "sealed")
    sealed = folder / "sealed/b.kms"
    sealed.write_bytes(sealed.read_bytes()[:-1])
    for options in ([], ["--json"]):
        ran = store("decrypt", "sealed", "-o", "opened", *options, "--force")
        assert ran.code == 1
        assert ran.error.startswith("error: sealed/b.kms: the message is cut off")
        assert ran.error.count("\n") == 1
        assert tree(folder / "opened") == {"a": b"a", "c": b"c"}
    assert [done["Target"] for done in ran.json()] == ["opened/a", "opened/c"]


def test_key_that_fails_stops_at_once(store: CommandLine, folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).write_bytes(b"x")
    assert "NotFoundException" in store.refused("encrypt", "a", "b", "--key", "alias/none", "-o", "sealed")
    assert [path.name for path in sorted(folder.iterdir())] == ["a", "b"]
