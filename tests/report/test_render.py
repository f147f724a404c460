"""The whole report as a PDF, from made-up results."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.build_folder import PACKAGES_FILE
from runner.figures.drawing import draw_figures
from runner.packages import write_lock
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.attachments import collect
from runner.report.html import report_html
from runner.report.printing import conformance
from runner.report.render import render
from runner.report.summary import read_summary
from runner.results.reasons import said
from runner.results.study import Study
from tests.made_up import Story, make_study
from tests.parcels import LABEL, SCRIPT

pytestmark = pytest.mark.xdist_group("reports")

TEMPLATES = PROJECT_ROOT / "templates"
QUESTIONS = range(1, 19)


@cache
def pages(pdf: Path) -> list[str]:
    """The text of each page, with all blanks alike."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages]


def headings(texts: list[str]) -> list[int]:
    """Numbers of the questions that have a heading, in the order of the document."""
    body = " ".join(texts[2:])  # after the cover, and the summary with the contents
    return [int(found) for found in re.findall(r"Pregunta (\d+)\. (?=[A-ZÁÉÍÓÚ])", body)]


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every picture in a folder."""
    pictures = [path for path in folder.iterdir() if path.suffix != ".json"]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in pictures}


@pytest.fixture
def full(complete: Path) -> Path:
    """The report of a complete, full-profile study."""
    return complete / "report.pdf"


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """The report of a draft in which one variant failed and the best model was never run."""
    build = tmp_path_factory.mktemp("build")
    story = Story(failed={"batch-4": said("pérdida NaN en la época 2")}, skipped=("best", "best-model"))
    study = make_study(build, story, "quick")
    return study, render(study, make_plan(DEFAULT_PLAN, "quick"), build, TEMPLATES)


def test_has_every_answer(full: Path) -> None:
    """Eighteen headings in order, in the text and in the bookmarks, and no notice."""
    texts = pages(full)
    assert sorted(set(headings(texts))) == list(QUESTIONS)
    bookmarks = [str(entry["/Title"]) for entry in PdfReader(full).outline if not isinstance(entry, list)]
    answers = [title for title in bookmarks if title.startswith("Pregunta")]
    assert [int(title.split()[1].rstrip(".")) for title in answers] == list(QUESTIONS)
    assert not any("Falta «" in text or "Faltan (" in text or "no disponible" in text for text in texts)


def test_conforms(full: Path, draft: tuple[Study, Path]) -> None:
    """Both reports are PDF/A-3a and PDF/UA-1 at once."""
    assert conformance.check(full) == ()
    assert conformance.check(draft[1]) == ()


def test_attaches_results_and_versions(full: Path) -> None:
    """The table is there as CSV and as JSON with the same numbers; the lock file only if there is one."""
    attached = PdfReader(full).attachments
    rows = json.loads(attached["results.json"][0])["variants"]
    lines = list(csv.DictReader(io.StringIO(attached["results.csv"][0].decode())))
    assert [row["variant"] for row in rows] == [line["variant"] for line in lines]
    assert [repr(row["test_accuracy"]) for row in rows] == [line["test_accuracy"] for line in lines]
    assert "requirements.lock" not in attached


def test_lock_file_is_attached_as_it_was(draft: tuple[Study, Path], tmp_path: Path) -> None:
    """What was noted when the variants ran, not what is installed where the report is made."""
    study, _ = draft
    (tmp_path / PACKAGES_FILE).write_text("# Python 3.0\nkeras==0.1\n", encoding="utf-8")
    files = collect(study, make_plan(DEFAULT_PLAN, "quick"), tmp_path, TEMPLATES)
    assert {file.path: file.content for file in files}[PACKAGES_FILE] == b"# Python 3.0\nkeras==0.1\n"
    write_lock(tmp_path)
    assert f"weasyprint=={version('weasyprint')}\n" in (tmp_path / PACKAGES_FILE).read_text(encoding="utf-8")


def test_is_no_draft(full: Path) -> None:
    """A full run carries no stamp."""
    assert not any("borrador" in text.lower() for text in pages(full))


def test_cover_and_metadata(full: Path) -> None:
    """The cover says who, which course, group and when; names print as text."""
    cover = pages(full)[0]
    for words in ("María Pérez", SCRIPT, "Un curso", "7", "abril"):
        assert words in cover
    metadata = PdfReader(full).metadata
    assert metadata is not None and metadata.title is not None
    assert metadata.title.startswith("Práctica 5")


def test_page_numbers(full: Path) -> None:
    """Every page but the cover says which it is, and the contents agree with where answers start."""
    texts = pages(full)
    count = len(texts)
    assert 12 < count <= 22
    assert all(f"{n} de {count}" in text for n, text in enumerate(texts, start=1) if n > 1)
    last = re.search(r"18 Salida .*? (\d+) Discusión", texts[1])
    assert last is not None and "Pregunta 18." in texts[int(last.group(1)) - 1]


def test_nothing_of_the_machine(full: Path) -> None:
    """No path of the build folder or of the project gets into the report."""
    text, content = " ".join(pages(full)), full.read_bytes()
    for folder in (full.parent, PROJECT_ROOT):
        assert str(folder) not in text and str(folder).encode() not in content


def test_draft_is_stamped_on_every_page(draft: tuple[Study, Path]) -> None:
    """Each page and each answer says that it is a draft."""
    texts = pages(draft[1])
    assert len(texts) > 3 and all("BORRADOR" in text for text in texts)
    assert " ".join(texts).count("Respuesta de un borrador") == len(QUESTIONS)


def test_missing_variants_are_named(draft: tuple[Study, Path]) -> None:
    """What is missing is said with its reason, and every question still has its heading."""
    texts = pages(draft[1])
    assert sorted(set(headings(texts))) == list(QUESTIONS)
    whole = " ".join(texts)
    assert "Falta «mejor modelo»" in whole
    assert "pérdida NaN en la época 2" in whole


def test_same_results_give_the_same_bytes(draft: tuple[Study, Path], tmp_path: Path) -> None:
    """Figures are reused, and drawn anew they are the same; so is the report."""
    study, pdf = draft
    before, drawn = pdf.read_bytes(), files(pdf.parent / "figures")
    assert render(study, make_plan(DEFAULT_PLAN, "quick"), pdf.parent, TEMPLATES).read_bytes() == before
    draw_figures(study, tmp_path)
    again = files(tmp_path / "figures")
    assert {name: content for name, (content, _) in again.items()} == {
        name: content for name, (content, _) in drawn.items()
    }
    assert files(pdf.parent / "figures") == drawn


def test_empty_study(tmp_path: Path) -> None:
    """With no result at all there is still a report, and it says so."""
    names = tuple(variant.name for variant in make_plan(DEFAULT_PLAN, "full").variants)
    study = make_study(tmp_path, Story(skipped=names))
    texts = pages(render(study, make_plan(DEFAULT_PLAN, "full"), tmp_path, TEMPLATES))
    assert sorted(set(headings(texts))) == list(QUESTIONS)


def test_damaged_arrays_leave_the_rest(tmp_path: Path) -> None:
    """A file of filters that can't be read costs its own answers only."""
    study = make_study(tmp_path, Story(skipped=tuple(f"batch-{n}" for n in (4, 16, 128, 256))))
    (tmp_path / "results" / "best-model" / "filters.npz").write_bytes(b"PK damaged")
    html = report_html(study, draw_figures(study, tmp_path), TEMPLATES, "0" * 64).html
    assert html.count("el resultado no se puede leer: filters.npz") == len(["15", "16"])
    assert str(tmp_path) not in html


def test_imports_no_tensorflow() -> None:
    """The host side stays light: rendering loads neither TensorFlow nor Keras."""
    code = "import sys, runner.report.render; print({'tensorflow', 'keras', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_data_set_may_be_called_anything(full: Path) -> None:
    """Its label comes from a record: a path, markup or a template in it are printed as they are."""
    assert f"Los datos son el conjunto {LABEL}" in " ".join(pages(full))


def test_a_gap_inside_an_answer_is_a_question_not_answered(draft: tuple[Study, Path]) -> None:
    summary = read_summary(draft[1])
    assert summary.questions == tuple(QUESTIONS)
    assert set(range(1, 9)) <= set(summary.answered)
    assert not {9, 12, 13, 18} & set(summary.answered)
