"""The worked example of a second practice: its own notebook, experiments, templates and figure."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from runner import PROJECT_ROOT
from runner.commands.doctor import check_data, check_plan, check_templates
from runner.commands.request import Request
from runner.report.summary import read_summary
from runner.results.finished import read_result
from tests.program import without_subset

pytestmark = pytest.mark.xdist_group("example")

PLAN = PROJECT_ROOT / "docs" / "example" / "experiments.toml"


def runner(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner", *words]
    environment = os.environ | settings
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "build"
    (temporary := folder.with_name("temporary")).mkdir()
    done = runner("all", "--plan", str(PLAN), "--build-dir", str(folder), TMPDIR=str(temporary))
    assert done.returncode == 0, done.stderr
    assert f"note: code of {PLAN.parent} runs as you: its notebooks and templates/figures.py\n" in done.stderr
    return folder


def test_a_run_leaves_nothing_in_the_temporary_folder(build: Path) -> None:
    """Neither kernels nor what draws and prints; 1.6 MB were left by each rendering."""
    assert not list(build.with_name("temporary").iterdir())


def test_a_second_practice_has_its_own_report(build: Path) -> None:
    reader = PdfReader(build / "report.pdf")
    text = " ".join(page.extract_text() for page in reader.pages).replace("\xa0", " ")
    assert "Pregunta 1. La pendiente" in text and "50 puntos" in text
    assert "CIFAR" not in text
    assert read_summary(build / "report.pdf").answered == (1,)
    assert "Pregunta 1. La pendiente" in (build / "notebook.html").read_text("utf-8")


def test_its_own_figure_is_there_with_what_it_shows(build: Path) -> None:
    """Drawn by the practice's code, in the text's own face, with an alternative text of the data."""
    reader = PdfReader(build / "report.pdf")
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Figura 1. Los puntos y la recta ajustada." in text.replace("\xa0", " ")
    assert [path.name for path in (build / "figures").glob("*.svg")] == ["fig-recta.svg"]
    described = [str(each["/Alt"]) for each in tagged(reader) if each.get("/S") == "/Figure"]
    assert any("50 puntos y la recta ajustada" in alt for alt in described)


def test_clean_leaves_nothing_of_it(build: Path, tmp_path: Path) -> None:
    shutil.copytree(build, tmp_path / "build")
    done = runner("clean", "--yes", "--build-dir", str(tmp_path / "build"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "build").exists()


def tagged(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every element of the document's structure."""
    waiting: list[Any] = [reader.root_object["/StructTreeRoot"]]
    while waiting:
        each = waiting.pop()
        each = each.get_object() if isinstance(each, IndirectObject) else each
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, DictionaryObject):
            yield each
            waiting += [each["/K"]] if "/K" in each else []


def test_it_verifies_with_its_own_templates_only(build: Path) -> None:
    """They do not travel with the report: without them it is said what is wanted."""
    pdf = str(build / "report.pdf")
    done = runner("verify", pdf, "--plan", str(PLAN))
    assert done.returncode == 0 and "verified" in done.stdout, done.stdout + done.stderr
    assert done.stderr == f"note: code of {PLAN.parent} runs as you: templates/figures.py\n"
    alone = runner("verify", pdf)
    assert alone.returncode == 2 and "--plan" in alone.stderr


def test_a_report_made_without_the_subset_library_verifies_with_it_and_the_reverse(
    build: Path, tmp_path: Path
) -> None:
    """The files of the fonts differ, and nothing that is compared."""
    bare, copy = without_subset(tmp_path), tmp_path / "build"
    (temporary := tmp_path / "temporary").mkdir()
    plan = ("--plan", str(PLAN))
    shutil.copytree(build, copy)
    made = runner("report", *plan, "--build-dir", str(copy), **bare)
    assert made.returncode == 0, made.stderr
    assert made.stderr.count("HarfBuzz-Subset") == made.stderr.count("runs as you") == 1, made.stderr
    for pdf, environment in ((copy / "report.pdf", {}), (build / "report.pdf", bare)):
        done = runner("verify", str(pdf), *plan, TMPDIR=str(temporary), **environment)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not list(temporary.iterdir())


def test_the_doctor_looks_at_its_plan(build: Path) -> None:
    """It names the example's file, and asks for no data that its notebook does not read."""
    request = Request(build_dir=build, plan_path=PLAN)
    found = " ".join(check(request).text for check in (check_plan, check_data, check_templates))
    assert "1 entries in experiments.toml" in found
    assert "CIFAR" not in found
    assert "figures.py" in found


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("DRAWS = 3", "needs DRAWS"),
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        ("DRAWS = {'../fig': print}", "can't be the id of a figure"),
        ("DRAWS = {'fig-recta': lambda study: 1 / 0}", "ZeroDivisionError: division by zero"),
        ("DRAWS = {'fig-recta': lambda study: None}", "no figure with an alternative text"),
    ],
)
def test_a_fault_in_its_figures_is_told_with_the_file(
    build: Path, tmp_path: Path, code: str, message: str
) -> None:
    practice, copy = tmp_path / "practice", tmp_path / "build"
    shutil.copytree(PLAN.parent, practice)
    shutil.copytree(build, copy)
    (practice / "templates" / "figures.py").write_text(code, "utf-8")
    done = runner("report", "--plan", str(practice / PLAN.name), "--build-dir", str(copy))
    assert done.returncode == 2 and "figures.py" in done.stderr and message in done.stderr


def test_dates_are_those_of_the_user_and_verify_anywhere(build: Path, tmp_path: Path) -> None:
    """Where the day is another than in UTC; on a machine in another zone, the report says the same."""
    practice, copy = tmp_path / "practice", tmp_path / "build"
    shutil.copytree(PLAN.parent, practice)
    shutil.copytree(build, copy)
    layout = practice / "templates" / "report.html"
    times = '<p>Día: {{ study.author.date }}. Hora: {{ m("line", "finished")|moment }}.</p>'
    layout.write_text(f"{layout.read_text('utf-8')}{{% block back %}}{times}{{% endblock %}}", "utf-8")
    finished = read_result(copy / "results" / "line").result.finished
    assert finished.utcoffset() == timedelta(0)
    here = "Pacific/Kiritimati" if finished.hour >= 10 else "Pacific/Pago_Pago"
    local = finished.astimezone(ZoneInfo(here))
    assert local.date() != finished.date()
    words = ["--plan", str(practice / PLAN.name), "--build-dir", str(copy)]
    done = runner("report", *words, TZ=here)
    assert done.returncode == 0, done.stderr
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(copy / "report.pdf").pages).split())
    offset = "UTC+14" if here == "Pacific/Kiritimati" else "UTC−11"
    assert f"Día: {local.day} de " in text
    assert f"{local.hour}:{local.minute:02} {offset}." in text
    assert read_summary(copy / "report.pdf").date.startswith(f"{local.day} de ")
    again = runner("verify", str(copy / "report.pdf"), *words[:2], TZ="America/Mexico_City")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix closes the streams")
@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "2>&1 | head -n 1"])
def test_a_run_whose_words_nobody_reads_is_not_lost(streams: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "runner", "all", "--plan", PLAN, "--build-dir", tmp_path / "build"]
    line = f"set -o pipefail; {shlex.join(map(str, words))} {streams}"
    done = subprocess.run(["bash", "-c", line], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert read_summary(tmp_path / "build" / "report.pdf").answered == (1,)
    assert not done.stderr
