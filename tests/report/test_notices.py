"""What the PDF library says and is let pass, tried where it says so: without HarfBuzz-Subset."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from runner import PROJECT_ROOT
from runner.errors import RunnerError
from runner.faults import telling
from runner.processes.helper import Helper
from runner.report.printing import conformance
from runner.report.printing.pdf import load_weasyprint, print_pages
from tests.program import without_subset

TEMPLATES = PROJECT_ROOT / "templates"
PAGE = """<!doctype html><html lang="es"><head><title>t</title></head><body><h1>Título ligero</h1>
<p>El veloz <em>murciélago</em> <strong>hindú</strong>, <code>comía = 3</code> fi ffi.</p>
<table><tr><th scope="col">a</th></tr><tr class="reference"><td>cardillo</td></tr></table></body></html>"""


def printed(target: Path, more: str = "") -> PdfReader:
    """A page with each of the report's faces, printed by a process of its own, as the report is."""
    with Helper(load_weasyprint) as printer:
        roots, styles = (TEMPLATES,), [TEMPLATES / "report.css"]
        list(printer.call(print_pages, PAGE + more, target, styles=styles, base=TEMPLATES, roots=roots))
    return PdfReader(target)


def test_without_the_subset_library_pages_are_the_same_and_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same words, both standards, and one line, however many faces there are; the same bytes each time."""
    right = printed(tmp_path / "with.pdf")
    environment = without_subset(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", environment["LD_LIBRARY_PATH"])
    said: list[str] = []
    with telling(said.append):
        found = printed(tmp_path / "without.pdf")
        printed(tmp_path / "again.pdf")
    assert [page.extract_text() for page in found.pages] == [page.extract_text() for page in right.pages]
    assert conformance.check(tmp_path / "without.pdf") == ()
    assert (tmp_path / "without.pdf").read_bytes() == (tmp_path / "again.pdf").read_bytes()
    (line,) = said
    assert "HarfBuzz-Subset is not installed" in line and "libharfbuzz-subset0" in line and "\n" not in line


def test_what_is_not_in_the_list_still_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the page beside what is let pass: only the fault is in the error."""
    monkeypatch.setenv("LD_LIBRARY_PATH", without_subset(tmp_path)["LD_LIBRARY_PATH"])
    with pytest.raises(RunnerError, match="nowhere") as refused:
        printed(tmp_path / "a.pdf", '<a href="#nowhere">x</a>')
    assert "Subset" not in str(refused.value)
