"""The whole program once, for real: papermill, Keras, WeasyPrint, on scikit-learn's digits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import nbformat
import psutil
import pytest
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.printing import conformance
from runner.results.finished import read_result
from tests.browser import assert_right, look
from tests.measured_pages import faults, measure
from tests.program import HANG_SECONDS, Command, all_ended, command_line, report_text, until
from tests.tiny_plan import notebook, run, shorten, start, variant, write_gate, write_notebook, write_plan

pytestmark = pytest.mark.xdist_group("smoke")

PLAN = make_plan(DEFAULT_PLAN, "smoke")


@pytest.fixture(scope="module")
def pages(build: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(build / "report.pdf").pages]


def test_every_variant_is_there_with_notebook_and_record(build: Path) -> None:
    for planned in PLAN.variants:
        found = read_result(build / "results" / planned.name)
        assert (build / "notebooks" / f"{planned.name}.ipynb").is_file()
        assert found.result.draft
        if planned.kind == "training":
            assert found.predictions.test.labels.shape == (360,)
            assert found.training.timing.train_seconds > 0
            assert found.training.memory_peak_bytes > 2**27
            assert found.training.model.flops_per_image > 1e5


def test_the_report_answers_the_18_questions(pages: list[str]) -> None:
    text = "\n".join(pages).replace("\N{NO-BREAK SPACE}", " ")
    for number in range(1, 19):
        assert f"Pregunta {number}" in text
    assert "Falta" not in text


def test_every_page_says_that_it_is_a_draft(pages: list[str]) -> None:
    assert len(pages) > 15
    for page in pages:
        assert "BORRADOR" in page or "Borrador" in page


def test_the_report_conforms_to_pdf_a_and_pdf_ua(build: Path) -> None:
    assert conformance.check(build / "report.pdf") == ()


def test_no_page_is_one_that_a_reader_would_frown_at(build: Path) -> None:
    assert faults(measure(build / "report.pdf")) == []


def test_a_name_prints_as_text(pages: list[str]) -> None:
    assert "Ana <b>Ñúñez</b>" in pages[0]


def test_the_report_has_bookmarks_and_its_own_fonts(build: Path) -> None:
    reader = PdfReader(build / "report.pdf")
    titles = [str(entry.title) for entry in reader.outline if not isinstance(entry, list)]
    assert sum("Pregunta" in title for title in titles) == 18
    assert reader.metadata is not None
    assert "CIFAR-10" in str(reader.metadata.title)


def test_the_notebook_to_hand_in_is_whole(build: Path) -> None:
    notebook = nbformat.read(build / "practica5.ipynb", as_version=4)
    nbformat.validate(notebook)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for number in range(1, 19):
        assert f"## Pregunta {number}." in prose
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for name in ("baseline", "best"):  # what was really run, not the notebook's defaults
        assert sum(f'variant = "{name}"\n' in cell.source for cell in code) == 2  # shown, and in the annex
    assert any("sample_index = -1" in cell.source for cell in code)  # a default that was used
    kinds = [output.output_type for cell in code for output in cell.outputs]
    assert "error" not in kinds
    pictures = [o for c in code for o in c.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= 15
    assert (build / "practica5.ipynb").stat().st_size < 10_000_000
    text = (build / "practica5.ipynb").read_text(encoding="utf-8")
    assert str(build) not in text
    assert str(PROJECT_ROOT) not in text
    links = [line for line in prose.splitlines() if line.startswith("- [") and "](#" in line]
    assert len(links) >= 18
    for line in links:  # they lead somewhere
        assert f'<a id="{line.split("](#")[1].rstrip(")")}"></a>' in prose


def test_the_notebooks_show_the_code_that_stands_in_for_keras(build: Path) -> None:
    def shown(name: str) -> str:
        cells = nbformat.read(build / "notebooks" / f"{name}.ipynb", as_version=4).cells
        return json.dumps([cell.outputs for cell in cells if cell.cell_type == "code"])

    baseline, sgd = shown("baseline"), shown("c-sgd")
    assert "OneOperation" in baseline and "bias_add" in baseline
    assert "gelu_gradient" not in baseline
    assert "gelu_gradient" in sgd and "FusedBatchNormV3" in sgd  # gelu's and the normalisation's own code
    assert "OneOperation" not in sgd


def test_the_notebooks_page_is_right_in_a_real_browser(build: Path, tmp_path: Path) -> None:
    assert (build / "practica5.html").stat().st_size < 10_000_000
    seen = look(build / "practica5.html", tmp_path / "profile")
    assert_right(seen)
    assert len(seen.page["pictures"]) >= 15
    assert "Ana <b>Ñúñez</b>" in seen.text


def test_every_way_of_question_8_comes_back_to_28(build: Path) -> None:
    found = read_result(build / "results" / "resolution").values
    assert len(found["ways"]) >= 4
    for way in found["ways"]:
        sizes = way["sizes"]
        assert sizes[0] == sizes[-1] == 28
        assert min(sizes) <= 2
    assert 28 not in found["naive_sizes"][1:]


def test_committed_notebooks_carry_no_outputs() -> None:
    paths = list((PROJECT_ROOT / "notebooks").glob("*.ipynb"))
    assert {path.name for path in paths} >= {"experiment.ipynb", "comparison.ipynb"}
    for path in paths:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code), path


def test_a_second_run_has_nothing_to_do(build: Path, runner: Command) -> None:
    before = {p: p.stat().st_mtime_ns for p in build.rglob("*") if p.is_file() and p.name != ".lock"}
    done = runner("all", "--profile", "smoke", "--build-dir", str(build), "--name", "Ana <b>Ñúñez</b>")
    assert done.returncode == 0
    assert "up to date" in done.stderr
    after = {p: p.stat().st_mtime_ns for p in build.rglob("*") if p.is_file() and p.name != ".lock"}
    assert before == after


TELLING_LIBRARIES = """
import sys
from runner.__main__ import command_line

code = command_line()()
print(sorted({"scipy.stats", "sklearn", "statsmodels", "tensorflow"} & {*sys.modules}))
sys.exit(code)
"""


def test_the_same_results_give_the_same_report_without_working_statistics_out_again(build: Path) -> None:
    before = (build / "report.pdf").read_bytes()
    made = (build / "report.pdf").stat().st_ino
    words = command_line(
        "report", "--build-dir", str(build), "--name", "Ana <b>Ñúñez</b>", code=TELLING_LIBRARIES
    )
    done = subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert (build / "report.pdf").stat().st_ino != made  # another file in its place
    assert (build / "report.pdf").read_bytes() == before


EXPLODES = "learning_rate = 10.0, filters = [64, 64, 64, 64, 64], activation = 'elu', epochs = 3"
FAULTY = (
    variant("diverges", None, EXPLODES, group="batch"),
    notebook("needy", 'notebook = "raises.ipynb"', 'needs = ["diverges"]'),
    notebook("raises"),
    '[[handin]]\nnotebook = "raises"',
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan in which one variant's loss explodes and one notebook raises."""
    folder = tmp_path_factory.mktemp("tiny")
    write_notebook(folder / "raises.ipynb", "raise ValueError('a propósito')")
    return shorten(write_plan(folder, *FAULTY, optimizer="sgd", epochs=1))


def test_a_failed_variant_stops_nothing_and_is_run_again(tiny: Path) -> None:
    build = tiny.parent / "build"
    done = run("all", tiny, build, "--jobs", "2")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert read_result(build / "results" / "good").result.training is not None
    for name, reason in [
        ("diverges", "in epoch"),
        ("raises", "a propósito"),
        ("needy", "needs “diverges”"),
    ]:
        assert f"failed: {name}" in done.stderr
        assert reason in done.stderr
    assert "variante diverges" in report_text(build)
    handin = (build / "notebook.ipynb").read_text(encoding="utf-8")
    assert "a propósito" in handin
    finished = (build / "results" / "good" / "result.json").stat().st_mtime_ns
    again = run("all", tiny, build, "--jobs", "2")
    assert again.returncode == 1
    assert "3 variants to run" in again.stderr
    assert (build / "results" / "good" / "result.json").stat().st_mtime_ns == finished


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_run_that_is_stopped_leaves_no_process_behind(tmp_path: Path, signum: int, code: int) -> None:
    """Interrupted, it also says how to go on."""
    plan = shorten(write_plan(tmp_path, variant("other", 9, "batch_size = 16", group="batch")))
    write_gate(tmp_path)
    process = start("all", plan, tmp_path / "build", "--jobs", "2", gate=tmp_path / "gate")
    for name in ("good", "other"):
        until((tmp_path / "build" / "work" / name / "progress.json").exists, process=process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 4  # two workers, with a kernel each
    process.send_signal(signum)
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code, said
    assert "Traceback" not in said
    if signum == signal.SIGINT:
        assert "run the same command to go on" in said
    assert all_ended(children)
