"""What happens to a message that was changed: it is refused in one of four ways, and nothing is released."""

import io
from collections.abc import Callable
from pathlib import Path

from kmscore import envelope
from kmscore.envelope import Keyring

REFUSALS = (
    envelope.DecryptionError,
    envelope.MessageFormatError,
    envelope.KeyringError,
    envelope.CommitmentPolicyError,
)
UNTOUCHED = 0xAA
ROOM = 512


def refusal(call: Callable[[], object]) -> str:
    """The class of the refusal. A panic, an OverflowError and the like are none."""
    try:
        result = call()
    except REFUSALS as error:
        return type(error).__name__
    except BaseException as error:
        raise AssertionError(f"refused by {type(error).__name__}: {error}") from error
    raise AssertionError(f"accepted: {result!r}")


def refused_by_decrypt(message: bytes, keyring: Keyring) -> str:
    """By `decrypt`."""
    return refusal(lambda: envelope.decrypt(message, keyring))


def refused_by_decrypt_into(message: bytes, keyring: Keyring) -> str:
    """By `decrypt_into`, which leaves in the room what was there, or zeros where it wrote."""
    room = bytearray([UNTOUCHED] * ROOM)
    kind = refusal(lambda: envelope.decrypt_into(message, room, keyring))
    assert set(room.lstrip(b"\0")) <= {UNTOUCHED}, "something was left in the room"
    return kind


def refused_by_decrypt_batch(message: bytes, keyring: Keyring) -> str:
    """By `decrypt_batch`, as a row between others."""
    good = envelope.encrypt(b"good", keyring)
    result = envelope.decrypt_batch([good, message, good], keyring, errors="return")
    assert result.rows == [b"good", None, b"good"]
    [error] = result.errors
    assert error.index == 1
    assert error.code in {refused.__name__ for refused in REFUSALS}
    return error.code


def refused_by_open(message: bytes, keyring: Keyring, path: Path, signature: envelope.Signature = "verify") -> str:
    """By `open`, or when all of it is read."""
    path.write_bytes(message)

    def read() -> bytes:
        with envelope.open(path, keyring, signature=signature) as file:
            return file.read()

    return refusal(read)


def refused_by_decrypt_file(message: bytes, keyring: Keyring, folder: Path) -> str:
    """By `decrypt_file` to a path: no file appears, and none is left behind."""
    path, target = folder / "message", folder / "plaintext"
    path.write_bytes(message)
    kind = refusal(lambda: envelope.decrypt_file(path, target, keyring))
    assert list(folder.iterdir()) == [path]
    return kind


def refused_by_streaming(message: bytes, keyring: Keyring, plaintext: bytes) -> str:
    """By `decrypt_file` to a file object: whole frames of the true plaintext were written, and never the last."""
    written = io.BytesIO()
    kind = refusal(lambda: envelope.decrypt_file(io.BytesIO(message), written, keyring, unverified=True))
    assert plaintext.startswith(written.getvalue())
    assert len(written.getvalue()) < max(len(plaintext), 1)
    return kind
