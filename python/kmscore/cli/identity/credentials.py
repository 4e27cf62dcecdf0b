"""New access keys in a file of the form that AWS's programs read."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from kmscore.cli.failures import CommandError
from kmscore.cli.output import printable

if TYPE_CHECKING:
    from kmscore.identity import NewAccessKey

_SECTION = re.compile(r"^\s*\[([^\]]*)\]", re.MULTILINE)


def deliver_to(file: str) -> Callable[[list[NewAccessKey]], None]:
    """What appends access keys to a file, each as the profile `<account>-<user>`.

    Args:
        file: It is made with mode 0600 when it is not there.
    """
    return lambda keys: _append(file, keys)


def _append(file: str, keys: list[NewAccessKey]) -> None:
    # Whoever waits with a link where the file is to be must not be given the secrets.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as opened:
        _require_private(file, descriptor)
        present = opened.read()
        profiles = list(_profiles(file, set(_SECTION.findall(present)), keys))
        opened.write("" if not present or present.endswith("\n") else "\n")
        opened.write("\n".join(profiles))
        opened.flush()
        os.fsync(descriptor)


def _require_private(file: str, descriptor: int) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise CommandError(f"{printable(file)} is no file of your own; nothing was changed")
    if status.st_mode & 0o077:
        raise CommandError(f"other users can reach {printable(file)}: run chmod 600 on it; nothing was changed")


def _profiles(file: str, present: set[str], keys: Iterable[NewAccessKey]) -> Iterator[str]:
    times: Counter[str] = Counter()
    for key in keys:
        name = f"{key.account}-{key.user_name}"
        times[name] += 1
        profile = name if times[name] == 1 else f"{name}-{times[name]}"
        if profile in present:
            raise CommandError(f"{printable(file)} has a profile {profile} already; nothing was changed")
        yield (
            f"[{profile}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
        )
