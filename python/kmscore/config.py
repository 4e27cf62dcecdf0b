"""Where a store and its configuration are."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class StoreConfiguration:
    """The configuration directory of one store: its root key and its anchor, apart from the sealed data."""

    directory: Path

    @property
    def key_file(self) -> Path:
        """The root key, when it is a key file."""
        return self.directory / "root.key"

    @property
    def passphrase_file(self) -> Path:
        """Salt and Argon2id parameters, when the root key is a passphrase."""
        return self.directory / "root.json"

    @property
    def anchor(self) -> Path:
        """How far the store and its audit log had come."""
        return self.directory / "anchor"

    @property
    def next_anchor(self) -> Path:
        """The same under the domain key that the store is about to get."""
        return self.directory / "anchor.next"


@dataclass(frozen=True)
class Locations:
    """The directories of one store."""

    home: Path
    configuration: Path

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.home / "store.db"

    @property
    def counter(self) -> Path:
        """The shared-memory counter of the consistency protocol."""
        return self.home / "state.counter"

    @property
    def audit(self) -> Path:
        """The directory of audit segments."""
        return self.home / "audit"

    @property
    def usage(self) -> Path:
        """The index of the audit log, which can be made again at any time."""
        return self.home / "usage.db"

    @property
    def processes(self) -> Path:
        """One locked file for each process that has the store open."""
        return self.home / "processes"

    @property
    def open_lock(self) -> Path:
        """Held while a process creates, opens, upgrades or recovers the store."""
        return self.home / "open.lock"

    @property
    def use_lock(self) -> Path:
        """Held, shared or exclusive, as long as a process has the store open."""
        return self.home / "use.lock"

    def of_store(self, store_id: bytes) -> StoreConfiguration:
        """The configuration directory of the store with this id."""
        return StoreConfiguration(self.configuration / "stores" / store_id.hex())


def locate(home: str | os.PathLike[str] | None = None) -> Locations:
    """Find the directories of a store.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.

    Returns:
        The store's directory and the configuration directory (`KMSCORE_CONFIG_HOME`, else the platform's), resolved.
    """
    chosen = os.fspath(home) if home is not None else os.environ.get("KMSCORE_HOME")
    configuration = os.environ.get("KMSCORE_CONFIG_HOME")
    return Locations(
        home=_resolved(chosen or _platform_directory("user_data_path")),
        configuration=_resolved(configuration or _platform_directory("user_config_path")),
    )


def _platform_directory(kind: str) -> Path:
    import platformdirs

    found: Path = getattr(platformdirs, kind)("kmscore")
    return found


def _resolved(path: str | Path) -> Path:
    return Path(path).expanduser().resolve()
