"""The experiments file: what it comes to, and how bad ones are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from runner.errors import InputError
from runner.plan import DEFAULT_PLAN, make_plan

HEAD = 'title = "t"\nbaseline = "base"\n[profiles.full]\ndraft = false\n'
BASE = """
[variants.base]
label = "modelo base"
group = "baseline"
[variants.base.parameters]
dataset = "digits"
validation_fraction = 0.25
seed = 1
filters = [4, 8]
dense = [8]
loss = "categorical_crossentropy"
optimizer = "adam"
learning_rate = 0.001
batch_size = 64
epochs = 1
"""
OTHER = '\n[variants.other]\nlabel = "otra"\ngroup = "batch"\nextends = "base"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "experiment.ipynb").write_text('{"cells": []}')
    return tmp_path


def changed(key: str, value: str) -> str:
    lines = [line for line in BASE.splitlines() if not line.startswith(f"{key} =")]
    return "\n".join([*lines, f"{key} = {value}"])


BAD = [
    # content, words that the message must hold
    ("title = \n", ["not valid TOML", "line 1"]),
    ("", ["title", "profiles"]),
    (HEAD, ["baseline", "'base' is not defined"]),
    (HEAD.replace('baseline = "base"', ""), ["neither variants nor notebooks"]),
    (HEAD.replace('baseline = "base"', "") + BASE, ["baseline", "needed, because there are variants"]),
    ('templates = "nowhere"\n' + HEAD + BASE, ["templates", "no report.html"]),
    (HEAD.replace('"base"', '"nothing"') + BASE, ["baseline", "'nothing' is not defined", "base"]),
    (HEAD + BASE + BASE, ["not valid TOML", "variants"]),
    (HEAD + "colour = 1\n" + BASE, ["profiles.full.colour", "unknown key", "max_epochs"]),
    (HEAD.replace("draft = false", "draft = 3") + BASE, ["profiles.full.draft", "3"]),
    (HEAD.replace("[profiles.full]", "[profiles.tiny]") + BASE, ["no profile 'full'", "tiny"]),
    (HEAD + BASE.replace('group = "baseline"', ""), ["variants.base.group", "required"]),
    (HEAD + BASE.replace('"modelo base"', "7"), ["variants.base.label", "7"]),
    (HEAD + BASE.replace("[variants.base]", "[variants.'a b']"), ["a b", "pattern"]),
    (HEAD + BASE + "[variants.base.more]\n", ["variants.base.more", "unknown key", "extends"]),
    (HEAD + changed("batch_size", "0"), ["batch_size", "greater than or equal to 1", "0"]),
    (HEAD + changed("batch_size", "2.5"), ["batch_size", "integer", "2.5"]),
    (HEAD + changed("batch_size", '"64"'), ["batch_size", "integer", "'64'"]),
    (HEAD + changed("batch_size", "true"), ["batch_size", "integer"]),
    (HEAD + changed("filters", "[-1]"), ["filters.0", "greater than or equal to 1", "-1"]),
    (HEAD + changed("filters", "[]"), ["filters", "at least 1"]),
    (HEAD + changed("filters", "[1, 1, 1, 1, 1, 1]"), ["filters", "at most 5"]),
    (HEAD + changed("validation_fraction", "1.2"), ["validation_fraction", "less than 1", "1.2"]),
    (HEAD + changed("validation_fraction", "0"), ["validation_fraction", "greater than 0"]),
    (HEAD + changed("validation_fraction", "nan"), ["validation_fraction"]),
    (HEAD + changed("epochs", "0"), ["epochs", "greater than or equal to 1"]),
    (HEAD + changed("learning_rate", "-0.1"), ["learning_rate", "greater than 0"]),
    (HEAD + changed("learning_rate", "inf"), ["learning_rate"]),
    (HEAD + changed("optimizer", '"adamm"'), ["optimizer", "'adam'", "'sgd'", "adamm"]),
    (HEAD + changed("loss", '"mse"'), ["loss", "categorical_crossentropy", "mse"]),
    (HEAD + changed("dataset", '"mnist"'), ["dataset", "cifar10", "digits"]),
    (HEAD + changed("kernel_size", "4"), ["kernel_size", "3"]),
    (HEAD + changed("momentum", "0.9"), ["momentum needs optimizer 'sgd'"]),
    (HEAD + changed("colour", "1"), ["variants.base.parameters", "colour", "batch_size"]),
    (HEAD + changed("seed", "2026-01-01"), ["seed", "2026-01-01"]),
    (HEAD + BASE.replace("seed = 1\n", ""), ["seed", "required"]),
    (HEAD + BASE + OTHER.replace('"base"', '"nobody"'), ["variants.other.extends", "nobody"]),
    (HEAD + BASE + OTHER.replace('"base"', '"other"'), ["cycle", "other -> other"]),
    (HEAD + BASE + OTHER + 'notebook = "none.ipynb"\n', ["variants.other", "none.ipynb"]),
    (HEAD + BASE + OTHER + "parameters = { batch_size = -4 }\n", ["variants.other", "batch_size", "-4"]),
    (
        HEAD + BASE + OTHER + '[[variants.other.choose]]\nlabel = "x"\nparameters = ["size"]\n'
        'among = ["base", "base"]\n',
        ["unknown parameter 'size'", "batch_size"],
    ),
    (
        HEAD + BASE + OTHER + '[[variants.other.choose]]\nlabel = "x"\nparameters = ["epochs"]\n'
        'among = ["base", "gone"]\n',
        ["variants.other.choose.0.among", "gone"],
    ),
    (
        HEAD + BASE + OTHER + '[[variants.other.choose]]\nlabel = "x"\nparameters = ["epochs"]\n'
        'among = ["base", "other"]\n',
        ["depends on a choice itself"],
    ),
    (HEAD + BASE + '[notebooks.base]\nlabel = "x"\nnotebook = "experiment.ipynb"\n', ["same name"]),
    (
        HEAD + BASE + '[notebooks.n]\nlabel = "x"\nnotebook = "experiment.ipynb"\nneeds = ["zz"]\n',
        ["notebooks.n.needs", "zz"],
    ),
    (
        HEAD + BASE + '[notebooks.n]\nlabel = "x"\nnotebook = "experiment.ipynb"\nafter = ["zz"]\n',
        ["notebooks.n.after", "zz", "baseline"],
    ),
    (
        HEAD + BASE + '[notebooks.n]\nlabel = "x"\nnotebook = "experiment.ipynb"\n'
        "parameters = { size = 3 }\n",
        ["notebooks.n.parameters", "size"],
    ),
    (HEAD + BASE + '[[handin]]\nnotebook = "zz"\n', ["handin.0.notebook", "zz"]),
]


@pytest.mark.parametrize(("content", "words"), BAD)
def test_bad_file_is_refused_with_file_key_and_allowed_values(
    folder: Path, content: str, words: list[str]
) -> None:
    path = folder / "experiments.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make_plan(path, "full")
    message = str(caught.value)
    assert str(path) in message
    for word in words:
        assert word in message


def test_a_good_file_is_not_refused(folder: Path) -> None:
    path = folder / "experiments.toml"
    path.write_text(HEAD + BASE + OTHER + "parameters = { batch_size = 4 }\n", encoding="utf-8")
    plan = make_plan(path, "full")
    assert plan.differences(plan.get("other")) == {"batch_size": 4}


def test_missing_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        make_plan(tmp_path / "none.toml", "full")
    (tmp_path / "latin.toml").write_bytes(b'title = "Pr\xe1ctica"')
    with pytest.raises(InputError, match="cannot be read"):
        make_plan(tmp_path / "latin.toml", "full")


def test_full_profile_is_the_statement_to_the_letter() -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    baseline = plan.get("baseline").parameters
    assert baseline["batch_size"] == 64
    assert baseline["epochs"] == 10
    assert baseline["validation_fraction"] == 0.25
    assert baseline["train_limit"] == 0
    assert baseline["optimizer"] == "adam"
    assert baseline["loss"] == "categorical_crossentropy"
    assert len(baseline["filters"]) * baseline["convs_per_block"] >= 2
    assert len(baseline["dense"]) >= 1  # and the output layer makes two
    for size in (4, 16, 128, 256):
        assert plan.differences(plan.get(f"batch-{size}")) == {"batch_size": size}
    assert plan.differences(plan.get("filters-x2")) == {"filters_scale": 2, "batch_size": 256}
    assert plan.differences(plan.get("layers-x2")) == {"convs_per_block": 2, "batch_size": 256}
    assert plan.get("best").parameters["epochs"] <= 15
    assert not plan.draft


@pytest.mark.parametrize("profile", ["quick", "smoke"])
def test_drafts_are_marked_and_short(profile: str) -> None:
    plan = make_plan(DEFAULT_PLAN, profile)
    assert plan.draft
    assert all(v.parameters["epochs"] <= 3 for v in plan.variants if v.kind == "training")


def test_every_question_has_a_variant_or_notebook() -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    assert {q for v in plan.variants for q in v.questions} == set(range(1, 19))
    assert tomllib.loads(DEFAULT_PLAN.read_text(encoding="utf-8"))["handin"]
