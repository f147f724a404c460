"""Whatever is given: plans are the same each time, and damaged results are refused or the same."""

from __future__ import annotations

import shutil
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.build_folder import PREDICTIONS_FILE, RESULT_FILE, SEAL_FILE
from runner.errors import InputError, RunnerError
from runner.plan.variants import Plan, make_plan
from runner.practice.parameters import Parameters
from runner.results.finished import Finished, read_result
from runner.results.seal import seal
from tests.made_up import make_study
from tests.tiny_plan import variant, write_plan

KNOWN = set(Parameters.model_fields)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=12)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 2**31 - 1),
        "epochs": st.integers(1, 1000),
        "batch_size": st.integers(1, 4096),
        "dropout": st.floats(0, 0.9),
        "filters": st.lists(st.integers(1, 512), min_size=1, max_size=5),
        "augmentation": st.sampled_from(["none", "flip", "flip-shift"]),
    },
)
PLENTY = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def toml(changes: dict[str, Any]) -> str:
    """Parameters as they stand in an experiments file."""
    text = ", ".join(f"{name} = {value!r}" for name, value in changes.items())
    assert tomllib.loads(f"x = {{ {text} }}")["x"] == changes
    return text


def written(folder: Path, *variants: str) -> Plan:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return make_plan(write_plan(folder, *variants), "smoke")


@PLENTY
@given(st.dictionaries(NAMES.map(lambda name: f"v{name}"), CHANGES, min_size=1, max_size=4))
def test_a_plan_is_what_it_says_each_time(tmp_path: Path, changes: dict[str, dict[str, Any]]) -> None:
    rows = [variant(name, 2, toml(change)) for name, change in changes.items()]
    plan = written(tmp_path / "plan", *rows)
    assert plan == make_plan(plan.path, "smoke")
    assert [v.name for v in plan.variants] == ["good", *changes]
    base = plan.get("good").parameters
    for name, change in changes.items():
        assert plan.get(name).parameters == {**base, **change}


@PLENTY
@given(name=NAMES.filter(lambda name: name not in KNOWN), value=st.integers(0, 9))
def test_an_unknown_key_is_refused_by_its_name(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(InputError) as refused:
        written(tmp_path / "plan", variant("more", 2, f"{name} = {value}"))
    assert name in str(refused.value)
    assert "more" in str(refused.value)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished training, sealed."""
    folder = tmp_path_factory.mktemp("made")
    make_study(folder)
    chosen = folder / "results" / "baseline"
    seal(chosen)
    return chosen


def content(found: Finished) -> tuple[str, list[bytes]]:
    """All that can be read of a finished variant."""
    both = found.predictions
    arrays = [a for each in (both.validation, both.test) for a in vars(each).values()]
    return found.result.model_dump_json(), [a.tobytes() for a in arrays]


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, float, int, bytes]:
    """A way to spoil a file: where (a share of its length), how many bytes go, and what comes instead."""
    file = draw(st.sampled_from([RESULT_FILE, PREDICTIONS_FILE, SEAL_FILE]))
    return file, draw(st.floats(0, 1)), draw(st.integers(0, 400)), draw(st.binary(max_size=12))


@pytest.mark.parametrize("sealed", [True, False])
@PLENTY
@given(damage=damages())
def test_damaged_bytes_are_refused_or_the_same(
    made: Path, tmp_path: Path, damage: tuple[str, float, int, bytes], sealed: bool
) -> None:
    """With its seal, what is read is what was written; without, whatever is read is a whole record."""
    file, where, length, instead = damage
    folder = tmp_path / "baseline"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, folder)
    if not sealed:
        (folder / SEAL_FILE).unlink()
        file = RESULT_FILE if file == SEAL_FILE else file
    raw = (folder / file).read_bytes()
    at = int(where * len(raw))
    (folder / file).write_bytes(raw[:at] + instead + raw[at + length :])
    try:
        found = content(read_result(folder))
    except RunnerError as refused:
        assert str(folder) in str(refused)
        return
    if sealed and file != SEAL_FILE:
        assert found == content(read_result(made))
