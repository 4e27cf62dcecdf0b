"""A forked child opens the store anew and leaves everything of its parent alone."""

import os
from collections.abc import Callable

import pytest

from kmscore._core import ForkedError
from kmscore.embedded import Embedded
from kmscore.store.segments import is_running
from opened_store import OpenedStore

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(work: Callable[[], None]) -> int:
    """Run work in a forked child that ends as an interpreter ends; returns its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_child_is_refused_the_parents_store(opened: OpenedStore) -> None:
    opened.new_key()

    def work() -> None:
        assert opened.embedded.stale()
        with pytest.raises(ForkedError):
            opened.new_key()
        with pytest.raises(ForkedError):
            opened.embedded.store.require_own_process()

    assert in_child(work) == 0
    assert not opened.embedded.stale()
    opened.new_key()


def test_child_opens_a_store_of_its_own(opened: OpenedStore) -> None:
    key_id = opened.new_key()

    def work() -> None:
        opened.embedded = Embedded.open(opened.scratch.home)
        assert not opened.embedded.stale()
        opened.call("DisableKey", KeyId=key_id)
        opened.embedded.close()

    assert in_child(work) == 0
    assert opened.metadata(key_id)["KeyState"] == "Disabled"
    assert len(opened.scratch.segments()) == 2


def test_parent_is_not_kept_alive_by_its_child(opened: OpenedStore) -> None:
    processes = opened.scratch.home / "processes"
    name = opened.embedded.store.process.name
    told_in, tell_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(told_in, 1)
        os._exit(0)
    try:
        assert is_running(processes, name)
        opened.embedded.close()
        (processes / name).touch()
        assert not is_running(processes, name)
    finally:
        os.write(tell_in, b"x")
        os.waitpid(child, 0)
        (processes / name).unlink()
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)


def test_closing_in_a_child_does_nothing(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    assert in_child(opened.embedded.close) == 0
    assert opened.metadata(key_id)["KeyState"] == "Enabled"
    opened.call("DisableKey", KeyId=key_id)
