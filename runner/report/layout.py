"""Numbered figures and tables, and the references to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

from runner.errors import RunnerError
from runner.figures.drawn import Drawn
from runner.language.i18n import tr
from runner.report.functions.registry import template_function
from runner.results.study import MissingVariant

Size = Literal["full", "half", "narrow", "beside"]
# A whole link: its mark alone may be the text of a label, where angle brackets are escaped.
UNRESOLVED = re.compile(r'<a class="ref" href="#([\w-]+)">\[\[ref:\1\]\]</a>')


@dataclass
class Layout:
    """Numbers figures and tables in the order of the document.

    ``figures`` holds each drawn figure, or the variant that is missing for it.
    """

    figures: Mapping[str, Drawn | MissingVariant]
    names: dict[str, str] = field(default_factory=dict)  # id -> "Figura 3"
    counts: dict[str, int] = field(default_factory=lambda: {"Figura": 0, "Tabla": 0})

    @template_function(texts=(1,))
    def figure(self, id: str, caption: str, size: Size = "full") -> Markup:
        """A numbered figure; raises MissingVariant if its variant is missing."""
        drawn = self.figures.get(id)
        if drawn is None:
            known = ", ".join(sorted(self.figures))
            raise RunnerError(f"no figure '{id}'", hint=f"figures: {known}")
        if isinstance(drawn, MissingVariant):
            raise MissingVariant(drawn.name, drawn.reason)
        return Markup(
            '<figure id="{}" class="{}"><img src="{}" alt="{}">'
            '<figcaption><span class="number">{}.</span> {}</figcaption></figure>'
        ).format(id, size, drawn.path.as_posix(), drawn.alt, self._number("Figura", id), caption)

    @template_function(texts=(1,))
    def table(self, id: str, caption: str, *, caller: Callable[[], Markup], **options: str) -> Markup:
        """A numbered table around the rows of a ``{% call %}`` block; option ``class``."""
        return Markup(
            '<figure id="{}" class="table"><figcaption><span class="number">{}.</span> {}'
            '</figcaption><table class="{}">{}</table></figure>'
        ).format(id, self._number("Tabla", id), caption, options.get("class", ""), caller())

    @template_function()
    def ref(self, id: str) -> Markup:
        """A link to a figure, table or section; its text is known when all is numbered."""
        return Markup('<a class="ref" href="#{0}">[[ref:{0}]]</a>').format(id)

    def section(self, id: str, name: str) -> None:
        """Make a section known to ``ref``."""
        self._add(id, name)

    def mark(self) -> tuple[dict[str, str], dict[str, int]]:
        """The state to return to if the part being rendered can't be made."""
        return dict(self.names), dict(self.counts)

    def reset(self, mark: tuple[dict[str, str], dict[str, int]]) -> None:
        """Forget the figures and tables numbered since ``mark``."""
        self.names, self.counts = mark

    def resolve(self, html: str, complete: bool) -> str:
        """Write the names of all references.

        A reference to nothing is an error, unless sections are missing from the report.
        """

        def named(match: re.Match[str]) -> str:
            id = match.group(1)
            if id in self.names:
                return Markup('<a class="ref" href="#{}">{}</a>').format(id, self.names[id])
            if complete:
                raise RunnerError(f"reference to '{id}', which is not in the report")
            return str(escape(tr("(no disponible)")))  # a link would lead nowhere

        return UNRESOLVED.sub(named, html)

    def _number(self, kind: str, id: str) -> str:
        self.counts[kind] += 1
        self._add(id, f"{tr(kind)}\N{NO-BREAK SPACE}{self.counts[kind]}")
        return self.names[id]

    def _add(self, id: str, name: str) -> None:
        if id in self.names:
            raise RunnerError(f"two figures, tables or sections are called '{id}'")
        self.names[id] = name
