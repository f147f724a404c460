"""Names, titles and files of a stranger: no header, recipient or line of text comes of them."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable
from contextlib import redirect_stderr
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.build_folder import MADE_FROM_FILE, SUMMARY_FILE
from runner.cli import main
from runner.deliver.addresses import read_addresses
from runner.deliver.header_text import HeaderPolicy, blanked, header_text
from runner.deliver.message import Envelope, compose
from runner.deliver.receipt import contents
from runner.errors import InputError
from runner.plan.variants import TEMPLATES
from runner.report.summary import ReportSummary, file_sha256
from tests.deliver.test_deliver import PROF, SENDER, deliver, read_mail, send
from tests.deliver.test_deliver import build as build
from tests.deliver.test_deliver import ready as ready
from tests.mail_server import mail_server
from tests.parcels import NAMES, conformant_pdf

ATTACK = "=?utf-8?q?N=0d=0aBcc=3A_x=40y=2Ez=0d=0a=0d=0aHACK?="
NESTED = "=?utf-8?b?PT91dGYtOD9xP049MGQ9MGFCY2M9M0FfeD00MHk9MkV6Pz0=?="  # ATTACK's kind in base64
CODED = {
    "as reported": ATTACK,
    "nested": NESTED,
    "LF alone": "=?utf-8?q?N=0aBcc=3A_x?=",
    "CR alone": "=?utf-8?q?N=0dBcc=3A_x?=",
    "NUL": "=?utf-8?q?N=00?=",
    "U+2028": "=?utf-8?q?N=E2=80=A8Bcc=3A_x?=",
    "U+0085": "=?utf-8?q?N=C2=85Bcc=3A_x?=",
    "base64": "=?utf-8?b?Tg0KQmNjOiB4?=",
    "another character set": "=?utf-16-be?b?AE4ADQAKAEIAYwBjADoAIAB4?=",
    "after text": f"(Ana {ATTACK})",
    "without a blank": f"a{ATTACK}b",
    "two words": "=?utf-8?q?N=0d?= =?utf-8?q?=0aBcc=3A_x?=",
}
BREAKS = ["\n", "\r", "\r\n", "\0", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1b[2J"]


def summary(title: str = "Título", names: tuple[str, ...] = ("Ana",), course: str = "Curso") -> ReportSummary:
    return ReportSummary(
        pdf_sha256="0" * 64,
        title=title,
        profile="full",
        draft=False,
        names=names,
        course=course,
        group="",
        date="hoy",
        questions=(1,),
        answered=(1,),
    )


def message_of(made: ReportSummary, subject: str = "", lines: tuple[str, ...] = ()) -> EmailMessage:
    """The message as a mail program reads it."""
    envelope = Envelope(read_addresses([PROF], "--to"), subject=subject)
    content = compose(envelope, made, (), TEMPLATES, lines, "ayer" if lines else "").as_bytes()
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    return read_mail(content)


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


HEADERS = {"To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize("kind", CODED)
@pytest.mark.parametrize("where", ["title", "name", "--subject"])
def test_a_line_break_in_code_is_refused(kind: str, where: str) -> None:
    """Encoded words are read before they are looked at."""
    coded = CODED[kind]
    made = {"title": summary(title=coded), "name": summary(names=("Ana", coded))}.get(where, summary())
    with pytest.raises(InputError, match=r"line break or another control character|in code"):
        message_of(made, coded if where == "--subject" else "")


@pytest.mark.parametrize("kind", CODED)
@pytest.mark.parametrize("option", ["--to", "--cc", "--from"])
def test_a_line_break_in_code_is_refused_in_addresses(kind: str, option: str) -> None:
    for text in (f"{CODED[kind]} <a@b.example>", f'"{CODED[kind]}" <a@b.example>'):
        with pytest.raises(InputError) as caught:
            read_addresses([text], option)
        assert caught.value.where == option


def test_code_in_halves_that_come_together_is_refused() -> None:
    made = summary(title="=?utf-8?q?a=0aBcc=3A", names=("x?=", "Ana"))
    try:
        message = message_of(made)
    except InputError:
        return
    assert set(message.keys()) <= HEADERS
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("character", BREAKS)
@pytest.mark.parametrize("where", ["title", "name", "course"])
def test_a_plain_line_break_is_a_blank(character: str, where: str) -> None:
    """Nothing of the title is lost, and nothing of it is text of its own."""
    text = f"Uno{character}Bcc: x@y.z{character}{character}Dos"
    plain = {"title": summary(), "name": summary(), "course": summary()}[where]
    odd = {"title": summary(title=text), "name": summary(names=(text,)), "course": summary(course=text)}[
        where
    ]
    message = message_of(odd)
    assert set(message.keys()) == HEADERS
    assert message["Bcc"] is None
    if where != "course":
        assert "Uno" in message["Subject"] and "Dos" in message["Subject"]
    body = text_of(message)
    assert len(body.splitlines()) == len(text_of(message_of(plain)).splitlines())
    assert not any(line.startswith(("Bcc", "Dos")) for line in body.splitlines())


def test_what_is_written_in_code_without_harm_is_read() -> None:
    assert message_of(summary("=?utf-8?q?Pr=C3=A1ctica?="))["Subject"] == "Entrega: Práctica (Ana)"
    assert message_of(summary(), "=?utf-8?q?Pr=C3=A1ctica?=")["Subject"] == "Práctica"
    assert read_addresses(["=?utf-8?q?Pr=C3=A1ctica?= <a@b.example>"], "--to")[0].display_name == "Práctica"


def test_an_endless_title_is_refused() -> None:
    with pytest.raises(InputError, match="is longer than 1000 characters"):
        message_of(summary("=?utf-8?q?" * 100_000))


def test_lines_of_changes_stay_lines(tmp_path: Path) -> None:
    """They quote names in a foreign PDF and in foreign receipts."""
    body = text_of(message_of(summary(), lines=("results of\nBcc: x\u2028y: changed", "b")))
    assert "- results of Bcc: x y: changed" in body.splitlines()


FRAGMENTS = [
    ATTACK, NESTED, "=?", "?=", "=?utf-8?q?", "=?utf-8?b?", "=0d=0a", "=0A", "?", "=", "_", " ", "  ", ",",
    ";", ":", "<", ">", '"', "\\", "(", ")", "@", "\t", "\n", "\r", "\0", "\u2028", "\u00a0", "ñ" * 40,
    "a" * 90, "Bcc: ", "\ufeff", "\u202e", "e\u0301", "𐀀", "\ud800",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=10).map("".join)


def shown(text: str) -> str:
    """A header's text as a program other than the one that wrote it reads it."""
    return str(make_header(decode_header(text.replace("\r\n", ""))))


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
@settings(max_examples=400)
def test_a_header_says_what_was_meant_and_nothing_else(subject: str, names: list[str]) -> None:
    """Built and parsed again: the same headers, the same addresses, the same text, the body whole."""
    try:
        meant, called = header_text(subject, "--subject"), [header_text(name, "--to") for name in names]
    except InputError:
        return
    message = EmailMessage(policy=HeaderPolicy(linesep="\r\n"))
    message["To"] = tuple(Address(name, f"a{n}", "b.example") for n, name in enumerate(called))
    message["Subject"] = meant
    message.set_content("hola\n\n.\nBcc: no\n", cte="quoted-printable")
    content = message.as_bytes()
    assert content.isascii() and b"\n" not in content.replace(b"\r\n", b"")
    read = read_mail(content)
    assert read.keys() == message.keys()
    assert set(read.keys()) == HEADERS
    assert read["Subject"] == meant
    assert [a.addr_spec for a in read["To"].addresses] == [f"a{n}@b.example" for n in range(len(called))]
    raw = message_from_bytes(content)
    assert shown(raw["Subject"]) == meant
    assert [shown(name) for name, _ in getaddresses([raw["To"].replace("\r\n", "")])] == called
    assert text_of(read) == "hola\n\n.\nBcc: no\n"


@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS, st.lists(TEXTS, max_size=2), TEXTS)
@settings(max_examples=50)
def test_a_message_is_whole_whatever_the_report_says(
    title: str, names: list[str], course: str, lines: list[str], subject: str
) -> None:
    made = summary(title, tuple(names), course)
    try:
        message = message_of(made, subject, tuple(lines))
    except InputError:
        return
    assert set(message.keys()) == HEADERS
    assert str(message["To"]) == PROF
    assert not any(ord(c) < 32 or c in "\u2028\u2029\x85" for c in message["Subject"])
    body = text_of(message)
    assert body.startswith(("Hola:", "Hello:"))
    assert body.isprintable() or not any(c in body for c in "\r\0\x1b\u2028\u2029\x85")
    harmless = summary(
        blanked(title) and "T", tuple(blanked(n) and "N" for n in names), blanked(course) and "C"
    )
    plain = text_of(message_of(harmless, "S", tuple("x" for _ in lines)))
    assert len(body.splitlines()) == len(plain.splitlines())


@given(TEXTS, TEXTS)
def test_addresses_are_read_or_refused(name: str, local: str) -> None:
    for text in (f"{name} <{local}@uni.example>", f'"{name}" <a@uni.example>', name):
        try:
            found = read_addresses([text], "--to")
        except InputError:
            continue
        for address in found:
            assert header_text(address.display_name, "--to") == address.display_name
            assert address.addr_spec.isprintable() and address.addr_spec.count("@") == 1


# ---------------------------------------------------------------- the command


def put(folder: Path, **others: object) -> None:
    """Other words in ``report.json``, and the record of what was made knows them."""
    path = folder / SUMMARY_FILE
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | others), "utf-8")
    known(folder, SUMMARY_FILE)


def known(folder: Path, *names: str) -> None:
    record = json.loads((folder / MADE_FROM_FILE).read_text("utf-8"))
    record["outputs"] |= {name: file_sha256(folder / name) for name in names}
    (folder / MADE_FROM_FILE).write_text(json.dumps(record), "utf-8")


@pytest.mark.parametrize("where", ["names", "title"])
def test_a_foreign_report_makes_no_recipient(where: str, build: Path, tmp_path: Path) -> None:
    put(build, **{where: [ATTACK] if where == "names" else ATTACK})
    done = deliver(build, "--to", PROF)
    assert done.returncode == 2
    assert "the subject, which has the title and the names: holds a line break" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (build / "entrega.eml").exists()
    with mail_server(tmp_path) as box:
        assert send(build, box).returncode == 2
        assert not box.messages
        assert send(build, box, "--subject", "Entrega").returncode == 0
        (arrived,) = box.messages
    assert isinstance(arrived.content, bytes)
    assert read_mail(arrived.content)["Bcc"] is None


def test_a_title_with_a_line_break_is_all_in_the_subject(build: Path) -> None:
    put(build, title="Práctica 5\nsegunda parte")
    done = deliver(build, "--to", PROF)
    assert done.returncode == 0, done.stderr
    message = read_mail((build / "entrega.eml").read_bytes())
    assert message["Subject"] == f"Entrega: Práctica 5 segunda parte ({', '.join(NAMES)})"
    assert text_of(message).startswith("Hola:\n")


def deep(text: str) -> str:
    return text * 100_000


NOTEBOOKS: dict[str, str] = {
    "deep": deep("["),
    "deep within": '{"cells": ' + deep('{"a":'),
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "text": '"a"',
    "cells a number": '{"cells": 5, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "cells of numbers": '{"cells": [5], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "cells null": '{"cells": null, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "no metadata": '{"cells": [], "nbformat": 4, "nbformat_minor": 5}',
    "outputs a number": json.dumps(
        {
            "cells": [
                {"cell_type": "code", "source": "1", "outputs": 5, "metadata": {}, "execution_count": 1}
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
    ),
    "format 3": '{"worksheets": 5, "metadata": {}, "nbformat": 3, "nbformat_minor": 0}',
    "format 3 with junk": '{"worksheets": [{"cells": [5, {"cell_type": 7}]}], "metadata": [], "nbformat": 3}',
    "format 2": '{"worksheets": 5, "nbformat": 2}',
    "format 99": '{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 5}',
    "format of text": '{"cells": [], "metadata": {}, "nbformat": "x", "nbformat_minor": 5}',
    "empty": "",
    "no JSON": "<html>",
    "an endless number": '{"nbformat": ' + "9" * 10_000 + "}",
}


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_a_notebook_that_is_none_is_told(kind: str, build: Path) -> None:
    (build / "practica5.ipynb").write_text(NOTEBOOKS[kind], "utf-8")
    known(build, "practica5.ipynb")
    refused(build, "practica5.ipynb")


def refused(folder: Path, *words: str) -> str:
    """What the command, in this process, says to it."""
    said = io.StringIO()
    with redirect_stderr(said):
        code = main(["deliver", "--build-dir", str(folder), "--to", PROF])
    assert code == 2, said.getvalue()
    for word in words:
        assert word in said.getvalue()
    assert "Traceback" not in said.getvalue()
    assert "\x1b" not in said.getvalue()
    assert not (folder / "entrega.eml").exists()
    return said.getvalue()


SUMMARIES: dict[str, str] = {
    "deep": deep("["),
    "a list": "[]",
    "null": "null",
    "names a number": json.dumps(summary().model_dump() | {"names": 5}),
    "names of numbers": json.dumps(summary().model_dump() | {"names": [5]}),
    "questions of text": json.dumps(summary().model_dump() | {"questions": ["x"]}),
    "half a character": json.dumps(summary().model_dump() | {"title": "a\ud800"}),
    "more than it may have": json.dumps(summary().model_dump() | {"more": 1}),
    "empty": "",
}


@pytest.mark.parametrize("kind", SUMMARIES)
def test_a_summary_that_is_none_is_told(kind: str, build: Path) -> None:
    (build / SUMMARY_FILE).write_text(SUMMARIES[kind], "utf-8")
    known(build, SUMMARY_FILE)
    refused(build, "report.json: cannot be read")


def test_what_a_notebook_says_is_no_command_for_the_terminal(build: Path) -> None:
    path = build / "practica5.ipynb"
    content = json.loads(path.read_text("utf-8"))
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [
        {"output_type": "error", "ename": "E\x1b[2J", "evalue": "a\x1b]0;x\x07\nverified", "traceback": []}
    ]
    path.write_text(json.dumps(content), "utf-8")
    known(build, "practica5.ipynb")
    said = refused(build, "ended in E [2J: a ]0;x verified")
    assert "\x07" not in said


@pytest.mark.parametrize("name", ["entrega.json", SUMMARY_FILE, MADE_FROM_FILE, "practica5.html"])
def test_a_pipe_is_not_waited_for(name: str, build: Path) -> None:
    (build / name).unlink(missing_ok=True)
    os.mkfifo(build / name)
    refused(build, name)


@pytest.mark.parametrize("name", ["report.pdf", "practica5.ipynb"])
def test_a_link_to_a_file_elsewhere_is_not_sent(name: str, build: Path, tmp_path: Path) -> None:
    (build / name).rename(tmp_path / "other")
    (build / name).symlink_to(tmp_path / "other")
    refused(build, f"{name}: a symbolic link")


RECEIPTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "deep": lambda receipt: receipt.update(deep=json.loads("[" * 500 + "]" * 500)),
    "the year 1": lambda receipt: receipt.update(time="0001-01-01T00:00:00+14:00"),
    "the year 9999": lambda receipt: receipt.update(time="9999-12-31T23:59:59-12:00"),
    "recipients a number": lambda receipt: receipt.update(recipients=5),
    "an unknown status": lambda receipt: receipt.update(status="perhaps"),
}


@pytest.mark.parametrize("kind", RECEIPTS)
def test_receipts_that_are_none_are_told(kind: str, build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        assert send(build, box).returncode == 0
    content = json.loads((build / "entrega.json").read_text("utf-8"))
    RECEIPTS[kind](content["attempts"][0])
    (build / "entrega.json").write_text(json.dumps(content), "utf-8")
    (build / "entrega.eml").unlink()
    refused(build, "entrega.json: the receipts can't be read")


def test_receipts_of_a_stranger_are_no_commands_for_the_terminal(
    build: Path,
    tmp_path: Path,
) -> None:
    with mail_server(tmp_path) as box:
        assert send(build, box).returncode == 0
    content = json.loads((build / "entrega.json").read_text("utf-8"))
    content["attempts"][0]["recipients"] = ["\x1b[2Jx"]
    content["attempts"][0]["contents"] = {"results/\x1b[2J\nBcc: x/result.json": "aa"}
    (build / "entrega.json").write_text(json.dumps(content), "utf-8")
    done = deliver(build, "--to", PROF)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert not any(line.startswith("Bcc") for line in done.stdout.splitlines())
    body = text_of(read_mail((build / "entrega.eml").read_bytes()))
    assert "\x1b" not in body
    assert not any(line.startswith("Bcc") for line in body.splitlines())


@pytest.mark.parametrize(
    "listed", [5, [5], [{"path": 5, "sha256": "a"}], [{"path": "a", "sha256": [1]}], None]
)
def test_a_manifest_of_odd_types_lists_nothing(
    listed: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reader:
        def __init__(self, path: Path) -> None:
            self.attachments = {"manifest.json": [json.dumps({"files": listed}).encode()]}

    monkeypatch.setattr("runner.deliver.receipt.PdfReader", Reader)
    assert contents(tmp_path / "report.pdf") == {}


def test_a_manifest_too_deep_to_read_lists_nothing(tmp_path: Path) -> None:
    conformant_pdf(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    (tmp_path / "report.pdf").write_bytes(content[:200])
    assert contents(tmp_path / "report.pdf") == {}


@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_what_a_delivery_leaves_is_for_its_owner_alone(build: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (build / "entrega.json").write_text('{"schema_version": 1, "attempts": []}', "utf-8")
        with mail_server(tmp_path) as box:
            assert send(build, box).returncode == 0
            assert modes(build) == {"entrega.eml": 0o600, "entrega.json": 0o600}
            (build / "entrega.eml").chmod(0o644)
        assert deliver(build, "--to", PROF, *SENDER).returncode == 0
        assert modes(build) == {"entrega.eml": 0o600, "entrega.json": 0o600}
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("entrega.*")}
