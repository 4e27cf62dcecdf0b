"""What the benchmarks ran on."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = [
    "kmscore",
    "aws-encryption-sdk",
    "aws-cryptographic-material-providers",
    "tink",
    "cryptography",
    "moto",
    "boto3",
    "pyarrow",
    "numpy",
]


def facts() -> dict[str, str]:
    """Processor, memory, system and versions; what this machine does not have is left out."""
    found = {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]} on {platform.machine()}",
        "Python": platform.python_version(),
        "Rust": output(["rustc", "--version"]).removeprefix("rustc "),
        "packages": ", ".join(f"{package} {number}" for package in PACKAGES if (number := installed(package))),
    }
    return {name: value for name, value in found.items() if value}


def installed(package: str) -> str:
    """A package's version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """The processor's name, as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return output(["sysctl", "-n", "machdep.cpu.brand_string"])
    return platform.machine()


def output(command: list[str]) -> str:
    """What a command prints; nothing when there is no such command, or it fails."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
