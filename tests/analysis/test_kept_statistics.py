"""Statistics that are remembered: the same as worked out, by a rendering alone, while nothing changed."""

from __future__ import annotations

import errno
import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from runner import locks
from runner.analysis import classification, compare, kept_statistics, over_seeds, paired_tests, spread, timing
from runner.analysis.kept_statistics import _Memory, kept, remembering
from runner.locks import in_turn

VALUES = np.array([0.1, 0.4, -0.2, 0.3, 0.25, 0.7])
CLASSES = np.array([0, 1, 2, 0, 1, 2, 2, 1])
NAMED = np.array([0, 1, 1, 0, 2, 2, 2, 0])
CALLS = [
    lambda: spread.quantile(0.975, 9),
    lambda: spread.wilson(81, 263, 0.05),
    lambda: spread.SeedDifferences((0.1, 0.4, -0.2, 0.3)).limits(0.05),
    lambda: compare.is_equivalent(VALUES, 0.9),
    lambda: paired_tests.signs(3, 11),
    lambda: paired_tests.mcnemar(NAMED > 0, CLASSES > 0),
    lambda: paired_tests.paired_t(VALUES),
    lambda: paired_tests.holm_adjusted([0.01, 0.2, 0.03]),
    lambda: over_seeds.student(VALUES),
    lambda: over_seeds.sign_flip(VALUES),
    lambda: timing._median_interval(np.abs(VALUES)),
    lambda: classification.per_class(CLASSES, NAMED, ("a", "b", "c")),
    lambda: classification.confusion(CLASSES, NAMED, 3).tolist(),
]
DAMAGED = [b"", b"{", b"[]", b'{"form": 1}', b'{"form": "FORM", "known": {"a": "b"}}']


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in a user's cache that is empty."""
    path = tmp_path / "cache" / "statistics.json"
    monkeypatch.setattr(kept_statistics, "_path", lambda: path)
    return path


@kept
def scaled(values: np.ndarray, factor: float) -> tuple[float, ...]:
    """A function of its arguments alone."""
    return tuple(float(each) * factor for each in values)


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_the_same_is_remembered_as_is_worked_out(number: int, cache: Path) -> None:
    spread._bca.cache_clear()
    usual = CALLS[number]()
    for _ in range(2):  # worked out, then read
        spread._bca.cache_clear()
        with remembering():
            found = CALLS[number]()
        assert found == usual and type(found) is type(usual)
    assert json.loads(cache.read_text("utf-8"))["known"]


def test_what_is_known_is_not_worked_out_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with remembering():
        assert scaled(VALUES, 2.0)[0] == 0.2
    known = json.loads(cache.read_text("utf-8"))
    (basis,) = known["known"]
    known["known"][basis] = [5.0]
    cache.write_text(json.dumps(known), "utf-8")
    with remembering():
        assert scaled(VALUES, 2.0) == (5.0,)
        assert scaled(VALUES, 3.0)[0] == pytest.approx(0.3)
        assert scaled(VALUES[:-1], 2.0)[0] == 0.2
        assert scaled(VALUES.astype(np.float32), 2.0)[0] == pytest.approx(0.2)
    assert scaled(VALUES, 2.0)[0] == 0.2  # whoever checks a report does not ask what its maker remembers
    monkeypatch.setattr(kept_statistics, "LIBRARIES", ("numpy",))  # as with other versions of them
    kept_statistics._form.cache_clear()
    with remembering():
        assert scaled(VALUES, 2.0)[0] == 0.2
    kept_statistics._form.cache_clear()


def test_another_function_of_the_same_name_is_another() -> None:
    def make(text: str) -> object:
        space: dict[str, object] = {}
        exec(text, space)
        return kept(space["f"])  # type: ignore[arg-type]

    with remembering():
        assert make("def f(x): return sum(x * y for y in (1, 2))")(3) == 9  # type: ignore[operator]
        assert make("def f(x): return sum(x * y for y in (1, 3))")(3) == 12  # type: ignore[operator]
        assert make("def f(x): return sum(x + y for y in (1, 2))")(3) == 9  # type: ignore[operator]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_memory_is_none(content: bytes, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content.replace(b"FORM", kept_statistics._form().encode()))
    with remembering():
        assert scaled(VALUES, 2.0)[0] == 0.2
    assert len(json.loads(cache.read_text("utf-8"))["known"]) == 1


def test_what_json_has_not_is_not_kept(cache: Path) -> None:
    with remembering():
        assert np.isnan(scaled(np.array([np.nan]), 2.0)).all()
    assert not cache.exists()


def test_a_user_without_a_home_remembers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.setattr(kept_statistics, "_path", homeless)
    with remembering():
        assert scaled(VALUES, 2.0)[0] == 0.2


def test_a_large_memory_loses_what_was_asked_for_longest_ago(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_statistics, "MOST", 3)
    with remembering():
        for factor in (1.0, 2.0, 3.0):
            scaled(VALUES, factor)
    with remembering():
        scaled(VALUES, 1.0)
        scaled(VALUES, 4.0)
    found = json.loads(cache.read_text("utf-8"))["known"].values()
    assert [first for first, *_ in found] == pytest.approx([3 * VALUES[0], VALUES[0], 4 * VALUES[0]])


def test_renderings_at_once_lose_nothing_of_each_other(cache: Path) -> None:
    def render(number: int) -> None:
        memory = _Memory()
        barrier.wait()  # all have read what was there before any adds to it
        memory.of(str(number), lambda: float(number))
        memory.save()

    barrier = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(render, range(8)))
    assert json.loads(cache.read_text("utf-8"))["known"] == {str(each): each for each in range(8)}


def test_where_there_are_no_locks_it_is_kept_without(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "none")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with remembering():
        scaled(VALUES, 2.0)
    assert json.loads(cache.read_text("utf-8"))["known"]


def test_a_lock_held_for_long_costs_a_moment_alone(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "MOMENT_SECONDS", 0.1)
    cache.parent.mkdir()
    with in_turn(cache.with_name(kept_statistics.LOCK)), remembering():
        assert scaled(VALUES, 2.0)[0] == 0.2
    assert not cache.exists()


def test_a_rendering_that_fails_keeps_nothing(cache: Path) -> None:
    with pytest.raises(ValueError), remembering():
        scaled(VALUES, 2.0)
        raise ValueError
    assert not cache.exists() and not kept_statistics._memories
