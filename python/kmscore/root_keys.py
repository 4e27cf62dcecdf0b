"""Providers of the root key: a key file, or a passphrase stretched with Argon2id.

The root key itself stays inside the engine; a passphrase is wiped there once it was stretched.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from kmscore import _core
from kmscore._core import RootKey, RootKeyError
from kmscore.config import StoreConfiguration

Passphrase: TypeAlias = str | bytes | bytearray | Callable[[], bytearray]
"""A passphrase, or what asks for it. Only a bytearray can be wiped; Python keeps copies of text and bytes."""

_LONGEST_PASSPHRASE = 4096


class PassphraseParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `root.json` holds. The default is RFC 9106's second recommended choice with p = 4."""

    salt: str
    format: int = 1
    provider: str = "passphrase"
    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        """Refuse parameters that are too weak, or so large that opening the store would stop the machine."""
        bounds = {"format": (1, 1), "memory_kib": (8_192, 4_194_304), "passes": (1, 64), "lanes": (1, 64)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be between {low} and {high}")
        if self.provider != "passphrase" or len(bytes.fromhex(self.salt)) < 16:
            raise ValueError("provider must be passphrase and salt at least 16 bytes in hex")


def create_root_key(configuration: StoreConfiguration, passphrase: Passphrase | None = None) -> RootKey:
    """Make the root key of a new store in its configuration directory.

    Args:
        configuration: The store's configuration directory, which exists and holds no root key.
        passphrase: Makes a passphrase provider; without it the provider is a key file.

    Raises:
        RootKeyError: It could not be made, or there is one already.
    """
    if passphrase is None:
        return RootKey.create_file(str(configuration.key_file))
    parameters = PassphraseParameters(salt=_core.random_bytes(16).hex())
    root = _stretch(passphrase, parameters)
    try:
        _write_new(configuration.passphrase_file, msgspec.json.encode(parameters) + b"\n")
    except OSError as error:
        raise RootKeyError(f"{configuration.passphrase_file} cannot be created: {error.strerror}") from error
    return root


def open_root_key(configuration: StoreConfiguration, passphrase: Passphrase | None = None) -> RootKey:
    """Reach the root key of a store.

    Args:
        configuration: The store's configuration directory.
        passphrase: Needed when the provider is a passphrase.

    Raises:
        RootKeyError: It is missing, malformed, open to others, or the passphrase is needed and was not given.
    """
    if configuration.key_file.exists():
        return RootKey.from_file(str(configuration.key_file))
    if not configuration.passphrase_file.exists():
        raise RootKeyError(
            f"the root key is missing: {configuration.directory} has neither {configuration.key_file.name} nor "
            f"{configuration.passphrase_file.name}; bring it back, or set KMSCORE_CONFIG_HOME to where it is"
        )
    if passphrase is None:
        raise RootKeyError(
            f"the root key of this store is a passphrase ({configuration.passphrase_file}); none was given"
        )
    return _stretch(passphrase, _read_parameters(configuration.passphrase_file))


def passphrase_from_file(path: str | os.PathLike[str]) -> bytearray:
    """Read a passphrase from the first line of a file that nobody else can read.

    Args:
        path: The file.

    Raises:
        RootKeyError: The file cannot be read, or others can read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise RootKeyError(f"passphrase file {os.fspath(path)} cannot be read: {error.strerror}") from error
    try:
        mode = os.fstat(descriptor).st_mode & 0o777
        if mode & 0o077:
            raise RootKeyError(
                f"passphrase file {os.fspath(path)} has mode {mode:04o}: others can read it; run chmod 600"
            )
        return passphrase_from_descriptor(descriptor)
    finally:
        os.close(descriptor)


def passphrase_from_descriptor(descriptor: int) -> bytearray:
    """Read a passphrase from the first line of an open descriptor.

    Args:
        descriptor: It is read to its end or the first newline, and left open.

    Raises:
        RootKeyError: It holds no passphrase, or one that is too long.
    """
    passphrase = bytearray()
    while len(passphrase) <= _LONGEST_PASSPHRASE and (block := os.read(descriptor, 1)) not in (b"", b"\n"):
        passphrase += block
    if not passphrase or len(passphrase) > _LONGEST_PASSPHRASE:
        raise RootKeyError(f"a passphrase must have 1 to {_LONGEST_PASSPHRASE} bytes")
    return passphrase


def as_bytearray(passphrase: Passphrase) -> bytearray:
    """The passphrase as bytes that the engine wipes; the caller's own bytearray is taken over, not copied."""
    if callable(passphrase):
        passphrase = passphrase()
    if isinstance(passphrase, bytearray):
        return passphrase
    return bytearray(passphrase.encode() if isinstance(passphrase, str) else passphrase)


def _stretch(passphrase: Passphrase, parameters: PassphraseParameters) -> RootKey:
    text = as_bytearray(passphrase)
    if not text:
        raise RootKeyError("the passphrase is empty")
    return RootKey.from_passphrase(
        text,
        salt=bytes.fromhex(parameters.salt),
        memory_kib=parameters.memory_kib,
        passes=parameters.passes,
        lanes=parameters.lanes,
    )


def _read_parameters(path: Path) -> PassphraseParameters:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PassphraseParameters)
    except (OSError, ValueError) as error:
        raise RootKeyError(f"{path} is malformed: {error}") from error


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
