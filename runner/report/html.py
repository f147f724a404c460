"""The report's HTML: Jinja templates filled from a study, each part rendered apart.

A part whose variant is missing becomes a notice; the rest of the report is made all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from markupsafe import Markup

from runner.analysis.loading import unreadable_result
from runner.errors import InputError, RunnerError
from runner.figures.drawn import Drawn
from runner.language import templating
from runner.language.i18n import language, tr
from runner.language.phrases import topics
from runner.language.templating import TemplateFault, blamed, check_texts, place
from runner.plan.records import Author
from runner.report.claims.evidence import Claim, link_claims, link_to_notebooks
from runner.report.claims.numbers import Ledger, UntracedNumberError, refuse_untraced
from runner.report.claims.typed_numbers import untraced_numbers
from runner.report.functions.facts import Facts
from runner.report.functions.filters import NumberFilters
from runner.report.functions.phrases import Phrases
from runner.report.functions.registry import filters, functions
from runner.report.functions.set_facts import SetFacts
from runner.report.functions.word_filters import WordFilters, fail
from runner.report.layout import Layout
from runner.report.missing import notice
from runner.report.printing.formulas import formula
from runner.results.study import MissingVariant, Study

ANSWER = re.compile(r"q(\d+)\.html")
ROW = re.compile(r'id="k-([^"]*)"')  # of a variant, in the table of notebooks
FRONT_PARTS = ("summary",)
PREFIXES = {"summary": "R", "discussion": "D"}  # of the claims made in parts that are no answers
BACK_PARTS = ("discussion", "configuration", "variants", "references", "appendix", "evidence")
EVIDENCE = "parts/evidence.html"  # rendered last
LAYOUT_FILE = "report.html"


@dataclass(frozen=True)
class Section:
    """One rendered part. ``number`` is the question's, None for others; ``asks`` restates it."""

    id: str
    number: int | None
    title: str
    asks: str
    body: Markup
    complete: bool


@dataclass(frozen=True)
class Document:
    """The whole report, the claims made in it, and its parts."""

    html: str
    claims: tuple[Claim, ...]
    sections: tuple[Section, ...]


def report_html(
    study: Study, figures: Mapping[str, Drawn | MissingVariant], templates_dir: Path, manifest_sha256: str
) -> Document:
    """The whole document. Raises RunnerError naming template and line for a faulty template.

    The claims of summary and answers are gathered whether the practice prints a map of evidence or only
    attaches it; the printed one is rendered last, from the numbers of the other parts. ``manifest_sha256`` is
    the hash of what is attached to the PDF.
    """
    layout, ledger = Layout(figures), Ledger()
    environment = _environment(study, layout, ledger, templates_dir)
    environment.globals["manifest_sha256"] = manifest_sha256
    parts = PartRenderer(study, layout, ledger, environment)
    templates = _templates(templates_dir)
    sources = {name: parts.constants(name) for name in templates}
    for name, constants in sources.items():
        layout.section(_section_id(name), _section_name(name, constants["title"]))
    sections = [parts.section(n, sources[n]) for n in templates if n != EVIDENCE]
    sections, claims = link_sections(sections, study, ledger, mapped=EVIDENCE in sources)
    environment.globals["claims"] = claims
    if EVIDENCE in sources:
        sections.append(parts.section(EVIDENCE, sources[EVIDENCE]))
    content = {
        "front": [s for s in sections if s.id in FRONT_PARTS],
        "answers": [s for s in sections if s.number is not None],
        "back": [s for s in sections if s.id in BACK_PARTS],
    }
    html = parts.render(LAYOUT_FILE, content)
    complete = all(section.complete for section in sections)
    return Document(layout.resolve(html, complete), tuple(claims), tuple(sections))


def check_templates(folder: Path) -> None:
    """Raise TemplateFault, with file and line, for one that can't be compiled, or a bad text beside it.

    What is wrong only once it is rendered, with results, is not found here.
    """
    check_texts(folder)
    topics(folder)
    nothing = Study("", "", True, Author((), "", "", ""), "", (), {}, {}, ())
    layout, ledger = Layout({}), Ledger()
    of_report = _environment(nothing, layout, ledger, folder)
    of_message = templating.environment(folder)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in templating.TEMPLATES and p.is_file()):
        name = path.relative_to(folder).as_posix()
        with blamed(name):
            if path.suffix == ".html":
                _compile(of_report, name)
            else:
                of_message.get_template(name)
    parts = PartRenderer(nothing, layout, ledger, of_report)
    for name in _templates(folder):
        parts.constants(name)


def _compile(environment: jinja2.Environment, name: str) -> None:
    """Compile a template, and find those that it names and can't do without."""
    environment.get_template(name)
    assert environment.loader is not None
    source, path, _ = environment.loader.get_source(environment, name)
    tree = environment.parse(source, name, path)
    for part in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        named = getattr(getattr(part, "template", None), "value", None)
        if isinstance(named, str) and not getattr(part, "ignore_missing", False):
            environment.get_template(named)


def link_sections(
    sections: Sequence[Section], study: Study, ledger: Ledger, mapped: bool
) -> tuple[list[Section], list[Claim]]:
    """The sections with each number linked to where it comes from, and the claims made in them.

    Where no map is printed (``mapped``), or no table of notebooks, links would lead nowhere: there are none.
    """
    linked: list[Section] = []
    claims: list[Claim] = []
    rows = {name for section in sections for name in ROW.findall(section.body)}
    with_row = [name for name in study.finished if name in rows]
    for section in sections:
        prefix = PREFIXES.get(section.id, "") if section.number is None else str(section.number)
        if prefix:
            body, found = link_claims(section.body, section.id, prefix, ledger)
            claims += found
            body = body if mapped else section.body
        else:
            body = link_to_notebooks(section.body, with_row, ledger)
        linked.append(replace(section, body=body))
    return linked, claims


def _environment(study: Study, layout: Layout, ledger: Ledger, templates_dir: Path) -> jinja2.Environment:
    environment = templating.environment(templates_dir, autoescape=True, finalize=refuse_untraced)
    facts = Facts(study)
    phrases = Phrases(facts, templates_dir)
    sources = facts, facts.over_seeds, phrases, SetFacts(study), layout, formula, fail
    environment.globals.update(functions(*sources))
    environment.globals.update(study=study, language=language())
    environment.filters.update(NumberFilters(ledger, zone=study.zone).all())
    environment.filters.update(filters(facts, WordFilters(study)))
    return environment


def _templates(templates_dir: Path) -> list[str]:
    """Names of the templates of all parts, in the order of the document."""
    answers = [path.name for path in (templates_dir / "answers").glob("q*.html")]
    answers = sorted(name for name in answers if ANSWER.fullmatch(name))
    there = {path.stem for path in (templates_dir / "parts").glob("*.html")}
    front = [f"parts/{name}.html" for name in FRONT_PARTS if name in there]
    back = [f"parts/{name}.html" for name in BACK_PARTS if name in there]
    return front + [f"answers/{name}" for name in answers] + back


@dataclass(frozen=True)
class PartRenderer:
    """Renders one template at a time, and says where a faulty one is at fault."""

    study: Study
    layout: Layout
    ledger: Ledger
    environment: jinja2.Environment
    compiled: dict[str, jinja2.Template] = field(default_factory=dict)

    def constants(self, name: str) -> dict[str, str]:
        """The texts set at the top of a template: its title, and the question in other words.

        Those of a template that it extends stand unless it sets them again.
        """
        found = self._set_at_top(name)
        if "title" not in found:
            raise InputError('needs {% set title = "..." %}, a constant', where=name)
        return {"asks": "", "constants": "", **found}

    def _set_at_top(self, name: str) -> dict[str, str]:
        """The constants, read without rendering, to be there even where the rest can't be rendered.

        The template is kept for its rendering: to parse all of them again would take a third of a second.
        """
        loader = self.environment.loader
        assert loader
        extended: dict[str, str] = {}
        with blamed(name):
            source, path, _ = loader.get_source(self.environment, name)
            tree = self.environment.parse(source, name, path)
            code = self.environment.compile(tree, name, path)
            for node in tree.find_all(nodes.Extends):
                if isinstance(node.template, nodes.Const):
                    extended |= self._set_at_top(node.template.value)
        self.compiled[name] = jinja2.Template.from_code(
            self.environment, code, self.environment.make_globals(None)
        )
        own = {
            node.target.name: node.node.value
            for node in tree.body
            if isinstance(node, nodes.Assign)
            and isinstance(node.target, nodes.Name)
            and isinstance(node.node, nodes.Const)
        }
        if "constants" in own and "constants" in extended:  # what it extends prints its own numbers, too
            own["constants"] += f"; {extended['constants']}"
        return extended | own

    def refuse_typed_numbers(self, name: str, body: str, constants: str) -> None:
        """Raise UntracedNumberError, with template and text, for a number that is not from the results."""
        labels = [variant.label for variant in self.study.variants]
        found = untraced_numbers(body, constants, labels)
        if found:
            what = f"numbers that do not come from the results: {', '.join(found)}"
            hint = "print them with m(...) and a filter, or declare them in {% set constants %}"
            raise UntracedNumberError(what, where=name, hint=hint)

    def section(self, name: str, constants: Mapping[str, str]) -> Section:
        """One part, or a notice in its place if it needs a variant that is missing."""
        mark = self.layout.mark()
        try:
            body, complete = Markup(self.render(name, {})), True
            self.refuse_typed_numbers(name, body, constants["constants"])
        except MissingVariant as error:
            self.layout.reset(mark)
            body = notice(self.study.label(error.name), error.reason)
            complete = False
        title, asks = constants["title"], constants["asks"]
        return Section(_section_id(name), _number(name), title, asks, body, complete)

    def render(self, name: str, content: Mapping[str, Any]) -> str:
        """One template; every error but a missing variant names template and line."""
        try:
            with blamed(name):
                return (self.compiled.get(name) or self.environment.get_template(name)).render(content)
        except (MissingVariant, TemplateFault):
            raise
        except RunnerError as error:
            if lost := unreadable_result(error, self.study):
                raise lost from error
            what = f"{error.what} [{error.where}]" if error.where else error.what
            raise type(error)(what, where=place(error, name), hint=error.hint) from error


def _number(name: str) -> int | None:
    match = ANSWER.fullmatch(Path(name).name)
    return int(match.group(1)) if match else None


def _section_id(name: str) -> str:
    number = _number(name)
    return Path(name).stem if number is None else f"pregunta-{number}"


def _section_name(name: str, title: str) -> str:
    number = _number(name)
    return tr("«{title}»", title=title) if number is None else tr("Pregunta\N{NO-BREAK SPACE}{n}", n=number)
