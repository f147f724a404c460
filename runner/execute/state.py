"""The state of each variant of a plan against what is in the build folder, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from runner.analysis.choices import resolve
from runner.build_folder import (
    FAILURE_FILE,
    NOTEBOOKS,
    PROGRESS_FILE,
    RESULT_FILE,
    notebook_of,
    result_folder,
    work_folder,
)
from runner.errors import RunnerError
from runner.execute.keys import CODE, Content, content_of, digest, key_parts
from runner.execute.stale import why_stale
from runner.execute.task import Task
from runner.file_index import file_index, save_program
from runner.gate import Kind, names_in
from runner.plan.records import SEED_MARK
from runner.plan.variants import Plan, Variant
from runner.results.finished import Finished, read_failure, read_result
from runner.results.index import Look, results_index
from runner.results.reasons import english_words
from runner.results.seal import broken

Status = Literal["done", "pending", "failed", "stale"]


@dataclass(frozen=True)
class VariantState:
    """One variant: its state, why, and its result if that is up to date.

    One that failed may have a result, too: that of an earlier run with the same inputs, which is still right.
    """

    variant: Variant
    status: Status
    why: str
    result: Finished | None


@dataclass
class Workspace:
    """A plan and a build folder: what is up to date there, and the tasks for what is not.

    Results are added as they come, so that what depends on them can be resolved.
    """

    plan: Plan
    build_dir: Path
    finished: dict[str, Finished] = field(default_factory=dict)
    _contents: dict[object, Content] = field(default_factory=dict)  # of one look at all of them
    _code: dict[object, str] = field(default_factory=dict)  # of the program, when each was first looked at

    def states(self) -> tuple[VariantState, ...]:
        """Every variant's state, in the order of the plan; fills ``finished``."""
        self.finished.clear()
        self._contents.clear()
        executed = names_in(self.build_dir / NOTEBOOKS, self.build_dir)
        return tuple(self._look(variant, executed) for variant in self.plan.variants)

    def _look(self, variant: Variant, executed: Mapping[str, Kind]) -> VariantState:
        """One variant's state; those it depends on must have been looked at before."""
        there = results_index(self.build_dir).look(result_folder(self.build_dir, variant.name))
        parts = self.parts(variant)
        failure = read_failure(there.folder) if FAILURE_FILE in there.names else None
        if RESULT_FILE not in there.names:
            status: Status = "failed" if failure else "pending"
            return VariantState(variant, status, english_words(failure.reason) if failure else "", None)
        found, why = self._kept(variant, there, parts, executed)
        if found is not None:
            self.finished[variant.name] = found
        if failure is not None and failure.key == digest(parts):  # of other inputs, it is of no concern now
            words = f"{english_words(failure.reason)} (the result before it is kept)"
            return VariantState(variant, "failed", words, found)
        return VariantState(variant, "stale" if why else "done", why, found)

    def _kept(
        self, variant: Variant, there: Look, parts: Mapping[str, str], executed: Mapping[str, Kind]
    ) -> tuple[Finished | None, str]:
        """The result that is ``there`` if it is whole and up to date, else why it is not.

        ``executed`` are the notebooks that were, by their files' names.
        """
        try:
            found = self._whole(there)
        except RunnerError as error:
            file = f"{Path(error.where).name}: " if error.where else ""
            return None, f"{file}{error.what}"
        changed = why_stale(found.result, parts, self.parameters(variant))
        if changed:
            return None, changed
        if executed.get(notebook_of(self.build_dir, variant.name).name) != "file":
            return None, "its executed notebook is gone"
        return found, ""

    def _whole(self, there: Look) -> Finished:
        """The result, all of which can be read: damaged arrays make it stale, too. Raises RunnerError."""
        index = results_index(self.build_dir)
        if known := index.whole(there):
            return known
        found = read_result(there.folder)
        if found.result.training is not None:
            found.check_predictions(self.plan.is_small)
        for fault in broken(there.folder):
            raise fault
        found.check_scores(self.plan.is_small)
        index.remember(there)
        return found

    def parameters(self, variant: Variant) -> dict[str, Any]:
        """Complete parameters, with the choices that can be made from what is finished."""
        return resolve(variant, self.finished)

    def parts(self, variant: Variant) -> dict[str, str]:
        """What the variant's result depends on, hashed."""
        inputs = self._inputs(variant)
        content, precision = self.content(variant).parts, self.plan.precision.name
        return key_parts(content, self.parameters(variant), inputs, variant.practice, precision)

    def content(self, variant: Variant) -> Content:
        """What the variant's notebook is and reads; looked at once for all the variants that share it."""
        given, key = _given(variant), _shared(variant)
        if key not in self._contents:
            found = content_of(
                variant.notebook,
                file_index(self.build_dir),
                given=given,
                training=variant.kind == "training",
                plan=self.plan.path,
                declared=variant.data,
            )
            self._contents[key] = found
            self._code.setdefault(key, found.parts[CODE])
        return self._contents[key]

    def is_code_changed(self, variant: Variant) -> bool:
        """Whether the program is another than at the first look: kernels have what they imported then."""
        self._contents.clear()
        return self.content(variant).parts[CODE] != self._code[_shared(variant)]

    def undeclared(self) -> Iterator[str]:
        """A line for each notebook that names files which may be data, and which nobody declared."""
        for notebook, content in {v.notebook: self.content(v) for v in self.plan.variants}.items():
            names = ", ".join(sorted(path.name for path in content.undeclared))
            if names:
                yield (
                    f"{notebook.name} names {names}: if it reads that, declare it (data = [...] in "
                    f"{self.plan.path.name}), else a change of it goes unnoticed"
                )

    def _inputs(self, variant: Variant) -> dict[str, str]:
        """Keys of the results that a notebook reads (choices reach the parameters instead)."""
        if variant.kind == "training":
            return {}
        names: Iterable[str] = (*variant.needs, *variant.after)
        found = self.finished
        return {name: found[name].result.key if name in found else "missing" for name in names}

    def task(self, variant: Variant, threads: int, timeout_seconds: int | None) -> Task:
        """The task that runs the variant with ``threads`` cores; its key is of what its files hold now."""
        self._contents.clear()
        parameters = self.parameters(variant)
        return Task(
            name=variant.name,
            notebook=variant.notebook,
            inputs=inputs_of(variant, parameters),
            parameters=parameters,
            key_parts=self.parts(variant),
            profile=self.plan.profile,
            draft=self.plan.draft,
            plan=self.plan.path,
            build_dir=self.build_dir,
            threads=threads,
            timeout_seconds=timeout_seconds,
            practice=variant.practice,
            precision=self.plan.precision.name,
        )

    def progress_file(self, name: str) -> Path:
        """Where the running variant's kernel says how far it is."""
        return work_folder(self.build_dir, name) / PROGRESS_FILE


def inputs_of(variant: Variant, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """What its notebook is given: the parameters one by one, or, by a practice's training, as a whole."""
    if variant.kind == "training" and variant.practice:
        # It names the model, and TensorFlow takes no other mark in names.
        return {"variant": variant.name.replace(SEED_MARK, "."), "parameters": parameters}
    return parameters


def _given(variant: Variant) -> frozenset[str]:
    """Names in the variant's notebook that get a value."""
    at_once = variant.kind == "training" and variant.practice
    return frozenset({"variant", "parameters"} if at_once else variant.parameters)


def _shared(variant: Variant) -> object:
    """What variants with the same content have in common."""
    return variant.notebook, variant.kind, _given(variant), variant.data


def save_indices(build_dir: Path) -> None:
    """Keep what was learned of the files in a build folder, and of the program, for the next command."""
    save_program()
    file_index(build_dir).save()
    results_index(build_dir).save()
