"""docs/scaling.md: what any number of variants would cost, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runner import PROJECT_ROOT
from tests.benchmarks.raw import Raw
from tests.benchmarks.rows.many import MANY
from tests.benchmarks.rows.overhead import RECORDS
from tests.benchmarks.rows.scaling import COUNTS, HASH
from tests.benchmarks.summary import median

PAGE = PROJECT_ROOT / "docs" / "scaling.md"
TEMPLATE = Path(__file__).parent / "scaling_page.md"
SIZES = (10, 1000, 10_000, 100_000)
MEGABYTES = 3.3  # of a finished variant of the baseline: weights 2.2, predictions 0.9, notebook 0.2
WORKERS = 100
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def write_page(raws: Mapping[str, Raw], path: Path) -> bool:
    """Write the page, if the row it is about was measured; what else is missing stays a dash."""
    scaling = raws["scaling"]
    if not {"plan", "report", HASH} <= set(scaling.cases):
        return False
    costs = {command: fitted(scaling, command, "seconds") for command in ("plan", "report")}
    memory = fitted(scaling, "report", "megabytes")
    rate = median(scaling.values(HASH, "file", "megabytes")) / median(scaling.values(HASH, "file"))
    training = per_training(raws["overhead"])
    rows = []
    for size in SIZES:
        trained = [words(training and training * size / n) for n in (1, WORKERS)]
        took = [words(start + each * size) for start, each in costs.values()]
        kept = f"{(memory[0] + memory[1] * size) / 1000:.1f} GB"
        disk = f"{MEGABYTES * size / 1000:.1f} GB"
        rows.append(" | ".join([f"| {size:,}", *trained, disk, *took, f"{kept} |"]))
    text = TEMPLATE.read_text(encoding="utf-8").format(
        training=words(training),
        start=words(per_start(raws["many"])),
        plan=words(costs["plan"][1]),
        report=words(costs["report"][1]),
        memory=f"{1000 * memory[1]:.0f} kB",
        disk=MEGABYTES,
        hash=words(MEGABYTES / rate),
        rows="\n".join(rows),
    )
    path.write_text(text, encoding="utf-8")
    return True


def fitted(raw: Raw, command: str, key: str) -> tuple[float, float]:
    """What a command takes with no variants, and more for each: the line through the two largest builds."""
    few, many = COUNTS[-2:]
    low, high = (median(raw.values(command, f"{count} variants", key)) for count in (few, many))
    each = (high - low) / (many - few)
    return low - few * each, each


def per_training(raw: Raw) -> float | None:
    """Seconds of a whole full run for each variant that it trained."""
    if RECORDS not in raw.cases:
        return None
    return median(raw.values(RECORDS, "ours")) / median(raw.values(RECORDS, "ours", "variants"))


def per_start(raw: Raw) -> float | None:
    """Seconds of a variant that does nothing."""
    values = raw.values("variants", f"ours {MANY}", "steady_seconds")
    return median(values) if values else None


def words(seconds: float | None) -> str:
    """A duration with two digits that matter; a dash for what was not measured."""
    if seconds is None:
        return "-"
    for length, unit in UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return (
        f"{seconds:.0f} s"
        if seconds >= 10
        else f"{seconds:.2g} s"
        if seconds >= 1
        else f"{1000 * seconds:.0f} ms"
    )
