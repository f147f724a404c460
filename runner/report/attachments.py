"""What goes into the PDF beside the pages: all that its numbers can be worked out from again.

Each file keeps its path in the build folder; the manifest lists them with their SHA-256, and the report
prints the manifest's own. Nothing that merely lies in the build folder is attached: of a variant, only what
its notebook left, as its own record tells (``files``). Trained weights stay out, and of the predictions only
what the analysis reads: the report is to fit into a message.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np
from markupsafe import Markup

from runner import limits
from runner.analysis.selection import select
from runner.build_folder import (
    AWAITED_FILE,
    BEST_EPOCH_FILE,
    CHAIN_FILE,
    EXPERIMENTS,
    FAILURE_FILE,
    PACKAGES_FILE,
    PLAN_FOLDER,
    PREDICTIONS_FILE,
    PROGRAM_FILE,
    RESULTS,
    RUN_FILE,
    STATE,
    notebook_of,
    result_folder,
    state_file,
)
from runner.code_closure import read_source
from runner.errors import RunnerError
from runner.files import json_text
from runner.gate import kind, read_bytes
from runner.language.templating import PROGRAM, base_files
from runner.packages import made_with
from runner.plan.data_files import files_in
from runner.plan.variants import Plan
from runner.report.claims.evidence import Claim
from runner.report.crate import METADATA, crate_metadata
from runner.report.printing.attached import Attached
from runner.results.arrays import read_arrays
from runner.results.chain import read_chain
from runner.results.finished import left_files
from runner.results.reasons import PENDING
from runner.results.study import Study

MANIFEST = "manifest.json"
TABLE = "results.csv"
TABLE_JSON = "results.json"  # the same, for programs
EVIDENCE = "evidence.json"  # worked out by the report itself, so not in the manifest that it prints
PICTURES = re.compile(rb'"image/png": *"([^"]*)"')  # of a notebook
# How many times smaller the PDF has them at least; notebooks but for pictures. The program is not packed.
PACKED = {".ipynb": 7, ".json": 3, ".csv": 3, ".toml": 3, ".whl": 2}


def collect(study: Study, plan: Plan, build_dir: Path, templates: Path) -> tuple[Attached, ...]:
    """All files, the manifest first."""
    made = max((f.result.finished for f in study.finished.values()), default=datetime.now(UTC))
    files = fitting(sorted((Attached(p, c, made) for p, c in _contents(study, plan, build_dir)), key=_path))
    metadata = crate_metadata(study, plan, f"{PLAN_FOLDER}/{EXPERIMENTS}", files)
    if metadata is not None:
        files = sorted([*files, Attached(METADATA, metadata, made)], key=_path)
    return (Attached(MANIFEST, _manifest(files, study, templates), made), *files)


def collected(study: Study, plan: Plan, build_dir: Path, templates: Path) -> Iterator[Attached]:
    """``collect`` for a process that helps."""
    yield from collect(study, plan, build_dir, templates)


def fitting(files: list[Attached]) -> list[Attached]:
    """The files without the largest states of trainings, as far as all together would be too many bytes.

    States make no report too large for mail that was not so without them. Those that fit are the same again
    when a report is made from its attachments.
    """
    states = sorted(filter(_is_state, files), key=lambda each: (len(each.content), each.sha256))
    rest = sum(_weight(each) for each in files if not _is_state(each))
    for_mail = rest <= limits.ATTACHED_FOR_MAIL
    room = (limits.ATTACHED_WITH_STATES if for_mail else limits.ATTACHED_AT_MOST) - rest
    while states and sum(len(each.content) for each in states) > room:
        states.pop()
    kept = {each.path for each in states}
    return [each for each in files if not _is_state(each) or each.path in kept]


def _is_state(file: Attached) -> bool:
    return file.path.startswith(f"{RESULTS}/") and bool(STATE.fullmatch(file.path.rpartition("/")[2]))


def _weight(file: Attached) -> int:
    """Its bytes in the PDF, at most and about; the same with any library that packs them.

    A notebook's pictures are in base64, which packing undoes.
    """
    size, end = len(file.content), PurePosixPath(file.path).suffix
    if end != ".ipynb":
        return size // PACKED.get(end, 1)
    pictures = sum(map(len, PICTURES.findall(file.content)))
    return pictures * 3 // 4 + (size - pictures) // PACKED[end]


def _path(each: Attached) -> str:
    return each.path


def evidence_file(claims: Sequence[Claim], made: datetime) -> Attached:
    """The map of evidence as JSON."""
    rows = [
        {
            "number": claim.number,
            "section": claim.section,
            "variants": claim.variants,
            "metric": str(claim.metric),
            "test": claim.test,
            "values": [
                {"field": v.field, "text": Markup(v.printed.text).striptags(), "value": v.printed.exact}
                for v in claim.values
            ],
        }
        for claim in claims
    ]
    return Attached(EVIDENCE, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode(), made)


def _contents(study: Study, plan: Plan, build_dir: Path) -> Iterator[tuple[str, bytes]]:
    table = _table(study)
    yield TABLE, table.encode()
    yield TABLE_JSON, json_text({"title": study.title, "variants": _rows(table)}).encode()
    yield f"{PLAN_FOLDER}/{EXPERIMENTS}", plan.path.read_bytes()
    for notebook in sorted({variant.notebook for variant in plan.variants}):
        if notebook.is_relative_to(plan.path.parent):
            yield f"{PLAN_FOLDER}/{notebook.relative_to(plan.path.parent).as_posix()}", notebook.read_bytes()
    for once in (RUN_FILE, AWAITED_FILE, PACKAGES_FILE, PROGRAM_FILE):
        if kind(build_dir / once, build_dir) is not None:
            yield once, read_bytes(build_dir / once, build_dir)
    shown = select(study)
    for variant in plan.variants:
        if variant.name not in shown:
            continue
        for path in _of_variant(study, build_dir, variant.name):
            predictions = path.name in (PREDICTIONS_FILE, BEST_EPOCH_FILE)
            content = reduced(path, build_dir) if predictions else read_bytes(path, build_dir)
            yield path.relative_to(build_dir).as_posix(), content


def _of_variant(study: Study, build_dir: Path, name: str) -> Iterator[Path]:
    """Its record of a failure; or its executed notebook, and the files that its own record names.

    Nothing of one that the study still waits for: what is there by now, the pages do not tell of.
    """
    if study.missing.get(name) == PENDING:
        return
    folder = result_folder(build_dir, name)
    failure, done = folder / FAILURE_FILE, study.has(name)
    failed = kind(failure, build_dir) is not None
    if failed and not done:  # a result of other inputs may be kept there
        yield failure
        return
    executed = notebook_of(build_dir, name)
    if kind(executed, build_dir) is not None:
        yield executed
    yield from left_files(folder, study.get(name).result if done else None)
    if failed:
        yield failure


def reduced(predictions: Path, root: Path) -> bytes:
    """Labels, likeliest classes and losses of a predictions file; as it is if it can't be read.

    Losses are as precise as they are read (float32); a file of former versions, without any, keeps the
    probabilities of the true classes in their place.
    """
    try:
        arrays = read_arrays(predictions)
        kept: dict[str, np.ndarray] = {}
        for split in ("validation", "test"):
            labels, probabilities = arrays[f"{split}_labels"], arrays[f"{split}_probabilities"]
            number = np.min_scalar_type(max(probabilities.shape[1] - 1, int(labels.max(initial=0))))
            kept[f"{split}_labels"] = labels.astype(number)
            kept[f"{split}_predicted"] = probabilities.argmax(axis=1).astype(number)
            if (entropy := f"{split}_cross_entropy") in arrays:
                kept[entropy] = arrays[entropy].astype(np.float32)
            else:
                kept[f"{split}_true_probability"] = probabilities[np.arange(len(labels)), labels]
    except (RunnerError, KeyError, IndexError, ValueError):
        return read_bytes(predictions, root)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **kept)  # type: ignore[arg-type]  # a stub takes **kept for allow_pickle
    return buffer.getvalue()


def templates_digest(templates: Path) -> str:
    """Hash of the names and contents of templates, fonts and styles; of Python files, of their meaning.

    The program's templates that any practice may use count as well, where it has none of the same name.
    """
    found = {path.relative_to(PROGRAM).as_posix(): path for path in base_files()}
    found |= {path.relative_to(templates).as_posix(): path for path in files_in(templates)}
    digest = hashlib.sha256()
    for name, path in sorted(found.items()):
        content = path.read_bytes()
        meant = read_source(content).digest if path.suffix == ".py" else hashlib.sha256(content).hexdigest()
        digest.update(name.encode() + b"\0" + bytes.fromhex(meant))
    return digest.hexdigest()


def _states_left_out(files: Sequence[Attached], study: Study) -> Iterator[str]:
    """Paths of the states that chains draw, and that are not attached."""
    attached = {each.path for each in files}
    for name in sorted(study.finished):
        folder = f"{RESULTS}/{name}"
        if f"{folder}/{CHAIN_FILE}" not in attached:
            continue
        with suppress(RunnerError):  # no chain: verify says so
            chain = read_chain(study.finished[name].folder)
            paths = [f"{folder}/{state_file(epoch)}" for epoch in (chain.drawn if chain else ())]
            yield from (path for path in paths if path not in attached)


def _manifest(files: list[Attached], study: Study, templates: Path) -> bytes:
    left_out = tuple(_states_left_out(files, study))
    content: Mapping[str, object] = {
        "title": study.title,
        "profile": study.profile,
        "made_with": made_with(),
        "templates_sha256": templates_digest(templates),
        "left_out": select(study).left_out,
        **({"states_left_out": left_out} if left_out else {}),
        "files": [
            {"name": f.name, "path": f.path, "bytes": len(f.content), "sha256": f.sha256} for f in files
        ],
    }
    return json_text(content).encode()


def _table(study: Study) -> str:
    """Every trained variant as a line of CSV; one that left only its own values and scores has none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    splits, measures = ("train", "validation", "test"), ("cross_entropy", "accuracy")
    columns = [f"{split}_{measure}" for split in splits for measure in measures]
    writer.writerow(
        ["variant", "label", *columns, "epoch_seconds", "parameters", "flops_per_image", "settings"]
    )
    for variant in study.variants:
        if variant.kind != "training" or not study.has(variant.name):
            continue
        training = study.get(variant.name).result.training
        if training is not None:
            scores = [getattr(getattr(training.evaluation, s), m) for s in splits for m in measures]
            model, timing = training.model, training.timing
            settings = json.dumps(study.get(variant.name).result.parameters, sort_keys=True)
            numbers = [*scores, timing.epoch_seconds, model.parameters, model.flops_per_image]
            writer.writerow([variant.name, variant.label, *map(repr, numbers), settings])
    return buffer.getvalue()


def _rows(table: str) -> list[dict[str, object]]:
    """The lines of the CSV as records, with numbers and settings as such."""
    rows = csv.DictReader(io.StringIO(table))
    words = {"variant", "label"}
    return [{key: text if key in words else json.loads(text) for key, text in row.items()} for row in rows]
