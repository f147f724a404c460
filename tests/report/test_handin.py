"""The notebook to hand in: which cells it takes, what is written out in it, and what is folded away."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from runner import PROJECT_ROOT
from runner.kernel import WRITTEN
from runner.plan.entries import HandinEntry
from runner.report.handin import write_handin
from runner.report.handin_page import write_html
from tests.made_up import Story, make_study
from tests.small_report import IMAGES, make_practice

SOURCE = new_output("display_data", {WRITTEN: "x = 1", "text/html": "<b>x = 1</b>", "text/plain": "x = 1"})
SECTIONS = (
    HandinEntry(notebook="good"),
    HandinEntry(notebook="good", heading="## Anexo", cells="folded"),
)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one executed notebook, open and folded: a cell that was written, one that is folded by its tag."""
    folder = tmp_path_factory.mktemp("handin")
    build = folder / "build"
    study = make_study(build, Story(images=IMAGES), "smoke", make_practice(folder / "practice"))
    written = new_code_cell("kernel.run_cell(code.model, globals())", execution_count=1)
    written.outputs = [SOURCE, new_output("stream", text="salida de uno\n")]
    tagged = new_code_cell("dos()", metadata={"tags": ["folded"]}, execution_count=2)
    tagged.outputs = [new_output("stream", text="salida de dos\n")]
    prose = new_markdown_cell("## Pregunta 1. El modelo")
    (build / "notebooks").mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=[prose, written, tagged]), build / "notebooks" / "good.ipynb")
    return write_handin(study, SECTIONS, build, build / "notebook.ipynb")


def test_code_that_was_written_is_a_cell(handed_in: Path) -> None:
    """In place of the call that ran it, with what it gave, and not twice."""
    cells = [c for c in nbformat.read(handed_in, as_version=4).cells if c.cell_type == "code"]
    assert [cell.source for cell in cells] == ["x = 1", "dos()"] * 2
    assert [[output.output_type for output in cell.outputs] for cell in cells] == [["stream"]] * 4


def test_folded_cells_are_hidden_until_they_are_asked_for(handed_in: Path) -> None:
    """Those of a tag, and all of a folded section; its headings are not in the contents."""
    cells = nbformat.read(handed_in, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    hidden = [bool(cell.metadata.get("jupyter", {}).get("source_hidden")) for cell in code]
    assert hidden == [False, True, True, True]
    assert re.findall(r"\[(.*?)\]\(#", cells[0].source) == ["Pregunta 1. El modelo", "Anexo"]


def test_the_page_folds_each_row_of_them(handed_in: Path, tmp_path: Path) -> None:
    page = write_html(handed_in, tmp_path / "page.html", (PROJECT_ROOT / "templates",)).read_text("utf-8")
    assert page.count("<details") == page.count("</details>") == 2
    open_part = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    for words, there, left in (("salida de uno", 2, 1), ("salida de dos", 2, 0)):
        assert page.count(words) == there and open_part.count(words) == left
