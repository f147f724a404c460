"""Draws the report's figures into the build folder, or reuses those already there."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from runner.analysis.loading import unreadable_result
from runner.build_folder import FIGURES, FIGURES_FILE, root_of
from runner.code_closure import combined, module_file, needed
from runner.errors import InputError, RunnerError
from runner.figures.drawn import Drawn
from runner.figures.own import FILE, drawing_folder, own_draws
from runner.figures.typefaces import fonts_of, style_sheets
from runner.file_index import file_index, save_program
from runner.files import Record, write_json
from runner.gate import read_bytes
from runner.language import i18n
from runner.packages import made_with
from runner.plan.data_files import files_in
from runner.plan.variants import TEMPLATES
from runner.results.index import results_index
from runner.results.study import MissingVariant, Study

if TYPE_CHECKING:
    from runner.figures.drawn import Draw

FONTS = "fonts"  # of all figures, among the templates
TEXTS = {".html", ".css", ".po", ".txt", ".md"}  # among templates: what no figure reads


class OnDisk(Record):
    """A figure that was drawn: its path from the build folder, what it shows, and its hash."""

    path: Annotated[str, Field(pattern=rf"^{FIGURES}/[^/\\\x00]+$")]
    alt: str
    sha256: str


class Manifest(Record):
    """What figures were drawn from (one hash), how many are wanted, and those that are there."""

    digest: str
    wanted: int
    figures: dict[str, OnDisk]


class Figures(Mapping[str, Drawn | MissingVariant]):
    """Figures by id while they are being drawn: asking for one waits until it is there."""

    def __init__(self, coming: Iterator[tuple[str, Drawn | MissingVariant]]) -> None:
        self._coming = coming
        self._there: dict[str, Drawn | MissingVariant] = {}

    def __getitem__(self, id: str) -> Drawn | MissingVariant:
        while id not in self._there:
            for found, figure in self._coming:
                self._there[found] = figure
                break
            else:
                raise KeyError(id)
        return self._there[id]

    def __iter__(self) -> Iterator[str]:
        self._there.update(self._coming)
        return iter(self._there)

    def __len__(self) -> int:
        return len(list(iter(self)))


def draw_figures(
    study: Study, build_dir: Path, templates: Path = TEMPLATES
) -> dict[str, Drawn | MissingVariant]:
    """Every figure by its id, drawn; or the variant that is missing for it."""
    return dict(drawn_figures(study, build_dir, templates))


def drawn_figures(
    study: Study, build_dir: Path, templates: Path = TEMPLATES
) -> Iterator[tuple[str, Drawn | MissingVariant]]:
    """Each figure with its id as soon as it is drawn, in the order of the report.

    Figures are drawn again only when results, labels or the drawing code changed.
    """
    folder = build_dir / FIGURES
    digest = _inputs_digest(study, build_dir, templates)
    known = _read_manifest(folder, digest)
    figures: dict[str, Drawn | MissingVariant] = {}
    fonts = fonts_of(style_sheets(templates, study.draft))
    with _frozen():
        for id, draw in _draws(templates).items():
            try:
                figures[id] = known[id] if id in known else _drawn(id, draw, study, folder, fonts)
            except MissingVariant as missing:
                figures[id] = missing
            except RunnerError as error:
                lost = unreadable_result(error, study)
                if lost is None:
                    raise
                figures[id] = lost
            yield id, figures[id]
    _write_manifest(folder, digest, figures)
    save_program()


@contextmanager
def _frozen() -> Iterator[None]:
    """What is there stays: with thousands of results, each collection would look through them."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def known_figures(study: Study, build_dir: Path, templates: Path) -> dict[str, Drawn | MissingVariant] | None:
    """What ``draw_figures`` would return, if all is there already: found out without matplotlib."""
    folder = build_dir / FIGURES
    known = _read_manifest(folder, _inputs_digest(study, build_dir, templates), complete=True)
    return {**known} if known else None


def prepare() -> None:
    """Import what drawing needs."""
    _draws(TEMPLATES)
    import scipy.stats  # noqa: F401


def _draws(templates: Path) -> dict[str, Draw]:
    """How each figure is drawn: as the practice's templates say, else as those of the program do."""
    return own_draws(drawing_folder(templates)) or {}


def _drawn(id: str, draw: Draw, study: Study, folder: Path, fonts: Sequence[Path]) -> Drawn:
    import matplotlib.pyplot as plt

    from runner.figures.style import save, use_style

    gc.freeze()  # what was there before is no concern of the collection below
    use_style(fonts)
    figure, alt, vector = draw(study)
    try:
        path = save(figure, folder / id, vector, folder.parent)
    except (ValueError, RuntimeError) as error:  # a text that can't be set, such as half a formula
        raise InputError(f"can't be drawn: {error}", where=f"figure {id}") from error
    finally:
        plt.close(figure)
    del figure
    gc.collect()  # a figure is a ring of objects, with its pictures in it
    return Drawn(path.relative_to(folder.parent), alt)


def _inputs_digest(study: Study, build_dir: Path, templates: Path) -> str:
    """Changes whenever a figure could look different."""
    index = file_index(build_dir)
    plan = [(v.name, v.label, v.group) for v in study.variants]
    digest = hashlib.sha256(repr((plan, study.choices, i18n.current(), made_with())).encode())
    read = [*i18n.catalogue_files(i18n.current().partition("_")[0]), *files_in(TEMPLATES / FONTS)]
    drawing = drawing_folder(templates)
    sources = needed((module_file(__name__), drawing / FILE), index.source, (drawing,))
    if drawing == templates:
        read += (p for p in files_in(templates) if p.suffix not in TEXTS | {".py"})
    digest.update(combined(sources).encode())
    for path in read:
        digest.update(f"{path.parent.name}/{path.name} {index.sha256(path)}\n".encode())
    for name, finished in sorted(study.finished.items()):
        left = results_index(root_of(finished.folder)).digest(finished.folder)
        digest.update(f"{name} {left}\n".encode())
    return digest.hexdigest()


def _read_manifest(folder: Path, digest: str, complete: bool = False) -> dict[str, Drawn]:
    """The figures drawn before from the same inputs and still there; if ``complete``, all or none."""
    try:
        known = Manifest.model_validate_json(read_bytes(folder / FIGURES_FILE, folder.parent))
    except (OSError, ValueError):
        return {}
    there = {
        id: Drawn(Path(each.path), each.alt)
        for id, each in known.figures.items()
        if known.digest == digest and _hash(folder.parent / each.path) == each.sha256
    }
    return {} if complete and len(there) < known.wanted else there


def _write_manifest(folder: Path, digest: str, figures: Mapping[str, Drawn | MissingVariant]) -> None:
    drawn = {
        id: OnDisk(path=each.path.as_posix(), alt=each.alt, sha256=_hash(folder.parent / each.path))
        for id, each in figures.items()
        if isinstance(each, Drawn)
    }
    content = Manifest(digest=digest, wanted=len(figures), figures=drawn)
    write_json(folder / FIGURES_FILE, content, folder.parent)


def _hash(path: Path) -> str:
    """SHA-256 of a drawn figure; empty if it is not there."""
    try:
        return hashlib.sha256(read_bytes(path, root_of(path))).hexdigest()
    except OSError:
        return ""
