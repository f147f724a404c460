"""The notebook's page with hostile HTML in its cells, in a real browser beside a server that counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from runner import PROJECT_ROOT
from runner.report.handin_page import write_html
from runner.report.safe_html import clean
from tests.browser import browser

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TEMPLATES = PROJECT_ROOT / "templates"
SETTLING_SECONDS = 1.0  # a refresh of no seconds is there at once
LEFT = "script, iframe, object, embed, link, form, input, button, base, svg, meta[http-equiv=refresh]"
HOSTILE = (
    '<meta http-equiv="refresh" content="0;url={at}/refresh">',
    "<META HTTP-EQUIV=refresh CONTENT='0;URL={at}/loud'>",
    '<base href="{at}/base/"><a id="away" href="x">a</a>',
    '<form id="f" action="{at}/form"><input name="a"><button>b</button></form>',
    '<script>location = "{at}/script"</script><script src="{at}/src"></script>',
    '<img src="{at}/img" onerror="location=\'{at}/error\'"><iframe src="{at}/frame"></iframe>',
    '<link rel="stylesheet" href="{at}/css"><link rel="prefetch" href="{at}/prefetch">',
    '<style>@import "{at}/import"; td {{ background: url({at}/style) }}</style>',
    '<table style="background: url({at}/inline)"><tr><td background="{at}/cell">a</td></tr></table>',
    '<svg><use href="{at}/use#a"/><image href="{at}/image"/><a href="javascript:location=1">b</a></svg>',
    '<math><mtext><table><mglyph><style><img src="{at}/math" onerror="location=\'{at}/mutated\'">',
    '<object data="{at}/object"></object><video src="{at}/video" poster="{at}/poster"></video>',
    '<noscript><meta http-equiv="refresh" content="0;url={at}/noscript"></noscript>',
    '</div></main></body></html><meta http-equiv="refresh" content="0;url={at}/after">',
)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """An address, and the paths that were asked for there."""
    asked: list[str] = []

    class Count(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Count)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", asked
    listening.shutdown()


def page_of(folder: Path, *cells: nbformat.NotebookNode) -> Path:
    nbformat.write(new_notebook(cells=cells), folder / "a.ipynb")
    return write_html(folder / "a.ipynb", folder / "a.html", (TEMPLATES,))


def shown(kind: str, content: str) -> nbformat.NotebookNode:
    """A cell with one output."""
    return new_code_cell("1", outputs=[new_output("display_data", {kind: content})])


PLACES = {
    "html": lambda text: shown("text/html", text),
    "markdown": lambda text: shown("text/markdown", text),
    "prose": new_markdown_cell,
    "raw": lambda text: new_raw_cell(text, metadata={"raw_mimetype": "text/html"}),
    "diagram": lambda text: shown("text/vnd.mermaid", text),
    "script": lambda text: shown("application/javascript", text),
    "formula": lambda text: shown("text/latex", text),
    "printed": lambda text: new_code_cell("1", outputs=[new_output("stream", text=text)]),
    "code": new_code_cell,
}


def test_no_cell_makes_the_page_ask_for_anything(server: tuple[str, list[str]], tmp_path: Path) -> None:
    """Neither by itself, nor by what a click on a form of it would send."""
    at, asked = server
    cells = [make(text.format(at=f"{at}/{place}")) for place, make in PLACES.items() for text in HOSTILE]
    page = page_of(tmp_path, new_markdown_cell("## Antes"), *cells, new_markdown_cell("## Después"))
    with browser(tmp_path / "profile") as running:
        running.get(page.as_uri())
        time.sleep(SETTLING_SECONDS)
        assert running.current_url == page.as_uri()
        assert asked == []
        assert running.execute_script(f"return document.querySelectorAll({LEFT!r}).length") == 0
        assert running.execute_script("return document.baseURI") == page.as_uri()
        text = running.find_element("tag name", "main").text
    assert "Antes" in text and "Después" in text


def test_the_server_does_count(server: tuple[str, list[str]], tmp_path: Path) -> None:
    """What the page would do if its cells were not cleaned."""
    at, asked = server
    page = page_of(tmp_path, new_markdown_cell("hola"))
    text = page.read_text("utf-8").replace("</main>", f"{HOSTILE[0].format(at=at)}</main>")
    page.write_text(text, "utf-8")
    with browser(tmp_path / "profile") as running:
        running.get(page.as_uri())
        time.sleep(SETTLING_SECONDS)
    assert "/refresh" in asked


def test_the_policy_forbids_forms_and_another_base(server: tuple[str, list[str]], tmp_path: Path) -> None:
    """For what cleaning might miss one day."""
    at, asked = server
    page = page_of(tmp_path, new_markdown_cell("hola"))
    hostile = "".join(text.format(at=at) for text in HOSTILE[2:4])
    page.write_text(page.read_text("utf-8").replace("</main>", f"{hostile}</main>"), "utf-8")
    with browser(tmp_path / "profile") as running:
        running.get(page.as_uri())
        running.execute_script("document.getElementById('f').submit()")
        time.sleep(SETTLING_SECONDS)
        assert running.execute_script("return document.baseURI") == page.as_uri()
    assert asked == []


PANDAS = """<div><style scoped>
    .dataframe tbody tr th { vertical-align: top; }
    .dataframe thead th { text-align: right; position: fixed; background: url(a.png); }
</style><table border="1" class="dataframe">
<thead><tr style="text-align: right;"><th></th><th>a</th></tr></thead>
<tbody><tr><th colspan="2">0</th><td>&lt;1 &amp; 2</td></tr></tbody></table></div>"""


def test_tables_stay_as_they_were() -> None:
    cleaned = clean(PANDAS)
    for kept in (
        ".dataframe tbody tr th { vertical-align: top }",
        ".dataframe thead th { text-align: right }",
        '<table border="1" class="dataframe">',
        '<thead><tr style="text-align: right"><th></th><th>a</th></tr></thead>',
        '<tbody><tr><th colspan="2">0</th><td>&lt;1 &amp; 2</td></tr></tbody></table>',
    ):
        assert kept in cleaned
    assert cleaned.count("dataframe") == 3, "and the style is not left as text"
    own = "<table><thead><tr><th>variante</th></tr></thead><tbody><tr><td>á &lt; b</td></tr></tbody></table>"
    assert clean(own) == own


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="https://uni.example" ping="http://x">a</a>', '<a href="https://uni.example">a</a>'),
        ('<img src="data:image/png;base64,AA==" alt="a">', '<img src="data:image/png;base64,AA==" alt="a">'),
        ('<img src="data:text/html,a">', "<img>"),
        ('<a href="data:text/html,<b>">a</a>', "<a>a</a>"),
        ("<form>nombre</form><title>t</title><script>x", "nombrex"),
        ("<style>a { color: red", "a { color: red"),
        ('<style>a { content: "</style><b>b</b>', "<b>b</b>"),
        ('<p style="position: fixed; color: red">a</p>', '<p style="color: red">a</p>'),
    ],
)
def test_what_is_left_of_it(html: str, cleaned: str) -> None:
    assert clean(html) == cleaned


def test_unclosed_marks_take_no_time() -> None:
    began = time.monotonic()
    for mark in ("<style>", "<style", "</style><style>"):
        clean(mark * 20_000)
    assert time.monotonic() - began < 20
