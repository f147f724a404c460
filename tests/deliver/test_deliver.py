"""The ``deliver`` command as a user runs it: what it refuses, writes and sends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runner import PROJECT_ROOT
from runner.analysis.loading import load_study
from runner.deliver.preflight import CheckResult, Parcel, inspect
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.handin import write_handin
from runner.report.printing import conformance
from runner.report.summary import file_sha256, read_summary
from tests import spanish
from tests.mail_server import PASSWORD, Mailbox, mail_server
from tests.parcels import COURSE, NAMES, conformant_pdf, make_build, write_report
from tests.program import HANG_SECONDS, until

TEMPLATES = PROJECT_ROOT / "templates"
pytestmark = pytest.mark.xdist_group("reports")

PROF = "prof@uni.example"
SENDER = ("--from", "Ana Núñez <ana@uni.example>")


def deliver(build: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command without anything of the tester's own mail."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RUNNER_SMTP", "RUNNER_MAIL"))}
    clean |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    return subprocess.run(
        [sys.executable, "-m", "runner", "deliver", "--build-dir", str(build), *words],
        cwd=PROJECT_ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


def read_mail(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def receipts(build: Path) -> list[dict[str, Any]]:
    attempts: list[dict[str, Any]] = json.loads((build / "entrega.json").read_text("utf-8"))["attempts"]
    return attempts


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "build"
    make_build(folder)
    return folder


@pytest.fixture
def build(ready: Path, tmp_path: Path) -> Path:
    """A build of one's own that is fit to be delivered."""
    folder = tmp_path / "build"
    shutil.copytree(ready, folder, copy_function=shutil.copy2)
    return folder


# ---------------------------------------------------------------- the draft


def test_draft_is_a_message_that_mail_programs_open_unsent(build: Path) -> None:
    done = deliver(build, "--to", f"Prof. Íñiguez <{PROF}>", "--cc", "ayudante@uni.example", *SENDER)
    assert done.returncode == 0, done.stderr
    content = (build / "entrega.eml").read_bytes()
    assert content.isascii()
    assert b"\r\n" in content and b"\n" not in content.replace(b"\r\n", b"")
    message = read_mail(content)
    assert message["X-Unsent"] == "1"
    assert message["Date"] is None
    assert [a.addr_spec for a in message["To"].addresses] == [PROF]
    assert message["To"].addresses[0].display_name == "Prof. Íñiguez"
    assert message["Cc"] == "ayudante@uni.example"
    assert message["From"].addresses[0].display_name == "Ana Núñez"
    assert message["Subject"].startswith("Entrega: Práctica 5: CNN")
    assert all(name in message["Subject"] for name in NAMES)
    attached = {part.get_filename(): part for part in message.iter_attachments()}
    assert list(attached) == ["report.pdf", "practica5.ipynb"]
    for name, part in attached.items():
        assert part.get_payload(decode=True) == (build / name).read_bytes()
    assert attached["report.pdf"].get_content_type() == "application/pdf"
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for words in ("Adjuntamos", COURSE, "las 18 preguntas", "Ana Núñez, Íñigo Peña"):
        assert words in text
    assert "Sustituye" not in text
    assert not (build / "entrega.json").exists()


def test_the_same_parcel_gives_the_same_draft(build: Path) -> None:
    drafts = []
    for _ in range(2):
        assert deliver(build, "--to", PROF).returncode == 0
        drafts.append((build / "entrega.eml").read_bytes())
    assert drafts[0] == drafts[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "prof@uni.example\nBcc: x@y.example"], "not printable text"),
        (["--to", PROF, "--cc", "Ana\r\nX: y <a@uni.example>"], "not printable text"),
        (["--to", "=?utf-8?q?Ana=0ABcc:_x@y.example?= <a@uni.example>"], "--to: holds a line break"),
        (["--to", PROF, "--subject", "hola\nBcc: x@y.example"], "not printable text"),
        (["--to", PROF, "--subject", "hola\u2028Bcc: x@y.example"], "not printable text"),
        (["--to", "nobody"], "--to: 'nobody'"),
        (["--to", "a@b@c.example"], "--to: "),
        (["--to", "ñandú@uni.example"], "Internationalized characters before the @-sign"),
        (["--to", ""], "is no address"),
        (["--to", PROF, "--from", "a@uni.example, b@uni.example"], "only one sender"),
        (["--to", PROF, "--send"], "--from: needed to send"),
        (["--to", PROF, "--send", *SENDER], "--smtp-host: needed to send"),
        (["--to", PROF, "--send", *SENDER, "--smtp-host", "h", "--smtp-user", "ana"], "no password"),
        (["--to", PROF, "--limit-mb", "0"], "--limit-mb"),
        (["--to", PROF, "--password", "x"], "No such option"),
        ([], "--to"),
    ],
)
def test_bad_options_write_and_send_nothing(build: Path, words: list[str], message: str) -> None:
    done = deliver(build, *words)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (build / "entrega.eml").exists()
    assert not (build / "entrega.json").exists()


def test_foreign_domains_and_names_with_commas(build: Path) -> None:
    done = deliver(build, "--to", '"Íñiguez, P." <p@español.example>')
    assert done.returncode == 0, done.stderr
    (address,) = read_mail((build / "entrega.eml").read_bytes())["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Íñiguez, P.", "p@xn--espaol-zwa.example")


def test_a_name_on_the_cover_can_not_break_the_header(build: Path) -> None:
    write_report(build, ("Ana {{ 7*7 }} <script>", "Luis\nBcc: x@y.example"))
    assert deliver(build, "--to", PROF).returncode == 0
    message = read_mail((build / "entrega.eml").read_bytes())
    assert "Ana {{ 7*7 }} <script>" in message["Subject"]
    assert message["Bcc"] is None


# ---------------------------------------------------------------- the checks


def test_all_faults_are_told_at_once(build: Path) -> None:
    path = build / "practica5.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].execution_count = None
    code[1].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="malo", traceback=[])]
    nbformat.write(notebook, path)
    (build / "report.pdf").write_bytes(b"%PDF-1.7 damaged")
    summary = json.loads((build / "report.json").read_text("utf-8"))
    summary |= {"names": [], "course": " ", "draft": True, "answered": [1, 2], "profile": "quick"}
    summary["pdf_sha256"] = file_sha256(build / "report.pdf")
    (build / "report.json").write_text(json.dumps(summary), "utf-8")
    done = deliver(build, "--to", PROF, "--limit-mb", "0.01")
    assert done.returncode == 2
    for words in (
        "2 of 18 questions answered; missing: 3, 4",
        "a draft, of profile 'quick'",
        "no name on the cover",
        "no course on the cover",
        "cannot be read as a PDF",
        "was not run",
        "ended in ValueError: malo",
        "more than 0.0 MB",
    ):
        assert words in done.stderr
    assert not (build / "entrega.eml").exists()


def test_a_report_of_other_results_is_refused_whatever_dates_say(build: Path) -> None:
    """A result put back with its old date is another result; one that was only touched is not."""
    record = build / "results" / "batch-4" / "result.json"
    os.utime(record)
    os.utime(build / "report.pdf", (0, 0))
    assert deliver(build, "--to", PROF).returncode == 0
    record.write_bytes(record.read_bytes().replace(b'"wall_seconds": 300.5', b'"wall_seconds": 301.5'))
    os.utime(record, (0, 0))
    done = deliver(build, "--to", PROF)
    assert done.returncode == 2
    assert "report.pdf and practica5.ipynb: the results changed since they were made" in done.stderr


@pytest.mark.parametrize("name", ["report.pdf", "practica5.ipynb"])
def test_what_was_altered_since_it_was_made_is_refused(build: Path, name: str) -> None:
    with (build / name).open("ab") as file:
        file.write(b"\n")
    done = deliver(build, "--to", PROF)
    assert done.returncode == 2
    assert f"{name} was altered since it was made" in done.stderr


@pytest.mark.parametrize("name", ["report.pdf", "practica5.ipynb"])
def test_what_is_not_there_is_named(build: Path, name: str) -> None:
    (build / name).unlink()
    done = deliver(build, "--to", PROF)
    assert done.returncode == 2
    assert f"not there: {name}" in done.stderr


def test_a_summary_of_another_report_is_refused(build: Path) -> None:
    conformant_pdf(build / "report.pdf", "Otro.")
    done = deliver(build, "--to", PROF)
    assert done.returncode == 2
    assert "does not belong to this report.pdf" in done.stderr


def test_a_notebook_with_a_missing_section_is_refused(build: Path) -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    (build / "notebooks" / "best.ipynb").unlink()
    write_handin(load_study(plan, build), plan.handin, build, build / "practica5.ipynb")
    faults = outcomes(build)["notebook"].faults
    assert any("a section of practica5.ipynb is missing" in fault for fault in faults)


def outcomes(build: Path, limit: int = 10**8) -> dict[str, CheckResult]:
    found = inspect(Parcel(build / "report.pdf", build / "practica5.ipynb", limit))
    return {outcome.name: outcome for outcome in found}


def test_the_real_report_passes(complete: Path) -> None:
    """Conformance is among what is looked at."""
    found = outcomes(complete)
    assert read_summary(complete / "report.pdf").answered == tuple(range(1, 19))
    assert {name: o.faults for name, o in found.items() if o.faults} == {}


def test_an_english_report_is_delivered_in_english(english: Path, tmp_path: Path) -> None:
    """Report, draft and subject, from the locale that the build folder remembers."""
    build = Path(shutil.copytree(english, tmp_path / "build"))
    done = deliver(build, "--to", PROF, *SENDER)
    assert done.returncode == 0, done.stderr
    message = read_mail((build / "entrega.eml").read_bytes())
    body = message.get_body()
    assert body is not None
    text = str(body.get_content())
    assert message["Subject"].startswith("Delivery: Assignment 5")
    assert "Hello:" in text and "with the answers to the 18 questions" in text
    letters = text.replace(", ".join(NAMES), "").replace(COURSE, "")
    assert spanish.words(letters) & spanish.SPANISH == set()


def test_conformance_names_the_rules(tmp_path: Path) -> None:
    import weasyprint

    conformant_pdf(tmp_path / "good.pdf")
    assert conformance.check(tmp_path / "good.pdf") == ()
    weasyprint.HTML(string="<p>hola</p>").write_pdf(tmp_path / "plain.pdf")
    faults = conformance.check(tmp_path / "plain.pdf")
    assert any(fault.startswith("PDF/A-3a: PDFA3A-") for fault in faults)
    assert any(fault.startswith("PDF/UA-1: PDFUA1-") for fault in faults)
    (tmp_path / "none.pdf").write_text("no")
    assert "cannot be read as a PDF" in conformance.check(tmp_path / "none.pdf")[0]
    assert "cannot be read as a PDF" in conformance.check(tmp_path / "absent.pdf")[0]


# ---------------------------------------------------------------- sending


def send(build: Path, box: Mailbox, *words: str) -> subprocess.CompletedProcess[str]:
    done = deliver(build, "--to", PROF, "--send", *SENDER, *words, **box.environment)
    assert "Traceback" not in done.stderr
    everything = done.stdout + done.stderr
    for path in build.glob("entrega.*"):
        everything += path.read_text("utf-8")
    assert PASSWORD not in everything
    return done


def test_sent_once_and_with_a_receipt(build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        done = send(build, box)
        assert done.returncode == 0, done.stderr
        assert "queued as 4XyZ" in done.stdout
        (arrived,) = box.messages
        assert isinstance(arrived.content, bytes)
        message = read_mail(arrived.content)
        assert message["X-Unsent"] is None
        assert message["Date"] is not None
        assert str(message["Message-ID"]).endswith("@uni.example>")
        attached = [part.get_payload(decode=True) for part in message.iter_attachments()]
        assert attached == [(build / name).read_bytes() for name in ("report.pdf", "practica5.ipynb")]
        (receipt,) = receipts(build)
        assert receipt["status"] == "sent"
        assert receipt["recipients"] == [PROF]
        assert receipt["files"][0]["sha256"] == read_summary(build / "report.pdf").pdf_sha256
        assert receipt["message_id"] == message["Message-ID"]
        assert (build / "entrega.eml").read_bytes() == arrived.content

        again = send(build, box, "--subject", "Otra vez")
        assert again.returncode == 2
        assert "this very parcel was sent to prof@uni.example" in again.stderr
        assert len(box.messages) == 1
        assert send(build, box, "--cc", "otro@uni.example").returncode == 0  # to others: another parcel
        assert send(build, box, "--again").returncode == 0
        assert len(box.messages) == 3


def test_a_later_delivery_says_what_changed(build: Path, tmp_path: Path) -> None:
    before = {"results/best/result.json": "aa", "results/batch-4/result.json": "bb", "results.csv": "x"}
    after = {"results/best/result.json": "cc", "results/batch-16/result.json": "bb", "results.csv": "y"}
    with mail_server(tmp_path) as box:
        write_report(build, inside=before)
        assert send(build, box).returncode == 0
        write_report(build, inside=after, text="Mejorado.")
        done = send(build, box)
    assert done.returncode == 0, done.stderr
    content = box.messages[1].content
    assert isinstance(content, bytes)
    body = read_mail(content).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Sustituye a la entrega del" in text
    for words in (
        "report.pdf: ha cambiado",
        "resultados de «mejor modelo»: ha cambiado",
        "resultados de «lotes de 16»: no estaba",
        "resultados de «lotes de 4»: ya no está",
    ):
        assert words in text
        assert words in done.stdout
    assert "practica5.ipynb: ha cambiado" not in text


def test_a_refused_message_does_not_count(build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path, "refuse message") as box:
        done = send(build, box)
    assert done.returncode == 1
    assert "not sent: " in done.stderr
    assert [r["status"] for r in receipts(build)] == ["not sent"]
    with mail_server(tmp_path) as box:
        assert send(build, box).returncode == 0
    assert [r["status"] for r in receipts(build)] == ["not sent", "sent"]
    text = (build / "entrega.eml").read_text("utf-8")
    assert "Sustituye" not in text


def test_what_may_have_arrived_is_not_sent_again_unasked(build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path, "hang up at the end") as box:
        done = send(build, box)
        assert done.returncode == 1
        assert "may have been delivered" in done.stderr
        assert [r["status"] for r in receipts(build)] == ["unknown"]
        done = send(build, box)
        assert done.returncode == 2
        assert "may have been sent to prof@uni.example" in done.stderr
        assert len(box.messages) == 1
    with mail_server(tmp_path) as box:
        assert send(build, box, "--again").returncode == 0


def test_a_program_killed_while_sending_leaves_its_mark(build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path, "slow answer") as box:
        words = ["--to", PROF, "--send", *SENDER, "--build-dir", str(build)]
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "deliver", *words],
            cwd=PROJECT_ROOT,
            env=os.environ | box.environment,
            stdout=subprocess.DEVNULL,
        )
        until(lambda: box.messages or process.poll() is not None)
        process.kill()
        process.wait()
    assert [r["status"] for r in receipts(build)] == ["begun"]
    with mail_server(tmp_path) as box:
        done = send(build, box)
        assert done.returncode == 2
        assert "the end of that attempt is not known" in done.stderr
        assert not box.messages


def test_damaged_receipts_stop_everything(build: Path, tmp_path: Path) -> None:
    (build / "entrega.json").write_text("{", "utf-8")
    with mail_server(tmp_path) as box:
        done = send(build, box)
        assert done.returncode == 2
        assert "the receipts can't be read" in done.stderr
        assert not box.messages


def test_clean_keeps_the_receipts(build: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        assert send(build, box).returncode == 0
    words = ["clean", "--yes", "--build-dir", str(build)]
    subprocess.run([sys.executable, "-m", "runner", *words], cwd=PROJECT_ROOT, check=True)
    assert [path.name for path in build.iterdir()] == ["entrega.json"]
