"""The ladder's variants: each has one more step of the best model's parameters; the last is that model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis.choices import resolve
from runner.analysis.ladder import ladder
from runner.errors import InputError
from runner.plan.entries import StepEntry
from runner.plan.experiments import read_experiments
from runner.plan.ladder import GROUP, make_ladder
from runner.plan.records import Seeds
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.functions.facts import Facts
from runner.results.study import Study
from tests.made_up import Story, make_study

PLAN = make_plan(DEFAULT_PLAN, "full")
ENTRY = read_experiments(DEFAULT_PLAN).ladder
SMALL = (400, 100)


def steps(**changed: dict[str, object]) -> tuple[StepEntry, ...]:
    """The practice's steps, some with other fields, by name with _ for -."""
    assert ENTRY is not None
    own = {name.replace("_", "-"): fields for name, fields in changed.items()}
    return tuple(each.model_copy(update=own.get(each.name, {})) for each in ENTRY.steps)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    seeds = Seeds(more={"baseline": 2, "best": 2, "filters-x2": 2})
    return make_study(tmp_path_factory.mktemp("ladder"), Story(layers="better", images=SMALL, seeds=seeds))


def test_each_step_adds_its_parameters_and_the_last_is_the_best_model(study: Study) -> None:
    names = [rung.name for rung in study.ladder]
    batch = next(choice for choice in study.choices if "batch_size" in choice.parameters)
    assert names[0] == batch.winner and names[-1] == "best"
    before = dict(study.info("baseline").parameters)
    assert ENTRY is not None
    for step, name in zip(ENTRY.steps, names, strict=True):
        now = dict(study.info(name).parameters)
        changed = {key for key in now if now[key] != before[key]}
        assert changed <= {*step.parameters}
        assert changed or name == batch.winner
        before = now
    assert before == study.info("best").parameters


def test_nothing_is_trained_for_what_a_choice_made_and_drafts_train_none_of_it() -> None:
    trained = [variant.name for variant in PLAN.variants if variant.group == GROUP]
    assert trained == ["step-filters", "step-layers", "step-compact", "step-norm", "step-start"]
    assert PLAN.get("step-filters").after == tuple(
        dict.fromkeys(name for choice in PLAN.get("best").choose[:2] for name in choice.among)
    )
    for profile in ("quick", "smoke"):
        assert not [v.name for v in make_plan(DEFAULT_PLAN, profile).variants if v.group == GROUP]


def test_a_step_takes_the_choices_that_were_made(study: Study) -> None:
    step, chosen = PLAN.get("step-norm"), resolve(PLAN.get("step-norm"), study.finished)
    best = study.info("best").parameters
    assert chosen["optimizer"] == best["optimizer"] != step.parameters["optimizer"]
    assert chosen["augmentation"] == "none" and best["augmentation"] != "none"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"step_start": {"name": "batch-4"}}, "'batch-4' is another variant already"),
        ({"best": {"name": "other"}}, "the last step is 'other', but the ladder leads to 'best'"),
        (
            {"step_start": {"parameters": ("stem", "conv_init")}},
            "differs from 'baseline' in stem_filters, too",
        ),
        ({"best": {"parameters": ("augmentation", "dropout", "stem")}}, "'stem' is in an earlier step"),
        ({"step_norm": {"parameters": ("optimizer",)}}, "chosen together, so they belong into one step"),
        ({"step_norm": {"asked": True}}, "asked by the statement, but a step before it is not"),
    ],
)
def test_a_ladder_that_does_not_lead_there_is_refused(
    changed: dict[str, dict[str, object]], told: str
) -> None:
    assert ENTRY is not None
    entry = ENTRY.model_copy(update={"steps": steps(**changed)})
    known = {v.name: v for v in PLAN.variants if v.kind == "training" and v.group != GROUP}
    with pytest.raises(InputError, match=told) as caught:
        make_ladder(entry, "baseline", known, Path("experiments.toml"))
    assert "experiments.toml: ladder.steps" in str(caught.value.where)


def test_steps_add_up_to_the_whole_on_the_seed_that_all_have(study: Study) -> None:
    found = ladder(study)
    assert (found.seeds, found.most) == (1, 2)
    assert found.facts["seeds"] == "one of several"
    climbs = [climb.comparison for climb in found.climbs if climb.comparison]
    assert all(each.n == 1 and (each.split, each.metric) == ("test", "accuracy") for each in climbs)
    assert found.asked and found.rest
    last, base = (study.get(name).scores("test", "accuracy").values.mean() for name in ("best", "baseline"))
    assert sum(each.difference for each in climbs) == pytest.approx(last - base)
    assert found.asked.difference + found.rest.difference == pytest.approx(last - base)
    adjusted = sorted(climbs, key=lambda each: each.p_value)[0]
    assert adjusted.p_adjusted == pytest.approx(min(1, len(climbs) * adjusted.p_value))
    assert (found.asked.variant, found.rest.reference) == ("step-layers", "step-layers")


def test_without_a_step_the_others_are_compared_and_without_both_ends_nothing_is(study: Study) -> None:
    def without(*names: str) -> Study:
        return replace(study, finished={k: v for k, v in study.finished.items() if k not in names})

    found = ladder(without("step-compact"))
    assert found.missing == ("step-compact",)
    assert len(found.climbs) == len(study.ladder) - 1
    gone = ladder(without("best", "best~2"))
    assert (gone.climbs, gone.asked, gone.facts["ladder"]) == ((), None, "missing")
    draft = ladder(replace(study, variants=tuple(v for v in study.variants if v.group != GROUP)))
    assert (draft.climbs, draft.facts["ladder"]) == ((), "left out")


def test_means_for_a_difference_are_over_the_seeds_that_both_have(study: Study) -> None:
    facts, path = Facts(study), "evaluation.train.cross_entropy"
    first = facts.m("baseline", path).value
    assert facts.over_seeds.mean("baseline", path).value != first
    assert facts.over_seeds.shared_mean("baseline", "batch-4", path).value == first
    both = facts.over_seeds.shared_mean("baseline", "best", path)
    assert both.value == facts.over_seeds.mean("baseline", path).value
