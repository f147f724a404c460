"""Choices already made, kept beside the results: the same predictions give the same choice.

Making one takes statistics whose import alone takes longer than all else that a run with nothing to do does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from runner.analysis import compare
from runner.build_folder import CHOICES_FILE, PREDICTIONS_FILE
from runner.code_closure import combined, needed
from runner.file_index import file_index
from runner.files import read_json, write_json
from runner.gate import read_bytes
from runner.results.finished import Finished
from runner.results.seal import sealed_hash

Tied = tuple[str, tuple[str, ...]]  # the best, and those that can't be told from it


def remembered(candidates: Sequence[Finished], alpha: float, decide: Callable[[], Tied]) -> Tied:
    """What ``decide`` gives for these candidates: worked out once for the same predictions and code.

    Results without a seal are not remembered.
    """
    basis = _basis(candidates, alpha)
    if not basis:
        return decide()
    path = candidates[0].folder.parent / CHOICES_FILE
    memory = _read(path)
    if basis in memory and {*memory[basis]} <= {each.result.variant for each in candidates}:
        top, *tied = memory[basis]
        return top, tuple(tied)
    top, found = decide()
    with suppress(OSError):  # a folder that can't be written to remembers nothing
        # read again: deciding took a while, and another process may have added to it
        write_json(path, _read(path) | {basis: [top, *found]}, path.parents[1])
    return top, found


def _basis(candidates: Sequence[Finished], alpha: float) -> str:
    """One hash for all that the choice follows from; empty if a candidate has no seal."""
    hashes = [sealed_hash(each.folder / PREDICTIONS_FILE) for each in candidates]
    if not all(hashes):
        return ""
    names = [each.result.variant for each in candidates]
    code = _code(candidates[0].folder.parents[1])
    return hashlib.sha256(json.dumps([code, alpha, names, hashes]).encode()).hexdigest()


@cache  # what this process has imported does not change under it
def _code(build_dir: Path) -> str:
    return combined(needed((Path(compare.__file__),), file_index(build_dir).source))


def _read(path: Path) -> dict[str, list[str]]:
    """What is remembered; nothing, if that is not what it should be."""
    try:
        content = read_json(read_bytes(path, path.parents[1]))
    except (OSError, ValueError):
        return {}
    whole = isinstance(content, dict) and all(
        isinstance(each, list) and each and all(isinstance(name, str) for name in each)
        for each in content.values()
    )
    return content if whole else {}
