"""Rows 42 and 44: workers that die or spin cost one picture each, never the run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from annotate.corpus.pool import inspect_in_order
from annotate.corpus.worker import BytesTask

STUB = """
import os
import annotate.corpus.worker as worker
whole = worker.inspect_image
def inspect_image(data, name):
    if data.startswith(b"abort"):
        os.abort()
    while data.startswith(b"spin"):
        pass
    if data.startswith(b"eat"):
        data = bytes(64 << 30)
    return whole(data, name)
worker.inspect_image = inspect_image
worker.MAX_SECONDS_PER_IMAGE = 0.3
"""


@pytest.fixture
def hostile_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make workers, and only they, crash on certain bytes."""
    (tmp_path / "sitecustomize.py").write_text(STUB)
    monkeypatch.syspath_prepend(str(tmp_path))


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.usefixtures("hostile_decoder")
@pytest.mark.parametrize("n_workers", [1, 2])
def test_row_44_a_crashing_or_spinning_decoder_costs_only_its_picture(n_workers: int) -> None:
    payloads = [picture()] * 80
    payloads[3] = payloads[50] = b"abort"
    payloads[4] = b"spin"
    pairs = [(number, BytesTask(data, None)) for number, data in enumerate(payloads)]
    verdicts = list(inspect_in_order(pairs, n_workers))
    assert [number for number, _ in verdicts] == list(range(80))
    failed = {number: v.code for number, v in verdicts if v is not None and v.code}
    assert failed == {3: "decoder_crash", 4: "timeout", 50: "decoder_crash"}


@pytest.mark.usefixtures("hostile_decoder")
def test_running_out_of_memory_is_confined_to_the_picture() -> None:
    pairs = [(0, BytesTask(b"eat", None)), (1, BytesTask(picture(), None))]
    verdicts = [verdict for _, verdict in inspect_in_order(pairs, 1)]
    assert verdicts[0] is not None and verdicts[0].code == "decoder_crash"
    assert verdicts[1] is not None and verdicts[1].code == ""


def test_contexts_without_a_task_keep_their_place() -> None:
    pairs = [(n, BytesTask(picture(), None) if n % 3 else None) for n in range(100)]
    results = list(inspect_in_order(pairs, 2))
    assert [n for n, _ in results] == list(range(100))
    assert all((verdict is None) == (n % 3 == 0) for n, verdict in results)


def test_what_is_read_ahead_is_bounded() -> None:
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield taken, BytesTask(picture(), None)

    results = inspect_in_order(endless(), 1)
    for _ in range(500):
        next(results)
    results.close()
    assert taken <= 500 + 5 * 32


def test_leaving_early_ends_the_workers() -> None:
    results = inspect_in_order(((n, BytesTask(picture(), None)) for n in range(200)), 2)
    next(results)
    workers = results.gi_frame.f_locals["pool"].workers
    processes = [worker.process for worker in workers]
    results.close()
    assert processes and all(process.poll() is not None for process in processes)
