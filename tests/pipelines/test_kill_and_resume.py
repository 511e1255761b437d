"""A step killed with SIGKILL and started again ends like an unbroken one.

Real processes are killed at random moments between the first and the last thing that an unbroken
run puts on record; then the same command is given again.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import select

import annotate
from annotate.steps.workspace import open_workspace
from annotate.store.tables import metadata

WORDS = {"fruit": "apple pear plum cherry grape", "tool": "hammer saw drill wrench screw"}
# Two parts of an array, three commits of add.
N_TEXTS = 4_600
N_IMAGES = 4_400
LONGEST_WAIT_S = 0.05
# What every part, item, selection and round adds to; it only grows.
RECORDED = "SELECT " + " + ".join(
    f"(SELECT count(*) FROM {name})"
    for name in ("items", "quarantine", "parts", "selections", "predictions", "rounds")
)
OPEN_RUN = "SELECT count(*) FROM meta WHERE key = 'open_run'"


def write_texts(folder: Path) -> Path:
    """Write texts whose words say what they are; the first 400 of each class are gold."""
    rng = np.random.default_rng(0)
    words = {label: text.split() for label, text in WORDS.items()}
    everything = [word for own in words.values() for word in own]
    rows = []
    for number in range(N_TEXTS):
        label = list(WORDS)[number % 2]
        text = " ".join([*rng.choice(words[label], 2), *rng.choice(everything, 3), f"n{number}"])
        rows.append((number, "" if number % 97 == 5 else text, label if number < 800 else None))
    path = folder / "texts.csv"
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(path, index=False)
    return path


def write_images(folder: Path) -> Path:
    """Write noisy pictures, dark and light; some lie in class folders, some are damaged."""
    rng = np.random.default_rng(0)
    for name in ("images/fruit", "images/tool"):
        (folder / name).mkdir(parents=True)
    for number in range(N_IMAGES):
        label = list(WORDS)[number % 2]
        pixels = rng.integers(0, 200, (10, 10, 3)) + 55 * (number % 2)
        place = folder / "images" / (label if number < 400 else "")
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number:05d}.png", compress_level=0)
        if number % 89 == 7:
            (place / f"{number:05d}.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return folder / "images"


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "annotate.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # On a busy machine threads that wait for each other would take most of the time.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def run_to_the_end(*arguments: object) -> None:
    process = start(*arguments)
    output, errors = process.communicate()
    assert process.returncode == 0, output + errors


def ask(project: Path, query: str) -> int:
    with closing(sqlite3.connect(project / "store.sqlite", timeout=30)) as connection:
        return int(connection.execute(query).fetchone()[0])


def kill_when(process: subprocess.Popen[str], project: Path, goal: int, wait_s: float) -> bool:
    """Kill the process ``wait_s`` after ``goal`` things are on record; False if it ended before."""
    with closing(sqlite3.connect(project / "store.sqlite", timeout=30)) as connection:
        while process.poll() is None and connection.execute(RECORDED).fetchone()[0] < goal:
            time.sleep(0.005)
    time.sleep(wait_s)
    # Only itself: its workers must notice on their own.
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def run_with_kills(
    project: Path, arguments: list[object], n_kills: int, end: int, draw: random.Random
) -> list[int]:
    """Run a command, kill it at several moments, and run it to its end; return the killed."""
    begin = ask(project, RECORDED)
    killed = []
    for goal in sorted(draw.randrange(begin, end) for _ in range(n_kills)):
        process = start(*arguments)
        if not kill_when(process, project, goal, draw.uniform(0, LONGEST_WAIT_S)):
            assert process.returncode == 0
            break
        killed.append(process.pid)
    # A training run that was killed after its end has none to go on with: it would begin another.
    if arguments[0] != "train" or ask(project, RECORDED) < end or ask(project, OPEN_RUN):
        run_to_the_end(*arguments)
    return killed


def stored_rows(project: Path) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table but for times, the hashes that cover them, and its own id."""
    workspace = open_workspace(project)
    with workspace.store.read() as connection:
        tables = {
            name: [
                {k: v for k, v in row.items() if not k.endswith(("_at_utc", "hash"))}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for name, table in metadata.tables.items()
        }
    workspace.close()
    tables["meta"] = [
        row for row in tables["meta"] if row["key"] not in ("project_id", "created_at_utc")
    ]
    return tables


def files_under(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_ends_like(broken: Path, unbroken: Path) -> None:
    assert stored_rows(broken) == stored_rows(unbroken)
    for name in ("arrays", "models", "media"):
        assert files_under(broken / name) == files_under(unbroken / name)
    names = [
        set(files_under(p)) - {"store.sqlite-wal", "store.sqlite-shm"} for p in (broken, unbroken)
    ]
    assert names[0] == names[1]  # the reports too, and nothing temporary
    assert not [name for name in names[0] if name.endswith(".tmp")]
    exported = []
    for folder in (broken, unbroken):
        with annotate.open(folder) as project:
            project.export(folder.with_name(f"{folder.name}-export"), "csv")
        table = pd.read_csv(folder.with_name(f"{folder.name}-export") / "labels.csv")
        exported.append(table.drop(columns="labelled_at_utc"))
    assert len(exported[0]) > 100
    pd.testing.assert_frame_equal(exported[0], exported[1])


def assert_workers_end(killed: list[int]) -> None:
    deadline = time.monotonic() + 60
    for group in killed:
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(group, 0)
                time.sleep(0.1)
            pytest.fail(f"Workers of the killed process {group} are still there.")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("modality", "write", "options", "encoder", "student", "n_rounds"),
    [
        ("text", write_texts, ["--label-column", "label"], "hashing", "smoothed_linear", 2),
        ("image", write_images, ["--labels-from-folders"], "pixels", "linear", 1),
    ],
    ids=["texts", "images"],
)
def test_a_killed_step_run_again_ends_like_an_unbroken_one(
    tmp_path, modality, write, options, encoder, student, n_rounds
):
    source = write(tmp_path)
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    for folder in (broken, unbroken):
        annotate.create(folder, list(WORDS), modality=modality).close()
    draw = random.Random(f"kill {modality}")
    killed = []
    # Training takes longest: as many kills as rounds.
    for verb, arguments, n_kills in (
        ("add", [source, *options], 2),
        ("embed", ["--encoder", encoder], n_rounds),
        ("train", ["--rounds", n_rounds, "--teacher", "probe", "--student", student], n_rounds),
    ):
        run_to_the_end(verb, unbroken, *arguments)
        end = ask(unbroken, RECORDED)
        here = run_with_kills(broken, [verb, broken, *arguments], n_kills, end, draw)
        assert here, f"no kill landed in {verb}"
        killed += here
    assert_ends_like(broken, unbroken)
    assert_workers_end(killed)
