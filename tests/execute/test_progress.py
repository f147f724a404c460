"""Progress where the output is no terminal: plain lines, with the time left of each variant and of all."""

from __future__ import annotations

import pytest

from runner.execute.progress import LiveDisplay, PlainDisplay, State


def test_plain_lines_tell_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlainDisplay, "INTERVAL", 0.0)
    with PlainDisplay() as display:
        display.start("one")
        display.update(
            {"one": State(0.5, "epoch 2/4 loss 1.250", 65.0), "two": State(0.0, "starting", None)},
            1,
            3,
            125.0,
        )
        display.end("one", "done in 130 s")
    assert capsys.readouterr().err.splitlines() == [
        "one: started",
        "1/3 done, 2:05 left; one epoch 2/4 loss 1.250, 1:05 left; two starting, --:-- left",
        "one: done in 130 s",
    ]


def test_brackets_and_colons_are_text_in_the_live_display(capsys: pytest.CaptureFixture[str]) -> None:
    """What a kernel, or a cluster's worker, tells of its progress is no markup."""
    with LiveDisplay() as display:
        display.start("one")
        display.update({"one": State(0.5, "[/x] [red]a[/red] :heart:", 65.0)}, 0, 1, None)
        display.end("one", "[/x] :heart:")
    assert "[/x]" in capsys.readouterr().err
