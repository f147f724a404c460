"""A document of so many pages, rendered by ours, or written as a notebook for nbconvert.

python -m tests.benchmarks.render_pages pdf|notebook PAGES FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from runner.plan.variants import TEMPLATES
from runner.report.printing.pdf import write_pdf

PARAGRAPH = (
    "La pérdida de validación baja con lotes pequeños y sube con los grandes; la diferencia se mide imagen "
    "por imagen, con las mismas imágenes para todas las variantes, y se da con su intervalo del noventa y "
    "cinco por ciento. El tiempo de cada época se toma con la máquina en reposo y por turnos. "
)
ROWS = 8
WIDTH, HEIGHT = 480, 200


def figure(page: int) -> str:
    """A vector figure of a curve with a hundred points."""
    points = " ".join(f"{4.8 * i:.1f},{180 - 150 / (1 + i * (1 + page % 7) / 40):.1f}" for i in range(100))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" '
        f'role="img" aria-label="curva"><path d="M0 190H480" stroke="#444"/>'
        f'<polyline points="{points}" fill="none" stroke="#0b6" stroke-width="2"/></svg>'
    )


def rows(page: int) -> list[list[str]]:
    """The cells of a table."""
    return [
        [f"variante {page}.{n}", *(f"{(page * 7 + n * 13 + k) % 1000 / 1000:.3f}" for k in range(4))]
        for n in range(ROWS)
    ]


def html(pages: int) -> str:
    """All pages as ours has them: a section each, with heading, text, figure and table."""
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("variante", "a", "b", "c", "d"))
    sections = []
    for page in range(1, pages + 1):
        body = "".join(
            f'<tr><th scope="row">{first}</th>'
            + "".join(f'<td class="num">{cell}</td>' for cell in rest)
            + "</tr>"
            for first, *rest in rows(page)
        )
        sections.append(
            f'<section style="break-before: page"><h2>Apartado {page}</h2>'
            f"<p>{2 * PARAGRAPH}</p>{figure(page)}"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></section>"
        )
    head = '<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Páginas</title></head>'
    return f"{head}<body>{''.join(sections)}</body></html>"


def write_notebook(pages: int, path: Path) -> None:
    """The same as cells of Markdown, with a page break before each."""
    cells = []
    for page in range(1, pages + 1):
        head = "| variante | a | b | c | d |\n|---|--:|--:|--:|--:|\n"
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in rows(page))
        text = f"## Apartado {page}\n\n{2 * PARAGRAPH}\n\n{figure(page)}\n\n{head}{table}"
        cells.append(nbformat.v4.new_markdown_cell(f'<div style="break-before: page"></div>\n\n{text}'))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def main() -> None:
    """Write the file."""
    kind, pages, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if kind == "notebook":
        write_notebook(pages, path)
    else:
        write_pdf(html(pages), path, styles=[TEMPLATES / "report.css"], base=path.parent, roots=[TEMPLATES])


if __name__ == "__main__":
    main()
