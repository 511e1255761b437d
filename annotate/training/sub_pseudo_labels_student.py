"""The student that first learns pairs of a weak label and a trusted one, and classes afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.nn import Module

from annotate.compute.most_likely import most_likely
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL
from annotate.training.conv import Conv, Supervised
from annotate.training.learning_rates import cosine
from annotate.training.network_student import TrainingRows
from annotate.training.probed_head import begin_as_a_probe, take_over_features
from annotate.training.run_steps import Training
from annotate.training.stages import InTurn, Stage
from annotate.training.sub_pseudo_labels import VARIANTS, Variant, sub_pseudo_labels
from annotate.training.training_state import module_arrays
from annotate.training.weights import balance_classes

FIRST_STAGE, SECOND_STAGE = 0.25, 0.5  # of the steps
LAST_RATE = 0.1  # of the other stages' highest
SMALLEST = 10  # pictures of a pair that is learnt
GROUPS = "groups"


class SubPseudoLabelled(Conv):
    """A network pretrained on sub-pseudo-labels; registered as ``sub_pseudo_labels``.

    Three stages share the steps. First a network learns the given labels: the trusted teacher. Then
    another learns, of all pictures, which pair of classes the round's teacher, the weak one, and
    the trusted one give them: where the two differ says more than either. At last it learns the
    given labels in place of the pairs, at a tenth of the rate, beneath a head that begins as a
    linear probe. Pseudo-labels and selectors have no say; ``run.teacher_proba`` must be set.

    Parameters
    ----------
    argument : str
        Which pairs are learnt as one: ``full`` (the default), ``binary``, ``diagonal_plus`` or
        ``merged``, see ``sub_pseudo_labels.sub_pseudo_labels``; those of fewer than 10 pictures are
        left out. ``unmirrored`` as for ``conv``; both are joined by ``+``.

    References
    ----------
    Li et al. 2022 (SPL), arXiv:2101.03713, of which the pairs are known and the rest in outline.
    Ours: the stages in one training, and the probe (Kumar et al. 2022, arXiv:2202.10054).
    """

    _name = "sub_pseudo_labels"
    _extras = VARIANTS

    def __init__(self, argument: str = "", **settings: Any) -> None:
        super().__init__(argument, **settings)
        chosen = [variant for variant in VARIANTS if variant in self.extras] or ["full"]
        if len(chosen) > 1:
            raise ValueError(f"only one of {', '.join(VARIANTS)} may be asked for; got {argument}")
        self.variant: Variant = chosen[0]

    def _begin(self, rows: TrainingRows, device: str) -> Any:
        if self.run.teacher_proba is None:
            raise ValueError(
                "The student sub_pseudo_labels needs run.teacher_proba, what a teacher says of"
                " every row; got none. Set run before fit."
            )
        taught = self._taught_by_people(rows)
        first = max(1, round(FIRST_STAGE * self.n_steps))
        second = max(1, min(round(SECOND_STAGE * self.n_steps), self.n_steps - first - 1))
        last = self.n_steps - first - second

        def learn_labels(before: Training | None) -> Supervised:
            network = self._make_network(rows.n_classes).to(device)
            return Supervised(self._stage(first), taught, network, device)

        def learn_pairs(before: Training | None) -> OnPairs:
            stage = OnPairs(self._stage(second), self._make_network, rows, device)
            if before is not None:
                stage.begin(self._pairs(rows, taught, _network_of(before)))
            return stage

        def learn_labels_anew(before: Training | None) -> Supervised:
            network = self._make_network(rows.n_classes).to(device)
            if before is not None:
                take_over_features(network, _network_of(before))
                begin_as_a_probe(network, taught, device)
            return Supervised(self._stage(last, LAST_RATE), taught, network, device)

        return InTurn(
            [
                Stage("the trusted teacher", first, learn_labels),
                Stage("pairs", second, learn_pairs),
                Stage("labels", last, learn_labels_anew),
            ]
        )

    def _trained(self, training: Any) -> Module:
        return _network_of(training.current)

    def _taught_by_people(self, rows: TrainingRows) -> TrainingRows:
        """Return the rows whose label people gave; all classes weigh alike."""
        given = self.run.given
        is_given = np.ones(len(rows.y), dtype=bool) if given is None else given[rows.labelled]
        y = rows.y[is_given]
        if len(np.unique(y)) < 2:
            raise NotReadyError(
                "The student sub_pseudo_labels needs labels of two classes that people gave; got"
                f" {len(np.unique(y))}. Label pictures, or take another student."
            )
        weights = balance_classes(np.ones(len(y), dtype=np.float32), y)
        return replace(rows, labelled=rows.labelled[is_given], y=y, weights=weights)

    def _stage(self, n_steps: int, highest: float = 1.0) -> _Stage:
        argument = "" if self.mirrored else "unmirrored"
        stage = _Stage(argument, n_steps=n_steps, batch_size=self.batch_size, device=self._device)
        stage.run, stage.highest = self.run, highest
        return stage

    def _pairs(
        self, rows: TrainingRows, taught: TrainingRows, trusted: Module
    ) -> NDArray[np.int64]:
        """Return (n_usable,) which pair each picture has; -1 for none and for one that is rare.

        Where people gave a label, it is what the trusted teacher says.
        """
        assert self.run.teacher_proba is not None
        teacher = Conv(device=self._device)
        teacher.set_parameters(module_arrays(trusted))
        said = most_likely(teacher.predict_proba(rows.X))
        said[taught.labelled] = taught.y
        weak = most_likely(self.run.teacher_proba)
        found = sub_pseudo_labels(
            weak[rows.usable], said[rows.usable], self.variant, n_min=SMALLEST
        )
        if not found.n_groups:
            raise NotReadyError(
                f"The student sub_pseudo_labels needs {SMALLEST} pictures that have the same pair"
                " of classes; got fewer of each. Add pictures, or take another student."
            )
        return found.groups


class _Stage(Conv):
    """``conv`` with a highest rate of its own."""

    highest: float

    def rate(self, step: int) -> float:
        return self.highest * cosine(step, self.n_steps)


class OnPairs:
    """A network in training on pairs of classes; meets ``run_steps.Training``.

    How many there are is known once it is told them, by ``begin`` or by a checkpoint.
    """

    def __init__(
        self, method: Conv, make: Callable[[int], Module], rows: TrainingRows, device: str
    ) -> None:
        self._method, self._make, self._rows, self._device = method, make, rows, device
        self._groups: NDArray[np.int64]
        self._training: Supervised

    @property
    def network(self) -> Module:
        return self._training.network

    def begin(self, groups: NDArray[np.int64]) -> None:
        """Take (n_usable,) the pair of each usable row, -1 for none."""
        has_one = groups != NO_LABEL
        weights = np.ones(np.count_nonzero(has_one), dtype=np.float32)
        rows = replace(
            self._rows, labelled=self._rows.usable[has_one], y=groups[has_one], weights=weights
        )
        network = self._make(int(groups.max()) + 1).to(self._device)
        self._groups = groups
        self._training = Supervised(self._method, rows, network, self._device)

    def take_step(self, step: int) -> float:
        return self._training.take_step(step)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self._training.arrays(), GROUPS: self._groups}

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.begin(arrays[GROUPS])
        self._training.load_arrays(arrays)


def _network_of(training: Any) -> Module:
    network: Module = training.network
    return network
