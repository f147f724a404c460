"""A kept template is used as long as nothing that it depends on has changed, and is never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import jinja2
import pytest

from runner import compiled_templates, data, i18n
from runner.compiled_templates import CompiledTemplates
from runner.translation import Translator


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where compiled templates are kept, new for each test."""
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "templates"


def rendered(templates: Path) -> str:
    """The template by an environment that has not seen it, as a new process has not."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        extensions=[Translator],
        bytecode_cache=CompiledTemplates(templates),
    )
    return environment.get_template("t.html").render()


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "t.html").write_text(text, encoding="utf-8")
    return folder


def kept(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_the_second_time_nothing_is_compiled(tmp_path: Path, folder: Path) -> None:
    templates = written(tmp_path / "a", "{{ 1 + 1 }} x")
    assert rendered(templates) == "2 x"
    before = kept(folder)
    assert len(before) == 1
    assert rendered(templates) == "2 x"
    assert kept(folder) == before


def test_a_changed_template_or_another_folders_is_compiled(tmp_path: Path, folder: Path) -> None:
    templates = written(tmp_path / "a", "one")
    assert rendered(templates) == "one"
    before = kept(folder)
    assert rendered(written(templates, "two")) == "two"
    changed = kept(folder)
    assert changed.keys() == before.keys()
    assert changed != before
    assert rendered(written(tmp_path / "b", "two")) == "two"  # its own path is in the error messages
    assert kept(folder) != changed


def test_each_locale_has_its_own(tmp_path: Path, folder: Path) -> None:
    templates = written(tmp_path / "a", "son 1,5")
    assert rendered(templates) == "son 1,5"
    with i18n.speaking("es_MX"):
        assert rendered(templates) == "son 1.5"
    assert rendered(templates) == "son 1,5"
    assert len(kept(folder)) == 2


def test_a_change_of_the_package_or_of_a_catalogue_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    catalogue = tmp_path / "locale" / "en" / "LC_MESSAGES" / "own.po"
    catalogue.parent.mkdir(parents=True)
    package.mkdir()
    for path in (package / "m.py", catalogue):
        path.write_text("", encoding="utf-8")
    monkeypatch.setattr(compiled_templates, "__file__", str(package / "compiled_templates.py"))
    monkeypatch.setattr(i18n, "_folders", [tmp_path / "locale"])
    with i18n.speaking("en"):
        seen = [compiled_templates.surroundings(tmp_path)]
        for path in (package / "m.py", catalogue):
            os.utime(path, ns=(1, 1))
            seen.append(compiled_templates.surroundings(tmp_path))
    assert len(set(seen)) == 3


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_anew(tmp_path: Path, folder: Path, content: bytes | None) -> None:
    templates = written(tmp_path / "a", "text")
    rendered(templates)
    [path] = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-5] if content is None else content)
    assert rendered(templates) == "text"
    assert path.read_bytes() == whole


def test_without_a_folder_reports_are_made_all_the_same(tmp_path: Path, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in its place", encoding="utf-8")
    assert rendered(written(tmp_path / "a", "text")) == "text"
