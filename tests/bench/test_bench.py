"""`kmscore bench`: which cells it measures, what it refuses to time, what it says is missing, what it shows."""

import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.conftest import CommandLine
from kmscore.bench import cells, equality, limits, memory, ours, peers, plot, runner, table
from kmscore.bench.cells import Choice, Pair
from kmscore.bench.equality import EqualityError
from kmscore.bench.result import Cell, Result, cell_id
from kmscore.bench.runner import Plan
from kmscore.bench.setting import setting
from kmscore.bench.ways import DIRECTIONS, KIB, MIB, SIZES, THREADS, Load, Loop, Way
from scratch_store import ScratchStore

FEW = "(kmscore-raw-0478|aesgcm)/1 KiB"
PIP = {
    "aws_encryption_sdk": "pip install aws-encryption-sdk",
    "aws_cryptographic_material_providers": "pip install 'aws-encryption-sdk[MPL]'",
    "tink": "pip install tink",
    "cryptography": "pip install cryptography",
    "pyarrow": "pip install 'kmscore[arrow]'",
}


def all_ways() -> list[Way]:
    return [*ours.ways(), *peers.ways()]


def few() -> Plan:
    return Plan(rounds=1, choice=Choice(re.compile(FEW), effort="quick"))


@pytest.fixture
def without_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on an installation that has none of them."""
    for module in PIP:
        monkeypatch.setitem(sys.modules, module, None)


# -- cells ------------------------------------------------------------------------------------------------------------


def test_a_run_has_every_way_at_every_size_in_both_directions_on_one_thread_and_two(quick: Result) -> None:
    expected = {
        cell_id(way.id, size, direction, threads)
        for way in all_ways()
        for size in way.loads
        for direction in DIRECTIONS
        for threads in THREADS
    }
    assert {cell.id for cell in quick.cells} == expected
    assert quick.missing == []


def test_a_run_reads_every_limit(quick: Result) -> None:
    assert set(quick.limits) == {limits.AES, limits.TOUCH, limits.SHA, limits.HKDF, limits.SEAL}
    assert all(limit.seconds > 0 for limit in quick.limits.values())
    assert all(limit.spread >= 1 for limit in quick.limits.values())


def test_every_size_has_kmscore_aws_tink_cryptography_fernet_and_pure_python() -> None:
    for size in SIZES:
        there = {way.id for way in all_ways() if size in way.loads}
        assert {"esdk-0478", "esdk-0578", "esdk-mpl-0478", "esdk-mpl-0578"} <= there
        assert {"tink-aead", "tink-streaming", "aesgcm", "fernet", "pure-python"} <= there
        assert any(way.startswith("kmscore") for way in there)


def test_the_ids_of_ways_are_their_own() -> None:
    ids = [way.id for way in all_ways()]
    assert len(set(ids)) == len(ids)


def test_figures_of_a_cell_agree(quick: Result) -> None:
    for cell in quick.cells:
        assert cell.bytes_per_second == pytest.approx(cell.bytes / cell.seconds)
        assert cell.messages_per_second == pytest.approx(cell.messages / cell.seconds)
        assert cell.spread >= 1
        assert cell.peak_bytes is None


def test_only_takes_the_cells_that_match() -> None:
    found = runner.run(Plan(1, Choice(re.compile(r"^aesgcm/1 KiB/decrypt/2$"), effort="quick")))
    assert [cell.id for cell in found.cells] == ["aesgcm/1 KiB/decrypt/2"]


def test_rounds_are_counted_without_the_one_that_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Pair] = []
    monkeypatch.setattr(equality, "check", checked.append)
    taken: list[float] = []

    def timed(work: Callable[[Any], Any], messages: Any) -> tuple[Any, float]:
        taken.append(1.0)
        return work(messages), 1.0

    monkeypatch.setattr(cells, "timed", timed)
    runner.run(dataclasses.replace(few(), rounds=3))
    assert len(checked) == 4
    assert len(taken) == 3 * len(DIRECTIONS) * len(checked)


def test_progress_goes_from_nothing_towards_all() -> None:
    told: list[float] = []
    runner.run(few(), lambda _text, share: told.append(share))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] < 1


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(10_000, KIB), Load(200, KIB)),
        (Load(50, KIB), Load(4, KIB)),
        (Load(1, 100 * MIB), Load(1, 2 * MIB)),
        (Load(1, 16 * KIB), Load(1, 16 * KIB)),
    ],
)
def test_a_quick_load_is_small(load: Load, expected: Load) -> None:
    assert load.quick() == expected


def test_a_full_load_is_the_size_itself_but_for_pure_python() -> None:
    of_id = {way.id: way for way in peers.ways()}
    assert of_id["esdk-0478"].load(100 * MIB, 1, "full") == Load(1, 100 * MIB)
    assert of_id["pure-python"].load(100 * MIB, 1, "full") == Load(1, 16 * KIB)
    assert of_id["fernet"].load(100 * MIB, 2, "full") == Load(2, 50 * MIB)


def test_two_threads_have_a_message_each() -> None:
    way = next(way for way in peers.ways() if way.id == "aesgcm")
    assert way.load(100 * MIB, 2) == Load(2, 50 * MIB)
    assert way.load(KIB, 2) == way.load(KIB, 1)


def test_threads_keep_the_order_of_messages() -> None:
    class Upper:
        def encrypt(self, plaintext: bytes) -> bytes:
            return plaintext.upper()

        def decrypt(self, message: bytes) -> bytes:
            return message.lower()

    for count in range(1, 6):
        messages = [bytes([97 + place]) for place in range(count)]
        assert Loop([Upper(), Upper()]).decrypt(Loop([Upper(), Upper()]).encrypt(messages)) == messages


# -- equality ---------------------------------------------------------------------------------------------------------


class Forgetful:
    """Gives back something else than it was given."""

    def __init__(self, back: Callable[[Any], Any]) -> None:
        self._back = back

    def encrypt(self, plaintexts: Any) -> Any:
        return plaintexts

    def decrypt(self, messages: Any) -> Any:
        return self._back(messages)


@pytest.mark.parametrize(
    "back",
    [lambda messages: messages[:-1], lambda messages: messages[::-1], lambda messages: [b"x", *messages[1:]]],
    ids=["fewer", "another order", "another message"],
)
def test_a_way_that_gives_back_something_else_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, back: Callable[[Any], Any]
) -> None:
    broken = Way("broken", "a broken way", {KIB: Load(3, KIB)}, lambda _setting, _threads: Forgetful(back))
    monkeypatch.setattr(peers, "ways", lambda: [broken])
    monkeypatch.setattr(Pair, "read", lambda _pair: pytest.fail("it was timed"))
    with pytest.raises(EqualityError, match="^a broken way: the decrypted messages are not"):
        runner.run(Plan(1, Choice(re.compile("broken"), effort="quick")))


def test_an_arrow_column_that_comes_back_changed_is_noticed() -> None:
    import pyarrow as pa

    way = next(way for way in ours.ways() if way.id == "kmscore-arrow-0478")
    column = pa.array([b"a", b"b"], type=pa.binary())
    pair = Pair(way, KIB, 1, Load(2, 1), Forgetful(lambda rows: rows[::-1]), column)
    with pytest.raises(EqualityError):
        equality.check(pair)


def test_kmscore_and_aws_must_read_each_others_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    from kmscore.bench import esdk

    monkeypatch.setattr(esdk.AwsEncryptionSdk, "decrypt", lambda _self, _message: b"something else")
    with setting() as shared, pytest.raises(EqualityError, match="aws-encryption-sdk reads another plaintext"):
        equality.check_across(all_ways(), shared)


# -- what is missing --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_peers")
def test_missing_peers_are_named_with_the_command_that_installs_them() -> None:
    ways, missing = cells.available(all_ways())
    assert {peer.pip for peer in missing} == set(PIP.values())
    assert {way.id for way in ways if not way.id.startswith("kmscore")} == {"pure-python"}


@pytest.mark.usefixtures("without_peers")
def test_a_bare_installation_is_measured_against_pure_python(run: CommandLine) -> None:
    shown = run.ok("bench", "--quick", "--only", "0478/1 KiB|pure-python").out
    assert "pure Python AES-GCM" in shown
    assert "kmscore loop, CachingKeyring" in shown
    for command in PIP.values():
        assert command in shown


@pytest.mark.parametrize(("module", "pip"), sorted(PIP.items()))
def test_each_peer_can_be_missing_alone(monkeypatch: pytest.MonkeyPatch, module: str, pip: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    _ways, missing = cells.available(all_ways())
    assert [peer.pip for peer in missing] == [pip]


# -- peak memory ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the peak can be read and forgotten on Linux only")
def test_peak_memory_holds_at_least_the_answer() -> None:
    peaks = memory.peaks("aesgcm")
    assert peaks["encrypt"] is not None
    assert peaks["decrypt"] is not None
    assert 99 * MIB < peaks["encrypt"] < 250 * MIB
    assert 99 * MIB < peaks["decrypt"] < 250 * MIB


# -- the command ------------------------------------------------------------------------------------------------------


def test_json_has_the_shape_that_the_documentation_is_made_from(run: CommandLine) -> None:
    ran = run.ok("bench", "--quick", "--only", FEW, "--json")
    found = msgspec.json.decode(ran.raw, type=Result)
    assert {cell.way for cell in found.cells} == {"kmscore-raw-0478", "aesgcm"}
    assert (found.rounds, found.effort) == (1, "quick")
    assert {"processor", "memory", "system", "Python", "packages"} <= set(found.machine)
    document = json.loads(ran.out)
    assert set(document) == {field.name for field in dataclasses.fields(Result)}
    assert set(document["cells"][0]) == {field.name for field in dataclasses.fields(Cell)}


def test_text_shows_rates_ratios_spread_bars_and_samples(run: CommandLine) -> None:
    shown = run.ok("bench", "--quick", "--rounds", "2", "--only", "kmscore-0478/1 MiB|pure-python/1 MiB").out
    assert "1 MiB, one thread: MB/s" in shown
    assert "1 MiB, 2 threads: MB/s" in shown
    assert "faster by" in shown
    assert "█" in shown
    assert "* 16 KiB stand for 1 MiB: pure Python AES-GCM" in shown


def test_it_leaves_the_users_store_alone(run: CommandLine, scratch: ScratchStore) -> None:
    run.ok("bench", "--quick", "--only", FEW)
    assert not scratch.home.exists()
    assert not scratch.configuration.exists()


def test_plot_draws_a_picture(run: CommandLine, tmp_path: Path) -> None:
    picture = tmp_path / "rates.png"
    run.ok("bench", "--quick", "--only", FEW, "--plot", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_same_figures_draw_the_same_picture(quick: Result, tmp_path: Path) -> None:
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    plot.draw(quick, one)
    plot.draw(quick, other)
    assert one.read_bytes() == other.read_bytes()


def test_plot_names_what_installs_matplotlib(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    error = run.refused("bench", "--quick", "--plot", str(tmp_path / "rates.png"))
    assert error == "--plot needs matplotlib: pip install 'kmscore[bench]'"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--only", "("], "--only: '(' is not a regular expression: missing ), unterminated subpattern at position 0"),
        (["--only", "no such way"], "--only: no cell matches 'no such way'; a cell is called like kmscore-0478/1 MiB"),
        (["--plot", "/no/such/place/rates.png"], "--plot: there is no directory /no/such/place"),
        (["--full"], "--quick and --full exclude each other"),
    ],
    ids=["pattern", "no cell", "no directory", "two efforts"],
)
def test_wrong_options_end_with_2(run: CommandLine, arguments: list[str], error: str) -> None:
    assert run.refused("bench", "--quick", *arguments, code=2).startswith(error)


def test_no_rounds_are_refused(run: CommandLine) -> None:
    assert run("bench", "--rounds", "0").code == 2


def test_bars_grow_with_the_rate(quick: Result) -> None:
    bars = {line.way: len(bar) for line, bar in plot.bars(quick, KIB)}
    assert bars["aesgcm"] > bars["esdk-mpl-0578"] >= 1


def test_ratios_hold_signed_against_signed(quick: Result) -> None:
    for line in table.lines(quick, 100 * MIB, 1):
        reference = table.reference(quick, line.cells["encrypt"])
        assert reference is not None
        assert reference.signed == line.way.endswith("0578")
        assert bool(table.faster_by(quick, line)) != line.ours
