"""OpenSSL's command line, for SM2 and, from version 3.5 on, for ML-DSA and ML-KEM."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

POST_QUANTUM = (3, 5)


def version() -> tuple[int, ...] | None:
    """The version of the program that is installed; None when none is."""
    if shutil.which("openssl") is None:
        return None
    text = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    matched = re.match(r"OpenSSL (\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in matched.groups()) if matched else None


VERSION = version()
_SHOWN = ".".join(map(str, VERSION)) if VERSION else "none"

# Elsewhere the summary names what was not run.
needs_openssl = pytest.mark.skipif(VERSION is None, reason="not run: needs OpenSSL's command line")
needs_post_quantum = pytest.mark.skipif(
    VERSION is None or VERSION < POST_QUANTUM,
    reason=f"not run: ML-DSA and ML-KEM need OpenSSL 3.5 or newer, this is {_SHOWN}",
)


class OpenSsl:
    """The program in a directory of its own, with files that it reads and writes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str, **files: bytes) -> bytes:
        """Run a command; a file is named by its keyword. Returns standard output.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        for name, content in files.items():
            (self.directory / name).write_bytes(content)
        command = ["openssl", *arguments]
        return subprocess.run(command, cwd=self.directory, capture_output=True, check=True, timeout=60).stdout

    def refuses(self, *arguments: str, **files: bytes) -> bool:
        """Whether a command fails."""
        try:
            self.run(*arguments, **files)
        except subprocess.CalledProcessError:
            return True
        return False

    def written(self, name: str) -> bytes:
        """A file that a command wrote."""
        return (self.directory / name).read_bytes()


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSsl:
    """OpenSSL in an empty directory."""
    directory = tmp_path / "openssl"
    directory.mkdir()
    return OpenSsl(directory)
