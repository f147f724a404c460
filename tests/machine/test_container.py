"""The limits of control groups, from made-up trees as Docker, systemd and schedulers have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner import PROJECT_ROOT, kernel, practice
from runner.execute import calibration
from runner.machine import capacity
from runner.machine.capacity import Limits, default_limits, warnings
from runner.machine.container import Memory, cpu_quota, memory, process_limit

GIB = 2**30
V2 = "30 23 0:26 {root} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "33 32 0:30 {root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 32 0:31 {root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 32 0:32 {root} /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def unified(root: Path, path: str, files: dict[str, str], mount_root: str = "/") -> Path:
    groups = {f"sys/fs/cgroup/{name}": content for name, content in files.items()}
    own = {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": V2.format(root=mount_root)}
    return write(root, own | groups)


def first(root: Path, path: str, files: dict[str, str], mount_root: str = "/") -> Path:
    lines = f"5:pids:{path}\n4:memory:{path}\n3:cpu,cpuacct:{path}\n1:name=systemd:/x\n0::/\n"
    groups = {f"sys/fs/cgroup/{name}": content for name, content in files.items()}
    own = {"proc/self/cgroup": lines, "proc/self/mountinfo": V1.format(root=mount_root)}
    return write(root, own | groups)


def test_docker_on_version_2(tmp_path: Path) -> None:
    """A namespace of its own: the group is the top. Cached files don't count as used."""
    root = unified(
        tmp_path,
        "/",
        {
            "memory.max": f"{3 * GIB}\n",
            "memory.high": "max\n",
            "memory.current": f"{2 * GIB}\n",
            "memory.stat": f"anon {GIB}\ninactive_file {GIB}\n",
            "cpu.max": "150000 100000\n",
            "pids.max": "100\n",
            "pids.current": "30\n",
        },
    )
    assert memory(root) == Memory(3 * GIB, 2 * GIB)
    assert cpu_quota(root) == 1.5
    assert process_limit(root) == 70


def test_the_smallest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    root = unified(
        tmp_path,
        "/user.slice/job.scope",
        {
            "user.slice/memory.max": f"{4 * GIB}\n",
            "user.slice/memory.current": f"{3 * GIB}\n",
            "user.slice/cpu.max": "max 100000\n",
            "user.slice/job.scope/memory.max": f"{2 * GIB}\n",
            "user.slice/job.scope/memory.current": "0\n",
            "user.slice/job.scope/cpu.max": "50000 100000\n",
        },
    )
    assert memory(root) == Memory(4 * GIB, GIB)
    assert cpu_quota(root) == 0.5


@pytest.mark.parametrize(
    ("path", "mount_root"), [("/docker/abc", "/"), ("/docker/abc", "/docker/abc"), ("/../..", "/")]
)
def test_docker_on_version_1(tmp_path: Path, path: str, mount_root: str) -> None:
    """Its own group is at the top of the mount, whatever its name is outside."""
    root = first(
        tmp_path,
        path,
        {
            "memory/memory.limit_in_bytes": f"{GIB}\n",
            "memory/memory.usage_in_bytes": f"{GIB // 2}\n",
            "memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB // 4}\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "pids/pids.max": "max\n",
        },
        mount_root,
    )
    assert memory(root) == Memory(GIB, GIB * 3 // 4)
    assert cpu_quota(root) == 1.0
    assert process_limit(root) is None


def test_no_limits(tmp_path: Path) -> None:
    none = {"memory/memory.limit_in_bytes": "9223372036854771712\n", "cpu,cpuacct/cpu.cfs_quota_us": "-1\n"}
    root = first(tmp_path / "one", "/", none)
    assert (memory(root), cpu_quota(root)) == (None, None)
    root = unified(tmp_path / "two", "/", {"memory.max": "max\n", "cpu.max": "max 100000\n"})
    assert (memory(root), cpu_quota(root)) == (None, None)
    assert (memory(tmp_path / "no such"), cpu_quota(tmp_path / "no such")) == (None, None)


def test_odd_contents_are_no_limits(tmp_path: Path) -> None:
    root = unified(tmp_path, "/", {"memory.max": "lots\n", "cpu.max": "many\n", "memory.stat": "x\n"})
    assert (memory(root), cpu_quota(root)) == (None, None)


def test_the_limits_are_those_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three gigabytes and one processor, one kernel with one thread is started."""
    files = {"memory.max": f"{3 * GIB}\n", "memory.current": "0\n", "cpu.max": "100000 100000\n"}
    monkeypatch.setattr(capacity, "ROOT", unified(tmp_path, "/", files))
    monkeypatch.setattr(capacity, "visible_cores", lambda: 8)
    found = default_limits(None)
    assert (found.jobs, found.cores, found.share, found.whole) == (1, 1, 1, 1)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text("400000 100000\n")
    found = default_limits(None)
    assert (found.jobs, found.cores) == (1, 4)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(f"{64 * GIB}\n")
    assert default_limits(None).jobs == min(4, default_limits(None).jobs)


def test_little_memory_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = unified(tmp_path, "/", {"memory.max": f"{GIB}\n", "memory.current": "0\n"})
    monkeypatch.setattr(capacity, "ROOT", root)
    assert "1024 MiB" in capacity.shortage()
    assert "container" in capacity.shortage()
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(f"{16 * GIB}\n")
    monkeypatch.setattr(capacity, "LEAST_BYTES", 1)
    assert capacity.shortage() == ""


def test_version_1_tells_of_limits_that_a_container_does_not_see(tmp_path: Path) -> None:
    none = "9223372036854771712\n"
    around = f"cache 1\nhierarchical_memory_limit {GIB}\ntotal_inactive_file 0\n"
    files = {"memory/memory.limit_in_bytes": none, "memory/memory.stat": around}
    found = memory(first(tmp_path, "/", files))
    assert found is not None
    assert found.limit == GIB


def test_what_a_container_has_is_what_the_program_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook that is opened by hand, and the machine that a calibration is true of."""
    files = {"memory.max": f"{3 * GIB}\n", "memory.current": "0\n", "cpu.max": "200000 100000\n"}
    monkeypatch.setattr(capacity, "ROOT", unified(tmp_path, "/", files))
    monkeypatch.setattr(capacity, "visible_cores", lambda: 8)
    monkeypatch.delenv(kernel.THREADS, raising=False)
    assert kernel.threads() == 2
    found = calibration.machine(1, practice)
    assert (found["cores"], found["memory_gib"]) == ("2", "3")


@pytest.mark.parametrize(
    ("left", "jobs", "tight", "safe"),
    [(1, 1, True, None), (3, 1, True, None), (4, 1, False, None), (4, 2, False, 1), (7, 2, False, None)],
)
def test_more_side_by_side_than_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int, jobs: int, tight: bool, safe: int | None
) -> None:
    """Where not even a report in the making fits beside a kernel, none is made meanwhile."""
    monkeypatch.setattr(capacity, "ROOT", tmp_path)
    monkeypatch.setattr(capacity, "LEAST_BYTES", 0)
    limits = Limits(jobs, 2, memory=left * GIB)
    assert limits.is_tight is tight
    assert [f"--jobs {safe} is safe" in told for told in warnings(limits)] == [True] * (safe is not None)


def test_few_processes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"pids.max": "100\n", "pids.current": "80\n"}
    monkeypatch.setattr(capacity, "ROOT", unified(tmp_path, "/", files))
    monkeypatch.setattr(capacity, "LEAST_BYTES", 0)
    (told,) = warnings(Limits(1, 1))
    assert "20 more processes" in told
    assert "--pids-limit" in told


ULIMITS = """
import os, resource
from runner.machine import capacity, ulimits
{limit}
capacity.LEAST_BYTES = 0
print(ulimits.allow_open_files(), ulimits.addresses(), ulimits.processes_left())
print(*capacity.warnings(capacity.Limits(1, 1)), sep="\\n")
"""
RAISED = "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1000))"
FEW_FILES = "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"
ADDRESSES = "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))"
DATA = "resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))"
# Root may start any number: be somebody else, whose processes are counted.
PROCESSES = """
if os.getuid() == 0:
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits, or none")
@pytest.mark.parametrize(
    ("limit", "found", "told"),
    [
        (RAISED, "1000 None", None),
        (FEW_FILES, "64 None", "ulimit -n 1024"),
        (ADDRESSES, f"None {2**31}", "2048 MiB of addresses"),
        (DATA, f"None {2**30}", "1024 MiB of addresses"),
        (PROCESSES, "None 0", "0 more processes and threads may be started"),
    ],
)
def test_what_ulimit_forbids_is_mended_or_told(limit: str, found: str, told: str | None) -> None:
    """On a real process: a soft limit of open files is raised, others are told with their remedy."""
    done = subprocess.run(
        [sys.executable, "-c", ULIMITS.format(limit=limit)], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first_line, *warned = done.stdout.splitlines()
    assert all(value in first_line.split() for value in found.split())
    if told is None:
        assert "files" not in done.stdout
    else:
        assert any(told in line for line in warned), done.stdout
