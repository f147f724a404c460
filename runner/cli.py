"""The commands. No logic here: options become a call, errors become text and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runner import LOCALES, __version__, shipped
from runner.deliver.options import deliver_options
from runner.errors import InputError, RunnerError, from_system
from runner.faults import telling
from runner.plain_text import plain_lines

PRECISIONS = ("auto", "float32", "bfloat16")
PROFILES = ("full", "quick", "smoke")
DATA_HELP = "CIFAR-10: .npz, .tar.gz, .tar, .zip, or a folder, such as Keras's."
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command takes."""
    options = [
        click.option(
            "--build-dir",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("build"),
            show_default=True,
            help="Where everything is written.",
        ),
        click.option(
            "--plan",
            "plan_path",
            type=click.Path(dir_okay=False, path_type=Path),
            default=shipped("notebooks") / "experiments.toml",
            show_default="notebooks/experiments.toml",
            help="The experiments file.",
        ),
        click.option(
            "--profile",
            type=click.Choice(PROFILES),
            help="full: the statement to the letter; quick and smoke: drafts.  "
            "[default: the one in the build folder, else full]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def author_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Who signs the report, and its language; what is not given comes from the experiments file."""
    options = [
        click.option("--name", "names", multiple=True, help="Author; repeat for several."),
        click.option("--course", default="", help="Course on the cover."),
        click.option("--group", default="", help="Group on the cover."),
        click.option("--date", default="", help="Date on the cover."),
        click.option(
            "--locale",
            type=click.Choice(LOCALES),
            help="Language and number format.  [default: the one in the build folder, else es_ES]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """What to do about another run in the build folder."""
    text = "Wait for another run in the build folder to end."
    return click.option("--wait", is_flag=True, help=text)(command)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How to run variants."""
    options = [
        click.option("--data", "source", help=DATA_HELP),
        click.option(
            "--jobs",
            type=click.IntRange(1, 64),
            help="Variants side by side.  [default: by cores and memory]",
        ),
        click.option(
            "--threads",
            type=click.IntRange(1, 256),
            help="Cores of each kernel; the same number gives the same digits with any --jobs.  "
            "[default: its share]",
        ),
        click.option(
            "--budget",
            metavar="TIME",
            help="Longest time for the run, as 45m or 1h30m; what does not fit waits.",
        ),
        click.option(
            "--scheduler", metavar="ADDRESS", help="Run on a Dask cluster, such as tls://host:8786."
        ),
        _pem("--tls-ca", "The cluster's authority, for a scheduler at tls://."),
        _pem("--tls-cert", "This program's certificate for it."),
        _pem("--tls-key", "The certificate's key."),
        click.option("--force", is_flag=True, help="Run again what is up to date."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _pem(name: str, text: str) -> Callable[..., Any]:
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(name, metavar="PEM", type=kind, help=f"{text}  [default: as Dask is set up]")


def sign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Who signs the PDF itself. None takes a passphrase: shells keep what is typed."""
    file = click.Path(dir_okay=False, path_type=Path)
    options = [
        click.option(
            "--sign",
            metavar="CERT",
            type=file,
            help="Sign the report (PAdES) with this key and certificate: PKCS#12, or PEM with both.",
        ),
        click.option(
            "--sign-passphrase",
            metavar="FILE",
            type=file,
            help="A file whose first line opens the key; /dev/fd/3 is one, too.  [default: it is asked for]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def seed_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """How often each variant is trained."""
    text = "Seeds of each variant; auto: more only where a comparison is open.  [default: as before, else 1]"
    return click.option("--seeds", metavar="N|auto", help=text)(command)


def precision_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The numbers that trainings compute with."""
    text = (
        "Numbers of the training steps; auto: bfloat16 where it is measured to be much faster.  "
        "[default: as before, else auto]"
    )
    return click.option("--precision", type=click.Choice(PRECISIONS), help=text)(command)


def class_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What ``verify`` does with a whole folder."""
    folder = click.Path(file_okay=False, path_type=Path)
    text = "Of a folder: where its tables are written.  [default: beside it, as FOLDER-review]"
    options = [
        click.option("--render", "rendered", is_flag=True, help="Of a folder: make each report again, too."),
        click.option("--output", metavar="FOLDER", type=folder, help=text),
        click.option("--locale", type=click.Choice(LOCALES), help="Of a folder: language of its PDF."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def refuse_without_folder(given: dict[str, object]) -> None:
    """Raise InputError for an option of ``verify`` that only a folder has a use for."""
    if named := [name for name, value in given.items() if value]:
        raise InputError("is for a folder of reports", where=", ".join(named), hint="give the folder")


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which epoch ``verify`` trains again, and on what."""
    options = [
        click.option(
            "--replay",
            "wanted",
            metavar="[VARIANT:EPOCH]",
            is_flag=False,
            flag_value="",
            help="Also train one epoch again, drawn at random or the one given, and compare.",
        ),
        click.option("--data", "source", help=f"For --replay: {DATA_HELP}"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def refuse_unusable_replay(wanted: str | None, source: str | None) -> None:
    """Raise InputError for data that nothing would be trained on, and for what names no epoch."""
    if wanted is None and source:
        raise InputError("only --replay trains, and needs data", where="--data", hint="give --replay, too")
    if wanted:
        from runner.retraining.replay import parts_of

        parts_of(wanted)  # before a minute of comparing


def refuse_with_folder(wanted: str | None) -> None:
    """Raise InputError for a replay of no report in particular."""
    if wanted is not None:
        raise InputError("is for one report", where="--replay", hint="give the PDF")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def commands() -> None:
    """A batch of training runs, and one report that can be trusted."""


@commands.command("all")
@shared_options
@author_options
@run_options
@seed_option
@precision_option
@sign_options
@wait_option
def run_all(**options: Any) -> int:
    """Plan, run, analyse and render: everything."""
    from runner.commands.request import Request
    from runner.commands.run import run_everything

    return run_everything(Request(**options))


@commands.command()
@click.argument("only", nargs=-1, required=True, metavar="NAME...")
@shared_options
@author_options
@run_options
@seed_option
@precision_option
@wait_option
def run(only: tuple[str, ...], **options: Any) -> int:
    """Run only these variants, then render."""
    from runner.commands.request import Request
    from runner.commands.run import run_everything

    return run_everything(Request(**options), only=only)


@commands.command()
@shared_options
@seed_option
@precision_option
def plan(**options: Any) -> int:
    """Show the variants, their differences, state and expected time."""
    from runner.commands.plan import show_plan
    from runner.commands.request import Request

    show_plan(Request(**options))
    return 0


@commands.command()
@shared_options
@author_options
@seed_option
@precision_option
@sign_options
@wait_option
def report(**options: Any) -> int:
    """Render the report again from what is there."""
    from runner.commands.render import render_only
    from runner.commands.request import Request

    return render_only(Request(**options))


@commands.command()
@click.argument("pdf", required=False, metavar="[PDF|FOLDER]", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    metavar="PEM",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Certificates of the authorities that you trust, for a signed report.",
)
@shared_options
@class_options
@replay_options
def verify(
    pdf: Path | None,
    trust: Path | None,
    rendered: bool,
    output: Path | None,
    locale: str | None,
    wanted: str | None,
    source: str | None,
    **options: Any,
) -> int:
    """Work the report out again from its attachments, and compare.

    Of a folder: check all the reports below it, and compare them with each other.
    """
    if wanted and pdf is None and wanted.endswith(".pdf"):
        pdf, wanted = Path(wanted), ""
    refuse_unusable_replay(wanted, source)
    if pdf is not None and pdf.is_dir():
        refuse_with_folder(wanted)
        from runner.review.command import review

        return review(pdf, options["plan_path"], rendered, output, locale)
    refuse_without_folder({"--render": rendered, "--output": output, "--locale": locale})
    from runner.verify.command import verify as make_again

    pdf = pdf or options["build_dir"] / "report.pdf"
    consistent = make_again(pdf, options["plan_path"], trust=trust)
    if wanted is None:
        return consistent
    from runner.retraining.replay import replay

    return replay(pdf, options["plan_path"], wanted, source) or consistent


@commands.command()
@click.argument("pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--variant", "name", required=True, metavar="NAME", help="Which of its trainings.")
@click.option("--data", "source", help=DATA_HELP)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="An empty folder to train in.  [default: a temporary one]",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="Cores of its kernel.  [default: as many as it had]"
)
@click.option(
    "--trust-notebook", "trust", is_flag=True, help="Run the notebook that came with the PDF, as it is."
)
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=shipped("notebooks") / "experiments.toml",
    show_default="notebooks/experiments.toml",
    help="The experiments file of its practice, beside its notebooks.",
)
def reproduce(pdf: Path, name: str, **options: Any) -> int:
    """Train a variant of a report from the PDF alone, and compare the figures."""
    from runner.retraining.reproduce import reproduce as train_and_compare

    return train_and_compare(pdf, name, **options)


@commands.command()
@click.argument("old", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(dir_okay=False, path_type=Path))
@shared_options
def compare(old: Path, new: Path, **options: Any) -> int:
    """Say what changed from one report to another: verdicts, numbers, and what they come from."""
    from runner.review.compare import compare as print_changes

    return print_changes(old, new, options["plan_path"])


@commands.command()
@click.argument("pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def unpack(pdf: Path, folder: Path) -> int:
    """Write what is attached to the report PDF into FOLDER, where its notebook can be run."""
    from runner.verify.unpacking import unpack_report

    return unpack_report(pdf, folder)


@commands.command()
@click.argument("folder", type=click.Path(file_okay=True, path_type=Path))
def new(folder: Path) -> int:
    """Write a small practice of one's own into FOLDER, which runs as it is."""
    from runner.commands.new import write_practice

    write_practice(folder)
    return 0


@commands.command()
@shared_options
@deliver_options
def deliver(**options: Any) -> int:
    """Check the report, then write a message with it, or send it."""
    from runner.commands.request import Request
    from runner.deliver.command import Delivery
    from runner.deliver.command import deliver as send_or_write

    shared = {key: options.pop(key) for key in ("build_dir", "plan_path", "profile")}
    return send_or_write(Request(**shared), Delivery(**options))


@commands.command()
@shared_options
@click.option("--data", "source", help=DATA_HELP)
def doctor(**options: Any) -> int:
    """Check Python, native libraries, kernel, data, disk and fonts; try a page and a notebook."""
    from runner.commands.doctor import diagnose
    from runner.commands.request import Request

    return diagnose(Request(**options))


@commands.command()
@shared_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(yes: bool, **options: Any) -> int:
    """Remove what the runner made in the build folder."""
    from runner.commands.clean import clean_build
    from runner.commands.request import Request

    return clean_build(Request(**options), yes)


def refuse_odd_text(words: list[str]) -> None:
    """Raise InputError for a word that no file of ours could hold: odd bytes, control characters."""
    for word in words:
        if not word.isprintable():  # the bytes of another encoding arrive as lone surrogates
            raise InputError(
                f"not printable text: {word!r}", hint="UTF-8, without line breaks or control characters"
            )


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code. The only place where errors become text."""
    try:
        refuse_odd_text(sys.argv[1:] if arguments is None else arguments)
        with telling(lambda text: click.echo(plain_lines(text), err=True)):
            return int(commands.main(arguments, prog_name="python -m runner", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except RunnerError as error:
        click.echo(f"error: {plain_lines(str(error))}", err=True)
        return error.exit_code
    except OSError as error:
        refused = from_system(error)
        click.echo(f"error: {plain_lines(str(refused))}", err=True)
        return refused.exit_code
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        click.echo(f"error: the memory ran out{said}\n  hint: end other programs, or try --jobs 1", err=True)
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: what is finished is kept; run the same command to go on", err=True)
        return INTERRUPTED
