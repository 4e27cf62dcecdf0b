"""Check a wheel: its tags, its SBOM, what it links, and a round trip in an empty environment of every Python found."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VERSIONS = [(3, minor) for minor in range(11, 16)]
OLDEST_GLIBC = (2, 28)
ROUND_TRIP = Path(__file__).with_name("wheel_round_trip.py")


def main() -> None:
    """Check the wheel that the command line names; stop at the first failure."""
    wheel = Path(sys.argv[1]).resolve()
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    check_tags(wheel)
    check_sbom(wheel)
    check_linking(wheel)
    interpreters = find_interpreters()
    for version in VERSIONS:
        name = f"Python {version[0]}.{version[1]}"
        if version in interpreters:
            check_installation(name, interpreters[version], wheel)
        else:
            print(f"  -- {name}: NOT CHECKED, none was found on PATH or under pyenv")
    if not interpreters:
        raise SystemExit("no Python was found to install the wheel into")


def check_tags(wheel: Path) -> None:
    """One wheel serves every CPython from 3.11 on, and glibc 2.28 or older."""
    interpreter, abi, platforms = wheel.stem.split("-")[-3:]
    require((interpreter, abi) == ("cp311", "abi3"), f"tags are {interpreter}-{abi}, expected cp311-abi3")
    if sys.platform == "linux":
        glibc = min((int(major), int(minor)) for major, minor in re.findall(r"manylinux_(\d+)_(\d+)", platforms))
        require(glibc <= OLDEST_GLIBC, f"needs glibc {glibc}, expected {OLDEST_GLIBC} or older")
    passed(f"tags {interpreter}-{abi}-{platforms}")


def check_sbom(wheel: Path) -> None:
    """The wheel carries a CycloneDX SBOM that names AWS-LC's crate with the version that Cargo.lock pins."""
    pinned = locked_version("aws-lc-sys")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/sboms/" in name]
        require(bool(names), "no SBOM in the wheel")
        documents = [json.loads(archive.read(name)) for name in names]
    components = [component for document in documents for component in document.get("components", [])]
    versions = {component["version"] for component in components if component["name"] == "aws-lc-sys"}
    require(versions == {pinned}, f"SBOM names aws-lc-sys {versions or 'not at all'}, Cargo.lock pins {pinned}")
    passed(f"SBOM {names[0].rsplit('/', 1)[1]}: {len(components)} components, aws-lc-sys {pinned}")


def locked_version(crate: str) -> str:
    """The version of a crate in Cargo.lock."""
    lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text())
    versions = [str(package["version"]) for package in lock["package"] if package["name"] == crate]
    require(len(versions) == 1, f"Cargo.lock holds {len(versions)} versions of {crate}, expected one")
    return versions[0]


def check_linking(wheel: Path) -> None:
    """`auditwheel show` confirms the platform tag from the symbols that the library really uses."""
    if sys.platform != "linux":
        print("  -- linking: NOT CHECKED, auditwheel reads Linux wheels only")
        return
    command = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
    shown = " ".join(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    consistent = re.search(r'consistent with the following platform tag: "manylinux_(\d+)_(\d+)_\w+"', shown)
    glibc = (int(consistent[1]), int(consistent[2])) if consistent else None
    require(glibc is not None and glibc <= OLDEST_GLIBC, f"auditwheel: {shown}")
    passed(f"auditwheel: uses no symbol newer than glibc {glibc}")


def find_interpreters() -> dict[tuple[int, int], Path]:
    """The first interpreter of each version, on PATH or under pyenv."""
    found: dict[tuple[int, int], Path] = {}
    for candidate in candidates():
        probe = [str(candidate), "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]
        try:
            answer = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=60).stdout.split()
        except (OSError, subprocess.SubprocessError):
            continue
        found.setdefault((int(answer[0]), int(answer[1])), candidate)
    return found


def candidates() -> Iterator[Path]:
    """Programs that may be a Python that we look for."""
    for major, minor in VERSIONS:
        on_path = shutil.which(f"python{major}.{minor}")
        if on_path:
            yield Path(on_path)
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
        yield from sorted(Path(root, "versions").glob("*/bin/python3"), reverse=True)


def check_installation(name: str, interpreter: Path, wheel: Path) -> None:
    """Install into an empty environment with no compiler in reach, and use what was installed."""
    with tempfile.TemporaryDirectory(prefix="kmscore-wheel-") as folder:
        environment = Path(folder, "environment")
        subprocess.run([str(interpreter), "-m", "venv", str(environment)], check=True, timeout=300)
        python = environment / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        run([*pip, str(wheel)], environment, folder)
        answer = run([str(python), "-I", str(ROUND_TRIP)], environment, folder)
        run([str(environment / "bin" / "kmscore"), "--version"], environment, folder)
    passed(f"{name} ({interpreter}): {answer.strip()}")


def run(command: list[str], environment: Path, folder: str) -> str:
    """Run a command that sees the empty environment's programs and no others."""
    foreign = ("PYTHON", "KMSCORE", "VIRTUAL_ENV")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    variables["PATH"] = str(environment / "bin")
    variables["KMSCORE_HOME"] = f"{folder}/home"
    variables["KMSCORE_CONFIG_HOME"] = f"{folder}/config"
    finished = subprocess.run(
        command, env=variables, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    require(finished.returncode == 0, f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def require(holds: bool, complaint: str) -> None:
    """Stop with the complaint unless the condition holds."""
    if not holds:
        raise SystemExit(f"  XX {complaint}")


def passed(what: str) -> None:
    """Say what was checked."""
    print(f"  ok {what}", flush=True)


if __name__ == "__main__":
    main()
