"""A class's table as a PDF, by a template in the report's look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.figures.typefaces import fonts_of, style_sheets
from runner.files import whole
from runner.language import templating
from runner.language.i18n import language, localised, percent_sign
from runner.plain_text import plain
from runner.plan.variants import TEMPLATES
from runner.processes.helper import Helper
from runner.report.characters import spelled
from runner.report.printing.pdf import load_weasyprint, print_pages
from runner.review.class_table import is_good, row
from runner.review.examine import Examined
from runner.review.findings import Finding, Together
from runner.review.likeness import FALSE_ALARMS, LEAST_PAIRS

TEMPLATE, STYLE = "review/class.html", "review/review.css"


def write_page(
    target: Path,
    class_: Sequence[Examined],
    found: Sequence[Finding],
    groups: Sequence[Sequence[str]],
    rendered: bool,
) -> None:
    """Write the table as a PDF, whole or not at all. Raises RunnerError as printing a report does."""
    sheets = [*style_sheets(TEMPLATES, draft=False), TEMPLATES / STYLE]
    text = spelled(page_html(class_, found, groups, rendered), fonts_of(sheets))
    with Helper(load_weasyprint) as printer, whole(target) as temporary:
        list(
            printer.call(
                print_pages,
                text,
                temporary,
                styles=sheets,
                base=TEMPLATES,
                roots=(TEMPLATES,),
                attachments=(),
            )
        )


def page_html(
    class_: Sequence[Examined], found: Sequence[Finding], groups: Sequence[Sequence[str]], rendered: bool
) -> str:
    """The page; whatever comes of a report is text in it, and never markup."""
    environment = templating.environment(TEMPLATES, autoescape=True)
    with templating.blamed(TEMPLATE):
        return environment.get_template(TEMPLATE).render(
            language=language(),
            rendered=rendered,
            rows=[_row(each) for each in class_],
            faults=[
                {
                    "file": plain(each.file),
                    "check": key(each.outcome),
                    "faults": tuple(map(plain, each.faults)),
                }
                for each in class_
                if not is_good(each.outcome)
            ],
            pairs=list(_pairs(found)),
            groups=[tuple(map(plain, group)) for group in groups],
            classes=round(1 / FALSE_ALARMS),
            least=LEAST_PAIRS,
        )


def _row(examined: Examined) -> dict[str, object]:
    hand_in = examined.hand_in
    accuracy = hand_in.accuracy if hand_in else None
    answered, planned = (hand_in.questions if hand_in else None) or (0, 0)
    shares = {
        name: _percent(getattr(accuracy, field)) if accuracy else ""
        for name, field in (("accuracy", "value"), ("low", "low"), ("high", "high"))
    }
    return {
        **row(examined),
        **shares,
        "check": key(examined.outcome),
        "answered": answered,
        "planned": planned,
    }


def _pairs(found: Sequence[Finding]) -> Iterator[dict[str, object]]:
    for each in found:
        if each.kind != "explained":
            shared = [_shared(together) for together in each.gravest]
            yield {
                "kind": each.kind,
                "first": plain(each.first),
                "second": plain(each.second),
                "shared": shared,
            }


def _shared(together: Together) -> dict[str, object]:
    first = together.first
    return {
        "what": key(first.what),
        "names": tuple(map(plain, together.names)),
        "differs": tuple(map(plain, together.differs)),
        "count": first.count,
        "cases": first.cases,
        "likeness": localised(f"{first.likeness:.4f}"),
        "usual": localised(f"{first.usual:.4f}"),
        "agreement": _percent(first.agreement),
    }


def key(words: str) -> str:
    """Words as a template's table has them: those with blanks would be taken for texts to translate."""
    return words.replace(" ", "-")


def _percent(share: float) -> str:
    return localised(f"{100 * share:.1f}") + percent_sign()
