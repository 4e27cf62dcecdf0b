"""Dependencies point one way, in Cargo.toml and in Python's imports; `import kmscore` stays light."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "python" / "kmscore"

# Each crate may depend on those before it.
CRATES = ["kmscore-sys", "kmscore-crypto", "kmscore", "kmscore-http", "kmscore-py"]
# A library that only one crate may touch.
OWNERS = {"aws-lc-rs": "kmscore-crypto", "aws-lc-sys": "kmscore-crypto", "pyo3": "kmscore-py", "libc": "kmscore-sys"}

# Python modules, lowest first: each line may import those before it and its own.
LAYERS = [
    ["_core", "_platform", "threads"],
    ["arns", "ciphertexts", "columns", "config", "errors", "pem", "public_keys", "quotas", "services", "signatures"],
    ["root_keys"],
    ["store"],
    ["audit", "identity", "lifecycle"],
    ["prices", "usage"],
    ["cost"],
    ["advice", "policies"],
    ["compliance", "sweeper"],
    ["operations"],
    ["embedded"],
    ["client"],
    ["envelope"],
    ["bench"],
    ["__main__", "cli", "integrations", "intercept", "testing"],
]
# The engine runs the control plane through the store it was given (`StorePort.handle`): the one step up.
PORTS = {"store/store.py": {"lifecycle", "operations"}}
# What the operations share; the other modules beside these are one topic each and do not know each other.
SHARED_OPERATIONS = {
    "custom_key_store_rows",
    "custom_key_store_rules",
    "grant_rules",
    "key_rows",
    "key_tags",
    "metadata",
    "new_keys",
    "pages",
    "registry",
}
HEAVY = ["alembic", "boto3", "botocore", "cryptography", "numpy", "pyarrow", "rich", "sqlalchemy", "typer"]


def crates() -> dict[str, dict[str, Any]]:
    manifests = (tomllib.loads(path.read_text()) for path in REPOSITORY.glob("rust/*/Cargo.toml"))
    return {manifest["package"]["name"]: manifest for manifest in manifests if manifest["package"]["name"] in CRATES}


def test_every_workspace_crate_has_its_place() -> None:
    members = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["members"]
    assert {Path(member).name for member in members} <= set(CRATES)


@pytest.mark.parametrize("crate", sorted(crates()))
def test_crate_depends_only_on_lower_ones(crate: str) -> None:
    manifest = crates()[crate]
    allowed = set(CRATES[: CRATES.index(crate)])
    for table in ("dependencies", "dev-dependencies", "build-dependencies"):
        ours = {name for name in manifest.get(table, {}) if name in CRATES}
        assert ours <= allowed, f"{crate} [{table}] reaches up to {ours - allowed}"


@pytest.mark.parametrize(("library", "owner"), sorted(OWNERS.items()))
def test_library_has_one_owner(library: str, owner: str) -> None:
    users = {name for name, manifest in crates().items() if library in manifest.get("dependencies", {})}
    assert users <= {owner}, f"{library} belongs to {owner} alone"


def test_engine_forbids_unsafe_code() -> None:
    assert "#![forbid(unsafe_code)]" in (REPOSITORY / "rust/kmscore/src/lib.rs").read_text()


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def layer(module: str) -> int:
    for number, names in enumerate(LAYERS):
        if module in names:
            return number
    raise AssertionError(f"kmscore.{module} has no layer: name it in LAYERS")


def imported(path: Path) -> Iterator[list[str]]:
    """Dotted names below `kmscore` that a file imports, deferred imports included."""
    inside = ["kmscore", *path.relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            if first == "kmscore" and rest:
                yield rest


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_lower_layers(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    here = layer(path.relative_to(PACKAGE).with_suffix("").parts[0])
    above = {there for there, *_ in imported(path) if layer(there) > here}
    assert above == PORTS.get(name, set()), f"{name} imports what stands above it"


@pytest.mark.parametrize("path", sorted((PACKAGE / "operations").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_operations_do_not_import_each_other(path: Path) -> None:
    siblings = {below[0] for there, *below in imported(path) if there == "operations" and below}
    assert siblings <= SHARED_OPERATIONS


def test_import_loads_no_heavy_library() -> None:
    program = f"import sys, kmscore; print(*(name for name in {HEAVY} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert loaded == []
