"""Options that several commands take, and those of one that has many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runner import LOCALES, shipped

PRECISIONS = ("auto", "float32", "bfloat16")
PROFILES = ("full", "quick", "smoke")
DATA_HELP = "CIFAR-10: .npz, .tar.gz, .tar, .zip, or a folder, such as Keras's."


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
