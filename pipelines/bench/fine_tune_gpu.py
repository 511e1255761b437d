"""Fine-tuning an image tower on a GPU in bfloat16, beside the plain training step of open_clip."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from torch.utils.flop_counter import FlopCounterMode

from annotate.compute.device import autocast, choose_training_dtype
from annotate.compute.processes import ProcessGroup
from annotate.encoders.open_clip import OpenClipEncoder
from annotate.protocols import Ints
from annotate.training.tower import Tower
from annotate.training.tower_training import LabelledItems, TowerSettings, TowerTraining
from pipelines.bench import embedding
from pipelines.bench.row import Row, compare

MODEL = "ViT-B-32"
N_CLASSES = 100
SIDE_PX = 224
MATRIX_SIDE = 8192
AT_LEAST = 0.9  # of the plain step's pictures per second
AT_MOST = 1.1  # of its memory
N_STEPS_TO_THE_PEAK = 2  # the first makes the optimiser's state, the second begins with it


class OpenedPictures:
    """Noise in place of opened pictures; meets ``protocols.Items``."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (n, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
        self._pictures = [Image.fromarray(each) for each in pixels]

    def __len__(self) -> int:
        return len(self._pictures)

    def take(self, rows: Ints) -> list[object]:
        """Return pictures in the order asked for."""
        return [self._pictures[row] for row in rows]


def measure(
    batch_size: int = 256,
    n_steps: int = 20,
    n_runs: int = 3,
    config: Mapping[str, Any] | None = None,
    device: str = "cuda",
    matrix_side: int = MATRIX_SIDE,
) -> list[Row]:
    """Train on pictures that are open already and on the same as ready tensors, in turns.

    Ours includes what a step of ours does beside: to draw the items, to preprocess them and to take
    weak views. The plain step has none of it. For its memory each is on the device alone.
    """
    name = f"fine-tune on GPU, {MODEL}, bfloat16, batches of {batch_size}"
    if device == "cuda" and not torch.cuda.is_available():
        rows = (
            (name, "images/s", f"ratio ≥ {AT_LEAST}"),
            (f"{name}: memory", "GiB", f"ratio ≤ {AT_MOST}"),
        )
        return [Row(what, None, unit, budget, note="no CUDA device") for what, unit, budget in rows]
    with tempfile.TemporaryDirectory() as scratch:
        encoder = embedding.make_encoder(Path(scratch) / MODEL, MODEL, config)
    makers = {
        "ours": partial(our_step, encoder, batch_size, device),
        "plain": partial(plain_step, encoder, batch_size, device),
    }
    memory = {
        who: [peak_alone(make, device) for _ in range(n_runs)] for who, make in makers.items()
    }
    steps = {who: make() for who, make in makers.items()}
    rates: dict[str, list[float]] = {who: [] for who in steps}
    for step in steps.values():
        step()
    for _ in range(n_runs):
        for who, step in steps.items():
            rates[who].append(batch_size / time_steps(step, n_steps, device))
    rate = compare(
        name, "images/s", rates["ours"], rates["plain"],
        peer_name="plain open_clip step", at_least=AT_LEAST,
        note=share_of_matrix_rate(steps["plain"], batch_size, rates, device, matrix_side),
    )  # fmt: skip
    if device == "cpu":
        return [rate]
    return [
        rate,
        compare(
            f"{name}: memory", "GiB", memory["ours"], memory["plain"],
            peer_name="plain open_clip step", at_most=AT_MOST,
        ),
    ]  # fmt: skip


def our_step(encoder: OpenClipEncoder, batch_size: int, device: str) -> Callable[[], object]:
    """Return what takes one step of the student ``fine_tuned``."""
    network: Any = encoder.trainable_network()
    tower = Tower(network, encoder.dim, N_CLASSES).to(device)
    n = 2 * batch_size
    items = LabelledItems(
        OpenedPictures(n), np.arange(n), np.arange(n) % N_CLASSES, np.ones(n, dtype=np.float32)
    )
    nothing = items.take(np.zeros(n, dtype=bool))
    settings = TowerSettings(
        10_000, batch_size, batch_size, mirrored=True, strong=False, seed=0, device=device
    )
    training = TowerTraining(tower, items, nothing, settings, ProcessGroup())
    return lambda: training.take_step(0)


def plain_step(encoder: OpenClipEncoder, batch_size: int, device: str) -> Callable[[], object]:
    """Return the step that anybody would write with open_clip's tower."""
    network: Any = encoder.trainable_network().to(device)
    colours = network.prepare(OpenedPictures(batch_size).take(np.arange(batch_size)))
    images = (colours - network.colour_mean) / network.colour_std
    tower = network.network.train()
    head = nn.Linear(encoder.dim, N_CLASSES).to(device)
    weights = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=1e-5)
    labels = torch.arange(batch_size, device=device) % N_CLASSES

    def take_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, choose_training_dtype(device)):
            logits = head(normalize(tower(images).float(), dim=-1))
        cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return take_step


def peak_alone(make: Callable[[], Callable[[], object]], device: str) -> float:
    """Return the most memory in GiB that steps take, built for this and gone after it."""
    forget_peak(device)
    step = make()
    for _ in range(N_STEPS_TO_THE_PEAK):
        step()
    peak = read_peak(device)
    del step
    gc.collect()  # a network may hold itself in a circle
    return peak


def forget_peak(device: str) -> None:
    """Count the most memory from now on."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()


def read_peak(device: str) -> float:
    """Return the most memory of a CUDA device in GiB, 0 on a CPU."""
    return 0.0 if device == "cpu" else torch.cuda.max_memory_allocated() / 2**30


def time_steps(step: Callable[[], object], n_steps: int, device: str) -> float:
    """Return seconds a step."""
    wait_for(device)
    started = perf_counter()
    for _ in range(n_steps):
        step()
    wait_for(device)
    return (perf_counter() - started) / n_steps


def wait_for(device: str) -> None:
    """Wait until a CUDA device has done what it was told; a CPU has by now."""
    if device != "cpu":
        torch.cuda.synchronize()


def share_of_matrix_rate(
    plain: Callable[[], object],
    batch_size: int,
    rates: Mapping[str, list[float]],
    device: str,
    side: int,
) -> str:
    """Return in words how much of the device's matrix rate both reach."""
    with FlopCounterMode(display=False) as counter:
        plain()
    per_image = counter.get_total_flops() / batch_size
    card = matrix_rate(device, side)
    shares = {who: per_image * np.median(runs) / card for who, runs in rates.items()}
    return (
        f"{per_image / 1e9:.1f} GFLOP an image; ours {shares['ours']:.0%}, the plain step"
        f" {shares['plain']:.0%} of the {card / 1e12:.3g} TFLOP/s of a product of matrices"
    )


def matrix_rate(device: str, side: int, n_products: int = 20) -> float:
    """Return how many operations a second a product of square matrices reaches, in bfloat16."""
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    time_steps(lambda: a @ b, 2, device)  # the first ones choose how
    return 2 * side**3 / time_steps(lambda: a @ b, n_products, device)
