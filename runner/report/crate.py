"""What was run, as others' tools read it: a Workflow Run RO-Crate of the report's attachments.

By the Provenance Run Crate profile the experiments file is the workflow, each notebook a tool, each variant a
step, and what a step did is an action with its parameters, data, times and results. All of it follows from
what is attached, so that ``verify`` makes the same file again; times are those of the records, and what they
do not tell is left out.
"""

from __future__ import annotations

import io
import json
import mimetypes
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner import __version__
from runner.build_folder import FAILURE_FILE, NOTEBOOKS, RESULTS
from runner.files import json_text
from runner.plan.variants import Plan, Variant
from runner.report.printing.attached import Attached
from runner.results.reasons import english_words
from runner.results.records import Failure, Result
from runner.results.study import Study

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

METADATA = "ro-crate-metadata.json"  # the name that the standard gives it
FORM = "1.1"  # of RO-Crate, on which the profiles of runs are built
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = {"sha256": "http://schema.org/sha256"}  # that the context of this form lacks
WORKFLOW_FORM = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
KINDS = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
MEDIA_TYPES = {".ipynb": "application/x-ipynb+json", ".toml": "application/toml", ".npz": "application/zip"}
NO_LICENCE = "Its authors state no licence."
COMPLETED, FAILED = (f"http://schema.org/{each}ActionStatus" for each in ("Completed", "Failed"))
ENGINE, LANGUAGE, WORKFLOW_RUN = "#practica-runner", "#experiments-file", "#run"
PACKED = {".npz", ".png"}  # suffixes of files that are packed already


def crate_metadata(study: Study, plan: Plan, workflow: str, files: Sequence[Attached]) -> bytes | None:
    """The crate's ``ro-crate-metadata.json``; None while nothing ended, as there is no run to tell of.

    ``workflow`` is the path of the experiments file, beside which its notebooks are, and ``files`` are all
    that the crate holds, by their paths.
    """
    graph = _Graph(study, plan, workflow, files)
    return graph.text.encode() if graph.fill() else None


def crate_archive(files: Iterable[Attached]) -> bytes:
    """The crate as a ZIP archive, the metadata among ``files``; the same files give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for each in files:
            moment = each.made.astimezone(UTC).timetuple()[:6]
            entry = zipfile.ZipInfo(each.path, (max(moment[0], 1980), *moment[1:]))
            packed = PurePosixPath(each.path).suffix in PACKED
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same wherever it is made
            archive.writestr(entry, each.content)
    return content.getvalue()


class _Graph:
    """The crate while it is filled."""

    def __init__(self, study: Study, plan: Plan, workflow: str, files: Sequence[Attached]) -> None:
        self._study, self._plan, self._workflow = study, plan, workflow
        self._files = {each.path: each for each in files}
        self._examples: dict[str, list[str]] = {}  # values by the parameter that they are of
        self._inputs: dict[str, dict[str, None]] = {}  # parameters by the notebook that takes them
        self._outputs: dict[str, dict[str, None]] = {}
        self._moments: list[datetime] = []
        self._starts: list[datetime] = []

    @cached_property
    def _crate(self) -> ROCrate:
        from rocrate.rocrate import ROCrate  # half a second: only who renders waits for it

        crate = ROCrate(version=FORM)
        crate.metadata.extra_terms.update(TERMS)
        return crate

    @property
    def text(self) -> str:
        """The file's text."""
        return json_text(self._crate.metadata.generate())

    def fill(self) -> bool:
        """Add all entities; False if no variant ended.

        Of thousands of variants, there are runs of those of which the crate holds anything.
        """
        by_variant = self._by_variant()
        actions: dict[str, tuple[Variant, list[str]]] = {}
        for variant in self._plan.variants:
            paths = by_variant.get(variant.name, [])
            if paths and (ids := list(self._actions(variant, paths))):
                actions[variant.name] = variant, ids
        if not actions:
            return False
        notebooks = self._notebooks(actions)
        for path in self._files:
            if path != self._workflow and path not in notebooks:
                self._file(path)
        self._tools(actions)
        self._describe_workflow(actions)
        self._describe_root([each for _, ids in actions.values() for each in ids])
        return True

    def _by_variant(self) -> dict[str, list[str]]:
        """Paths of what each variant left."""
        found: dict[str, list[str]] = {}
        for path in self._files:
            folder, _, rest = path.partition("/")
            if folder == RESULTS:
                found.setdefault(rest.partition("/")[0], []).append(path)
            elif folder == NOTEBOOKS:
                found.setdefault(rest.removesuffix(".ipynb"), []).append(path)
        return found

    def _add(self, entity: str, kind: str | list[str], /, **properties: Any) -> str:
        """An entity that is no file; its identifier."""
        from rocrate.model.contextentity import ContextEntity

        known = {key: value for key, value in properties.items() if value not in (None, [], "")}
        self._crate.add(ContextEntity(self._crate, entity, properties={"@type": kind, **known}))
        return entity

    def _file(self, path: str, kind: list[str] | None = None, **properties: Any) -> None:
        from rocrate.model.file import File

        each, suffix = self._files[path], PurePosixPath(path).suffix
        known: dict[str, Any] = {
            "@type": kind or "File",
            "name": PurePosixPath(path).name,
            "encodingFormat": MEDIA_TYPES.get(suffix) or mimetypes.types_map.get(suffix) or "text/plain",
            "contentSize": str(len(each.content)),
            "sha256": each.sha256,
        }
        self._crate.add(File(self._crate, dest_path=path, properties=known | properties))

    def _notebook(self, variant: Variant) -> str:
        """Identifier of the variant's notebook; one that lies elsewhere is not in the crate."""
        folder, beside = PurePosixPath(self._workflow).parent, self._plan.path.parent
        if variant.notebook.is_relative_to(beside):
            path = (folder / variant.notebook.relative_to(beside).as_posix()).as_posix()
            if path in self._files:
                return path
        return f"#notebook-{quote(variant.notebook.name)}"

    def _notebooks(self, actions: Mapping[str, tuple[Variant, list[str]]]) -> set[str]:
        return {self._notebook(variant) for variant, _ in actions.values()}

    def _actions(self, variant: Variant, paths: list[str]) -> Iterator[str]:
        """What is known of the variant's runs: the one that left its results, and one that failed since."""
        failure = f"{RESULTS}/{variant.name}/{FAILURE_FILE}"
        if self._study.has(variant.name):
            left = [path for path in paths if path != failure]
            yield self._completed(variant, self._study.get(variant.name).result, left)
        if failure in paths:
            yield self._failed(variant, Failure.model_validate_json(self._files[failure].content), failure)

    def _completed(self, variant: Variant, result: Result, left: Iterable[str]) -> str:
        self._moments.append(result.finished)
        self._starts.append(result.started)
        notebook = self._notebook(variant)
        inputs = [self._value(notebook, name, value) for name, value in sorted(result.parameters.items())]
        outputs = [_file_id(path) for path in left]
        if result.training is not None:
            inputs.append(self._data_set(result))
            outputs += self._metrics(notebook, result)
        return self._action(
            variant, "", COMPLETED, inputs, outputs,
            startTime=result.started.isoformat(),
            endTime=result.finished.isoformat(),
            description=f"{result.wall_seconds:.1f} seconds of work, in all attempts together",
        )  # fmt: skip

    def _failed(self, variant: Variant, failure: Failure, path: str) -> str:
        """When it began is not recorded."""
        self._moments.append(failure.finished)
        notebook = self._notebook(variant)
        inputs = [self._value(notebook, name, value) for name, value in sorted(variant.parameters.items())]
        return self._action(
            variant, "-failed", FAILED, inputs, [_file_id(path)],
            endTime=failure.finished.isoformat(),
            error=english_words(failure.reason),
        )  # fmt: skip

    def _action(
        self, variant: Variant, end: str, status: str, inputs: list[str], outputs: list[str], **more: str
    ) -> str:
        step = f"#step-{quote(variant.name)}"
        action = self._add(
            f"#run-{quote(variant.name)}{end}",
            "CreateAction",
            name=f"{variant.label} ({variant.name})",
            instrument=_reference(_file_id(self._notebook(variant))),
            agent=_reference(ENGINE),
            object=_references(inputs),
            result=_references(outputs),
            actionStatus=status,
            **more,
        )
        self._add(
            f"#control-{quote(variant.name)}{end}",
            "ControlAction",
            name=f"start of {variant.name}",
            instrument=_reference(step),
            object=_reference(action),
        )
        return action

    def _value(self, notebook: str, name: str, value: Any, output: str = "", of: str = "") -> str:
        """A parameter's value, shared by all that have it; with ``of`` what was measured of one variant."""
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        parameter = f"#{output or 'parameter'}-{quote(name)}"
        entity = f"{parameter}-{quote(of, safe='')}" if of else f"{parameter}={quote(text, safe='')}"
        kept = self._outputs if output else self._inputs
        kept.setdefault(notebook, {})[parameter] = None
        examples = self._examples.setdefault(parameter, [])
        if entity not in examples:
            examples.append(entity)
            plain = value if type(value) in KINDS else text
            exact = repr(plain) if isinstance(plain, float) else plain
            self._add(
                entity,
                "PropertyValue",
                name=name,
                value=str(exact).lower() if isinstance(exact, bool) else str(exact),
                exampleOfWork=_reference(parameter),
            )
            if len(examples) == 1:
                kind = KINDS.get(type(value), "Text")
                self._add(parameter, "FormalParameter", name=name, additionalType=kind)
        return entity

    def _data_set(self, result: Result) -> str:
        """The data set, by the hashes of its arrays."""
        assert result.training is not None
        data = result.training.data
        hashes = [f"sha256 of {name}: {found}" for name, found in sorted(data.sha256.items())]
        entity = f"#data-{quote(data.name)}-{'-'.join(found[:12] for found in data.sha256.values())}"
        images = data.train_images, data.validation_images, data.test_images
        if self._crate.get(entity) is None:
            self._add(
                entity,
                "CreativeWork",
                name=data.label,
                identifier=hashes,
                description="{} images to train, {} to validate, {} to test".format(*images),
            )
        return entity

    def _metrics(self, notebook: str, result: Result) -> Iterator[str]:
        assert result.training is not None
        for split, scores in result.training.evaluation:
            for measure in ("accuracy", "cross_entropy"):
                name, value = f"evaluation.{split}.{measure}", getattr(scores, measure)
                yield self._value(notebook, name, value, "metric", result.variant)

    def _tools(self, actions: Mapping[str, tuple[Variant, list[str]]]) -> None:
        """The notebooks that were run, with what they take and give."""
        for parameter, examples in self._examples.items():
            self._crate.get(parameter)["workExample"] = _references(examples)
        for notebook in sorted(self._notebooks(actions)):
            properties: dict[str, Any] = {}
            for key, kept in (("input", self._inputs), ("output", self._outputs)):
                if notebook in kept:
                    properties[key] = _references(kept[notebook])
            if notebook in self._files:
                kind = ["File", "SoftwareSourceCode", "SoftwareApplication"]
                self._file(notebook, kind, programmingLanguage="Python", **properties)
            else:
                self._add(notebook, "SoftwareApplication", name=notebook, **properties)

    def _describe_workflow(self, actions: Mapping[str, tuple[Variant, list[str]]]) -> None:
        """The experiments file, its steps, and the run as a whole, which the program organised."""
        steps = []
        for position, (name, (variant, _)) in enumerate(actions.items(), start=1):
            tool = _reference(_file_id(self._notebook(variant)))
            step = f"#step-{quote(name)}"
            self._add(step, "HowToStep", name=variant.label, position=str(position), workExample=tool)
            steps.append(step)
        tools = [_file_id(notebook) for notebook in sorted(self._notebooks(actions))]
        self._file(
            self._workflow,
            ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            name=self._study.title,
            conformsTo=_reference(WORKFLOW_FORM),
            programmingLanguage=_reference(LANGUAGE),
            hasPart=_references(tools),
            step=_references(steps),
        )
        self._add(WORKFLOW_FORM, "CreativeWork", name="Bioschemas ComputationalWorkflow", version="1.0")
        self._add(
            LANGUAGE,
            "ComputerLanguage",
            name="experiments file of practica-runner",
            description="TOML: a table for each variant, which names a notebook and its parameters",
        )
        self._add(
            ENGINE,
            "SoftwareApplication",
            name="practica-runner",
            version=__version__,
            description="Runs every variant of an experiments file, and renders one report",
        )
        ids = [each for _, of_variant in actions.values() for each in of_variant]
        outputs = [path for path in self._files if path.partition("/")[0] in (RESULTS, NOTEBOOKS)]
        self._add(
            WORKFLOW_RUN,
            "CreateAction",
            name=f"{self._study.title}: all variants",
            description="From the first start to the last end that the records tell; it may be several runs.",
            instrument=_reference(_file_id(self._workflow)),
            agent=_reference(ENGINE),
            object=_references(tools),
            result=_references(map(_file_id, outputs)),
            startTime=min(self._starts).isoformat() if self._starts else None,
            endTime=max(self._moments).isoformat(),
        )
        self._add(
            "#organisation",
            "OrganizeAction",
            name=f"{self._study.title}: run of its steps",
            instrument=_reference(ENGINE),
            agent=_reference(ENGINE),
            object=_references(f"#control{each.removeprefix('#run')}" for each in ids),
            result=_reference(WORKFLOW_RUN),
        )

    def _describe_root(self, actions: Iterable[str]) -> None:
        root = self._crate.root_dataset
        authors = [
            self._add(f"#author-{n}", "Person", name=name)
            for n, name in enumerate(self._study.author.names, start=1)
        ]
        for profile, (name, version) in PROFILES.items():
            self._add(profile, "CreativeWork", name=name, version=version)
        draft = " (a draft)" if self._study.draft else ""
        properties = {
            "name": self._study.title,
            "description": f"All that the report is made from: profile {self._study.profile}{draft}.",
            "license": NO_LICENCE,
            "datePublished": max(self._moments).isoformat(),
            "conformsTo": _references(PROFILES),
            "mainEntity": _reference(_file_id(self._workflow)),
            "mentions": _references([WORKFLOW_RUN, *actions]),
        }
        for key, value in properties.items():
            root[key] = value
        if authors:
            root["author"] = _references(authors)
        self._crate.metadata["conformsTo"] = _references(
            [f"https://w3id.org/ro/crate/{FORM}", list(PROFILES)[-1]]
        )


def _file_id(path: str) -> str:
    """How the library calls a file; what begins with ``#`` is no file."""
    return path if path.startswith("#") else quote(path)


def _reference(name: str) -> dict[str, str]:
    return {"@id": name}


def _references(names: Iterable[str]) -> list[dict[str, str]] | dict[str, str]:
    """A list of one is written without the list, as the standard recommends."""
    found = [_reference(name) for name in names]
    return found[0] if len(found) == 1 else found
