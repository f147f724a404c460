"""The list of what the program made in a build folder."""

from __future__ import annotations

from pathlib import Path

from runner import made


def test_a_list_that_was_removed_or_that_others_add_to_is_read_again(tmp_path: Path) -> None:
    """A new file may have the number that the former one had."""
    for _ in range(3):
        made.record(tmp_path, tmp_path / "a")
        with (tmp_path / made.LIST_FILE).open("a") as file:
            file.write("\nb\n")
        made.record(tmp_path, tmp_path / "results" / "c" / "d")
        assert made.has(tmp_path, tmp_path / "b") and made.has(tmp_path, tmp_path / "results" / "c")
        assert made.recorded(tmp_path) == {"a", "b", "results", "results/c"}
        (tmp_path / made.LIST_FILE).unlink()
        assert not made.has(tmp_path, tmp_path / "a")


def test_what_is_listed_is_not_listed_again(tmp_path: Path) -> None:
    for _ in range(3):
        made.record(tmp_path, tmp_path / "a", tmp_path / "b")
    assert (tmp_path / made.LIST_FILE).read_text() == "\na\nb\n"
