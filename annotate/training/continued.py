"""The student that goes on from round to round: no round begins from an untrained network again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module

from annotate.protocols import NO_LABEL, Bools, Floats, Ints, Rows
from annotate.training.conv import Conv, Supervised
from annotate.training.held_out import held_out
from annotate.training.learning_rates import ANNEALING, infinite
from annotate.training.network_student import TrainingRows
from annotate.training.notebook import LABELS, flipped_weights
from annotate.training.pixel_rows import ROWS_PER_BLOCK, read_rows
from annotate.training.soup import average_weights
from annotate.training.training_state import load_module, load_optimizer, module_arrays
from annotate.training.weights import normalize_weights

RESUME = "resume."
N_DONE = f"{RESUME}n_done"  # steps of all rounds until the state
SOUP = f"{RESUME}end_"


class Continued(Conv):
    """``conv`` on the infinite schedule; registered as ``continued``.

    A round takes up the network of the round before as it was when its rate began to fall, so that
    nothing has to be warmed up again. What predicts is the network at the end, after its rate fell:
    ``parameters`` holds both, the latter under plain names, the former under ``resume.``.

    Parameters
    ----------
    argument : str
        ``notebook``: items whose label has changed since the round before are drawn twice as
        often. ``soup``: what predicts has the mean of the weights at the end of every round so far,
        unless that is less often right than the end of this round by itself. One in five given
        labels of a class judges that and is not learnt from; which, is drawn anew when people give
        more labels, so rounds before may have learnt them. Where there are too few to leave any
        out, the mean predicts. ``unmirrored`` as for ``conv``; several are joined by ``+``.

    References
    ----------
    Singh et al. 2025, arXiv:2503.02844; see ``learning_rates.infinite``. There the stream is of
    data; here it is of rounds, whose labels change. Notebook and soup: Chen et al. 2023,
    arXiv:2305.03981; see ``notebook`` and ``soup``.
    """

    _name = "continued"
    _extras = ("notebook", "soup")
    goes_on = True
    _resume: dict[str, NDArray[Any]]
    _left_out: TrainingRows

    def step_loss(
        self, network: Module, rows: TrainingRows, step: int, device: str
    ) -> torch.Tensor:
        """Return the loss of a step; batches and views go on, too, where the round before was."""
        return super().step_loss(network, rows, self._n_before() + step, device)

    def _n_before(self) -> int:
        previous = self._previous_of(self._n_classes)
        return 0 if previous is None else int(previous[N_DONE][0])

    def rate(self, step: int) -> float:
        """Return the rate of a step as a share of the highest."""
        return infinite(step, self.n_steps, goes_on=self._previous_of(self._n_classes) is not None)

    def kept_after(self) -> int:
        """Return how many steps of a round are behind what the next one goes on from."""
        return int(np.ceil(ANNEALING * self.n_steps))

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the network that predicts, and what the next round goes on from."""
        return {**super().parameters(), **self._resume}

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned."""
        super().set_parameters(arrays)
        self._resume = {name: arrays[name] for name in arrays if name.startswith(RESUME)}

    def _begin(self, rows: TrainingRows, device: str) -> _Going:
        self._n_classes = rows.n_classes
        network = self._make_network(rows.n_classes).to(device)
        return _Going(self, rows, network, device, self._previous_of(rows.n_classes))

    def _trained(self, training: Any) -> Module:
        network = super()._trained(training)
        self._resume = {**training.resume, **self._labels}
        if "soup" in self.extras:
            self._average_if_no_worse(network)
        return network

    def _average_if_no_worse(self, network: Module) -> None:
        """Give a network the mean of the weights at the ends of all rounds, if it is no worse."""
        ended = [*self._ends_before(), module_arrays(network)]
        for number, arrays in enumerate(ended):
            self._resume |= {f"{SOUP}{number}.{name}": arrays[name] for name in arrays}
        n_right_alone = self._n_right(network)
        load_module(network, average_weights(ended))
        if self._n_right(network) < n_right_alone:
            load_module(network, ended[-1])

    def _n_right(self, network: Module) -> int:
        """Return how many of the labels left out a network predicts."""
        self._network, left_out, n_right = network, self._left_out, 0
        for start in range(0, len(left_out.y), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            proba = self.predict_proba(read_rows(left_out.X, left_out.labelled[block]))
            n_right += int((proba.argmax(axis=1) == left_out.y[block]).sum())
        return n_right

    def _training_rows(
        self, X: Floats | Rows, y: Ints, sample_weight: Floats | None
    ) -> TrainingRows:
        rows = super()._training_rows(X, y, sample_weight)
        if "soup" in self.extras:
            rows = self._leave_out(rows)
        self._labels: dict[str, NDArray[Any]] = {}
        if "notebook" not in self.extras:
            return rows
        self._labels = {LABELS: y.astype(np.int32)}
        before = np.full(len(y), NO_LABEL)
        previous = self._previous_of(rows.n_classes)
        if previous is not None and LABELS in previous:
            known = previous[LABELS]
            before[: len(known)] = known
        weights = flipped_weights(rows.weights, before[rows.labelled], rows.y)
        return replace(rows, weights=weights)

    def _leave_out(self, rows: TrainingRows) -> TrainingRows:
        """Set the labels aside that judge the soup; return the others."""
        given = self.run.given
        is_given = np.ones(len(rows.y), dtype=bool) if given is None else given[rows.labelled]
        out = held_out(rows.y, is_given, self.run.seed)
        self._left_out, rest = _labelled(rows, out), _labelled(rows, ~out)
        return replace(rest, weights=normalize_weights(rest.weights, len(rest.weights)))

    def _ends_before(self) -> list[dict[str, NDArray[Any]]]:
        """Return the network at the end of every round before, the first one's first."""
        ends: dict[int, dict[str, NDArray[Any]]] = {}
        for name, array in (self._previous_of(self._n_classes) or {}).items():
            if name.startswith(SOUP):
                number, _, own_name = name.removeprefix(SOUP).partition(".")
                ends.setdefault(int(number), {})[own_name] = array
        return [ends[number] for number in sorted(ends)]

    def _previous_of(self, n_classes: int | None) -> Mapping[str, NDArray[Any]] | None:
        """Return what the round before left; None where it left nothing, or had other classes."""
        previous = self.run.previous
        if previous is None or f"{RESUME}network.head.bias" not in previous:
            return None
        return previous if len(previous[f"{RESUME}network.head.bias"]) == n_classes else None


def _labelled(rows: TrainingRows, chosen: Bools) -> TrainingRows:
    """Return rows with some of their labels: those where ``chosen``, (n_labelled,), is True."""
    return replace(
        rows, labelled=rows.labelled[chosen], y=rows.y[chosen], weights=rows.weights[chosen]
    )


class _Going(Supervised):
    """A training that keeps its state as it is when the rate begins to fall."""

    def __init__(
        self,
        method: Continued,
        rows: TrainingRows,
        network: Module,
        device: str,
        previous: Mapping[str, NDArray[Any]] | None,
    ) -> None:
        super().__init__(method, rows, network, device)
        self._kept_after = method.kept_after()
        if previous is not None:
            load_module(network, previous, f"{RESUME}network.")
            load_optimizer(self._optimizer, previous, f"{RESUME}optimizer.")
        self._n_before = method._n_before()
        self.resume = self._state(0)

    def take_step(self, step: int) -> float:
        loss = super().take_step(step)
        if step + 1 == self._kept_after:
            self.resume = self._state(step + 1)
        return loss

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**super().arrays(), **self.resume}

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        super().load_arrays(arrays)
        self.resume = {name: arrays[name] for name in arrays if name.startswith(RESUME)}

    def _state(self, step: int) -> dict[str, NDArray[Any]]:
        state = {f"{RESUME}{name}": array for name, array in super().arrays().items()}
        return {**state, N_DONE: np.array([self._n_before + step])}
