"""`audit.verify` names what is wrong; `audit.tail` reads over all segments in order."""

import shutil
from collections.abc import Iterator

import pytest

from kmscore import audit
from kmscore._core import IntegrityError, StoreError
from kmscore.embedded import Embedded
from opened_store import OpenedStore, opened
from scratch_store import ScratchStore, scratch

__all__ = ["opened", "scratch"]


@pytest.fixture
def closed(opened: OpenedStore) -> Iterator[ScratchStore]:
    """A store of which one process wrote three records."""
    key_id = opened.new_key()
    opened.call("DisableKey", KeyId=key_id)
    opened.call("EnableKey", KeyId=key_id)
    opened.embedded.close()
    yield opened.scratch
    opened.embedded = Embedded.open(
        opened.scratch.home, clock=opened.clock, accept_missing_audit=True, accept_rollback=True
    )


def kinds(scratch: ScratchStore) -> list[str]:
    return [problem.kind for problem in audit.verify(scratch.home).problems]


def test_untouched_log_is_good(closed: ScratchStore) -> None:
    report = audit.verify(closed.home)
    assert (report.ok, report.segments, report.records) == (True, 1, 3)


def test_log_of_a_running_process_is_good(opened: OpenedStore) -> None:
    opened.new_key()
    report = audit.verify(opened.scratch.home)
    assert (report.problems, report.records) == ([], 1)


def test_first_bad_line_is_named(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    lines = segment.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("DisableKey", "EnableKeys")
    segment.write_text("".join(lines))
    [problem] = audit.verify(closed.home).problems
    assert (problem.kind, problem.line) == ("bad-line", 2)
    assert "line 2 of" in problem.text


def test_removed_line_is_found(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    lines = segment.read_text().splitlines(keepends=True)
    segment.write_text("".join(lines[:1] + lines[2:]))
    assert kinds(closed) == ["bad-line"]


def test_cut_segment_is_too_short(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    lines = segment.read_text().splitlines(keepends=True)
    segment.write_text("".join(lines[:-1]))
    [problem] = audit.verify(closed.home).problems
    assert problem.kind == "too-short"
    assert "has 3 lines; its closing entry in the store says 4" in problem.text


def test_cut_segment_of_a_killed_process_is_too_short_for_the_anchor(opened: OpenedStore) -> None:
    opened.new_key()
    opened.new_key()
    [segment] = opened.scratch.segments()
    content = segment.read_bytes()
    segment.write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    [problem] = [one for one in audit.verify(opened.scratch.home).problems if one.kind == "too-short"]
    assert "the anchor says 3" in problem.text
    segment.write_bytes(content)


def test_torn_tail_is_found(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    segment.write_bytes(segment.read_bytes()[:-5])
    assert kinds(closed) == ["torn-tail"]


def test_missing_segment_is_found(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    segment.unlink()
    [problem] = audit.verify(closed.home).problems
    assert (problem.kind, problem.segment) == ("missing", segment.stem)


def test_accepted_loss_is_a_note(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    segment.unlink()
    with Embedded.open(closed.home, accept_missing_audit=True):
        pass
    report = audit.verify(closed.home)
    assert report.ok
    assert any("its loss was accepted" in note for note in report.notes)


def test_segment_and_registration_removed_together_are_found_by_the_anchor(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    segment.unlink()
    closed.execute("DELETE FROM audit_segments")
    [problem] = audit.verify(closed.home).problems
    assert (problem.kind, problem.segment) == ("missing", segment.stem)


def test_edited_registration_is_refused(closed: ScratchStore) -> None:
    closed.execute("UPDATE audit_segments SET closed_lines = 1")
    with pytest.raises(IntegrityError, match="audit_segments"):
        audit.verify(closed.home)
    closed.execute("UPDATE audit_segments SET closed_lines = 4")


def test_unregistered_records_are_found(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    shutil.copy(segment, segment.with_name(f"{'0' * 32}.log"))
    assert kinds(closed) == ["unregistered"]


def test_record_that_reached_no_segment_is_found(closed: ScratchStore) -> None:
    closed.execute("INSERT INTO audit_outbox VALUES ('x', 'dead', 9, '{\"id\":\"lost\"}')")
    [problem] = audit.verify(closed.home).problems
    assert problem.kind == "unrecorded"
    assert "request lost" in problem.text
    closed.execute("DELETE FROM audit_outbox")


def test_tail_goes_over_segments_in_order_of_time(opened: OpenedStore) -> None:
    for _ in range(3):
        opened.new_key()
        opened.clock.advance(1)
        opened.reopen()
    assert len(opened.scratch.segments()) == 3
    records = audit.tail(opened.scratch.home, count=2)
    assert [record["op"] for record in records] == ["CreateKey", "CreateKey"]
    times = [record["time"] for record in audit.records(opened.scratch.home)]
    assert len(times) == 3
    assert times == sorted(times)


def test_tail_refuses_what_is_not_a_record(closed: ScratchStore) -> None:
    [segment] = closed.segments()
    lines = segment.read_text().splitlines(keepends=True)
    segment.write_text("".join([lines[0], "no record\n", *lines[2:]]))
    with pytest.raises(IntegrityError, match="line 1 of"):
        audit.tail(closed.home)


def test_no_store_is_said_so(scratch: ScratchStore) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        audit.verify(scratch.home)
