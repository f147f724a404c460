"""Templates are no code: what would run some, or write or read a file, is refused with template and line."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from runner.deliver.message import TEMPLATE, Envelope, compose
from runner.language.templating import TemplateFault
from runner.plan.variants import TEMPLATES
from runner.report.handin_page import write_html
from runner.report.html import report_html
from runner.report.summary import ReportSummary
from runner.results.study import Study
from tests.made_up import Story, make_study
from tests.tiny_plan import shorten, write_plan

SUMMARY = ReportSummary(
    pdf_sha256="0", title="t", profile="full", draft=False, names=(), course="", group="", date="",
    questions=(), answered=(),
)  # fmt: skip
EVERYWHERE = {
    "a global's module": "{{ cycler.__init__.__globals__.os.popen('id > FILE').read() }}",
    "by a filter": "{{ (cycler|attr('__init__')).x }}",
    "by a subscript": "{{ cycler['__init__']['__globals__'] }}",
    "by a format": "{{ '{0.__init__.__globals__}'.format(cycler) }}",
    "every class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a class's own methods": "{{ dict.fromkeys([1]) }}",
}
OF_A_STUDY = {
    "a path": "{{ RECORD.folder.joinpath('..', 'x').write_text('a') }}",
    "a path's folder": "{{ RECORD.folder.parent }}",
    "an array": "{{ RECORD.predictions.test.labels.tofile('FILE') }}",
    "a pickle": "{{ RECORD.result.parse_raw('a', proto='pickle', allow_pickle=True) }}",
    "a file as a record": "{{ RECORD.result.parse_file('FILE') }}",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    (folder / "plan").mkdir()
    plan = shorten(write_plan(folder / "plan"))
    return make_study(folder, Story(images=(60, 50)), "smoke", plan)


@pytest.mark.parametrize("attack", [*EVERYWHERE, *OF_A_STUDY])
def test_a_template_of_the_report_is_no_code(attack: str, study: Study, tmp_path: Path) -> None:
    target = tmp_path / "written"
    text = (
        (EVERYWHERE | OF_A_STUDY)[attack].replace("FILE", str(target)).replace("RECORD", "study.get('good')")
    )
    (tmp_path / "report.html").write_text(f"<p>\n{text}</p>", encoding="utf-8")
    with pytest.raises(TemplateFault, match=r"not for templates: .*unsafe") as caught:
        report_html(study, {}, tmp_path, "0")
    assert str(caught.value.where) == "report.html:2"
    assert not target.exists()


@pytest.mark.parametrize("attack", EVERYWHERE)
def test_a_template_of_the_message_is_no_code(attack: str, tmp_path: Path) -> None:
    (tmp_path / TEMPLATE).write_text(EVERYWHERE[attack], encoding="utf-8")
    with pytest.raises(TemplateFault, match=r"not for templates: .*unsafe"):
        compose(Envelope(()), SUMMARY, (), tmp_path)


@pytest.mark.parametrize("attack", EVERYWHERE)
def test_a_template_of_the_page_is_no_code(attack: str, tmp_path: Path) -> None:
    folder = tmp_path / "notebook"
    folder.mkdir()
    (folder / "conf.json").write_bytes((TEMPLATES / "notebook" / "conf.json").read_bytes())
    (folder / "index.html.j2").write_text(EVERYWHERE[attack], encoding="utf-8")
    notebook = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), notebook)
    with pytest.raises(TemplateFault, match=r"not for templates: .*unsafe"):
        write_html(notebook, tmp_path / "page.html", (tmp_path, TEMPLATES))
    assert not (tmp_path / "page.html").exists()


def test_what_templates_are_for_goes_on(study: Study, tmp_path: Path) -> None:
    """Lists that grow, arrays' sums, fields of records and methods of ours."""
    text = (
        "{% set found = [] %}{% for v in study.variants %}{% set _ = found.append(v.name) %}{% endfor %}"
        "{{ found|join(',') }} {{ study.get('good').result.variant }} {{ 'there' if study.has('good') }}"
        " {{ 'some' if study.get('good').predictions.test.labels.any() }} {{ 'a'.upper() }}"
    )
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert report_html(study, {}, tmp_path, "0").html == "good good there some A"
