"""The last of very many keys cost what the first ones cost."""

from pathlib import Path

import pytest

from benches import many_keys
from scratch_store import ScratchStore


def test_calls_cost_among_two_thousand_keys_what_they_cost_first(scratch: ScratchStore, tmp_path: Path) -> None:
    _measure(scratch, tmp_path, keys=2_000, window=100)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_calls_cost_among_a_hundred_thousand_keys_what_they_cost_first(scratch: ScratchStore, tmp_path: Path) -> None:
    _measure(scratch, tmp_path, keys=100_000, window=1_000)


def _measure(scratch: ScratchStore, folder: Path, *, keys: int, window: int) -> None:
    # The fixture says where the configuration is.
    assert not scratch.home.exists()
    figures, opening = many_keys.measure(folder, keys, window)
    print(f"\n{many_keys.text(keys, figures, opening)}")  # noqa: T201 - the figures are what a torture run is for.
    dearer = {figure.name: figure.ratio for figure in figures if figure.ratio >= 1.5}
    assert dearer == {}
    assert opening < 2
