"""Reads another process: its memory and its core dump."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Needles are shorter than this; pieces overlap by as much.
_OVERLAP = 128
_PIECE = 16 << 20


def regions(process: int) -> list[tuple[int, int, str]]:
    """Readable regions: start, end, name."""
    found = []
    for line in Path(f"/proc/{process}/maps").read_text().splitlines():
        matched = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)", line)
        # Nobody can read these two through /proc; they are the kernel's.
        if matched and matched[3] not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
            found.append((int(matched[1], 16), int(matched[2], 16), matched[3]))
    return found


def pieces(process: int) -> Iterator[bytes]:
    """The whole readable memory of a process.

    Raises:
        PermissionError: The platform forbids it.
    """
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for start, end, _ in regions(process):
            for at in range(start, end, _PIECE):
                memory.seek(at)
                yield memory.read(min(end, at + _PIECE + _OVERLAP) - at)


def core_dump(process: "subprocess.Popen[bytes]", directory: Path) -> bytes:
    """A core dump: by gcore where gdb is installed, else the kernel's own, for which the process is aborted.

    Args:
        process: The process; its working directory is `directory`.
        directory: Where to put the dump.

    Raises:
        RuntimeError: Neither can be had here.
    """
    dump = _by_gcore if shutil.which("gcore") else _by_kernel
    path = dump(process, directory)
    content = path.read_bytes()
    path.unlink()
    return content


def _by_gcore(process: "subprocess.Popen[bytes]", directory: Path) -> Path:
    command = ["gcore", "-o", str(directory / "core"), str(process.pid)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    path = directory / f"core.{process.pid}"
    if not path.exists():
        raise RuntimeError(f"gcore made no core dump: {finished.stdout}{finished.stderr}")
    return path


def _by_kernel(process: "subprocess.Popen[bytes]", directory: Path) -> Path:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        raise RuntimeError(f"no core dump can be made: gdb is not installed, and the kernel's go to {pattern}")
    process.send_signal(signal.SIGABRT)
    process.wait(timeout=60)
    found = list(directory.glob("core*"))
    if len(found) != 1:
        raise RuntimeError(f"the kernel made {len(found)} core dumps in {directory}")
    return found[0]
