"""The report: study -> figures -> HTML -> PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from runner.build_folder import CRATE_FILE, REPORT_FILE, SUMMARY_FILE
from runner.figures.drawing import Figures, drawn_figures, known_figures, prepare
from runner.figures.drawn import Drawn
from runner.figures.typefaces import fonts_of, style_sheets
from runner.files import whole
from runner.gate import remove_file
from runner.language.templating import check_texts
from runner.plan.variants import TEMPLATES, Plan
from runner.processes.garbage import no_collection
from runner.processes.helper import Helper
from runner.report.attachments import collect, collected, evidence_file
from runner.report.characters import spelled
from runner.report.crate import METADATA, crate_archive
from runner.report.html import report_html
from runner.report.printing.attached import Attached
from runner.report.printing.lean import lean
from runner.report.printing.pdf import load_weasyprint, print_pages
from runner.report.signing import Identity, sign_pdf
from runner.report.summary import write_summary
from runner.results.study import MissingVariant, Study

# Where the hash of what is attached will stand: pages and attachments are worked out at the same time.
MANIFEST_PLACE = "\N{OBJECT REPLACEMENT CHARACTER}manifest\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Helpers:
    """The processes that draw figures and print pages while this one works out the text."""

    painter: Helper
    printer: Helper


@contextmanager
def helpers() -> Iterator[Helpers]:
    """Begin before there is a study: they take a second to be ready."""
    with Helper(prepare) as painter, Helper(load_weasyprint) as printer:
        yield Helpers(painter, printer)


def with_printable_reasons(study: Study, fonts: Sequence[Path]) -> Study:
    """The study with what programs said of failures in characters that the fonts have."""
    missing, since = (
        {name: reason.with_texts(lambda text: spelled(text, fonts)) for name, reason in reasons.items()}
        for reasons in (study.missing, study.failed_since)
    )
    return replace(study, missing=missing, failed_since=since)


def render(study: Study, plan: Plan, build_dir: Path, templates_dir: Path) -> Path:
    """``render_with`` helpers of its own; the report's path."""
    with helpers() as helping:
        render_with(helping, study, plan, build_dir, templates_dir)
    return build_dir / REPORT_FILE


def render_with(
    helping: Helpers,
    study: Study,
    plan: Plan,
    build_dir: Path,
    templates_dir: Path,
    others: tuple[Path, ...] = (),
    make_others: Callable[..., object] = tuple,
    identity: Identity | None = None,
) -> list[Path]:
    """Write ``report.pdf``, with all it is made from attached, into ``build_dir``; the files that it shows.

    What is missing from the study is said in the report. ``make_others`` is given a path for each of
    ``others``, and makes them while pages are printed. All take their places together, when all are made,
    the report signed by ``identity``, if there is one.
    Raises RunnerError for a faulty template, an untraced number, or anything that the PDF library warns of.
    """
    check_texts(templates_dir)
    sheets = style_sheets(templates_dir, study.draft)
    study = with_printable_reasons(study, fonts_of(sheets))
    known = known_figures(study, build_dir, templates_dir)
    if known is None:
        coming: Iterable[Attached] = collect(study, plan, build_dir, templates_dir)
        figures: Mapping[str, Drawn | MissingVariant] = Figures(
            helping.painter.call(drawn_figures, study, build_dir, templates_dir)
        )
    elif not plan.is_small:  # that takes longer to send than to look through
        coming, figures = collect(study, plan, build_dir, templates_dir), known
    else:  # whoever draws has nothing else to do
        coming, figures = helping.painter.call(collected, study, plan, build_dir, templates_dir), known
    with no_collection():
        document = report_html(study, figures, templates_dir, MANIFEST_PLACE)
        len(figures)  # those that no template asks for are drawn, too
        manifest, *files = coming
        html = lean(document.html).replace(MANIFEST_PLACE, manifest.sha256)
    attached = (manifest, *files, evidence_file(document.claims, manifest.made))
    with ExitStack() as stack:
        made = [stack.enter_context(whole(path, build_dir)) for path in others]
        summary, target = (
            stack.enter_context(whole(build_dir / n, build_dir)) for n in (SUMMARY_FILE, REPORT_FILE)
        )
        printing = helping.printer.call(
            print_pages,
            html,
            target,
            styles=sheets,
            base=build_dir,
            roots=(build_dir, templates_dir, TEMPLATES),
            attachments=attached,
        )
        make_others(*made)
        if any(each.path == METADATA for each in attached):
            stack.enter_context(whole(build_dir / CRATE_FILE, build_dir)).write_bytes(crate_archive(attached))
        else:
            remove_file(build_dir / CRATE_FILE, build_dir)  # of a run that is no longer there
        _, *read = printing
        if identity is not None:
            sign_pdf(identity, target)
        write_summary(document, study, target, summary)
    return read
