"""DER of small things, and what BER allows beside it."""


def element(tag: int, content: bytes, length_bytes: int = 0) -> bytes:
    """Tag, length and content; with `length_bytes` the length is written out in so many, which DER forbids."""
    size = len(content)
    if length_bytes:
        return bytes([tag, 0x80 | length_bytes]) + size.to_bytes(length_bytes, "big") + content
    if size < 0x80:
        return bytes([tag, size]) + content
    needed = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | needed]) + size.to_bytes(needed, "big") + content


def indefinite(tag: int, content: bytes) -> bytes:
    """The same without a length, ended by two zeros."""
    return bytes([tag, 0x80]) + content + b"\0\0"


def integer(number: int, padding: int = 0) -> bytes:
    """An INTEGER; with more leading zeros than it needs, which DER forbids."""
    return element(0x02, bytes(padding) + unsigned(number))


def unsigned(number: int) -> bytes:
    """The shortest content of an INTEGER that is not negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return element(0x30, b"".join(parts))
