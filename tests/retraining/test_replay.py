"""``verify --replay`` as it is asked for: which epoch, what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from runner.build_folder import EXPERIMENTS, PLAN_FOLDER
from runner.commands.request import Request, load_plan
from runner.errors import InputError
from runner.machine import bfloat16
from runner.plan.variants import DEFAULT_PLAN
from runner.results.finished import read_result
from runner.results.records import Result
from runner.retraining.replay import chosen, refuse_what_is_lacking, replay
from runner.retraining.replayable import Replayable, epochs_of
from runner.verify.checks import Check
from runner.verify.command import check_lines
from runner.verify.parcel import open_report, unpack
from runner.verify.results import Chains, check_chains, read_chains
from tests.verify.conftest import Change, replaced

pytestmark = pytest.mark.xdist_group("seeds")


@pytest.fixture(scope="module")
def report(trained: Path) -> Path:
    return trained / "build" / "report.pdf"


@pytest.fixture(scope="module")
def there(report: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Replayable]:
    """What can be replayed of the report; the state that "other" goes on from is not attached."""
    folder = tmp_path_factory.mktemp("there")
    unpack(open_report(report), folder)
    (folder / "results" / "other" / "state-1.npz").unlink()
    found = {name: read_result(folder / "results" / name) for name in ("good", "other")}
    return [each for name in found for each in epochs_of(found[name], "runner.practice")]


def test_an_epoch_is_drawn_or_named(there: list[Replayable]) -> None:
    assert {each.name for each in there} == {"good:1", "good:2", "other:1"}
    assert {chosen(there, "").name for _ in range(200)} == {"good:1", "good:2", "other:1"}
    assert chosen(there, "other:1") is there[2]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("good", "'good' is not VARIANT:EPOCH, such as baseline:2"),
        ("good:", "is not VARIANT:EPOCH"),
        ("good:0", "is not VARIANT:EPOCH"),
        ("good:1:2", "is not VARIANT:EPOCH"),
        ("good:\u0661", "is not VARIANT:EPOCH"),
        ("good:3", "no state is attached that epoch 3 of good begins with"),
        ("other:2", "no state is attached that epoch 2 of other begins with"),
        ("nobody:1", "no training 'nobody' to replay; there are: good, other"),
    ],
)
def test_what_cant_be_replayed_is_told_with_what_can(
    wanted: str, words: str, there: list[Replayable]
) -> None:
    with pytest.raises(InputError, match=words):
        chosen(there, wanted)
    with pytest.raises(InputError, match="no training with a whole chain of states"):
        chosen([], wanted)


def changed(pdf: Path, target: Path, change: Change) -> Path:
    """The report after a change."""
    writer = PdfWriter(clone_from=pdf)
    change(writer)
    writer.write(target)
    return target


def test_a_forged_epoch_is_told_and_is_exit_code_1(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the program's own process; what else is forged, and how it is found: test_forged_trainings.py."""
    name = "results--good--chain.json"
    chain: Any = json.loads(open_report(report).attached[name])
    chain["start"] = "0" * 64
    content = json.dumps(chain).encode()
    pdf = changed(report, tmp_path / "forged.pdf", replaced(**{"results__good__chain_json": content}))
    assert replay(pdf, DEFAULT_PLAN, "good:1", None) == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("replay       good, epoch 1 of 2, from the seed; it took ")
    assert rest == [
        "replay       1 FAULT",
        "  the state that it begins with is another than the chain's",
        f"NOT REPLAYED: good:1 of {pdf} did not come out as its record says",
    ]


def result_of(there: list[Replayable], **changed: Any) -> Result:
    result = there[0].found.result
    return result.model_copy(update=changed)


def test_bfloat16_without_the_instructions_is_bad_input(
    there: list[Replayable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text("flags : avx2\n", encoding="utf-8")
    monkeypatch.setattr(bfloat16, "CPUINFO", tmp_path / "cpuinfo")
    with pytest.raises(InputError, match=r"good was trained in bfloat16, and .* has no bfloat16 of its own"):
        refuse_what_is_lacking(result_of(there, precision="bfloat16"), "runner.practice", None, "--replay")
    refuse_what_is_lacking(result_of(there), "runner.practice", None, "--replay")


def test_data_that_are_not_there_are_bad_input(
    there: list[Replayable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    result = result_of(there, parameters={**there[0].found.result.parameters, "dataset": "cifar10"})
    with pytest.raises(InputError, match=r"none\.npz"):
        refuse_what_is_lacking(result, "runner.practice", str(tmp_path / "none.npz"), "--replay")


def test_verify_says_which_states_are_attached(report: Path, tmp_path: Path) -> None:
    unpack(open_report(report), tmp_path)
    plan = load_plan(Request(build_dir=tmp_path, plan_path=tmp_path / PLAN_FOLDER / EXPERIMENTS))
    there = read_chains(plan, tmp_path)
    assert there == Chains(2, 2, 2, ("good:2", "other:2")) and there.lacking == ""
    assert there.agrees.startswith(
        "2 of 2 trainings have one: links, draws, attached states and curves agree"
    )
    (tmp_path / "results" / "other" / "state-1.npz").unlink()
    found = read_chains(plan, tmp_path)
    assert check_chains(plan, tmp_path) == ()  # it is no fault
    lines = list(check_lines(Check("states", found.lacking, told=True)))
    words = "--replay can train again first epochs, and good:2, no other"
    assert lines == [f"states       told: 1 of the 2 drawn are attached: {words}"]
    (tmp_path / "results" / "good" / "chain.json").unlink()
    assert read_chains(plan, tmp_path).agrees.startswith("1 of 2 trainings have one")
    (tmp_path / "results" / "other" / "chain.json").unlink()
    assert read_chains(plan, tmp_path).agrees.startswith("none is attached: no epoch can be trained again")
