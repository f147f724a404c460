"""GPUs that are there, and GPUs that TensorFlow can use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.machine import gpus


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Path]:
    """A machine whose system shows one GPU."""
    (tmp_path / "nvidia0").touch()
    gpus.ask_tensorflow.cache_clear()
    yield tmp_path
    gpus.ask_tensorflow.cache_clear()


def test_a_gpu_without_cuda_is_told_with_tensorflows_own_reason_and_a_remedy(
    devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real TensorFlow, which sees no GPU in a made-up folder of devices."""
    monkeypatch.setenv(gpus.VISIBLE, "0")
    if gpus.visible_gpus(devices):
        pytest.skip("this machine has a GPU that works")
    told = gpus.unusable_gpu(devices)
    assert "TensorFlow can't use it" in told
    assert "pip install 'tensorflow[and-cuda]" in told
    assert "nvidia-smi" in told
    assert "\n" not in told


@pytest.mark.parametrize("wish", ["", "-1"])
def test_a_gpu_that_is_not_wanted_is_no_fault(
    devices: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    monkeypatch.setenv(gpus.VISIBLE, wish)
    monkeypatch.setattr(gpus, "ASK", (sys.executable, "-c", "print(0)"))
    assert gpus.unusable_gpu(devices) == ""


def test_a_machine_without_a_gpu_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "ASK", ("no such program",))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "dxg").touch()  # of a GPU that is not NVIDIA's
    assert gpus.unusable_gpu(tmp_path) == ""
    assert gpus.visible_gpus(tmp_path) == ()


def tool(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which somebody installed NVIDIA's driver."""
    (folder / gpus.TOOL).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(gpus.VISIBLE, raising=False)


def test_a_driver_that_shows_no_gpu_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update of it, and in a container that was started without its GPU."""
    tool(tmp_path, monkeypatch)
    assert "the system shows no GPU" in gpus.unusable_gpu(tmp_path)
    monkeypatch.setenv(gpus.VISIBLE, "-1")
    assert gpus.unusable_gpu(tmp_path) == ""


def test_a_gpu_within_windows_is_one(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(devices, monkeypatch)
    (devices / "nvidia0").rename(devices / "dxg")
    monkeypatch.setattr(gpus, "ASK", (sys.executable, "-c", "print(1)"))
    assert len(gpus.visible_gpus(devices)) == 1
    assert gpus.unusable_gpu(devices) == ""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import sys; print('E0] no dlopen of libcudart', file=sys.stderr); print(0)",
            "no dlopen of libcudart",
        ),
        ("print(0)", "it sees none"),
        ("exit(5)", "importing it ended with 5"),
    ],
)
def test_each_way_of_not_working_is_told(
    devices: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    monkeypatch.setattr(gpus, "ASK", (sys.executable, "-c", code))
    assert f"({reason})" in gpus.unusable_gpu(devices)
    assert gpus.visible_gpus(devices) == ()
