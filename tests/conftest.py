"""What every test starts from."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A shell's background hands down an ignored SIGINT; the programs that tests interrupt must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples each time, however long a slow machine takes for one.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")
