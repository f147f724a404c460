"""The GPUs that kernels may use: one variant a GPU at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
GROWTH = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # else the first kernel takes all of the GPU's memory
DEVICES = "nvidia[0-9]*"
COUNT = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
ANSWER_SECONDS = 120


@cache
def visible_gpus(devices: Path = Path("/dev")) -> tuple[str, ...]:
    """What ``CUDA_VISIBLE_DEVICES`` calls each GPU that TensorFlow can use; empty without any.

    TensorFlow itself is asked (in a process of its own), since without CUDA's libraries it uses none;
    only on machines with a GPU, as the answer takes seconds.
    """
    if not any(devices.glob(DEVICES)):
        return ()
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        asked = subprocess.run(
            [sys.executable, "-c", COUNT], capture_output=True, text=True, timeout=ANSWER_SECONDS
        )
        return tuple(map(nth_gpu, range(int(asked.stdout.split()[-1]) if asked.stdout.split() else 0)))
    return ()


def nth_gpu(number: int) -> str:
    """The system's name of a GPU of this process, which may have been told to use only some."""
    names = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return names[number] if number < len(names) else str(number)


def only_gpu(name: str) -> dict[str, str]:
    """Environment of a kernel that has this GPU for itself."""
    return GROWTH | {VISIBLE: name}
