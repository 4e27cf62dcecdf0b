"""Public keys in files: a SubjectPublicKeyInfo (RFC 5280) in DER, or in PEM (RFC 7468)."""

import base64
import binascii
import re

from kmscore._core import PublicKey

LONGEST_FILE = 64 * 1024
"""Bytes of a file that may be one; those of the longest key are a twentieth."""

_LINE = 64
_LABEL = "PUBLIC KEY"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def public_key_pem(der: bytes) -> str:
    """A public key as the text that other programs read.

    Args:
        der: Its SubjectPublicKeyInfo, such as the `PublicKey` of GetPublicKey.
    """
    text = base64.b64encode(der).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", ""])


def public_key_der(content: bytes) -> bytes:
    """The public key in a file of either form.

    Args:
        content: All of the file. Text around PEM is left out.

    Returns:
        The SubjectPublicKeyInfo.

    Raises:
        ValueError: There is none, or one that is no key of AWS KMS; the end of a sentence that begins with the file.
    """
    blocks = _BLOCK.findall(content)
    if not blocks:
        return _checked(content)
    if len(blocks) > 1:
        raise ValueError(f"holds {len(blocks)} PEM blocks: one public key is needed")
    [(label, text)] = blocks
    if label.decode() != _LABEL:
        raise ValueError(f"holds a {label.decode()}: a {_LABEL} is needed, such as `kmscore keys public` writes")
    try:
        return _checked(base64.b64decode(b"".join(text.split()), validate=True))
    except binascii.Error as error:
        raise ValueError(f"holds damaged PEM: {error}") from error


def _checked(der: bytes) -> bytes:
    try:
        return PublicKey(der).to_der()
    except ValueError as error:
        raise ValueError("holds no public key of a kind that AWS KMS has, in PEM or DER") from error
