"""The GPUs that kernels may use: one variant a GPU at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
GROWTH = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # else the first kernel takes all of the GPU's memory
DEVICES_FOLDER = Path("/dev")
DEVICES = "nvidia[0-9]*"
WINDOWS_DEVICE = "dxg"
TOOL = "nvidia-smi"  # comes with the driver
NO_DRIVER = (
    "nvidia-smi is installed, but the system shows no GPU; the processor is used, which takes many times as "
    "long. See what nvidia-smi says: the driver may want a restart, or the container 'docker run --gpus all'"
)
COUNT = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
ASK = (sys.executable, "-P", "-c", COUNT)
DRIVER_WORDS = ("dlopen", "cuda", "driver", "gpu")  # of TensorFlow's lines that say why it uses none
ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """How many GPUs TensorFlow can use, and why not more."""

    count: int
    reason: str


def visible_gpus(devices: Path = DEVICES_FOLDER) -> tuple[str, ...]:
    """What ``CUDA_VISIBLE_DEVICES`` calls each GPU that TensorFlow can use; empty without any."""
    if not has_gpu(devices):
        return ()
    return tuple(map(nth_gpu, range(ask_tensorflow().count)))


def unusable_gpu(devices: Path = DEVICES_FOLDER) -> str:
    """Why a GPU of this machine will not be used, with a remedy; empty if it will be, or there is none.

    ``CUDA_VISIBLE_DEVICES`` set to nothing, or to -1, is a wish.
    """
    if os.environ.get(VISIBLE, "0").strip() in ("", "-1"):
        return ""
    if not has_gpu(devices):
        return NO_DRIVER if shutil.which(TOOL) else ""
    if ask_tensorflow().count:
        return ""
    return (
        f"this machine has a GPU, but TensorFlow can't use it ({ask_tensorflow().reason}); "
        "the processor is used, which takes many times as long. See whether nvidia-smi works, and run: "
        f"{sys.executable} -m pip install 'tensorflow[and-cuda]=={version('tensorflow')}'"
    )


def has_gpu(devices: Path) -> bool:
    """Whether the system shows a GPU of NVIDIA's; Windows' Linux shows one of anybody's."""
    return any(devices.glob(DEVICES)) or ((devices / WINDOWS_DEVICE).exists() and bool(shutil.which(TOOL)))


@cache
def ask_tensorflow() -> Answer:
    """TensorFlow's own answer, from a process of its own: without CUDA's libraries it uses none.

    Only for machines with a GPU, as it takes seconds.
    """
    try:
        asked = subprocess.run(ASK, capture_output=True, text=True, timeout=ANSWER_SECONDS)
        words = asked.stdout.split()
        if asked.returncode == 0 and words:
            return Answer(int(words[-1]), _why_none(asked.stderr))
        return Answer(0, f"importing it ended with {asked.returncode}")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Answer(0, str(error).splitlines()[0])


def _why_none(said: str) -> str:
    lines = [line for line in said.splitlines() if any(word in line.lower() for word in DRIVER_WORDS)]
    return lines[-1].split("] ", 1)[-1].strip() if lines else "it sees none"


def nth_gpu(number: int) -> str:
    """The system's name of a GPU of this process, which may have been told to use only some."""
    names = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return names[number] if number < len(names) else str(number)


def only_gpu(name: str) -> dict[str, str]:
    """Environment of a kernel that has this GPU for itself."""
    return GROWTH | {VISIBLE: name}
