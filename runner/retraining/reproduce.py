"""The ``reproduce`` command: trains a variant of a report from the PDF alone, and compares the figures.

Code that came with the PDF is somebody else's: what is run is the installed notebook whose code means the
same as the attached one, and without such a notebook nothing, unless whoever asks says that it may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.analysis.intervals import Interval, loss_interval, mean_interval, split_accuracy
from runner.build_folder import KERNELS_LOG, PACKAGES_FILE, held, result_folder
from runner.commands.request import say
from runner.errors import InputError, RunnerError
from runner.execute.state import inputs_of
from runner.execute.task import Outcome, Task, run_task
from runner.machine.capacity import usable_cores
from runner.packages import write_lock
from runner.plain_text import plain
from runner.processes.limits import Limits
from runner.processes.pool import closing, make_executor
from runner.results.arrays import PREDICTED_SPLITS
from runner.results.finished import Finished, read_result
from runner.results.reasons import english_words
from runner.results.scores import SCORES_FILE, read_scores
from runner.retraining.attached_training import AttachedTraining, attached_training
from runner.retraining.replay import refuse_what_is_lacking
from runner.verify.checks import prepare
from runner.verify.command import LIMITS, asked_of, first_faults

DECIMALS = 4


@dataclass(frozen=True)
class Figure:
    """A figure of the report with its 95 % interval, and the same measured here."""

    name: str
    there: Interval
    here: float

    @property
    def lies_within(self) -> bool:
        """Whether the one is in the interval of the other."""
        return self.there.low <= self.here <= self.there.high


def reproduce(
    pdf: Path,
    name: str,
    plan_path: Path,
    source: str | None = None,
    output: Path | None = None,
    threads: int | None = None,
    trust: bool = False,
    limits: Limits = LIMITS,
) -> int:
    """Train the variant ``name`` of the report in the folder ``output``, and print its figures side by side.

    Returns 0 if all lie within the report's intervals, else 1. Raises InputError for a PDF, a name, a folder
    or data that won't do, and for code that nobody trusts yet; without ``output`` nothing is kept.
    """
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(TemporaryDirectory(prefix="reproduce-"))).resolve()
        given = temporary / "report"
        given.mkdir()
        arguments = plan_path.absolute(), given, name
        training = next(iter(asked_of(attached_training, pdf, limits, prepare, *arguments)))
        notebook = trusted_notebook(training, trust)
        build_dir = (output or temporary / "build").absolute()  # kernels run in their notebook's folder
        refuse_what_is_full(build_dir)
        for line in _told(training, notebook):
            print(plain(line), flush=True)
        refuse_what_is_lacking(training.found.result, training.variant.practice, source, name)
        stack.enter_context(held(build_dir, False, say))
        write_lock(build_dir)
        outcome = train(task_of(training, notebook, build_dir, threads))
        if outcome.reason is not None:
            print(plain(f"NOT REPRODUCED: {name} of {pdf} failed: {english_words(outcome.reason)}"))
            return 1
        return tell_figures(pdf, training, read_result(result_folder(build_dir, name)), output)


def trusted_notebook(training: AttachedTraining, trust: bool) -> Path:
    """The notebook to be run; raises InputError where that would be code which only came with the PDF."""
    if training.installed is not None:
        return training.installed
    notebook = training.variant.notebook
    if not trust:
        what = f"the code of the attached {notebook.name} is not that of a notebook installed here"
        hint = "read it (pdfdetach saves it), then --trust-notebook runs it; or name its practice with --plan"
        raise InputError(what, where=training.variant.name, hint=hint)
    say(f"trusted: {notebook.name} came with the PDF, and is run with all that you may do")
    return notebook


def refuse_what_is_full(folder: Path) -> None:
    """Raise InputError for a folder that holds something, and for what is none."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is not an empty folder", where=str(folder), hint="give another --output")


def task_of(training: AttachedTraining, notebook: Path, build_dir: Path, threads: int | None) -> Task:
    """The training with the parameters of its record, its precision, and as many threads as it had."""
    result = training.found.result
    recorded = result.training.environment.threads if result.training else usable_cores()
    return Task(
        name=result.variant,
        notebook=notebook,
        inputs=inputs_of(training.variant, result.parameters),
        parameters=result.parameters,
        key_parts={"reproduced": result.key},
        profile=result.profile,
        draft=result.draft,
        plan=training.plan,
        build_dir=build_dir,
        threads=threads or recorded,
        practice=training.variant.practice,
        precision=result.precision,
    )


def train(task: Task) -> Outcome:
    """Run it in a process of its own, which ends with this one."""
    executor = make_executor(1, task.build_dir / KERNELS_LOG)
    try:
        with closing(executor):
            return executor.submit(run_task, task).result()
    except BrokenProcessPool as error:
        raise RunnerError("the process that trained died", where=task.name) from error


def figures(there: Finished, here: Finished) -> Iterator[Figure]:
    """Each figure of the report that has an interval, and the same here."""
    for name, interval in intervals(there).items():
        found = intervals(here).get(name)
        if found is not None:
            yield Figure(name, interval, found.value)


def intervals(found: Finished) -> dict[str, Interval]:
    """Figures of one result with their 95 % intervals: of predictions, and of scores of its own."""
    measured: dict[str, Interval] = {}
    if found.result.training is not None:
        for split in PREDICTED_SPLITS:
            measured[f"{split} accuracy"] = split_accuracy(found, split)
            measured[f"{split} cross-entropy"] = loss_interval(found, split)
    if (found.folder / SCORES_FILE).is_file():
        for (split, metric), scores in read_scores(found.folder / SCORES_FILE).items():
            measured[f"{split} {metric}"] = mean_interval(scores.values)
    return measured


def _told(training: AttachedTraining, notebook: Path) -> Iterator[str]:
    """What is about to be done, and how this place is unlike that of the report."""
    result = training.found.result
    where = f" on {result.training.environment.processor}" if result.training else ""
    told = f"{result.variant} ({result.profile}), trained {result.finished:%Y-%m-%d}{where}"
    yield f"{'report':<12} {training.title}: {told}"
    if training.versions:
        yield f"{'versions':<12} {len(training.versions)} DIFFER"
        yield from (f"  {each}" for each in first_faults(training.versions))
    else:
        yield f"{'versions':<12} ok: all packages of its {PACKAGES_FILE} are those installed here"
    own = "the installed one, whose code is the same" if notebook == training.installed else "that of the PDF"
    yield f"{'notebook':<12} {notebook.name}: {own}"


def tell_figures(pdf: Path, training: AttachedTraining, here: Finished, output: Path | None) -> int:
    """Print the figures side by side, and the last word; 0 if all lie within."""
    found = list(figures(training.found, here))
    if not found:
        raise RunnerError("it left no figure that could be compared", where=training.variant.name)
    print(f"{'figure':<26} {'report':>9}  {'95 % interval':^20} {'here':>9}  within")
    for each in found:
        between = f"{each.there.low:.{DECIMALS}f} to {each.there.high:.{DECIMALS}f}"
        values = f"{each.there.value:>9.{DECIMALS}f}  {between:^20} {each.here:>9.{DECIMALS}f}"
        print(plain(f"{each.name:<26} {values}  {'yes' if each.lies_within else 'NO'}"))
    if output is not None:
        print(plain(f"kept in {output}"))
    outside = [each.name for each in found if not each.lies_within]
    if outside:
        print(plain(f"NOT REPRODUCED: outside the intervals of {pdf}: {', '.join(outside)}"))
        return 1
    name = training.variant.name
    print(plain(f"reproduced: all {len(found)} figures of {name} lie within the intervals of {pdf}"))
    return 0
