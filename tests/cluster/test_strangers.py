"""A cluster that is encrypted, and one with a worker that answers with more than words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from runner import PROJECT_ROOT
from runner.cluster.connection import Certificates, connect
from runner.cluster.crew import Crew
from runner.cluster.executor import ClusterExecutor
from runner.errors import InputError
from runner.execute.state import Workspace
from runner.execute.task import run_task
from runner.plan.variants import make_plan
from runner.results.reasons import Reason
from tests.cluster.test_cluster import Cluster
from tests.program import HANG_SECONDS, until
from tests.tiny_plan import notebook, run, write_notebook, write_plan

pytest.importorskip("distributed")
pytestmark = pytest.mark.xdist_group("cluster")


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Path]:
    """PEM files of one authority, and the certificate of another."""
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key", "other")}
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(paths["ca"]))
    paths["cert"].write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(paths["key"]))
    trustme.CA().cert_pem.write_to_path(str(paths["other"]))
    return paths


@pytest.fixture
def encrypted(tmp_path: Path, certificates: dict[str, Path]) -> Iterator[Cluster]:
    names = {"ca": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster", [w for n, o in names.items() for w in (o, str(certificates[n]))])
    yield made
    made.end()


def options(certificates: dict[str, Path], **others: str) -> list[str]:
    names = {"ca": "ca", "cert": "cert", "key": "key"} | others
    return [word for name, file in names.items() for word in (f"--tls-{name}", str(certificates[file]))]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Of one notebook that trains nothing."""
    write_notebook(tmp_path / "says.ipynb", "from runner import kernel\nkernel.save_values({'seen': 1})")
    return write_plan(tmp_path, notebook("says"))


def test_with_certificates_a_run_is_encrypted(
    encrypted: Cluster, certificates: dict[str, Path], plan: Path, tmp_path: Path
) -> None:
    """Without them, or with those of another authority, it is refused at once and in a line."""
    assert encrypted.address.startswith("tls://")
    encrypted.worker("uno")
    build, words = tmp_path / "build", ("--scheduler", encrypted.address)
    for more, said in [
        ([], "an encrypted connection needs certificates: --tls-ca, --tls-cert"),
        (options(certificates, ca="other"), "the connection can't be encrypted"),
    ]:
        done = run("run", plan, build, "says", *words, *more)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr and "Traceback" not in done.stderr
        assert more or not build.exists()  # it is refused before anything is tried or made
    done = run("run", plan, build, "says", *words, *options(certificates))
    assert done.returncode == 0, done.stderr
    assert (build / "results" / "says" / "result.json").is_file()


def test_certificates_may_be_those_that_dask_is_set_up_with(
    encrypted: Cluster, certificates: dict[str, Path]
) -> None:
    import dask

    names = {"ca": "ca-file", "cert": "client.cert", "key": "client.key"}
    with dask.config.set({f"distributed.comm.tls.{n}": str(certificates[k]) for k, n in names.items()}):
        connect(encrypted.address).close()


def test_certificates_that_are_of_no_use_are_named(certificates: dict[str, Path], tmp_path: Path) -> None:
    (locked := tmp_path / "locked.pem").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    ca, cert, key, other = (certificates[name] for name in ("ca", "cert", "key", "other"))
    for address, given, words in [
        ("tcp://127.0.0.1:1", Certificates(ca, cert, key), "count only on an encrypted connection"),
        ("tls://127.0.0.1:1", Certificates(tmp_path / "none", cert, key), "can't be read: No such file"),
        ("tls://127.0.0.1:1", Certificates(ca, cert, locked), "pass phrase"),
        ("tls://127.0.0.1:1", Certificates(ca, cert, other), "the certificates can't be used"),
        ("tls://127.0.0.1:1", Certificates(key, cert, key), "the certificates can't be used"),
        ("tls://127.0.0.1:1", Certificates(ca), "needs certificates: --tls-cert"),
    ]:
        with pytest.raises(InputError, match=words):
            connect(address, given)


HOSTILE = """
class Hostile:
    def __reduce__(self):
        return __import__("os").system, ("echo $PPID >> {mark}",)


def {name}(*arguments):
    {does}
"""


def is_marked(mark: Path) -> bool:
    """Whether this process ran it; the worker itself does, since Dask reads its pickles back there."""
    return mark.exists() and str(os.getpid()) in mark.read_text().split()


@pytest.mark.parametrize("does", ["return Hostile()", "raise ValueError(Hostile())"])
def test_a_worker_s_answer_runs_nothing_here(does: str, tmp_path: Path) -> None:
    """What it is asked first, by a program that connects; the others are used all the same."""
    other, mark = tmp_path / "other", tmp_path / "mark"
    shutil.copytree(PROJECT_ROOT / "runner", other / "runner", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "runner" / "cluster" / "worker.py").open("a") as file:
        file.write(HOSTILE.format(mark=mark, name="describe", does=does))
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    said: list[str] = []
    try:
        cluster.worker("bad", other)
        cluster.worker("good")
        client = connect(cluster.address)
        crew = Crew(client, said.append)

        def known() -> int:
            crew.look()  # one that has come is asked once it says that it runs
            return len(crew.usable) + len(crew.refused)

        until(lambda: known() == 2)
        assert len(crew.usable) == 1 and len(crew.refused) == 1
        assert "it can't be asked" in said[0]
        assert not is_marked(mark)
        client.close()
    finally:
        cluster.end()


def answer_otherwise(order: object) -> dict[str, str]:
    """In the place of what runs an order: plain values, and yet no delivery."""
    return {"outcome": "done"}


def test_a_result_that_is_no_delivery_is_a_failure(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.cluster.executor.run_order", answer_otherwise)
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    try:
        cluster.worker("uno")
        made = make_plan(plan, "smoke")
        executor = ClusterExecutor(connect(cluster.address), made, print, None, None)
        task = Workspace(made, tmp_path / "build").task(made.get("says"), 1, None)
        reason = executor.submit(run_task, task).result(timeout=HANG_SECONDS).reason
        assert reason == Reason.of("undelivered", error="no delivery, but dict")
        executor.shutdown()
    finally:
        cluster.end()
