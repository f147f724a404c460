"""Chains of hashes, and the states that results draw."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from runner.build_folder import CHAIN_FILE, state_file
from runner.errors import RunnerError
from runner.results.chain import KEPT, draw, named, read_chain, read_state, state_sha256

HASH = "0" * 64
WHOLE = {"start": HASH, "links": [HASH], "every": 1, "drawn_by": HASH, "drawn": []}


def test_whatever_is_otherwise_in_a_state_is_another_hash() -> None:
    state = [np.arange(6, dtype=np.float32), np.array(3, np.int64)]
    others = [
        state[:1],
        state[::-1],
        [state[0].reshape(2, 3), state[1]],
        [state[0].view(np.int32), state[1]],
        [np.nextafter(state[0], np.float32(9)), state[1]],
        [state[0], np.array(4, np.int64)],
    ]
    assert len({state_sha256(each) for each in (state, *others)}) == 1 + len(others)
    assert state_sha256([np.arange(12, dtype=np.float32)[::2]]) == state_sha256(
        [np.arange(0, 12, 2, dtype=np.float32)]
    )


@pytest.mark.parametrize(
    ("epochs", "every", "drawn"), [(1, 1, 0), (2, 1, 1), (3, 1, 2), (10, 1, KEPT), (10, 4, KEPT), (4, 4, 0)]
)
def test_few_states_are_drawn_and_never_the_last(epochs: int, every: int, drawn: int) -> None:
    found = draw(HASH, epochs, every)
    assert len(found) == drawn and list(found) == sorted(set(found))
    assert all(1 <= epoch < epochs and epoch % every == 0 for epoch in found)


def test_another_hash_draws_others_and_each_epoch_is_as_likely() -> None:
    hashes = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(900)]
    drawn = [epoch for each in hashes for epoch in draw(each, 10, 1)]
    counts = [drawn.count(epoch) for epoch in range(1, 10)]
    assert sum(counts) == 900 * KEPT and min(counts) > 150 and max(counts) < 250


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "the chain: "),
        (json.dumps(WHOLE | {"links": []}), "links: "),
        (json.dumps(WHOLE | {"start": "abc"}), "start: "),
        (json.dumps(WHOLE | {"every": 0}), "every: "),
        (json.dumps(WHOLE | {"more": 1}), "more: "),
    ],
)
def test_what_is_no_chain_is_told(content: str, words: str, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "good"
    folder.mkdir(parents=True)
    assert read_chain(folder) is None
    (folder / CHAIN_FILE).write_text(content)
    with pytest.raises(RunnerError, match=words) as raised:
        read_chain(folder)
    assert CHAIN_FILE in str(raised.value)


def test_what_is_no_state_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "good"
    folder.mkdir(parents=True)
    state = [np.arange(3.0), np.array(1)]
    np.savez(folder / state_file(1), **named(state))  # type: ignore[arg-type]
    assert state_sha256(read_state(folder, 1)) == state_sha256(state)
    np.savez(folder / state_file(2), a=state[0])
    np.savez(folder / state_file(3), **{"variable-0": np.array([{}])})  # type: ignore[arg-type]
    (folder / state_file(4)).write_bytes(b"PK")
    for epoch, words in ((2, "no arrays of a state"), (3, "read|bject"), (4, "read")):
        with pytest.raises(RunnerError, match=words):
            read_state(folder, epoch)
    with pytest.raises(FileNotFoundError):
        read_state(folder, 5)
