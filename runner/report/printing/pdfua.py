"""Makes the PDF both PDF/A-3a, to be read in decades, and PDF/UA-1, to be read aloud.

WeasyPrint writes the first; the second's mark and a few details are added when all objects are there.
"""

from __future__ import annotations

import base64
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.sax.saxutils import quoteattr

import pydyf

from runner.machine.capacity import usable_cores

VARIANT = "pdf/a-3a"
LEVEL = 6  # pydyf's 9 takes three times as long for a hundredth of the size
NAMESPACE = "http://www.aiim.org/pdfua/ns/id/"
# PDF/A wants each property that is not its own described in the file itself.
UA_MARK = f"""
<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfuaid={quoteattr(NAMESPACE)}><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 to which the document conforms</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF>""".encode()


def finish(_document: Any, pdf: Any) -> None:
    """A finisher for WeasyPrint: ``pdf`` (a pydyf.PDF) gets what PDF/UA and PDF/A still ask for."""
    _mark_as_accessible(pdf)
    streams = [each for each in pdf.objects if isinstance(each, pydyf.Stream)]
    for each in streams:
        if "Interpolate" in each.extra:
            each.extra["Interpolate"] = "false"  # PDF/A: pixels are shown as they are
    with ThreadPoolExecutor(usable_cores()) as pool:  # zlib lets threads work at once
        list(pool.map(_end_clearly, streams))
    _end_clearly_from_now_on(pdf)
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])  # WeasyPrint lists each file twice


def _end_clearly(stream: Any) -> None:
    """Leave no stream whose last byte reads as part of the end of line that follows it.

    One in 256 compressed streams ends in a carriage return; validators then find its length wrong.
    """
    if stream.compress:
        content = zlib.compress(_content(stream), LEVEL)
        stream.stream, stream.compress, stream.extra["Filter"] = [content], False, "/FlateDecode"
    content = _content(stream)
    if content.endswith(b"\r"):
        filters = pydyf.Array(["/ASCII85Decode"])
        if "Filter" in stream.extra:
            filters.append(stream.extra["Filter"])
            if "DecodeParms" in stream.extra:
                stream.extra["DecodeParms"] = pydyf.Array(["null", stream.extra["DecodeParms"]])
        stream.stream = [base64.a85encode(content, wrapcol=120) + b"~>"]
        stream.extra["Filter"] = filters


def _end_clearly_from_now_on(pdf: Any) -> None:
    """The same for the two streams that pydyf makes while it writes: all small objects, and all places.

    Behind the objects blanks mean nothing; the places as they are end in a zero.
    """
    add = pdf.add_object

    def add_clearly(added: Any) -> None:
        if isinstance(added, pydyf.Stream) and added.compress:
            if added.extra.get("Type") == "/ObjStm":
                while _is_unclear(added):
                    added.stream.append(b"")
            added.compress = not _is_unclear(added)
        add(added)

    pdf.add_object = add_clearly


def _is_unclear(stream: Any) -> bool:
    return zlib.compress(_content(stream), 9).endswith(b"\r")  # at 9 as pydyf; the end is a checksum


def _content(stream: Any) -> bytes:
    """The bytes of a stream, as pydyf joins them."""
    parts = (getattr(part, "data", part) for part in stream.stream)
    return b"\n".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)


def _mark_as_accessible(pdf: Any) -> None:
    """Say in the metadata that this is PDF/UA-1; the stream stays readable without decompressing."""
    number = int(pdf.catalog["Metadata"].split()[0])
    metadata = next(each for each in pdf.objects if each.number == number)
    content = _content(metadata)
    metadata.stream = [UA_MARK.lstrip().join(content.rsplit(b"</rdf:RDF>", 1))]
    metadata.compress = False
