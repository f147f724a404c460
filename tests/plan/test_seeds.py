"""Several seeds: the plan's repetitions, what is remembered, and the statistics over them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from runner.analysis import compare, intervals, over_seeds
from runner.analysis.loading import load_study
from runner.commands.request import Request, load_plan, remember
from runner.durations import parse_duration
from runner.errors import InputError
from runner.execute.state import Workspace
from runner.plan.records import Seeds
from runner.plan.seeds import parse_seeds, wanted_seeds, with_seeds
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results.finished import Finished
from runner.results.study import Study
from tests.made_up import Story, make_study

PLAN = make_plan(DEFAULT_PLAN, "full")
STORY = Story(seeds=Seeds(count=3), layers="undecided", images=(700, 600))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("seeds"), STORY)


def test_a_repetition_differs_in_its_seed_only_and_leaves_the_rest_as_it_is() -> None:
    plan = with_seeds(PLAN, Seeds(count=3))
    assert with_seeds(plan, Seeds()).variants == PLAN.variants
    trainings = [v.name for v in PLAN.variants if v.kind == "training"]
    repeated = [v.name for v in plan.variants if "~" in v.name]
    assert repeated == [f"{name}~{number}" for number in (2, 3) for name in trainings]
    for name in trainings:
        first = plan.get(name)
        assert first == PLAN.get(name)
        for number in (2, 3):
            other = plan.get(f"{name}~{number}")
            assert dict(other.parameters) == {**first.parameters, "seed": 2026 + number - 1}
            assert (other.notebook, other.choose, other.after) == (first.notebook, first.choose, first.after)
    notebooks = [v for v in plan.variants if v.kind == "notebook"]
    assert trainings and notebooks
    for notebook in notebooks:
        assert notebook == PLAN.get(notebook.name)  # what they read is the first seed


def test_results_of_one_seed_stay_valid(tmp_path: Path) -> None:
    one, three = (Workspace(with_seeds(PLAN, Seeds(count=n)), tmp_path) for n in (1, 3))
    for variant in PLAN.variants:
        assert three.parts(three.plan.get(variant.name)) == one.parts(variant)
    assert three.parts(three.plan.get("baseline~2")) != three.parts(three.plan.get("baseline"))


def test_seeds_of_single_variants() -> None:
    plan = with_seeds(PLAN, Seeds(auto=True, more={"batch-4": 3, "baseline": 2}))
    assert [v.name for v in plan.variants if "~" in v.name] == ["baseline~2", "batch-4~2", "batch-4~3"]


@pytest.mark.parametrize("text", ["0", "-1", "51", "many", "1.5", "", "²", "AUTO"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--seeds must be a number from 1 to 50, or 'auto'"):
        parse_seeds(text)


def test_the_option_wins_then_what_was_run_unless_the_file_changed() -> None:
    noted = Seeds(count=4, written=2)
    assert wanted_seeds("3", 2, noted).count == 3
    assert wanted_seeds(None, 2, noted).count == 4
    assert wanted_seeds(None, 5, noted).count == 5
    assert wanted_seeds(None, None, None) == Seeds()
    auto = wanted_seeds("auto", 2, Seeds(auto=True, more={"a": 2}, written=2))
    assert auto.auto and auto.more == {"a": 2}


def test_the_build_folder_remembers_the_seeds(tmp_path: Path) -> None:
    plan = load_plan(Request(build_dir=tmp_path, seeds="2"))
    remember(plan, tmp_path)
    again = load_plan(Request(build_dir=tmp_path))
    assert again.variants == plan.variants
    remember(load_plan(Request(build_dir=tmp_path, seeds="1")), tmp_path)
    assert load_plan(Request(build_dir=tmp_path)).variants == PLAN.variants


def practice_with(content: str, folder: Path) -> Path:
    """The practice's notebooks in ``folder``, beside an experiments file of this content."""
    for notebook in DEFAULT_PLAN.parent.glob("*.ipynb"):
        (folder / notebook.name).write_bytes(notebook.read_bytes())
    path = folder / "experiments.toml"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(("line", "count"), [("seeds = 3", 3), ('seeds = "auto"', 1)])
def test_seeds_of_the_experiments_file(tmp_path: Path, line: str, count: int) -> None:
    content = DEFAULT_PLAN.read_text(encoding="utf-8").replace("# seeds = 3", f"{line}  # was 3")
    path = practice_with(content, tmp_path)
    plan = load_plan(Request(build_dir=tmp_path / "build", plan_path=path))
    assert plan.seeds.count == count
    assert plan.seeds.auto == ("auto" in line)
    path.write_text(content.replace(line, "seeds = 0"), encoding="utf-8")
    with pytest.raises(InputError, match="seeds"):
        make_plan(path, "full")


def test_seeds_of_some_variants_are_the_profiles_and_an_option_is_for_all(tmp_path: Path) -> None:
    content = DEFAULT_PLAN.read_text(encoding="utf-8")
    path = practice_with(re.sub(r"^# (seeds = {)", r"\1", content, flags=re.MULTILINE), tmp_path)
    plan = load_plan(Request(build_dir=tmp_path, plan_path=path))
    often = {"baseline", "batch-256", "filters-x2", "layers-x2", "best"}
    assert {v.name for v in plan.variants if v.kind == "training" and plan.seeds.of(v.name) == 3} == often
    assert [v.name for v in plan.variants if "~" in v.name and v.name.startswith("best")] == [
        "best~2",
        "best~3",
    ]
    remember(load_plan(Request(build_dir=tmp_path, plan_path=path, seeds="1")), tmp_path)
    again = load_plan(Request(build_dir=tmp_path, plan_path=path))
    assert [v.name for v in again.variants] == [v.name for v in PLAN.variants]
    assert load_plan(Request(build_dir=tmp_path, plan_path=path, seeds="2")).seeds.of("best") == 2
    assert load_plan(Request(build_dir=tmp_path / "draft", plan_path=path, profile="smoke")).seeds == Seeds()


@pytest.mark.parametrize(
    ("text", "seconds"), [("45m", 2700), ("2h", 7200), ("1h30m", 5400), ("90s", 90), ("1h1m1s", 3661)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "0m", "1m2h", "-1h", "1.5h", "2 h", "soon"])
def test_bad_durations_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="no length of time"):
        parse_duration(text)


def test_mean_and_deviation_are_over_the_seeds() -> None:
    found = over_seeds.over_seeds([0.70, 0.72, 0.77])
    assert (found.n, found.least, found.greatest) == (3, 0.70, 0.77)
    assert found.mean == pytest.approx(0.73)
    assert found.std == pytest.approx(0.0360555, abs=1e-6)
    assert found.high - found.mean == pytest.approx(4.302653 * 0.0360555 / np.sqrt(3), abs=1e-5)  # t of 2 df
    assert over_seeds.over_seeds([0.7]).std is None


def test_verdicts_are_of_the_differences_within_each_seed(study: Study) -> None:
    runs = over_seeds.paired_runs(study, "batch-4", "baseline")
    names = [(a.result.variant, b.result.variant) for a, b in runs]
    assert names == [("batch-4", "baseline"), ("batch-4~2", "baseline~2"), ("batch-4~3", "baseline~3")]
    found = over_seeds.compare(runs, "validation", "cross_entropy")
    ours, theirs = (
        [r.training.evaluation.validation.cross_entropy for r in side] for side in zip(*runs, strict=True)
    )
    assert found.p_value == 0.25  # the three agree: two of the eight ways to set their signs
    interval = ttest_rel(ours, theirs).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))  # wider than BCa
    assert found.difference == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert (found.n, found.needed, found.verdict) == (3, 6, "undecided")


def test_on_the_test_set_images_must_show_it_too(study: Study) -> None:
    runs = over_seeds.paired_runs(study, "batch-4", "baseline")
    for metric in ("accuracy", "cross_entropy"):
        found = over_seeds.compare(runs, "test", metric)
        single = [compare.compare(*pair, "test", metric) for pair in runs]
        differences = [each.difference for each in single]
        assert found.difference == pytest.approx(np.mean(differences))
        images = np.mean(
            [a.scores("test", metric).values - b.scores("test", metric).values for a, b in runs],
            axis=0,
        )
        seeds, by_image = ttest_1samp(differences, 0), ttest_1samp(images, 0)
        assert found.p_value == pytest.approx(max(0.25, by_image.pvalue))
        interval, spread = seeds.confidence_interval(0.95), intervals.mean_interval(images)
        assert found.low == pytest.approx(min(interval.low, spread.low))
        assert found.high == pytest.approx(max(interval.high, spread.high))


def test_seeds_that_agree_do_not_make_up_for_few_images(study: Study) -> None:
    """Three seeds with nearly the same small difference, which the images can't show."""
    base = study.get("baseline")
    images = np.arange(len(base.predictions.test.labels))
    reference = guessed(base, images < 300)
    runs = [(guessed(base, (images >= 20) & (images < 324 + more)), reference) for more in (0, 1, 0)]
    differences = np.array([4, 5, 4]) / len(images)
    assert ttest_1samp(differences, 0).pvalue < 0.01
    found = over_seeds.compare(runs, "test", "accuracy")
    assert found.difference == pytest.approx(differences.mean())
    assert found.p_value > 0.4
    assert found.low < 0 < found.high
    assert found.verdict == "undecided"


def guessed(finished: Finished, hits: np.ndarray) -> Finished:
    """The variant with test predictions that are right where ``hits``."""
    other, old = Finished(finished.result, finished.folder), finished.predictions
    labels = old.test.labels
    test = replace(old.test, predicted=np.where(hits, labels, (labels + 1) % 10))
    other.__dict__["predictions"] = replace(old, test=test)
    return other


def test_one_seed_is_compared_image_by_image(study: Study) -> None:
    runs = over_seeds.paired_runs(study, "batch-4", "baseline")[:1]
    found = over_seeds.compare(runs, "validation", "accuracy")
    assert found == compare.compare(*runs[0], "validation", "accuracy")
    assert found.n == 1


def test_a_difference_that_other_seeds_do_not_repeat_is_undecided(tmp_path: Path) -> None:
    """Image by image the first seed shows a difference; the spread between seeds takes it away."""
    noisy = make_study(tmp_path, Story(seeds=Seeds(count=3), seed_noise=1.5, images=(700, 600)))
    runs = over_seeds.paired_runs(noisy, "batch-16", "baseline")
    assert over_seeds.compare(runs[:1], "validation", "cross_entropy").verdict == "better"
    assert over_seeds.compare(runs, "validation", "cross_entropy").verdict == "undecided"


def test_choices_are_those_of_the_first_seed(study: Study, tmp_path: Path) -> None:
    alone = make_study(tmp_path, Story(layers="undecided", images=(700, 600)))
    assert alone.choices == study.choices
    assert study.get("best~2").result.parameters == {
        **study.get("best").result.parameters,
        "seed": 2027,
    }
    assert not any("~" in name for name in study.group("batch"))


def test_a_missing_repetition_leaves_the_others(study: Study, tmp_path: Path) -> None:
    made = make_study(tmp_path, Story(seeds=Seeds(count=3), skipped=("batch-4~2",), images=(700, 600)))
    runs = over_seeds.paired_runs(made, "batch-4", "baseline")
    assert [a.result.variant for a, _ in runs] == ["batch-4", "batch-4~3"]
    assert load_study(with_seeds(PLAN, Seeds()), tmp_path).runs("batch-4") == ("batch-4",)
