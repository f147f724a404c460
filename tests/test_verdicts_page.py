"""The study of verdicts: which trainings meet, what is counted, and a page that is what records give."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from runner.analysis.compare import seeds_needed
from runner.files import write_json
from tests.benchmarks.verdicts.draws import AGAINST_BASELINE, DESIGNS, DRAWS, OTHER_IMAGES, SAME_IMAGES, draws
from tests.benchmarks.verdicts.page import PAGE, text, write_page
from tests.benchmarks.verdicts.rates import RATES, Rate, count, interval, kept, read_rates
from tests.benchmarks.verdicts.records import (
    KEPT,
    RECIPES,
    SPLITS,
    TWIN,
    Cases,
    Measured,
    Trained,
    packed,
    read,
    wanted,
)
from tests.benchmarks.verdicts.rules import METRICS, OTHERS, run_of

SEEDS = 3
IMAGES = {"validation": 100, "test": 1000}
GAINS = {"filters-110": 0.1, "filters-125": 0.6, "filters-150": 1.2, "images-120": 0.6, "images-150": 1.2}
LIBRARIES = {"autorank": "autorank", "baycomp": "baycomp", "deep-significance": "deepsig"}
measured_once = pytest.mark.skipif(not (KEPT / RATES).is_file(), reason="the study was not run yet")


def leave(training: Trained, folder: Path) -> None:
    """Made-up images: as hard for every training, and easier for the better recipes."""
    own = np.random.default_rng([training.number, *training.recipe.encode()])
    cases = {}
    for split, n in IMAGES.items():
        margin = (
            np.random.default_rng(n).normal(size=n)
            + 0.2 * own.normal(size=n)
            + GAINS.get(training.recipe, 0.0)
        )
        cases[split] = Cases(margin > 0, np.log1p(np.exp(-margin)))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **packed(cases))  # type: ignore[arg-type]  # a stub takes them for options
    training.arrays(folder).write_bytes(buffer.getvalue())
    means = {f"{split}_accuracy": float(each.hits.mean()) for split, each in cases.items()}
    means |= {f"{split}_cross_entropy": float(each.losses.mean()) for split, each in cases.items()}
    sizes = {f"{split}_images": n for split, n in IMAGES.items()}
    record = Measured(
        seed=training.parameters().seed,
        first_weights=training.first_weights,
        filters=training.parameters().filters,
        train_images=3000,
        epochs=2,
        date="2026-11-29",
        machine="a machine",
        **sizes,
        **means,
    )
    write_json(training.record(folder), record)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verdicts")
    for each in wanted(SEEDS):
        leave(each, folder)
    count(folder, ("larger mean", "Student's t"), (SAME_IMAGES, OTHER_IMAGES, AGAINST_BASELINE[2]))
    return folder


def test_a_twin_has_images_and_batches_of_its_seed_and_other_first_weights() -> None:
    twin, base = Trained(TWIN, 3), Trained("baseline", 3)
    assert twin.parameters() == base.parameters() and twin.first_weights != base.first_weights
    assert base.first_weights == base.parameters().seed
    assert Trained.named(twin.name) == twin


def test_draws_are_the_same_each_time_and_share_no_seed() -> None:
    for design in DESIGNS:
        for seeds in (1, 5):
            found = draws(design, seeds, range(20))
            assert found == draws(design, seeds, range(20)) and len(set(found)) == len(found) <= DRAWS
            assert {len(draw) for draw in found} == {seeds}
    assert len(draws(OTHER_IMAGES, 1, range(20))) == 190
    for draw in draws(OTHER_IMAGES, 5, range(20)):
        assert len({name for pair in draw for name in pair}) == 10
    for draw in draws(SAME_IMAGES, 5, range(20)):
        assert all(Trained.named(ours).number == Trained.named(theirs).number for ours, theirs in draw)


def test_what_is_kept_of_a_training(counted: Path, tmp_path: Path) -> None:
    found = read(Trained("filters-150", 0), counted)
    assert found is not None
    for split in SPLITS:
        cases = found.cases[split]
        assert cases.hits.mean() == getattr(found.measured, f"{split}_accuracy")
        assert cases.losses.mean() == pytest.approx(
            getattr(found.measured, f"{split}_cross_entropy"), abs=1e-4
        )
    each = Trained("baseline", 0)
    leave(each, tmp_path)
    each.arrays(tmp_path).write_bytes(b"no archive")
    assert read(each, tmp_path) is None


def rate(folder: Path, rule: str, recipe: str, seeds: int, metric: str = "accuracy") -> Rate:
    asked = {"rule": rule, "recipe": recipe, "reference": "baseline", "split": "test", "metric": metric}
    wanted_too = {"seeds": seeds, "same_images": True}
    everything = [(each, each.model_dump().items()) for each in read_rates(folder).rates]
    (found,) = [each for each, items in everything if asked.items() | wanted_too.items() <= items]
    return found


def test_our_own_verdicts_are_counted(counted: Path) -> None:
    assert rate(counted, "ours", "filters-150", 1).answers == {"better": SEEDS}
    assert rate(counted, "ours", "filters-150", 1, "cross_entropy").answers == {"better": SEEDS}
    assert rate(counted, "ours", "filters-150", SEEDS).answers == {"few": 1}
    assert rate(counted, "Student's t", "filters-150", SEEDS).answers == {"better": 1}
    assert rate(counted, "larger mean", TWIN, 1).share == 1.0


@pytest.mark.parametrize("rule", OTHERS)
def test_each_rule_calls_the_better_one_better(rule: str, counted: Path) -> None:
    """Whatever order a library lists its sides in. With one seed, or with more than any of them needs."""
    if rule in LIBRARIES:
        pytest.importorskip(LIBRARIES[rule])
    runs = {name: run_of(each, counted) for name, each in kept(counted).items()}
    pairs = [(runs[f"filters-150-{n}"], runs[f"baseline-{n}"]) for n in (1, 2, 3)] * 2
    for several in [pairs[:1], pairs] if rule != "deep-significance" else [pairs]:
        for metric in METRICS:
            assert OTHERS[rule](several, "test", metric) == "better"
            assert OTHERS[rule]([(theirs, ours) for ours, theirs in several], "test", metric) == "worse"


def test_intervals_of_shares() -> None:
    apart = [((f"twin-{n}", f"baseline-{n}"),) for n in range(1, 21)]
    low, high = interval([(draw, "better" if n < 5 else "undecided") for n, draw in enumerate(apart)])
    assert (low, high) == pytest.approx((0.1119, 0.4687), abs=1e-4)  # Wilson's for 5 of 20
    shared = draws(SAME_IMAGES, 5, range(20))
    low, high = interval([(draw, "undecided") for draw in shared])
    assert (low, high) == pytest.approx((0.0, 0.4899), abs=1e-4)  # Wilson's for 0 of 4: 20 seeds, 5 a draw
    one = [(draw, "worse" if "baseline-1" in dict(draw).values() else "few") for draw in shared]
    low, high = interval(one)
    assert 0.0 <= low < sum(answer == "worse" for _, answer in one) / len(one) < high <= 1.0


def test_the_page_says_what_was_counted_and_refuses_other_records(counted: Path, tmp_path: Path) -> None:
    page, many = write_page(counted, tmp_path / "page.md").read_text(encoding="utf-8"), SEEDS * len(RECIPES)
    assert f"With {SEEDS} seeds the least p value of the sign-flip test is 0.25" in page
    assert f"A verdict on recipes takes {seeds_needed(1)} seeds" in page
    assert f"{many} trainings at quick size" in page and f"a machine: {many} trainings" in page
    assert max(map(len, page.splitlines())) < 1000 and "{" not in page
    leave(Trained("baseline", SEEDS), counted)
    try:
        with pytest.raises(ValueError, match="count them again"):
            write_page(counted, tmp_path / "page.md")
    finally:
        Trained("baseline", SEEDS).record(counted).unlink()


@measured_once
def test_the_kept_page_is_what_the_kept_records_give(tmp_path: Path) -> None:
    assert write_page(KEPT, tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
    assert text(kept(), read_rates()) == PAGE.read_text(encoding="utf-8")
