"""HTML to PDF by WeasyPrint, which may read only the folders given, and warn only of what is let pass."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from runner.errors import RunnerError
from runner.files import whole
from runner.processes.garbage import no_collection
from runner.report.printing.attached import Attached
from runner.report.printing.fonts import no_other_fonts
from runner.report.printing.notices import no_warnings
from runner.report.printing.pdfua import VARIANT, finish

INSTALL = {
    "debian": "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0",
    "fedora": "sudo dnf install pango",
    "arch": "sudo pacman -S pango",
    "darwin": "brew install weasyprint",
    "windows": "pacman -S mingw-w64-x86_64-pango   (in an MSYS2 shell)",
}
EPOCH = "SOURCE_DATE_EPOCH"


def write_pdf(
    html: str,
    output: Path,
    *,
    styles: Sequence[Path],
    base: Path,
    roots: Sequence[Path],
    attachments: Sequence[Attached] = (),
    build_dir: Path | None = None,
) -> None:
    """Write ``html`` in the given styles as a PDF, whole or not at all.

    Relative addresses start at ``base``; only files under ``roots`` are read. ``output`` is in ``build_dir``,
    if that is given. Raises RunnerError for missing native libraries, a file that can't be read, and what
    WeasyPrint warns of, unless it is let pass.
    """
    with whole(output, build_dir) as target:
        list(print_pages(html, target, styles=styles, base=base, roots=roots, attachments=attachments))


def print_pages(
    html: str,
    output: Path,
    *,
    styles: Sequence[Path],
    base: Path,
    roots: Sequence[Path],
    attachments: Sequence[Attached] = (),
) -> Iterator[Path]:
    """Yield ``output`` when it is written, then the files that its pages show.

    For a ``Helper``, which lets go of all that it took.
    """
    weasyprint = load_weasyprint()
    read: dict[Path, None] = {}
    with no_warnings(), no_collection(), _no_date():
        with no_other_fonts(styles):
            fonts = weasyprint.text.fonts.FontConfiguration()
        fetch = file_fetcher(roots, read)
        sheets = [weasyprint.CSS(s, url_fetcher=fetch, font_config=fonts) for s in styles]
        page = weasyprint.HTML(string=html, base_url=base.resolve().as_uri() + "/", url_fetcher=fetch)
        inside = [_attachment(weasyprint, each) for each in attachments]
        document = page.render(stylesheets=sheets, font_config=fonts, pdf_variant=VARIANT, cache=_Images())
        document.write_pdf(output, finisher=finish, pdf_variant=VARIANT, attachments=inside)
    yield output
    yield from read


class _Images(dict[str, Any]):
    """WeasyPrint's images by address, each named in the PDF by what it shows.

    By its address, as WeasyPrint would have it, the same report of another folder would be other bytes.
    """

    def __setitem__(self, address: str, image: Any) -> None:
        if hasattr(image, "image_data"):
            image.id = hashlib.sha256(image.image_data.data).hexdigest()
        super().__setitem__(address, image)


@contextmanager
def _no_date() -> Iterator[None]:
    """Keep the hour out of fonts that fontTools writes: the same input gives the same bytes."""
    before = os.environ.get(EPOCH)
    os.environ[EPOCH] = "0"
    try:
        yield
    finally:
        os.environ.pop(EPOCH)
        if before is not None:
            os.environ[EPOCH] = before


def _attachment(weasyprint: Any, attached: Attached) -> Any:
    """WeasyPrint's own kind; the date is that of the results, so that the same results give the same file."""
    made = attached.made.astimezone(UTC).replace(tzinfo=None)
    return weasyprint.Attachment(
        string=attached.content,
        name=attached.name,
        description=attached.path,
        created=made,
        modified=made,
        relationship=attached.relationship,
    )


def load_weasyprint() -> Any:
    """WeasyPrint; raises RunnerError with the command that installs what it needs."""
    try:
        with redirect_stdout(io.StringIO()), no_other_fonts():  # its own advice, of many lines
            import weasyprint
    except OSError as error:
        raise RunnerError(
            f"a native library for PDF is missing: {str(error).splitlines()[0]}",
            hint=f"run: {install_command()}",
        ) from error
    return weasyprint


def install_command() -> str:
    """The command that installs Pango on this system."""
    system = platform.system().lower()
    if system != "linux":
        return INSTALL.get(system, "install Pango 1.44 or newer")
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return INSTALL["debian"]
    family = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split()
    known = [INSTALL[name] for name in family if name in INSTALL]
    return known[0] if known else INSTALL["debian"]


def file_fetcher(roots: Sequence[Path], read: dict[Path, None] | None = None) -> Any:
    """A WeasyPrint fetcher for ``data:`` and for files under ``roots``, links resolved; noted in ``read``."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    allowed = [root.resolve() for root in roots]

    class FileFetcher(URLFetcher):  # type: ignore[misc]
        """No network, no other file; what can't be read stops the rendering."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            parts = urlsplit(url)
            if parts.scheme == "data":
                return super().fetch(url, headers)
            if parts.scheme != "file" or parts.netloc:
                raise FatalURLFetchingError(f"only local files may be read: {url}")
            path = Path(url2pathname(parts.path)).resolve()
            if not any(path.is_relative_to(root) for root in allowed):
                raise FatalURLFetchingError(f"outside the build and template folders: {path}")
            if not path.is_file():  # a pipe would be waited for
                raise FatalURLFetchingError(f"cannot be read: no file: {path}")
            if read is not None:
                read[path] = None
            try:
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})
            except OSError as error:
                raise FatalURLFetchingError(f"cannot be read: {error}") from error

    return FileFetcher(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
