"""Mutual teaching on clusters, between two stages that learn labels.

References
----------
Ge et al. 2020 (MMT), arXiv:2001.01526, and Wang et al. 2020 (AWB), arXiv:2006.06525. As in their
published code: k-means of the mean of both teachers' features, centroids as heads, optimisers anew
in each epoch. Differs: how many clusters, see ``clusters.choose_n_clusters``; heads have a bias,
which begins at 0; no triplet losses. The first stage stands for the papers' training on another
domain, which has labels; the last is ours: classes have names, persons whom one only tells apart
have none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module

from annotate.compute.seeding import seeded_generator
from annotate.protocols import Floats, Ints
from annotate.training.clusters import (
    choose_n_clusters,
    find_clusters,
    mean_directions,
    unit_centroids,
)
from annotate.training.network_student import TrainingRows
from annotate.training.probed_head import begin_as_a_probe, features_of, take_over_features
from annotate.training.run_steps import Training
from annotate.training.stages import InTurn, Stage

ON_CLUSTERS, LAST_STAGE = 1 / 2, 1 / 6  # of the steps; the first stage has the other third
N_EPOCHS = 10
LAST_RATE = 0.1  # of the other stages' highest
CLUSTERS = "clusters"


@dataclass(frozen=True)
class Course:
    """The steps of a training, or of one of its stages.

    Attributes
    ----------
    n_steps : int
        Along which the rate falls.
    first_step : int
        How many steps the stages before had. Views, waves and the teachers' decay go on from there.
    highest : float
        Rate, as a share of the usual one.
    shuffled : bool
        Whether each pass takes every row once; otherwise rows are drawn by weight.
    """

    n_steps: int
    first_step: int = 0
    highest: float = 1.0
    shuffled: bool = False


class Peers(Training, Protocol):
    """Two networks and their teachers in training.

    Attributes
    ----------
    rows : TrainingRows
        Whose ``labelled``, ``y`` and ``weights`` the next step learns.
    """

    rows: TrainingRows

    @property
    def teachers(self) -> Sequence[Module]:
        """Return the first network's and the second's."""
        ...

    @property
    def networks(self) -> Sequence[Module]:
        """Return both networks and then their teachers."""
        ...

    def begin_descent(self) -> None:
        """Forget what the optimisers remember."""
        ...


MakePeers = Callable[[TrainingRows, Course], Peers]


def in_three_stages(
    make: MakePeers, rows: TrainingRows, n_steps: int, seed: int, device: str
) -> InTurn:
    """Return the training of peers that learn labels, then clusters, then labels again.

    Each stage begins with the features of the one before. Heads are made anew: in the last stage
    each is a linear probe of its network, and the rate is a tenth.
    """
    last = max(1, round(LAST_STAGE * n_steps))
    second = min(round(ON_CLUSTERS * n_steps), n_steps - last)
    first = n_steps - last - second

    def learn_labels(before: Training | None) -> Peers:
        return make(rows, Course(first))

    def learn_clusters(before: Any) -> OnClusters:
        course = Course(second, first_step=first, shuffled=True)
        stage = OnClusters(make, rows, course, seed, device)
        if before is not None:
            take_over_all(stage.networks, before.networks)
        return stage

    def learn_labels_anew(before: Any) -> Peers:
        peers = make(rows, Course(last, first_step=first + second, highest=LAST_RATE))
        if before is not None:
            take_over_all(peers.networks, before.networks)
            for network in peers.networks:
                begin_as_a_probe(network, rows, device)
        return peers

    stages = [
        Stage("labels", first, learn_labels),
        Stage("clusters", second, learn_clusters),
        Stage("labels anew", last, learn_labels_anew),
    ]
    # Of one or two steps nothing is left for the first stages.
    return InTurn([stage for stage in stages if stage.n_steps])


class OnClusters:
    """Peers in training on clusters; meets ``run_steps.Training``.

    Ten epochs share the steps. At the beginning of each one k-means groups all usable pictures by
    what both teachers see in them, the heads of all four networks become the clusters' centroids,
    and the descent begins anew. Then the cluster of a picture is its label.

    Parameters
    ----------
    make : function
        Of the rows that peers learn and the course of the stage; it returns them untrained.
    rows : TrainingRows
        Of which labels and weights have no say.
    course : Course
    seed : int
        Of k-means.
    device : str
    """

    def __init__(
        self, make: MakePeers, rows: TrainingRows, course: Course, seed: int, device: str
    ) -> None:
        self._seed, self._device = seed, device
        self._n_clusters = choose_n_clusters(len(rows.usable), rows.n_classes)
        self._epoch_steps = math.ceil(course.n_steps / N_EPOCHS)
        no_labels_yet = np.zeros(len(rows.usable), dtype=np.int64)
        alike = np.ones(len(rows.usable), dtype=np.float32)
        clustered = replace(
            rows,
            labelled=rows.usable, y=no_labels_yet, weights=alike, n_classes=self._n_clusters,
        )  # fmt: skip
        self._peers = make(clustered, course)

    @property
    def networks(self) -> Sequence[Module]:
        return self._peers.networks

    def take_step(self, step: int) -> float:
        if step % self._epoch_steps == 0:
            self._begin_epoch(step)
        return self._peers.take_step(step)

    def _begin_epoch(self, step: int) -> None:
        features = mean_directions(
            *(self._features_of(teacher) for teacher in self._peers.teachers)
        )
        drawn = seeded_generator(self._seed, CLUSTERS, step).integers(2**31)
        clusters = find_clusters(features, self._n_clusters, int(drawn))
        self._learn(clusters)
        set_heads(self.networks, unit_centroids(features, clusters, self._n_clusters))
        # A cluster has another number in each epoch: where old heads drove the weights is void.
        self._peers.begin_descent()

    def _features_of(self, teacher: Module) -> NDArray[np.float32]:
        rows = self._peers.rows
        return features_of(teacher, rows.X, rows.usable, self._device)

    def _learn(self, clusters: Ints) -> None:
        self._peers.rows = replace(self._peers.rows, y=clusters)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self._peers.arrays(), CLUSTERS: self._peers.rows.y}

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._learn(arrays[CLUSTERS])
        self._peers.load_arrays(arrays)


def set_heads(networks: Iterable[Any], weight: Floats) -> None:
    """Give every network's head the same weights, and biases of 0."""
    with torch.no_grad():
        for network in networks:
            network.head.weight.copy_(torch.as_tensor(weight))
            network.head.bias.zero_()


def take_over_all(networks: Iterable[Module], others: Iterable[Module]) -> None:
    """Give every network the features of its counterpart, not the head."""
    for network, other in zip(networks, others, strict=True):
        take_over_features(network, other)
