"""Which files `kmscore encrypt`, `decrypt` and `sign` read, and what they make of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kmscore.cli.failures import CommandLineError
from kmscore.cli.output import counted

STREAM = "-"
"""Standard input or standard output."""


def title(file: str) -> str:
    """What a file or STREAM is called."""
    return "standard input" if file == STREAM else file


@dataclass(frozen=True)
class Item:
    """One message to make or open; a source or target is a path or STREAM."""

    source: str
    target: str


@dataclass(frozen=True)
class Naming:
    """How a target's name follows from its source's.

    Args:
        suffix: What encrypted files or signatures end in.
        adds: It is added to the name; else it is taken away.
    """

    suffix: str
    adds: bool

    def __post_init__(self) -> None:
        """Refuse a suffix that makes no other file's name."""
        if not self.suffix or os.sep in self.suffix or "\0" in self.suffix:
            raise CommandLineError(f"--suffix {self.suffix!r} must be the end of a file's name, such as .kms")

    def takes(self, name: str) -> bool:
        """Whether a file that was found in a directory is meant."""
        return name.endswith(self.suffix) != self.adds and name != self.suffix

    def target(self, source: str) -> str:
        """The target's path beside its source.

        Raises:
            CommandLineError: The source does not end in the suffix that was to be taken away.
        """
        if self.adds:
            return source + self.suffix
        if not self.takes(Path(source).name):
            raise CommandLineError(f"{source} does not end in {self.suffix}: give --output FILE, or another --suffix")
        return source.removesuffix(self.suffix)


@dataclass
class Plan:
    """What there is to do.

    Args:
        items: In order.
        into: The directory that all targets go into; directories below it are made as they are needed.
        directory_mode: The mode of those that are made, less the umask.
        notes: What was left out.
        errors: Directories that cannot be read.
    """

    items: list[Item] = field(default_factory=list)
    into: Path | None = None
    directory_mode: int = 0o700
    notes: list[str] = field(default_factory=list)
    errors: list[OSError] = field(default_factory=list)


def planned(files: list[str], output: str | None, naming: Naming) -> Plan:
    """Find the files.

    Args:
        files: Files, directories, or STREAM alone.
        output: A file, a directory or STREAM; None for beside each source.
        naming: How targets are named.

    Raises:
        CommandLineError: The two do not go together, or two targets would be one file.
    """
    if STREAM in files or output == STREAM:
        return Plan([_streamed(files, output)])
    several = len(files) > 1 or Path(files[0]).is_dir()
    if output is not None and not several and not Path(output).is_dir() and not output.endswith(os.sep):
        return Plan([Item(files[0], output)])
    if output is not None and os.path.lexists(output) and not Path(output).is_dir():
        raise CommandLineError(f"--output {output} must be a directory for what is more than one file")
    plan = Plan(into=None if output is None else Path(output))
    for file in files:
        if Path(file).is_dir():
            _add_directory(plan, Path(file), naming)
        else:
            plan.items.append(_item(plan, Path(file), Path(file).name, naming))
    _refuse_collisions(plan.items)
    return plan


def _streamed(files: list[str], output: str | None) -> Item:
    if len(files) > 1:
        raise CommandLineError(f"{STREAM} stands for one stream: give one file, or a directory with --output")
    [source] = files
    if source != STREAM and Path(source).is_dir():
        raise CommandLineError(f"{source} is a directory, and standard output takes one file")
    if output is not None and output != STREAM and Path(output).is_dir():
        raise CommandLineError(f"--output {output} is a directory, and standard input has no name: give a file")
    return Item(source, output or STREAM)


def _item(plan: Plan, source: Path, relative: str, naming: Naming) -> Item:
    """A source, and its target beside it or at the same place in another directory."""
    beside = source if plan.into is None else plan.into / relative
    return Item(str(source), naming.target(str(beside)))


def _add_directory(plan: Plan, root: Path, naming: Naming) -> None:
    left_out: Counter[str] = Counter()
    for path in _regular_files(root, plan, left_out):
        if naming.takes(path.name):
            plan.items.append(_item(plan, path, str(path.relative_to(root)), naming))
        else:
            left_out["file"] += 1
    if left_out:
        ending = {"file": f" {'' if naming.adds else 'not '}ending in {naming.suffix}"}
        texts = [counted(number, thing) + ending.get(thing, "") for thing, number in left_out.items()]
        plan.notes.append(f"{root}: left out {', '.join(texts)}")


def _regular_files(root: Path, plan: Plan, left_out: Counter[str]) -> Iterator[Path]:
    """All files below a directory, in the order of their names. No link is followed: it may lead anywhere."""
    for folder, directories, names in os.walk(root, onerror=plan.errors.append):
        directories.sort()
        for name in sorted([*names, *directories]):
            path = Path(folder, name)
            if path.is_symlink():
                left_out["symbolic link"] += 1
            elif path.is_file():
                yield path
            elif not path.is_dir():
                left_out["special file"] += 1


def _refuse_collisions(items: list[Item]) -> None:
    sources: dict[str, str] = {}
    for item in items:
        target = str(Path(item.target).resolve())
        if sources.get(target) == item.source:
            raise CommandLineError(f"{item.source} is given twice")
        if target in sources:
            raise CommandLineError(f"{sources[target]} and {item.source} would both become {item.target}")
        sources[target] = item.source
