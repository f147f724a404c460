"""Whether a PDF is what archives and screen readers ask for: PDF/A-3a and PDF/UA-1 at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

PROFILES = {"3a": "PDF/A-3a", "ua1": "PDF/UA-1"}


def check(pdf: Path) -> tuple[str, ...]:
    """The faults of ``pdf``, one line for each rule that it breaks; empty if it conforms to both.

    A file that can't be read, or is no PDF, is a fault.
    """
    import page

    faults: list[str] = []
    for profile, name in PROFILES.items():
        try:
            report = page.validate_pdf(pdf, profile=profile)
        except (OSError, page.PageError) as error:
            return (f"cannot be read as a PDF: {error}",)
        broken = Counter(failure.rule_id for failure in report.failures)
        words = {failure.rule_id: failure.message for failure in reversed(report.failures)}
        faults += (f"{name}: {rule}{_times(count)}: {words[rule]}" for rule, count in broken.items())
        if not report.is_compliant and not broken:
            faults.append(f"{name}: does not conform")
    return tuple(faults)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
