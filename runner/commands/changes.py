"""What somebody else changed while a run was at work: found at its end, which is then no success."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from runner.build_folder import result_folder
from runner.errors import RunnerError
from runner.execute.state import Workspace
from runner.plan.variants import Plan
from runner.results.finished import Finished, read_result
from runner.results.reasons import Reason, said
from runner.results.seal import broken

AGAIN = "run the same command again: what is finished and up to date is kept"


@contextmanager
def refusing_another_plan(plan: Plan) -> Iterator[None]:
    """Raise RunnerError at the block's end if the experiments file is not what it was at its beginning."""
    before = _digest(plan)
    yield
    if _digest(plan) != before:
        what = "changed while the run was at work, which went on with what it said before"
        raise RunnerError(what, where=str(plan.path), hint=AGAIN)


def _digest(plan: Plan) -> str:
    try:
        return hashlib.sha256(plan.path.read_bytes()).hexdigest()
    except OSError as error:
        return str(error.errno)


def changed_results(workspace: Workspace) -> dict[str, Reason]:
    """Variants whose results are not what they were when they were finished, with what is wrong."""
    found = {name: _fault(workspace, name, each) for name, each in workspace.finished.items()}
    return {name: Reason.of("result_changed", why=said(why)) for name, why in found.items() if why}


def _fault(workspace: Workspace, name: str, finished: Finished) -> str:
    folder = result_folder(workspace.build_dir, name)
    try:
        found = read_result(folder)
        if found.result.key != finished.result.key:
            return "another run wrote it"
        if found.result.training is not None:
            found.check_predictions(workspace.plan.is_small)
        return next((fault.what for fault in broken(folder)), "")
    except RunnerError as error:
        return error.what
