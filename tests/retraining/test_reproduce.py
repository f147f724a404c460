"""``reproduce``: a variant trained from the PDF alone, its figures beside the report's; what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from runner.cli import main
from runner.plan.variants import DEFAULT_PLAN
from runner.results.finished import read_result
from runner.retraining.attached_training import AttachedTraining, attached_training, versions
from runner.retraining.reproduce import figures, tell_figures, trusted_notebook
from tests.program import Command
from tests.retraining.forged import Forged
from tests.tiny_plan import EXPERIMENT
from tests.verify.conftest import Small

pytestmark = pytest.mark.xdist_group("seeds")


@pytest.fixture(scope="module")
def report(trained: Path) -> Path:
    return trained / "build" / "report.pdf"


@pytest.fixture(scope="module")
def attached(report: Path, tmp_path_factory: pytest.TempPathFactory) -> AttachedTraining:
    """The training "good" of the report; the installed notebook is the same."""
    return next(attached_training(report, DEFAULT_PLAN, tmp_path_factory.mktemp("attached"), "good"))


def test_a_variant_is_trained_from_the_pdf_alone(report: Path, tmp_path: Path, runner: Command) -> None:
    alone = tmp_path / "sent by mail.pdf"
    shutil.copy(report, alone)
    output = tmp_path / "again"
    done = runner("reproduce", str(alone), "--variant", "good", "--output", str(output))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("report       Ensayo: good (smoke), trained 20")
    assert lines[1].startswith("versions     ok: all packages of its requirements.lock")
    assert lines[2] == f"notebook     {EXPERIMENT}: the installed one, whose code is the same"
    rows = [line for line in lines if line.endswith("  yes")]
    assert [row.split("  ")[0] for row in rows] == [
        f"{split} {metric}" for split in ("validation", "test") for metric in ("accuracy", "cross-entropy")
    ]
    assert lines[-1] == f"reproduced: all 4 figures of good lie within the intervals of {alone}"
    here, there = (read_result(each / "results" / "good") for each in (output, report.parent))
    assert here.result.parameters == there.result.parameters
    assert here.training.evaluation == there.training.evaluation  # the same place: to the bit


def test_what_lies_outside_the_intervals_is_told_and_is_exit_code_1(
    attached: AttachedTraining, report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = Forged(Path(shutil.copytree(attached.found.folder.parents[1], tmp_path / "report")))
    labels = forged.predictions["test_labels"]
    for image in range(len(labels)):
        forged.predict("test", image, labels[image], 0.99)
    forged.follow()
    here = read_result(forged.results)
    assert tell_figures(report, attached, here, None) == 1
    *rows, last = capsys.readouterr().out.splitlines()
    assert last == (f"NOT REPRODUCED: outside the intervals of {report}: test accuracy, test cross-entropy")
    assert [row.split()[-1] for row in rows[1:]] == ["yes", "yes", "NO", "NO"]
    assert [each.name for each in figures(attached.found, here) if not each.lies_within] == [
        "test accuracy",
        "test cross-entropy",
    ]


def test_a_notebook_that_only_came_with_the_pdf_is_run_by_nobody_without_trust(
    trained: Path, report: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One letter of code differs from that of the practice that whoever asks has."""
    shutil.copytree(trained, tmp_path / "mine", ignore=shutil.ignore_patterns("build"))
    path = tmp_path / "mine" / EXPERIMENT
    text = path.read_text(encoding="utf-8")
    assert "verbose=2" in text
    path.write_text(text.replace("verbose=2", "verbose=0", 1), encoding="utf-8")
    plan, output = tmp_path / "mine" / "experiments.toml", tmp_path / "out"
    words = ["reproduce", str(report), "--variant", "good", "--plan", str(plan), "--output", str(output)]
    assert main(words) == 2
    said = capfd.readouterr().err
    assert f"the code of the attached {EXPERIMENT} is not that of a notebook installed here" in said
    assert "--trust-notebook runs it" in said and not output.exists()
    other = next(attached_training(report, plan, tmp_path / "attached", "good"))
    assert other.installed is None
    assert trusted_notebook(other, True) == other.variant.notebook
    assert "came with the PDF, and is run with all that you may do" in capfd.readouterr().err


def test_bad_input(report: Path, small: Small, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    rows: list[tuple[list[str], str]] = [
        ([str(report), "--variant", "nobody"], "no training 'nobody' in it; there are: good, other"),
        ([str(report), "--variant", "determinism"], "no training 'determinism' in it"),
        ([str(report), "--variant", "good", "--output", str(tmp_path / "full")], "is not an empty folder"),
        ([str(small.pdf), "--variant", "good"], "another practice"),
    ]
    for words, told in rows:
        assert main(["reproduce", *words]) == 2
        out, said = capfd.readouterr()
        assert told in said and "Traceback" not in said + out
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


def test_other_versions_are_told_those_that_decide_digits_first(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("attrs==0.1\nkeras==0.2\nnot a line\nnobody-has-this==1\n", encoding="utf-8")
    found = list(versions(lock))
    assert [each.split()[:2] for each in found] == [["keras", "0.2"], ["attrs", "0.1"]]
    lock.unlink()
    assert list(versions(lock)) == ["the report tells of no versions"]


def test_a_figure_that_is_not_there_again_is_left_out(attached: AttachedTraining) -> None:
    untrained = replace(attached.found, result=attached.found.result.model_copy(update={"training": None}))
    assert list(figures(attached.found, untrained)) == []
