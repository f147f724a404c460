"""What every test starts from."""

from __future__ import annotations

import signal

# A shell's background hands down an ignored SIGINT; the programs that tests interrupt must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)
