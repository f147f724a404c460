"""The report: study -> figures -> HTML -> PDF."""

from __future__ import annotations

from pathlib import Path

from runner import i18n
from runner.attachments import collect, evidence_file
from runner.plan import Plan
from runner.report_figures import draw_figures
from runner.report_html import report_html
from runner.report_pdf import load_weasyprint, write_pdf
from runner.report_print import lean, no_collection
from runner.report_summary import write_summary
from runner.study import Study

REPORT_FILE = "report.pdf"
STYLES = ("report.css", "draft.css")  # the second for drafts only


def render(study: Study, plan: Plan, build_dir: Path, templates_dir: Path) -> Path:
    """Write ``report.pdf``, with all it is made from attached, into ``build_dir`` and return its path.

    What is missing from the study is said in the report. Raises RunnerError for a faulty template,
    an untraced number, or anything that the PDF library warns of.
    """
    load_weasyprint()  # a missing native library is said before anything is drawn
    figures = draw_figures(study, build_dir)
    attached = collect(study, plan, build_dir, templates_dir)
    with no_collection():
        document = report_html(study, figures, templates_dir, attached[0].sha256)
    attached += (evidence_file(document.claims, attached[0].made),)
    report = build_dir / REPORT_FILE
    styles = style_sheets(templates_dir, study.draft)
    roots = (build_dir, templates_dir)
    with no_collection():
        html = lean(document.html)
        write_pdf(html, report, styles=styles, base=build_dir, roots=roots, attachments=attached)
    write_summary(document, study, report)
    return report


def style_sheets(templates_dir: Path, draft: bool) -> list[Path]:
    """The styles, each followed by its language's own words (page numbers, the stamp), if it has any."""
    language = i18n.current().partition("_")[0]
    folders = (templates_dir, templates_dir / "locale" / language)
    named = [folder / name for name in (STYLES if draft else STYLES[:1]) for folder in folders]
    return [path for path in named if path.parent == templates_dir or path.is_file()]
