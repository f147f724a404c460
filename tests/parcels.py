"""A build folder whose report and notebook are fit to be delivered, made in seconds.

Its results are made up and its PDF is one page, but that page does conform to PDF/A-3a and PDF/UA-1:
nothing that the product checks is left out.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import weasyprint
from matplotlib.figure import Figure
from nbformat import NotebookNode
from nbformat.v4 import new_output

from runner import PROJECT_ROOT, made
from runner.build_folder import SUMMARY_FILE
from runner.commands.request import remember
from runner.files import write_json
from runner.plan.records import Author
from runner.plan.variants import DEFAULT_PLAN, make_plan, with_author
from runner.report.freshness import inputs, note
from runner.report.handin import write_handin
from runner.report.summary import ReportSummary, file_sha256
from tests.made_up import make_study

NAMES = ("Ana Núñez", "Íñigo Peña")
COURSE = "Redes profundas"
FONT = PROJECT_ROOT / "templates" / "fonts" / "SourceSerifPro-Regular.otf"
PAGE = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Informe</title></head>
<body><h1>Informe</h1><p>{text}</p></body></html>"""
UA = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas>
<rdf:Bag>
<rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property>
<rdf:Seq>
<rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>part</pdfaProperty:description>
</rdf:li>
</rdf:Seq>
</pdfaSchema:property>
</rdf:li>
</rdf:Bag>
</pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>"""
SCRIPT = "<script>alert(1)</script> {{ 7*7 }}"
LABEL = f"{SCRIPT} ../../etc/passwd"  # of the data: it comes from a record


def conformant_pdf(path: Path, text: str = "Texto.", inside: dict[str, str] | None = None) -> None:
    """One page that conforms to both standards; ``inside`` is what its manifest lists: path and hash."""
    style = f'@font-face {{ font-family: Body; src: url({FONT.as_uri()}) }} body {{ font-family: "Body" }}'
    files = [{"path": name, "sha256": sha256} for name, sha256 in (inside or {}).items()]
    manifest = weasyprint.Attachment(
        string=json.dumps({"files": files}).encode(),
        name="manifest.json",
        description="manifest",
        relationship="Data",
    )
    options: dict[str, Any] = {"pdf_variant": "pdf/a-3a", "attachments": [manifest]}
    sheets = [weasyprint.CSS(string=style)]
    document = weasyprint.HTML(string=PAGE.format(text=text)).render(stylesheets=sheets, **options)
    document.write_pdf(path, finisher=_declare, **options)


def _declare(document: Any, pdf: Any) -> None:
    """Declare PDF/UA-1, as the validator wants it; attachments are listed once."""
    for each in pdf.objects:
        stream = getattr(each, "stream", None) or ()
        if any(isinstance(part, bytes) and b"</rdf:RDF>" in part for part in stream):
            each.stream = [part.replace(b"</rdf:RDF>", UA.encode()) for part in stream]
            each.compress = False
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = type(pdf.catalog["AF"])(dict.fromkeys(pdf.catalog["AF"]))


def executed(source: Path) -> NotebookNode:
    """A notebook as if it had been run: every code cell with a text, every third with a picture."""
    content = nbformat.read(source, as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        cell.outputs = [new_output("stream", text="x" * 300 + "\n")]
        if number % 3 == 0:
            cell.outputs.append(new_output("display_data", {"image/png": _picture(number)}))
    return content


@cache
def _picture(number: int) -> str:
    """A plot wider than a page, in base64."""
    import base64

    figure = Figure(figsize=(9, 3), dpi=200)
    figure.add_subplot().plot(range(number))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def make_build(build: Path, names: tuple[str, ...] = NAMES, text: str = "Texto.") -> None:
    """Results, executed notebooks, the notebook to hand in, and a report that conforms."""
    plan = make_plan(DEFAULT_PLAN, "full")
    study = replace(make_study(build), author=Author(names, COURSE, "3", "24 de abril de 2026"))
    (build / "notebooks").mkdir(exist_ok=True)
    for variant in plan.variants:
        nbformat.write(executed(variant.notebook), build / "notebooks" / f"{variant.name}.ipynb")
    remember(with_author(plan, names=names, course=COURSE), build)
    write_handin(study, plan.handin, build, build / "practica5.ipynb")
    write_report(build, names, text)
    made.record(build, *build.iterdir(), *build.glob("*/*"))  # as if the program had made all of it


def write_report(
    build: Path, names: tuple[str, ...] = NAMES, text: str = "Texto.", inside: dict[str, str] | None = None
) -> None:
    """The report alone."""
    report = build / "report.pdf"
    conformant_pdf(report, text, inside)
    summary = ReportSummary(
        pdf_sha256=file_sha256(report),
        title="Práctica 5: CNN para clasificación multi-class (CIFAR-10)",
        profile="full",
        draft=False,
        names=names,
        course=COURSE,
        group="3",
        date="24 de abril de 2026",
        questions=tuple(range(1, 19)),
        answered=tuple(range(1, 19)),
    )
    write_json(build / SUMMARY_FILE, summary)
    plan = make_plan(DEFAULT_PLAN, "full")
    note(plan, build, inputs(plan, build), ())
