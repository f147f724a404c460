"""The notebook to hand in as one HTML page, which needs neither Jupyter nor a network to be read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from runner.errors import RunnerError
from runner.files import write_text
from runner.language.i18n import language, tr
from runner.language.templating import blamed
from runner.report.handin import FOLDED
from runner.report.safe_html import clean

TEMPLATE = "notebook"
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
FORMULA = re.compile(r"(?<![\\$`\w])\$(?!\s)([^$\n`]+?)(?<!\s)\$(?![\w$])")
# Kinds of output in the order of preference. The templates write others, such as diagrams, as they are.
SHOWN = [
    "text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain"
]  # fmt: skip
FENCE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


def write_html(notebook: Path, target: Path, templates: Sequence[Path]) -> Path:
    """Write the page made of ``notebook`` to ``target``, whole or not at all.

    What its cells bring as HTML is cleaned: see ``safe_html``.
    ``templates`` are folders that may have ``notebook/``, the first that has it counts.
    Raises RunnerError if the notebook can't be read, TemplateFault for a faulty template.
    """
    from jinja2 import Environment
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    from runner.language.sandbox import Sandbox

    try:
        content = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError) as error:
        raise RunnerError(f"cannot be read: {error}", where=str(notebook)) from error
    _describe_pictures(content)
    _draw_formulas(content)
    _fold(content)

    class Exporter(HTMLExporter):
        """Its templates may be a practice's own: they run as those of the report do."""

        def _create_environment(self) -> Environment:
            usual = super()._create_environment()  # type: ignore[no-untyped-call]
            confined = Sandbox(loader=usual.loader, extensions=tuple(usual.extensions))
            confined.globals.update(usual.globals | {"range": confined.globals["range"]})
            confined.filters.update(usual.filters)
            return confined

    exporter = Exporter(  # type: ignore[no-untyped-call]
        template_name=TEMPLATE,
        extra_template_basedirs=[str(folder) for folder in templates],
        language_code=language().partition("-")[0],
        exclude_anchor_links=True,
        sanitize_html=True,
        filters={"clean_html": clean},
        config=Config(
            {
                "CSSHTMLHeaderPreprocessor": {"style": "tango"},
                "NbConvertBase": {"display_data_priority": SHOWN},
            }
        ),
    )
    with blamed(f"{TEMPLATE}/index.html.j2"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Your element with mimetype", category=UserWarning)
        page, _ = exporter.from_notebook_node(content)
    write_text(target, page)
    return target


def _describe_pictures(content: NotebookNode) -> None:
    """Give each picture a text that says which part of the notebook it belongs to."""
    heading = ""
    for cell in content.cells:
        if cell.cell_type == "markdown":
            heading = ([heading, *HEADING.findall(cell.source)])[-1]
            continue
        for output in cell.get("outputs", []):
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                output["metadata"]["alt"] = (
                    tr("Figura de «{heading}»", heading=heading) if heading else tr("Figura")
                )


def _fold(content: NotebookNode) -> None:
    """Mark, for the template, where a row of folded cells begins and ends, and what stands in its place."""
    folded = [FOLDED in cell.metadata.get("tags", []) for cell in content.cells]
    for cell, here, before, after in zip(
        content.cells, folded, [False, *folded[:-1]], [*folded[1:], False], strict=True
    ):
        cell.metadata["opens"] = tr("Mostrar el código y sus salidas") if here and not before else ""
        cell.metadata["closes"] = here and not after


def _draw_formulas(content: NotebookNode) -> None:
    """Turn ``$...$`` into MathML, which browsers draw without a script."""
    for cell in content.cells:
        if cell.cell_type == "markdown":
            parts = FENCE.split(cell.source)  # code between the other parts
            parts[::2] = [FORMULA.sub(_formula, part) for part in parts[::2]]
            cell.source = "".join(parts)


def _formula(found: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    return str(convert(found[1]))
