"""The benchmarks' harness: rounds in turn, nothing lost, and a table that hides no miss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks.harness import Case, Sides, measure
from tests.benchmarks.raw import RAW, Raw
from tests.benchmarks.rows import ROWS, load_row, metrics
from tests.benchmarks.scaling_page import PAGE, write_page
from tests.benchmarks.summary import ratios, spread
from tests.benchmarks.table import RESULTS, write_table


def case(turns: list[str], stop_at: int | None = None, fewer: Mapping[str, int] | None = None) -> Case:
    """Two sides that note their turns; the second fails in round ``stop_at``."""

    def side(name: str, number: int) -> dict[str, float]:
        if name == "b" and number == stop_at:
            raise KeyboardInterrupt
        turns.append(f"{name}{number}")
        return {"seconds": 1.0 + number if name == "a" else 2.0}

    @contextmanager
    def opened() -> Iterator[Sides]:
        turns.append("open")
        yield {"a": partial(side, "a"), "b": partial(side, "b")}

    return Case("case", opened, fewer or {})


def test_sides_take_turns_and_an_interruption_loses_no_round(tmp_path: Path) -> None:
    path, turns = tmp_path / "row.json", list[str]()
    with pytest.raises(KeyboardInterrupt):
        measure([case(turns, stop_at=1)], Raw(path), 3, print)
    measure([case(turns)], Raw(path), 3, print)
    assert turns == ["open", "a0", "b0", "a1", "open", "a1", "b1", "a2", "b2"]
    assert len(Raw(path).rounds("case")) == 3


def test_what_is_measured_is_not_opened_again(tmp_path: Path) -> None:
    turns: list[str] = []
    for _ in range(2):
        measure([case(turns)], Raw(tmp_path / "row.json"), 1, print)
    assert turns == ["open", "a0", "b0"]


def test_ratios_are_taken_within_rounds_that_have_both_sides(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "row.json")
    measure([case([], fewer={"b": 2})], raw, 3, print)
    assert raw.values("case", "a") == [1.0, 2.0, 3.0]
    assert ratios(raw, "case", "b", "a") == [2.0, 1.0]
    assert spread([2.0, 1.0, 3.0], unit="x") == "2.00x (1.00x..3.00x, n=3)"


@pytest.mark.parametrize(("ours", "met"), [((0.49, 0.51, 0.52), True), ((0.55, 0.57, 0.56), False)])
def test_metrics_are_the_same_only_if_their_difference_may_be_zero(
    ours: tuple[float, ...], met: bool, tmp_path: Path
) -> None:
    raw = Raw(tmp_path / "metrics.json")
    for own, plain in zip(ours, (0.50, 0.52, 0.51), strict=True):
        sides = {metrics.SEEDED: plain, "plain": plain, "ours": own}
        raw.add("baseline", {side: {"accuracy": value} for side, value in sides.items()}, load=0.0)
    found, seeded = metrics.lines(raw)
    assert (found.met, seeded.met) == (met, None)


def test_the_table_names_a_miss(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "raw" / "startup.json")
    raw.add("commands", {"all, nothing to do": {"seconds": 1.5, "megabytes": 50}}, load=0.1)
    write_table({"startup": raw, "limit": Raw(tmp_path / "raw" / "limit.json")}, tmp_path / "RESULTS.md")
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "| startup | all, nothing to do | 1.0 s | 1.50 s (once) | **MISSED** |" in text
    assert "Not measured: limit." in text
    assert re.search(r"^- Machine A: .*tensorflow", text, re.M)
    assert re.search(r"^- startup: 2\d{3}-\d\d-\d\d, load before 0.1, rounds: 1 on A$", text, re.M)


def test_results_and_page_are_those_of_the_kept_measurements(tmp_path: Path) -> None:
    raws = {name: Raw(RAW / f"{name}.json") for name in ROWS}
    write_table(raws, tmp_path / "RESULTS.md")
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == RESULTS.read_text(encoding="utf-8")
    assert write_page(raws, tmp_path / "scaling.md")
    assert (tmp_path / "scaling.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ROWS)
def test_every_row_can_be_loaded(name: str) -> None:
    row = load_row(name)
    assert row.TITLE and callable(row.cases) and callable(row.lines)
