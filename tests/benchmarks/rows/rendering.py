"""Pages of the same content: ours (PDF/A, PDF/UA) against nbconvert and Chromium; and how ours grows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pypdf import PdfReader

from tests.benchmarks.harness import Bench, Case, Line, Side, ready
from tests.benchmarks.processes import run
from tests.benchmarks.raw import Measurement, Raw
from tests.benchmarks.summary import median, ratios, spread

TITLE = "rendering"
AGAINST, GROWTH = "30 pages", "growth"
PAGES = (10, 30, 100, 300)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-pdf-header-footer",
)  # fmt: skip


def cases(bench: Bench) -> Iterator[Case]:
    """Against Chromium, if there is one, and from few pages to many."""
    pages = (2, 3) if bench.small else PAGES
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    sides: dict[str, Side] = {"ours": partial(ours, bench.folder, pages[1])}
    if chromium:
        sides["chromium"] = partial(theirs, bench.folder, pages[1], chromium)
    yield Case(AGAINST, partial(ready, sides))
    yield Case(GROWTH, partial(ready, {f"{n} pages": partial(ours, bench.folder, n) for n in pages}))


def ours(folder: Path, pages: int, number: int) -> Measurement:
    """WeasyPrint with the report's style, as a whole process."""
    output = folder / f"ours-{pages}.pdf"
    command = [sys.executable, "-m", "tests.benchmarks.render_pages", "pdf", str(pages), output]
    return dict(run(command, folder / "ours.log")) | {"pages": count(output)}


def theirs(folder: Path, pages: int, chromium: str, number: int) -> Measurement:
    """Nbconvert to HTML, then Chromium to PDF: what webpdf does, which wants a Chromium of Playwright's."""
    notebook, output = folder / "pages.ipynb", folder / "chromium.pdf"
    page = notebook.with_suffix(".html")
    log = folder / "chromium.log"
    run([sys.executable, "-m", "tests.benchmarks.render_pages", "notebook", str(pages), notebook], log)
    converted = run([sys.executable, "-m", "nbconvert", "--to", "html", notebook], log)
    profile = folder / "profile"
    words = [chromium, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={output}", page.as_uri()]
    printed = run(words, log)
    return {"seconds": converted["seconds"] + printed["seconds"], "pages": count(output)}


def count(path: Path) -> int:
    """How many pages a PDF has."""
    return len(PdfReader(path).pages)


def lines(raw: Raw) -> list[Line]:
    """Theirs over ours, and seconds per page."""
    found = []
    if raw.has(AGAINST, "ours", "chromium"):
        times = ratios(raw, AGAINST, "chromium", "ours")
        pages = [int(raw.values(AGAINST, side, "pages")[-1]) for side in ("ours", "chromium")]
        seconds = [median(raw.values(AGAINST, side)) for side in ("ours", "chromium")]
        note = (
            f"ours {seconds[0]:.1f} s ({pages[0]} pages, tagged PDF/A-3a), theirs {seconds[1]:.1f} s "
            f"({pages[1]} pages): nbconvert's HTML printed by Chromium, in place of webpdf, which needs a "
            "Chromium downloaded by Playwright."
        )
        found.append(Line(f"{AGAINST}, nbconvert and Chromium", "", spread(times, unit="x"), None, note))
    for side in raw.rounds(GROWTH)[0] if GROWTH in raw.cases else ():
        seconds = raw.values(GROWTH, side)
        pages = median(raw.values(GROWTH, side, "pages"))
        memory = median(raw.values(GROWTH, side, "megabytes"))
        note = f"{1000 * median(seconds) / pages:.0f} ms a page; {memory:.0f} MB."
        found.append(Line(f"ours, {int(pages)} pages", "", spread(seconds, unit=" s"), None, note))
    return found
