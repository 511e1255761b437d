from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from annotate.errors import ProjectBusyError
from annotate.store.locks import WriteGate, run_lock

HOLD = """
import os, sys, time
from pathlib import Path
from annotate.store.locks import run_lock
with run_lock(Path(sys.argv[1]), "train"):
    if sys.argv[2] == "fork" and os.fork() > 0:
        time.sleep(60)  # it is the worker that says when it has started
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(lock: Path, mode: str = "alone") -> Iterator[subprocess.Popen[str]]:
    """Run a process group that holds the lock; kill what is left of it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock), mode],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # the test killed all of it
                os.killpg(process.pid, signal.SIGKILL)


def test_a_second_step_is_told_at_once_who_works(tmp_path: Path):
    with holder(tmp_path / "run.lock") as process:
        message = rf"`annotate train` \(process {process.pid}\) since 20"
        with pytest.raises(ProjectBusyError, match=message) as busy:
            run_lock(tmp_path / "run.lock", "embed").__enter__()
    assert busy.value.exit_code == 75


def test_killing_the_holder_frees_the_project(tmp_path: Path):
    with holder(tmp_path / "run.lock") as process:
        process.kill()
        process.wait()
        with run_lock(tmp_path / "run.lock", "embed"):
            assert f'"pid": {os.getpid()}' in (tmp_path / "run.lock").read_text()


def test_a_worker_that_outlives_its_killed_step_does_not_hold_the_project(tmp_path: Path):
    with holder(tmp_path / "run.lock", "fork") as process:
        process.kill()
        process.wait()
        with run_lock(tmp_path / "run.lock", "embed"):
            assert f'"pid": {os.getpid()}' in (tmp_path / "run.lock").read_text()


def test_a_stale_lock_file_does_not_count(tmp_path: Path):
    (tmp_path / "run.lock").write_text('{"pid": 1, "step": "train", "since_utc": "2020"}')
    with run_lock(tmp_path / "run.lock", "embed"):
        assert f'"pid": {os.getpid()}' in (tmp_path / "run.lock").read_text()


@pytest.mark.parametrize("content", ["", '{"pid": 1', "{}"])
def test_a_holder_that_has_not_written_its_name_is_still_respected(content: str, tmp_path: Path):
    with run_lock(tmp_path / "run.lock", "train"):
        (tmp_path / "run.lock").write_text(content)
        with pytest.raises(ProjectBusyError, match="just begun"):
            run_lock(tmp_path / "run.lock", "embed").__enter__()


def test_the_project_is_free_after_a_failed_step(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), run_lock(tmp_path / "run.lock", "train"):
        raise ZeroDivisionError
    with run_lock(tmp_path / "run.lock", "embed"):
        pass


def test_a_step_inside_a_step_is_busy_too(tmp_path: Path):
    with (
        run_lock(tmp_path / "run.lock", "train"),
        pytest.raises(ProjectBusyError),
        run_lock(tmp_path / "run.lock", "embed"),
    ):
        pass


def test_the_gate_lets_one_thread_at_a_time_through(tmp_path: Path):
    gates = [WriteGate(tmp_path / "write.lock"), WriteGate(tmp_path / "write.lock")]
    inside: list[int] = []
    most_at_once: list[int] = []

    def pass_often(gate: WriteGate) -> None:
        for _ in range(50):
            with gate.held():
                inside.append(1)
                time.sleep(0.0005)  # long enough for another thread to come in
                most_at_once.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=pass_often, args=(gate,)) for gate in gates * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most_at_once == [1] * 300


def test_a_gate_inside_itself_is_an_error_and_not_a_hang(tmp_path: Path):
    gate = WriteGate(tmp_path / "write.lock")
    with gate.held(), pytest.raises(RuntimeError, match="inside another"), gate.held():
        pass


def test_lock_files_are_for_their_owner_only(tmp_path: Path):
    with run_lock(tmp_path / "run.lock", "train"):
        assert (tmp_path / "run.lock").stat().st_mode & 0o777 == 0o600
