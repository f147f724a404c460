"""Which precision a plan is run with: what was asked for, or what an earlier run decided."""

from __future__ import annotations

from runner.plan.records import Precision, Wanted


def wanted_precision(option: Wanted | None, written: Wanted | None, before: Precision | None) -> Precision:
    """From the option; or as the build folder noted, unless the file was changed since; or the file.

    What ``auto`` decided once stays, as long as it is ``auto`` that is asked for.
    """
    if option is None and before is not None and before.written == written:
        return before
    asked = option or written or "auto"
    gain = before.gain if before is not None else None
    if asked != "auto":
        return Precision(asked=asked, used=asked, gain=gain, written=written)
    if before is not None and before.asked == "auto":
        return before.model_copy(update={"written": written})
    return Precision(written=written)
