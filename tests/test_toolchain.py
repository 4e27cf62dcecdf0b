"""`scripts/toolchain.sh` finds the Python to build with, or says what the machine lacks and which version it has.

`scripts/fips.sh` does the latter for the tools of the FIPS module.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
NEEDED_BY_THE_SCRIPT = ["bash", "cut", "dirname", "env", "head", "sed", "sort"]


class Machine:
    """A folder of programs that is all of PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in NEEDED_BY_THE_SCRIPT:
            found = shutil.which(name)
            assert found, name
            (folder / name).symlink_to(found)

    def program(self, name: str, prints: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/usr/bin/env bash\necho '{prints}'\n")
        path.chmod(0o755)

    def run(self, script: str = "toolchain.sh", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder), **variables}
        return subprocess.run([str(SCRIPTS / script)], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.program("cargo", "cargo 1.95.0")
    made.program("rustc", "rustc 1.95.0 (59807616e 2026-04-14)")
    made.program("cc", "cc")
    return made


def test_prints_the_python_when_nothing_lacks(machine: Machine) -> None:
    finished = machine.run(PYTHON=sys.executable)
    assert (finished.returncode, finished.stdout.strip(), finished.stderr) == (0, sys.executable, "")


def test_names_the_version_of_a_python_that_is_too_old(machine: Machine) -> None:
    machine.program("python3", "3.9")
    finished = machine.run()
    assert finished.returncode == 1
    assert "kmscore needs Python 3.11 or newer; python3 is 3.9" in finished.stderr


def test_says_that_no_python_was_found(machine: Machine) -> None:
    finished = machine.run()
    assert finished.returncode == 1
    assert "kmscore needs Python 3.11 or newer; none was found" in finished.stderr


def test_says_that_cargo_was_not_found(machine: Machine) -> None:
    (machine.folder / "cargo").unlink()
    finished = machine.run(PYTHON=sys.executable)
    assert finished.returncode == 1
    assert "cargo was not found" in finished.stderr


def test_names_the_version_of_a_rust_that_is_too_old(machine: Machine) -> None:
    machine.program("rustc", "rustc 1.79.0 (129f3b996 2024-06-10)")
    finished = machine.run(PYTHON=sys.executable)
    assert finished.returncode == 1
    assert "or newer; rustc is 1.79.0" in finished.stderr


def test_says_that_no_c_compiler_was_found(machine: Machine) -> None:
    (machine.folder / "cc").unlink()
    finished = machine.run(PYTHON=sys.executable)
    assert finished.returncode == 1
    assert "kmscore needs a C compiler for AWS-LC; cc was not found" in finished.stderr


def test_names_everything_that_lacks_at_once(machine: Machine) -> None:
    (machine.folder / "cc").unlink()
    (machine.folder / "cargo").unlink()
    finished = machine.run()
    assert finished.stderr.count("kmscore needs") == 3


def test_fips_build_names_every_tool_that_lacks(machine: Machine) -> None:
    finished = machine.run("fips.sh")
    assert (finished.returncode, finished.stdout) == (1, "")
    for tool in ("cmake", "go", "perl"):
        assert f"the FIPS build needs {tool}, which was not found" in finished.stderr


def test_fips_build_names_only_the_tool_that_lacks(machine: Machine) -> None:
    machine.program("cmake", "cmake")
    machine.program("perl", "perl")
    finished = machine.run("fips.sh")
    assert finished.returncode == 1
    advice = "(Debian and Ubuntu: apt install golang-go)"
    assert finished.stderr == f"the FIPS build needs go, which was not found {advice}\n"
