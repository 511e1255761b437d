"""How many pictures become items in a second, beside Pillow decoding the same files."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path

import annotate
from pipelines.bench.alone import run_alone
from pipelines.bench.corpora import write_photos
from pipelines.bench.machine import count_cores
from pipelines.bench.row import Row, compare


def measure(n_photos: int = 3000, n_runs: int = 3) -> list[Row]:
    """Add a folder of JPEG files and let Pillow decode it, in turns, with one process a core."""
    ours, pillow = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_photos(folder / "photos", n_photos)
        paths = sorted(str(path) for path in (folder / "photos").iterdir())
        for run in range(n_runs):
            cost = run_alone(add_images, folder / f"p{run}", folder / "photos")
            ours.append(n_photos / cost.elapsed_s)
            pillow.append(n_photos / decode_all_s(paths, count_cores()))
    return [
        compare(
            f"add {n_photos:,} JPEG of 640 x 480",
            "images/s",
            ours,
            pillow,
            peer_name=f"Pillow's decode, {count_cores()} processes",
            at_least=0.8,
        )
    ]


def add_images(project: Path, folder: Path) -> None:
    """Make a project and add one folder to it."""
    with annotate.create(project, ["a", "b"]) as opened:
        opened.add(folder)


def decode_all_s(paths: list[str], n_processes: int) -> float:
    """Return how long processes that are already running take to decode all files."""
    with multiprocessing.get_context("spawn").Pool(n_processes) as pool:
        pool.map(decode, paths[: 2 * n_processes])
        started = time.perf_counter()
        for _ in pool.imap_unordered(decode, paths, chunksize=32):
            pass
        return time.perf_counter() - started


def decode(path: str) -> tuple[int, int]:
    """Decode one file with Pillow alone; return its size."""
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return image.size
