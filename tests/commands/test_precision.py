"""In which numbers trainings compute: asked for, measured, remembered, refused, and told.

No test depends on the processor: flags are read from a file of the test's (``runner.machine.bfloat16``).
A training in bfloat16 on a processor without it is slow, and otherwise the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from runner.analysis.loading import load_study
from runner.build_folder import RUN_FILE
from runner.cli import main
from runner.commands.precision import decide, open_precisions, refuse_precision
from runner.commands.request import Request, load_plan, read_note
from runner.errors import InputError
from runner.execute.estimate import Sample
from runner.execute.state import Workspace
from runner.faults import telling
from runner.figures.drawn import Drawn
from runner.machine import bfloat16
from runner.plan.precision import wanted_precision
from runner.plan.records import Precision, PrecisionName
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.practice import costs
from runner.report.functions.facts import Facts
from runner.report.html import report_html
from runner.results.finished import read_result
from tests.made_up import make_study
from tests.report.test_answers import FIGURES, TEMPLATES
from tests.tiny_plan import variant, words, write_plan

FASTER, SLOW = 1.2, 1.19


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The flags of a processor with bfloat16, to be changed."""
    path = tmp_path / "cpuinfo"
    path.write_text("flags : amx_bf16\n", encoding="utf-8")
    monkeypatch.setattr(bfloat16, "CPUINFO", path)
    return path


def samples(gain: float) -> list[Sample]:
    """Each kind of the practice's variants, measured in both, bfloat16 ``gain`` times as fast."""
    plan = make_plan(DEFAULT_PLAN, "full")
    found = [costs.parameters(v.parameters) for v in plan.variants if v.kind == "training"]
    return [
        Sample(parameters=each, threads=1, train_seconds=s, forward_seconds=1.0, precision=name)
        for each in found
        for name, s in (("float32", 1.0), ("bfloat16", 1.0 / gain))
    ]


@pytest.mark.parametrize("gain", [FASTER, SLOW])
def test_auto_is_decided_once_for_all_by_the_gain(gain: float, flags: Path, tmp_path: Path) -> None:
    request = Request(build_dir=tmp_path / "build", profile="full")
    plan = load_plan(request)
    workspace = Workspace(plan, request.build_dir)
    assert open_precisions(workspace, request, None) == ("", True)
    todo = [(v, v.parameters) for v in plan.variants]
    left = decide(workspace, samples(gain), todo, lambda variant: 1)
    used = "bfloat16" if gain == FASTER else "float32"
    assert {each.precision for each in left} == {used}
    assert workspace.plan.precision == Precision(used=used, gain=gain)
    for option in (None, "auto"):  # the commands to come do the same
        again = load_plan(Request(build_dir=request.build_dir, precision=option))
        assert again.precision == workspace.plan.precision
        assert open_precisions(Workspace(again, request.build_dir), request, None) == ("", False)
    keys = Workspace(workspace.plan, request.build_dir).parts(plan.get("baseline"))
    assert keys.get("precision") == (used if used == "bfloat16" else None)


def test_auto_is_float32_where_nothing_speaks_for_more(flags: Path, tmp_path: Path) -> None:
    request = Request(build_dir=tmp_path / "build", profile="full")
    workspace = Workspace(load_plan(request), request.build_dir)
    assert open_precisions(workspace, Request(scheduler="tcp://a:1"), None)[1] is False
    assert open_precisions(workspace, request, 60.0)[1] is False
    assert decide(workspace, samples(9.0)[:1], [], lambda variant: 1)
    assert workspace.plan.precision.used is None
    assert not (request.build_dir / RUN_FILE).exists()
    flags.write_text("flags : avx2\n", encoding="utf-8")
    why, is_open = open_precisions(workspace, request, None)
    assert "amx_bf16" in why and not is_open


def test_option_file_and_note() -> None:
    decided = Precision(used="bfloat16", gain=2.0)
    assert wanted_precision(None, None, decided) == decided
    assert wanted_precision("float32", None, decided) == Precision(asked="float32", used="float32", gain=2.0)
    forced = wanted_precision("bfloat16", None, None)
    assert wanted_precision(None, None, forced) == forced
    assert wanted_precision("auto", None, forced) == Precision()
    assert wanted_precision(None, "float32", decided).name == "float32"  # the file was changed since


def test_bfloat16_without_the_instructions_is_refused(
    flags: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags.write_text("flags : avx2\n", encoding="utf-8")
    plan, build = write_plan(tmp_path), tmp_path / "build"
    assert main(words("all", plan, build, "--precision", "bfloat16")) == 2
    said = capfd.readouterr().err
    assert "has no bfloat16 of its own (amx_bf16 or avx512_bf16)" in said
    assert "--precision float32" in said and "Traceback" not in said
    assert not (build / RUN_FILE).exists() and not (build / "results").exists()


def test_what_was_decided_elsewhere_is_not_trained_on_without_it(flags: Path, tmp_path: Path) -> None:
    request = Request(build_dir=tmp_path, profile="full")
    plan = load_plan(request)
    workspace = Workspace(plan, tmp_path)
    decide(workspace, samples(2.0), [(v, v.parameters) for v in plan.variants], lambda variant: 1)
    flags.write_text("flags : avx2\n", encoding="utf-8")
    refuse_precision(workspace.plan, [], request)  # a report can be made anywhere
    with pytest.raises(InputError, match="was decided to be trained in bfloat16"):
        refuse_precision(workspace.plan, workspace.plan.variants, request)


def test_unknown_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plan, build = write_plan(tmp_path), tmp_path / "build"
    assert main(words("plan", plan, build, "--precision", "float16")) == 2
    assert "'auto', 'float32', 'bfloat16'" in capfd.readouterr().err
    plan.write_text(f'precision = "half"\n{plan.read_text(encoding="utf-8")}', encoding="utf-8")
    assert main(words("plan", plan, build)) == 2
    said = capfd.readouterr().err
    assert "precision" in said and "float32" in said and "Traceback" not in said


def test_a_practice_without_a_choice_takes_none(
    flags: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "mine")]) == 0
    given = ["--plan", str(tmp_path / "mine" / "experiments.toml"), "--build-dir", str(tmp_path / "build")]
    assert main(["all", *given, "--precision", "bfloat16"]) == 2
    assert "nothing takes it" in capfd.readouterr().err


def test_unlike_precisions_are_told_and_marked(tmp_path: Path) -> None:
    make_study(tmp_path)
    plan, said = make_plan(DEFAULT_PLAN, "full"), list[str]()
    with telling(said.append):
        facts = Facts(load_study(plan, tmp_path))
    assert not said and not facts.missing_notice(["batch-4"])
    path = tmp_path / "results" / "batch-4" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"precision": "bfloat16"}), encoding="utf-8")
    with telling(said.append):
        facts = Facts(load_study(plan, tmp_path))
    assert any("unlike precision: batch-4 in bfloat16, the others in float32" in each for each in said)
    assert "Precisiones distintas" in facts.missing_notice(["batch-4"])
    assert "en bfloat16, lotes de 4; en float32, modelo base" in facts.missing_notice(["batch-4"])
    assert not facts.missing_notice(["batch-256"])
    assert len(facts.environments()) == 2


@pytest.mark.parametrize(
    ("used", "gain", "printed"),
    [
        ("bfloat16", 1.75, "alcanzó 1,75 veces la velocidad de float32."),
        ("float32", 1.05, "alcanzó 1,05 veces la velocidad de float32, y se entrenó en float32."),
        (None, None, ""),
    ],
)
def test_the_report_says_the_precision_and_the_gain(
    used: PrecisionName | None, gain: float | None, printed: str, tmp_path: Path
) -> None:
    make_study(tmp_path)
    for path in tmp_path.glob("results/*/result.json"):
        record = json.loads(path.read_text(encoding="utf-8")) | {"precision": used or "float32"}
        path.write_text(json.dumps(record), encoding="utf-8")
    plan = replace(make_plan(DEFAULT_PLAN, "full"), precision=Precision(used=used, gain=gain))
    figures = {name: Drawn(Path(f"{name}.svg"), "una figura") for name in FIGURES}
    page = report_html(load_study(plan, tmp_path), figures, TEMPLATES, "0" * 64).html
    assert all(
        f'<th scope="row">{name}</th>' in page for name in ("Precisión", "Precisión del entrenamiento")
    )
    text = " ".join(re.sub("<[^>]*>", "", page).split())
    assert printed in text and ("alcanzó" in text) == bool(printed)
    assert ("tienen la mitad de bits mientras se entrena" in text) == (used == "bfloat16")
    assert "Precisiones distintas" not in text


@pytest.mark.xdist_group("precision")
def test_a_training_in_bfloat16(flags: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Other digits, in record and key; evaluated in float32, so that the curve ends where the table says."""
    plan = write_plan(tmp_path, variant("other", None, "batch_size = 16"), train_limit=400, batch_size=32)
    build = tmp_path / "build"
    asked = ["run", "good", *words("run", plan, build)[1:]]
    assert main([*asked, "--precision", "bfloat16"]) == 0
    assert "precision: bfloat16, as asked for" in capfd.readouterr().err
    faster = read_result(build / "results" / "good")
    assert faster.result.precision == faster.result.key_parts["precision"] == "bfloat16"
    last, table = faster.training.epochs[-1], faster.training.evaluation.validation
    assert last.validation_cross_entropy == pytest.approx(table.cross_entropy, rel=1e-5)
    assert read_note(build).precision == Precision(asked="bfloat16", used="bfloat16")
    assert main(words("plan", plan, build)) == 0
    assert "as asked for" in capfd.readouterr().out
    assert main(words("plan", plan, build, "--precision", "float32")) == 0
    assert "stale (precision: bfloat16 -> float32)" in " ".join(capfd.readouterr().out.split())
    assert main([*asked, "--precision", "float32"]) == 0
    usual = read_result(build / "results" / "good")
    assert usual.result.precision == "float32" and "precision" not in usual.result.key_parts
    assert usual.training.epochs[-1].train_loss != faster.training.epochs[-1].train_loss
