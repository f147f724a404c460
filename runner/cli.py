"""The commands. No logic here: options become a call, errors become text and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runner import __version__, shipped
from runner.commands.options import (
    DATA_HELP,
    author_options,
    class_options,
    precision_option,
    replay_options,
    run_options,
    seed_option,
    shared_options,
    sign_options,
    wait_option,
)
from runner.deliver.options import deliver_options
from runner.errors import InputError, RunnerError, from_system
from runner.faults import telling
from runner.plain_text import plain_lines

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def refuse_without_folder(given: dict[str, object]) -> None:
    """Raise InputError for an option of ``verify`` that only a folder has a use for."""
    if named := [name for name, value in given.items() if value]:
        raise InputError("is for a folder of reports", where=", ".join(named), hint="give the folder")


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
