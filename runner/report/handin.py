"""Puts the executed notebooks together into the one notebook to hand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode, reader
from nbformat.v4 import new_markdown_cell, new_notebook

from runner.build_folder import notebook_of
from runner.code_closure import parsed
from runner.errors import RunnerError
from runner.execute.cleaning import clean_notebook
from runner.faults import tell
from runner.files import write_text
from runner.gate import kind, read_text
from runner.kernel import WRITTEN
from runner.language.i18n import tr
from runner.language.prose import UNTRANSLATED_NOTE, prose, untranslated
from runner.plan.entries import HandinEntry
from runner.results.reasons import Reason, reason_words
from runner.results.study import Study

NO_NOTEBOOK, UNREADABLE = Reason.of("no_notebook"), Reason.of("unreadable_notebook")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
FOLDED = "folded"  # the tag of a cell, or the kind of section, that is there for who wants to see it
# JupyterLab hides source and outputs until they are asked for; in the page, ``handin_page`` does.
HIDDEN = {"jupyter": {"source_hidden": True, "outputs_hidden": True}, "collapsed": True}
MISSING = "-missing"  # ends the id of a notice in place of a section
DAMAGED = (ValueError, OSError, AttributeError, KeyError, TypeError, RecursionError, RunnerError)
MARKUP = re.compile(
    r"[^\w\s.,;:()/«»%=+'-]|_|^[-+=]|[.)](?=\s)"
)  # what Markdown or HTML could read as more than text


def write_handin(study: Study, sections: tuple[HandinEntry, ...], build_dir: Path, target: Path) -> Path:
    """Write the notebook made of ``sections`` to ``target``, whole or not at all.

    A section whose notebook is missing becomes a notice with the reason. Code that was written from a
    record's parameters becomes a cell, with what it gave.
    """
    cells: list[NotebookNode] = []
    for number, section in enumerate(sections):
        cells += _section(study, section, build_dir, f"s{number}")
    contents = _link_headings(cells)
    cells.insert(0, _cell("title", _title(study) + contents))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": study.title,
    }
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    write_text(target, nbformat.writes(notebook) + "\n")
    return target


def _section(study: Study, section: HandinEntry, build_dir: Path, prefix: str) -> list[NotebookNode]:
    cells = [_cell(f"{prefix}-heading", prose(section.heading))] if section.heading else []
    path = notebook_of(build_dir, section.notebook)
    if not study.has(section.notebook) or kind(path, build_dir) is None:
        label = as_text(study.info(section.notebook).label)
        reason = as_text(reason_words(study.missing.get(section.notebook, NO_NOTEBOOK)))
        return [*cells, _missing(prefix, label, reason)]
    try:
        content = _whole(read_text(path, build_dir))
    except (*DAMAGED, nbformat.ValidationError) as error:
        hint = f"python -m runner run {section.notebook}"
        tell(RunnerError(f"not a notebook: {str(error).splitlines()[0]}", where=str(path), hint=hint))
        label = as_text(study.label(section.notebook))
        return [*cells, _missing(prefix, label, reason_words(UNREADABLE))]
    clean_notebook(content)
    injected = {n for c in content.cells if "injected-parameters" in _tags(c) for n in _assigned(c)}
    for cell in content.cells:
        if section.cells == "code" and cell.cell_type != "code":
            continue
        if cell.cell_type == "markdown" and cell.source.startswith("# "):  # the notebook's own title
            continue
        if "parameters" in _tags(cell) and _assigned(cell) <= injected:  # defaults that were not used
            continue
        if cell.cell_type == "markdown":
            cell["source"] = prose(cell.source)
        folded = section.cells == FOLDED or FOLDED in _tags(cell)
        cell["metadata"] = {"tags": [FOLDED]} if folded else {}
        cell["id"] = f"{prefix}-{cell.get('id', 'cell')}"[:64]
        if cell.cell_type == "code":
            cell["metadata"] |= HIDDEN if folded else {}
            _write_out(cell)
        elif section.cells == FOLDED:  # its headings are none of the whole's
            cell["source"] = HEADING.sub(r"#### \1", cell.source)
        cells.append(cell)
    return cells


def _whole(text: str) -> NotebookNode:
    """The notebook; raises whatever of ``DAMAGED``, or ValidationError, for what is none or lacks something.

    ``nbformat.reads`` would only log what it lacks.
    """
    content = nbformat.convert(reader.reads(text), 4)
    nbformat.validate(content)
    return content


def _write_out(cell: NotebookNode) -> None:
    """Put the source that ``kernel.run_cell`` ran, if it did, in the place of the call."""
    for output in list(cell.outputs):
        if WRITTEN in output.get("data", {}):
            cell["source"] = output["data"][WRITTEN]
            cell.outputs.remove(output)


def _missing(prefix: str, label: str, reason: str) -> NotebookNode:
    missing = tr("Falta «{label}»", label=label)
    return _cell(f"{prefix}{MISSING}", f"**{missing}**: {reason}.")


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _assigned(cell: NotebookNode) -> set[str]:
    """Names that the cell gives a value; none if it is no Python."""
    try:
        nodes = ast.walk(parsed(cell.source))
    except (SyntaxError, ValueError):
        return set()
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _link_headings(cells: list[NotebookNode]) -> str:
    """Give every second-level heading an anchor; the contents that link to them."""
    lines: list[str] = []
    for cell in cells:
        found = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if found:
            anchor = f"seccion-{len(lines) + 1}"
            before, after = cell.source[: found.start()], cell.source[found.end() :]
            cell.source = f'{before}<a id="{anchor}"></a>\n\n## {found[1]}{after}'
            lines.append(f"- [{found[1]}](#{anchor})")
    return "## " + tr("Contenido") + "\n\n" + "\n".join(lines)


def _title(study: Study) -> str:
    return "\n\n".join([f"# {as_text(study.title)}", *_lines(study), ""])


def _lines(study: Study) -> Iterator[str]:
    author = study.author
    if author.names:
        yield "**" + as_text(", ".join(author.names)) + "**"
    group = tr("Grupo {group}", group=author.group) if author.group else ""
    details = [detail for detail in (author.course, group, author.date) if detail]
    if details:
        yield " · ".join(map(as_text, details))
    if study.draft:
        yield tr(
            "**BORRADOR**: ejecución reducida (perfil «{profile}»); sus números no son los finales.",
            profile=study.profile,
        )
    yield tr("Cada parte conserva las salidas de la ejecución de la que proceden los números del informe.")
    if untranslated():
        yield UNTRANSLATED_NOTE


def as_text(words: str) -> str:
    """Markdown that shows ``words`` as they are, on one line, whatever is in them."""
    return MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(words.split()))


def _cell(name: str, source: str) -> NotebookNode:
    cell = new_markdown_cell(source)
    cell["id"] = name
    return cell
