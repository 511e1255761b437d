"""Writers that are killed: a program for test_crash.py, run with PROJECT JOURNAL ROUNDS SEED.

Eight processes at once append decisions without pause and put into the journal what they try and,
once ``append_decisions`` has returned, what is acknowledged. Each is killed with SIGKILL at a
random moment after it opened the store. They are forked from a process that has imported
everything and opened nothing, so that they start within milliseconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from annotate.store.database import open_store
from annotate.store.decisions import Decision, append_decisions
from annotate.store.paths import ProjectPaths

N_WRITERS = 8
KILLED_AFTER_S = (0.15, 0.8)


def write_until_killed(project: Path, journal: int, ready: int, name: str) -> None:
    store = open_store(ProjectPaths(project))
    os.write(ready, b".")
    number = 0
    while True:
        event_id = f"{name}-{number}"
        # The kernel appends a short line whole, and keeps it when this process dies.
        os.write(journal, f"tried {event_id}\n".encode())
        append_decisions(store, [Decision(event_id, number % 20, name, "accept", 1, class_no=1)])
        os.write(journal, f"acknowledged {event_id}\n".encode())
        number += 1


def start_writer(project: Path, journal: int, ready: int, name: str) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            write_until_killed(project, journal, ready, name)
        finally:
            os._exit(1)  # only an error ends a writer before its kill
    return pid


def run_round(project: Path, journal: int, round_no: int, rng: random.Random) -> None:
    is_ready, ready = os.pipe()
    names = [f"{round_no}-{writer}" for writer in range(N_WRITERS)]
    pids = [start_writer(project, journal, ready, name) for name in names]
    os.close(ready)
    # A slow machine would else kill writers that still open the store.
    for _ in names:
        os.read(is_ready, 1)
    os.close(is_ready)
    started = time.monotonic()
    for after_s, pid in sorted((rng.uniform(*KILLED_AFTER_S), pid) for pid in pids):
        time.sleep(max(0.0, started + after_s - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"A writer of round {round_no} ended by itself.")


if __name__ == "__main__":
    project, journal_path, n_rounds, seed = sys.argv[1:]
    descriptor = os.open(journal_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    generator = random.Random(int(seed))
    for round_no in range(int(n_rounds)):
        run_round(Path(project), descriptor, round_no, generator)
