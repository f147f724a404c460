"""The map of evidence: what each printed number claims, from which variants, and by which test.

Numbers of one section with the same source make one claim: the difference of two variants, its interval
and its p value, say. Each number links to its claim's row in the appendix, and each row back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from runner.report.claims.metric import Formula, Metric
from runner.report.claims.numbers import ELEMENT, Ledger, Printed

TAG = re.compile(r"<[a-z/]", re.IGNORECASE)


@dataclass(frozen=True)
class Value:
    """One number of a claim."""

    printed: Printed

    @property
    def metric(self) -> Metric | Formula:
        """What it measures, with the field that it is of the claim's metric."""
        return self.printed.measured.metric

    @property
    def field(self) -> str:
        """Which part it is of what the claim's metric names, empty for the whole."""
        return ".".join(self.metric.field)


@dataclass
class Claim:
    """A row of the map: ``place`` is the id of its first number in the text."""

    number: str
    section: str
    variants: tuple[str, ...]
    metric: Metric | Formula
    test: str
    values: list[Value] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the row."""
        return "e-" + self.number.replace(".", "-")

    @property
    def place(self) -> str:
        """The id of the first number in the text."""
        return "n-" + self.number.replace(".", "-")

    def add(self, value: Value) -> None:
        """Note one more value, unless it is there already, perhaps with another unit."""
        if all(
            (known.field, known.printed.exact) != (value.field, value.printed.exact) for known in self.values
        ):
            self.values.append(value)


def link_claims(body: str, section: str, prefix: str, ledger: Ledger) -> tuple[Markup, tuple[Claim, ...]]:
    """The body with every number linked to its row, and the rows.

    ``prefix`` starts their numbers: ``9`` gives 9.1, 9.2 ... Raises UntracedNumberError for a ``<data>``
    element that no filter printed.
    """
    claims: dict[tuple[str, Metric | Formula, str], Claim] = {}
    ledger.read(body)

    def linked(found: re.Match[str]) -> str:
        (printed,) = ledger.read(found.group(0))
        measured = printed.measured
        metric = measured.metric.whole
        key = (measured.variant, metric, measured.test)
        first = key not in claims
        if first:
            number = f"{prefix}.{len(claims) + 1}"
            claims[key] = Claim(number, section, tuple(measured.variant.split()), metric, measured.test)
        claims[key].add(Value(printed))
        return with_link(printed, claims[key].id, claims[key].place if first else "")

    return Markup(ELEMENT.sub(linked, body)), tuple(claims.values())


def link_to_notebooks(body: str, variants: Iterable[str], ledger: Ledger) -> Markup:
    """The body with every number linked to the row of its first variant's notebook (``k-NAME``)."""
    known = set(variants)

    def linked(found: re.Match[str]) -> str:
        (printed,) = ledger.read(found.group(0))
        name = printed.measured.variant.split()[0]
        return with_link(printed, f"k-{name}") if name in known else printed.html

    return Markup(ELEMENT.sub(linked, body))


def with_link(printed: Printed, target: str, id: str = "") -> str:
    """The ``<data>`` element with a link in it.

    Only plain text is linked: an element inside a link would be tagged as a second link.
    """
    head, text = printed.html.split(">", 1)[0], str(printed.text)
    if not TAG.search(text):
        text = f'<a class="source" href="#{target}">{text}</a>'
    return f"{head}{f' id={chr(34)}{id}{chr(34)}' if id else ''}>{text}</data>"
