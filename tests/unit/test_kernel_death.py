"""What is said of a kernel that died, in Spanish and as it is told again in English."""

from __future__ import annotations

import pytest

from runner.i18n import speaking
from runner.kernel_death import KernelDied
from runner.reasons import reason_words

CASES = [
    (
        KernelDied(True, -9),
        True,
        "the notebook's process was killed by the signal SIGKILL: memory may have run out",
    ),
    (KernelDied(True, -6), True, "SIGABRT"),
    (KernelDied(True, -11), False, "the notebook's process was killed by the signal SIGSEGV"),
    (KernelDied(True, -4), False, "this processor lacks an instruction"),
    (KernelDied(True, 3), False, "the notebook's process ended by itself with code 3"),
    (KernelDied(True, None), True, "of an unknown cause"),
    (
        KernelDied(False, 1, "Traceback\nZMQError: taken"),
        False,
        "process did not begin: ZMQError: taken",
    ),
    (KernelDied(False, -11), False, "did not begin: was killed by the signal SIGSEGV"),
    (KernelDied(True, -200), False, "by the signal 200"),
]


@pytest.mark.parametrize(("death", "exhausted", "english"), CASES, ids=lambda value: str(value)[-40:])
def test_the_words_say_what_is_known(death: KernelDied, exhausted: bool, english: str) -> None:
    assert death.exhausted is exhausted
    assert "\n" not in death.reason
    with speaking("en"):
        assert english in reason_words(death.reason)
