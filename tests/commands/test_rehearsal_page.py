"""The page that is tried before a run: it passes where a report can be made, and says what is in the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.build_folder import STAMP
from runner.commands.rehearsal import rehearse_page
from runner.commands.rehearsal_page import rehearsed
from runner.errors import InputError, RunnerError
from runner.language import i18n
from runner.made import LIST_FILE
from runner.plan.variants import DEFAULT_PLAN, Plan, make_plan

EXAMPLE = PROJECT_ROOT / "docs" / "example" / "experiments.toml"
RECIPE = PROJECT_ROOT / "notebooks" / "recipe.toml"
PLANS = [(DEFAULT_PLAN, "quick"), (EXAMPLE, "full"), (RECIPE, "smoke")]
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A copy of the example, whose templates a test may spoil a copy of."""
    folder = tmp_path_factory.mktemp("practice")
    shutil.copytree(EXAMPLE.parent, folder, dirs_exist_ok=True)
    return make_plan(folder / EXAMPLE.name, "full")


def left(folder: Path) -> set[str]:
    """All files below a folder, but for the program's list of what it made."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {LIST_FILE}


@pytest.mark.parametrize(("path", "profile"), PLANS, ids=["practice", "example", "recipe"])
@pytest.mark.parametrize("locale", ["es_ES", "en"])
def test_what_can_be_made_passes_and_nothing_stays(
    path: Path, profile: str, locale: str, tmp_path: Path
) -> None:
    """All practices that come with the program, drafts and others, in both languages."""
    plan = make_plan(path, profile)
    with i18n.speaking(locale):
        (digest,) = rehearsed(plan, tmp_path, "")
    assert digest and not left(tmp_path)


def test_it_is_not_printed_again_until_something_changes(practice: Plan, tmp_path: Path) -> None:
    """By another process, and kept in a stamp; figures would make a folder of theirs."""
    build, figures = tmp_path, tmp_path / "figures"
    rehearse_page(practice, build)
    assert left(build) == {STAMP} and figures.is_dir()
    figures.rmdir()
    rehearse_page(practice, build)
    assert not figures.exists()
    rehearse_page(replace(practice, title="Otro título"), build)
    assert figures.is_dir()


def append(name: str, text: str) -> Change:
    """Spoil a template by what is added to it."""

    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def bad_font(folder: Path) -> None:
    (folder / "own.otf").write_bytes(b"no font")
    append("report.css", "@font-face { font-family: Own; src: url(own.otf) }")(folder)


SPOILED: dict[str, tuple[Change, tuple[str, ...]]] = {
    "a font that is none": (bad_font, ("Font-face 'Own' cannot be loaded",)),
    "a style without meaning": (append("report.css", "p { colour: red }"), ("colour: red",)),
    "a style that is gone": (lambda folder: (folder / "report.css").unlink(), ("report.css",)),
    "a picture that is gone": (append("report.css", "h1 { background: url(no.svg) }"), ("no.svg",)),
    "a letter of the template": (
        append("answers/q01.html", "<p>\U0010fffd</p>"),  # of private use: no machine has a font for it
        ("U+10FFFD",),
    ),
    "a template that is none": (
        append("answers/q01.html", "{% if %}"),
        ("q01.html:", "Expected an expression"),
    ),
    "a filter that is none": (append("answers/q01.html", "{{ 1|nofilter }}"), ("q01.html:", "nofilter")),
    "a part that is gone": (append("report.html", '{% include "part.html" %}'), ("part.html",)),
    "a figure's code": (append("figures.py", "\nDRAWS = 3\n"), ("figures.py", "DRAWS")),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_in_the_way_is_said(practice: Plan, tmp_path: Path, name: str) -> None:
    """What, where and what to do; bad input, and nothing half-made."""
    change, says = SPOILED[name]
    templates, build = tmp_path / "templates", tmp_path / "build"
    build.mkdir()
    shutil.copytree(practice.templates, templates)
    change(templates)
    with pytest.raises(InputError) as refused:
        list(rehearsed(replace(practice, templates=templates), build, ""))
    text = str(refused.value)
    assert all(part in text for part in says), text
    assert "hint" in text and not left(build)


def test_what_does_not_conform_is_refused(
    practice: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a delivery would refuse the report."""
    monkeypatch.setattr(
        "runner.commands.rehearsal_page.conformance.check", lambda pdf: ("PDF/UA-1: 7.1: no title",)
    )
    with pytest.raises(InputError, match=r"report\.css: .*does not conform: PDF/UA-1: 7\.1: no title"):
        list(rehearsed(practice, tmp_path, ""))
    assert not left(tmp_path)


def unready() -> None:
    """As WeasyPrint's import without Pango."""
    raise RunnerError("a native library for PDF is missing", hint="run: install it")


def test_what_the_machine_lacks_is_no_fault_of_the_input(
    practice: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, with the command; nothing is stamped."""
    monkeypatch.setattr("runner.commands.rehearsal.load_weasyprint", unready)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    with pytest.raises(RunnerError, match="native library") as missing:
        rehearse_page(practice, tmp_path)
    assert missing.value.exit_code == 1 and not left(tmp_path)
