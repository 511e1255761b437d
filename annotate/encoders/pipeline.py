"""Many items through an encoder: worker processes decode while the model computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.device import choose_batch_size, choose_device, choose_workers

if TYPE_CHECKING:
    from annotate.protocols import Encoder

Failures = list[tuple[int, str]]
BLOCKS_AHEAD = 2  # decoded blocks that each worker keeps ready


def iter_features(
    encoder: Encoder,
    items: Sequence[Any],
    load: Callable[[Any], Any],
    *,
    report_failure: Callable[[int, str], None],
    batch_size: int | None = None,
    workers: int | None = None,
    device: str = "auto",
) -> Iterator[NDArray[np.float32]]:
    """Yield the features of ``items`` block by block, in their order.

    Blocks are fixed by position, so the result does not depend on the number of workers, and on
    ``batch_size`` only by the rounding of the model's arithmetic.

    Parameters
    ----------
    encoder : Encoder
        Moved to ``device`` first.
    items : sequence
        What ``load`` takes, e.g. paths; picklable, since worker processes get them.
    load : function
        Returns the PIL image or text of one item; picklable, so a module's function or a partial
        of one.
    report_failure : function
        Told the position and the reason of an item that cannot be loaded. Its row is NaN.
    batch_size : int, optional
        Items in a block, by default 64 on a CPU and 256 on a GPU.
    workers : int, optional
        Processes that decode; 0 decodes in this process. By default none for texts, one beside a
        model on the CPU, and all cores but one beside a GPU.
    device : str
        ``auto``, or a device as torch names it.

    Yields
    ------
    float32 array of shape (n, dim)
        n = batch_size except in the last block.
    """
    device = choose_device(device)
    encoder.to(device)
    batch_size = batch_size or choose_batch_size(device)
    if workers is None:
        workers = 0 if encoder.modality == "text" else choose_workers(device)
    blocks = Blocks(items, load, encoder.preprocess, batch_size, encoder.modality == "image")
    for start, (batch, failures) in zip(
        range(0, len(items), batch_size), _read_ahead(blocks, workers, device), strict=True
    ):
        n = min(batch_size, len(items) - start)
        features = np.full((n, encoder.dim), np.nan, dtype=np.float32)
        failed = {position for position, _ in failures}
        loaded = [row for row in range(n) if start + row not in failed]
        if loaded:
            features[loaded] = encoder.forward(batch)
        for position, reason in failures:
            report_failure(position, reason)
        yield features


class Blocks:
    """Loads and preprocesses one block of items at a time; what a worker process holds."""

    def __init__(
        self,
        items: Sequence[Any],
        load: Callable[[Any], Any],
        preprocess: Callable[[Any], Any],
        batch_size: int,
        stack: bool,
    ) -> None:
        self._items = items
        self._load = load
        self._preprocess = preprocess
        self._batch_size = batch_size
        self._stack = stack

    def __len__(self) -> int:
        return -(-len(self._items) // self._batch_size)

    def __getitem__(self, block_no: int) -> tuple[Any, Failures]:
        start = block_no * self._batch_size
        loaded: list[Any] = []
        failures: Failures = []
        for position in range(start, min(start + self._batch_size, len(self._items))):
            # One broken file must not end a run over a million, whatever its decoder raises.
            try:
                loaded.append(self._preprocess(self._load(self._items[position])))
            except Exception as error:
                failures.append((position, f"{type(error).__name__}: {error}"))
        return self._collate(loaded), failures

    def _collate(self, loaded: list[Any]) -> Any:
        if not self._stack or not loaded:
            return loaded
        import torch

        return torch.from_numpy(np.stack(loaded))


def _read_ahead(blocks: Blocks, workers: int, device: str) -> Any:
    """Return an iterator over ``blocks`` that worker processes keep ahead of the model."""
    from torch.utils.data import DataLoader

    workers = min(workers, len(blocks))
    return DataLoader(
        blocks,  # type: ignore[arg-type]
        batch_size=None,
        num_workers=workers,
        prefetch_factor=BLOCKS_AHEAD if workers else None,
        collate_fn=_as_it_is,
        # Only pinned memory is copied to the GPU while it computes.
        pin_memory=device.startswith("cuda"),
    )


def _as_it_is(block: Any) -> Any:
    return block
