"""`encrypt` and `decrypt` as processes: interrupted, on a full disk, on a terminal."""

import fcntl
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from cli.conftest import KEY, LARGE, CommandLine, tree
from scratch_store import ScratchStore

SECONDS = 60


def source(store: CommandLine, direction: str) -> bytes:
    return LARGE if direction == "encrypt" else store.ok("encrypt", "-", *KEY, stdin=LARGE).raw


def arguments(direction: str) -> list[str]:
    return ["encrypt", *KEY] if direction == "encrypt" else ["decrypt"]


def wait_for_temporary(target: Path, size: int) -> Path:
    """The file that a target will be, as soon as it has some bytes."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for path in target.parent.glob(f".{target.name}.*.part"):
            if path.stat().st_size >= size:
                return path
        time.sleep(0.01)
    raise AssertionError(f"nothing is written for {target}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
def test_interrupted_run_leaves_nothing(
    store: CommandLine, scratch: ScratchStore, folder: Path, direction: str, number: signal.Signals
) -> None:
    process = scratch.start("kmscore", *arguments(direction), "-", "-o", "target")
    assert process.stdin is not None
    process.stdin.write(source(store, direction)[:9_000_000])
    process.stdin.flush()
    temporary = wait_for_temporary(folder / "target", 4_000_000)
    assert temporary.stat().st_mode & 0o777 == 0o600
    process.send_signal(number)
    output, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (128 + number, b"")
    assert error.decode() == f"error: interrupted by {number.name}\n"
    assert tree(folder) == {}


def test_interrupted_run_keeps_what_is_done(store: CommandLine, scratch: ScratchStore, folder: Path) -> None:
    assert store
    (folder / "a").write_bytes(b"1")
    os.mkfifo(folder / "b")
    (folder / "made").mkdir()
    process = scratch.start("kmscore", "encrypt", "a", "b", *KEY, "-o", "made")
    # Open for both, it neither waits for a reader nor ends.
    with (folder / "b").open("r+b", buffering=0):
        wait_for_temporary(folder / "made/b.kms", 100)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    assert error.decode() == "error: interrupted by SIGTERM: 1 of 2 files done\n"
    assert set(tree(folder)) == {"a", "made/a.kms"}


def test_signal_that_is_ignored_stays_ignored(store: CommandLine, scratch: ScratchStore, folder: Path) -> None:
    assert store
    command = ["nohup", sys.executable, "-m", "kmscore", "encrypt", "-", *KEY, "-o", "target"]
    environment = scratch.environment()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdin is not None
    process.stdin.write(LARGE)
    process.stdin.flush()
    wait_for_temporary(folder / "target", 4_000_000)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert [path.name for path in folder.iterdir()] == ["target"]


# The last piece is written while the process goes on.
@pytest.mark.parametrize("limit", [5_000_000, 10_000_000])
@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
def test_full_target_leaves_nothing(
    store: CommandLine, scratch: ScratchStore, folder: Path, direction: str, limit: int
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kmscore", *arguments(direction), "-", "-o", "target"],
        input=source(store, direction),
        env=scratch.environment(),
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.decode() == "error: standard input to target: File too large\n"
    assert tree(folder) == {}


def test_full_standard_output_is_told(store: CommandLine, scratch: ScratchStore) -> None:
    assert store
    command = [sys.executable, "-m", "kmscore", "encrypt", "-", *KEY]
    environment = scratch.environment()
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(command, input=b"x", stdout=full, stderr=subprocess.PIPE, env=environment, check=False)
    assert ran.returncode == 1
    assert ran.stderr.decode() == "error: standard input to standard output: No space left on device\n"


def test_standard_output_that_is_closed_ends_with_one_line(store: CommandLine, scratch: ScratchStore) -> None:
    assert store
    process = scratch.start("kmscore", "encrypt", "/dev/zero", *KEY, "-o", "-")
    assert process.stdout is not None
    process.stdout.read(100_000)
    process.stdout.close()
    process.stdout = None
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert error.decode() == "error: /dev/zero to standard output: Broken pipe\n"


@pytest.mark.parametrize(
    "arguments", [["keys", "list"], ["keys", "list", "--json"], ["aliases", "list"], ["inspect", "in/plain.kms"]]
)
@pytest.mark.usefixtures("message")
def test_answer_is_dropped_when_standard_output_was_closed_before(scratch: ScratchStore, arguments: list[str]) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "kmscore", *arguments]
    ran = subprocess.run(command, env=scratch.environment(), capture_output=True, check=False, timeout=SECONDS)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def on_terminal(scratch: ScratchStore, *arguments: str, stdin: Path | None = None) -> tuple[int, str]:
    """Run a command whose output and errors are a terminal of 80 columns; returns its exit code and what is shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = scratch.environment(TERM="xterm")
    environment.pop("COLUMNS", None)
    with (stdin or Path("/dev/null")).open("rb") as given:
        command = [sys.executable, "-m", "kmscore", *arguments]
        process = subprocess.Popen(command, stdin=given, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            # Linux reports the end of a terminal as an error.
            more = os.read(ours, 65_536)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(ours)
    return process.wait(timeout=SECONDS), shown.decode(errors="replace").replace("\r\n", "\n")


def test_large_file_shows_a_bar_with_its_rate(store: CommandLine, scratch: ScratchStore, folder: Path) -> None:
    assert store
    with (folder / "large").open("wb") as file:
        file.truncate(1 << 26)
    code, shown = on_terminal(scratch, "encrypt", "large", *KEY)
    assert code == 0
    assert "B/s" in shown.partition("67.1 MB → ")[0]
    assert shown.endswith("  large → large.kms\n")
    # A person's terminal has no use for it here.
    assert "━" not in on_terminal(scratch, "decrypt", "large.kms", "--force", "--json")[1]


def test_terminal_is_spared_binary(store: CommandLine, scratch: ScratchStore, folder: Path) -> None:
    (folder / "text").write_bytes("Grüße\n".encode())
    (folder / "binary").write_bytes(b"\x1b[31m")
    for name in ("text", "binary"):
        store.ok("encrypt", name, *KEY)
        code, shown = on_terminal(scratch, "encrypt", name, *KEY, "-o", "-")
        assert (code, shown.startswith("error: a message is binary, and standard output is a terminal")) == (2, True)
    assert on_terminal(scratch, "decrypt", "text.kms", "-o", "-") == (0, "Grüße\n")
    code, shown = on_terminal(scratch, "decrypt", "-", stdin=folder / "binary.kms")
    assert (code, shown.count("\n")) == (1, 1)
    assert shown.startswith("error: standard output is a terminal, and this is binary")
