"""A page tried before anything is trained: all that the report will need of this machine and these templates.

Each typeface, what the user wrote, the characters of the templates, a figure of each sort, a formula and an
attachment go through what prints the report, and what comes out must conform as the report does.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from runner import PROJECT_ROOT
from runner.build_folder import FIGURES, TRIED
from runner.errors import InputError, RunnerError, from_system
from runner.figures.own import own_draws
from runner.figures.typefaces import Face, faces_of, fonts_of, style_sheets
from runner.files import remove
from runner.language import i18n
from runner.plan.variants import TEMPLATES, Plan
from runner.report.characters import ALL_HAVE, covered, texts_of
from runner.report.html import check_templates
from runner.report.printing import conformance
from runner.report.printing.attached import Attached
from runner.report.printing.notices import without_subset
from runner.report.printing.pdf import write_pdf

PACKAGES = (
    "weasyprint", "pydyf", "fonttools", "tinycss2", "matplotlib", "pillow", "ziamath", "jinja2", "babel",
    "page-validation",
)  # fmt: skip
MOST_LABELS = 200  # are printed one by one; of more, only the characters
LEFT_OUT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)  # of templates: what is printed nowhere
LETTERS = "Ñandú ágil: 0123456789 fi ffi"
SIZE = (3.0, 2.0)  # inches, of a figure
HINT = "mend it and run the same command again; nothing was trained"


def rehearsed(plan: Plan, build_dir: Path, known: str, own_code: bool = True) -> Iterator[str]:
    """Yield the hash of all that matters, once a page was printed; none is if the hash is the ``known`` one.

    The practice's ``figures.py`` is run only with ``own_code``.
    Raises InputError for what the templates, or the plan's texts, do not let be printed.
    """
    digest = _digest(plan, build_dir)
    if digest != known:
        try:
            _try(plan, build_dir, own_code)
        except RunnerError as error:
            raise InputError(error.what, where=error.where, hint=error.hint or HINT) from error
        except OSError as error:
            raise from_system(error) from error
    yield digest


def _try(plan: Plan, build_dir: Path, own_code: bool) -> None:
    check_templates(plan.templates)
    if own_code:
        own_draws(plan.templates)
    sheets = style_sheets(plan.templates, plan.draft)
    output = build_dir / f"{TRIED}.pdf"
    figures: list[Path] = []
    try:
        figures = _draw(plan, build_dir / FIGURES, fonts_of(sheets))
        write_pdf(
            _page(plan, sheets, [path.relative_to(build_dir) for path in figures]),
            output,
            styles=sheets,
            base=build_dir,
            roots=(build_dir, plan.templates, TEMPLATES),
            attachments=[Attached("rehearsal.csv", b"1,2\n", datetime.now(UTC))],
            build_dir=build_dir,
        )
        faults = conformance.check(output)
    finally:
        for path in (output, *figures):
            remove(path, build_dir)
    if faults:
        what = f"a page in the styles of {plan.templates} does not conform: {'; '.join(faults[:3])}"
        raise RunnerError(what, where=str(plan.templates / "report.css"))


def _draw(plan: Plan, folder: Path, fonts: Sequence[Path]) -> list[Path]:
    """A figure in vectors and one in pixels, with every text that may stand in one."""
    import matplotlib.pyplot as plt

    from runner.figures.style import localise, save, use_style

    use_style(fonts)
    figure, axis = plt.subplots(figsize=SIZE)
    axis.plot([0.0, 1.0], [1.0, 0.0])
    axis.set(title=LETTERS, xlabel=_letters("".join(variant.label for variant in plan.variants)))
    localise(axis)
    try:
        return [
            save(figure, folder / f"{TRIED}-vector", root=folder.parent),
            save(figure, folder / f"{TRIED}-pixels", vector=False, root=folder.parent),
        ]
    finally:
        plt.close(figure)


def _page(plan: Plan, sheets: Sequence[Path], figures: Sequence[Path]) -> str:
    """A document of all the sorts of elements that depend on more than the text."""
    from runner.report.printing.formulas import formula

    author, labels = plan.author, list(dict.fromkeys(variant.label for variant in plan.variants))
    signed = (*author.names, author.course, author.group, author.date)
    seen = _letters("".join([*(text for _, text in texts_of(plan)), _of_templates(plan.templates)]))
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(label, label)
        for label in labels[:MOST_LABELS]
    )
    body = [
        Markup('<header class="cover"><h1>{}</h1>').format(plan.title),
        *(Markup("<p>{}</p>").format(text) for text in signed if text),
        Markup("</header><h2>{}</h2><p>{}</p>").format(plan.title, seen),
        *(Markup('<p style="{}">{}</p>').format(face.style, _sample(face)) for face in faces_of(sheets)),
        Markup("<p>a <em>b</em> <strong>c</strong> <code>d</code></p>"),
        formula("x^2", "x squared"),
        *(Markup('<figure><img src="{}" alt="a line"></figure>').format(p.as_posix()) for p in figures),
        Markup('<table><tr><th scope="col">a</th><th scope="col">b</th></tr>{}</table>').format(rows),
    ]
    head = Markup("<title>{}</title>").format(plan.title)
    page = '<!doctype html><html lang="{}"><head><meta charset="utf-8">{}</head><body>{}</body></html>'
    return str(Markup(page).format(i18n.language(), head, Markup("").join(body)))


def _sample(face: Face) -> str:
    """Some text that the face has all characters of."""
    known = covered(face.files)
    if not known or all(ord(letter) in known for letter in LETTERS):
        return LETTERS
    return "".join(letter for letter in map(chr, sorted(known)) if letter.isalnum())[: len(LETTERS)]


def _letters(text: str) -> str:
    """Each character of a text once, in an order that is always the same, but those that all fonts have."""
    found = sorted(set(text) - ALL_HAVE)
    return " ".join(["a", *(letter for letter in found if not letter.isspace())])


def _of_templates(folder: Path) -> str:
    """What the templates may print of their own, as far as it can be seen without the results."""
    texts = (path.read_text(encoding="utf-8", errors="ignore") for path in sorted(folder.rglob("*.html")))
    return LEFT_OUT.sub("", "".join(texts))


def _digest(plan: Plan, build_dir: Path) -> str:
    """Hash of what the page is made from, and by what."""
    found = hashlib.sha256(repr((list(texts_of(plan)), plan.draft, i18n.current())).encode())
    found.update(repr((_versions(), _libraries(), _places(build_dir))).encode())
    folders = (plan.templates, TEMPLATES, PROJECT_ROOT / "runner")
    files = (path for folder in dict.fromkeys(folders) for path in folder.rglob("*") if path.is_file())
    for path in sorted(path for path in files if "__pycache__" not in path.parts):
        found.update(str(path).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _versions() -> list[str]:
    return [platform.python_version(), *(f"{name} {version(name)}" for name in PACKAGES)]


@cache
def _libraries() -> tuple[object, ...]:
    """The native libraries, as they are loaded now, and how many fonts this machine has."""
    from weasyprint.text.ffi import fontconfig, pango

    fonts = fontconfig.FcConfigGetFonts(fontconfig.FcInitLoadConfigAndFonts(), fontconfig.FcSetSystem)
    return pango.pango_version(), without_subset(), fonts.nfont


def _places(build_dir: Path) -> tuple[object, ...]:
    """Where files are written, and as whom."""
    temporary = Path(tempfile.gettempdir()).parent  # this process has one of its own in it
    figures = build_dir / FIGURES
    user = os.getuid() if hasattr(os, "getuid") else 0
    return platform.node(), user, str(build_dir), os.access(build_dir, os.W_OK), str(temporary), str(figures)
