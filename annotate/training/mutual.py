"""The mutual student: two networks, each taught by the moving average of the other."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module, ModuleList, Sequential
from torch.nn.functional import cross_entropy

from annotate.compute.device import autocast, choose_training_dtype
from annotate.compute.seeding import seeded_generator
from annotate.training.attention import AddedAttention
from annotate.training.batches import shuffled_batch, weighted_batch
from annotate.training.conv import logits_of
from annotate.training.descent import make_optimizer, set_rate, step_generator
from annotate.training.distillation import soft_cross_entropy
from annotate.training.ema import average_into, warmed_decay
from annotate.training.learning_rates import cosine
from annotate.training.mutual_clusters import Course, in_three_stages
from annotate.training.network_student import NetworkStudent, TrainingRows
from annotate.training.pixel_rows import take_colours
from annotate.training.small_resnet import WIDTHS, SmallResNet
from annotate.training.stages import InTurn
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)
from annotate.training.views import Views
from annotate.training.wave_block import WaveBlock, draw_waves_from

DECAY = 0.99
TAUGHT = 0.5  # share of the loss that comes from the other's teacher
SMOOTHING = 0.1  # of the labels
WITHOUT_WAVES = 1 / 9  # of the steps of attentive networks: 10 of 90 epochs in the paper
SECOND = "second."


class Mutual(NetworkStudent):
    """Two networks that teach each other; registered as ``mutual``.

    They begin with different weights and see different weak views of the same pictures, drawn by
    weight. Each learns the labels, and what the other's momentum teacher says of the other's view;
    WaveBlocks, which are silent in teachers, keep them apart. What predicts is the mean of both
    teachers' probabilities. A step costs two forward-backward passes.

    Parameters
    ----------
    argument : str
        ``attentive``: attention (CBAM) stands before each WaveBlock, in the teachers too, and the
        first ninth of the steps goes without waves. ``clusters``: after a third of the steps half
        of them learn, of all pictures, which are alike (``mutual_clusters.OnClusters``); the last
        learn labels again, at a tenth of the rate, beneath heads that begin as linear probes.
        ``unmirrored`` where a mirror image may be of another class, as with letters; all are joined
        by ``+``.
    wave : bool
        False trains both without waves.
    **settings
        As of every student on pixels.

    References
    ----------
    Ge et al. 2020 (MMT), arXiv:2001.01526; Wang et al. 2020 (AWB), arXiv:2006.06525, of whose two
    kinds of attention ``attentive`` is Pre-A. Differs: the labels of the round, where the papers
    have clusters; no triplet losses, which re-identification of persons needs; the teachers keep
    0.99 of themselves, not 0.999, as trainings are short; the descent is that of the other
    students; all weights learn in the steps without waves, where the published code trains the
    attention of a pretrained network alone, as these networks begin untrained. With ``clusters``
    the first stage stands for the papers' training on another domain, which has labels; clusters
    are of k-means, as in AWB's code, not of DBSCAN; the last stage is ours, as classes have names
    where persons have none, and so is the probe (Kumar et al. 2022, arXiv:2202.10054).
    """

    _name = "mutual"
    _extras = ("attentive", "clusters")

    def __init__(
        self,
        argument: str = "",
        *,
        wave: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(argument, **settings)
        self.wave = wave
        self._network: ModuleList

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return weights and running statistics of both teachers by name."""
        # The first one's go by the names of a single network: its head tells how many classes.
        first, second = self._network
        return module_arrays(first) | module_arrays(second, SECOND)

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned."""
        n_classes = len(arrays["head.bias"])
        self._network = ModuleList(self.make_pair(n_classes))
        first, second = self._network
        load_module(first, arrays)
        load_module(second, arrays, SECOND)

    def make_pair(self, n_classes: int) -> list[WavedResNet]:
        """Return two untrained networks that differ, the same two for the same seed."""
        kind = AttentiveResNet if "attentive" in self.extras else WavedResNet
        pair = []
        for number in range(2):
            random = seeded_generator(self.run.seed, "network", number)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(random.integers(2**62)))
                pair.append(kind(n_classes))
        return pair

    def has_waves(self, step: int) -> bool:
        """Return whether WaveBlocks have a say in a step, counted from 0."""
        n_without = round(WITHOUT_WAVES * self.n_steps) if "attentive" in self.extras else 0
        return self.wave and step >= n_without

    def _begin(self, rows: TrainingRows, device: str) -> Any:
        def make(rows: TrainingRows, course: Course) -> _Peers:
            return _Peers(self, rows, device, course)

        if "clusters" in self.extras:
            return in_three_stages(make, rows, self.n_steps, self.run.seed, device)
        return make(rows, Course(self.n_steps))

    def _trained(self, training: Any) -> Module:
        peers: Any = training.current if isinstance(training, InTurn) else training
        return ModuleList(peers.teachers)

    def _describe(self) -> str:
        return f"{self.name} {self.wave}"

    def _class_logits(self, network: Any, colours: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the mean of both teachers' probabilities."""
        each = torch.stack([teacher(colours).float().log_softmax(dim=1) for teacher in network])
        return each.logsumexp(dim=0) - math.log(len(network))


class WavedResNet(SmallResNet):
    """A small residual network with a WaveBlock after its second and after its third block.

    Its weights have the names and, for the same seed, the values of those without. The paper's
    networks have a fourth stage after these.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__(n_classes)
        first, second, third = self.blocks
        named = {"0": first, "1": second, "wave_1": WaveBlock(), "2": third, "wave_2": WaveBlock()}
        self.blocks = Sequential(OrderedDict(named))


class AttentiveResNet(WavedResNet):
    """The same with attention before each WaveBlock; other weights begin as without it."""

    def __init__(self, n_classes: int) -> None:
        super().__init__(n_classes)
        first, second, wave_1, third, wave_2 = self.blocks
        named = {
            "0": first, "1": second, "attention_1": AddedAttention(WIDTHS[1]), "wave_1": wave_1,
            "2": third, "attention_2": AddedAttention(WIDTHS[2]), "wave_2": wave_2,
        }  # fmt: skip
        self.blocks = Sequential(OrderedDict(named))


def mutual_loss(
    logits: Sequence[torch.Tensor], answers: Sequence[torch.Tensor], labels: torch.Tensor
) -> torch.Tensor:
    """Return ``(1-a)(CE_1 + CE_2) + a (SCE(p_1, answer_2) + SCE(p_2, answer_1))`` with a = 0.5.

    Parameters
    ----------
    logits : two float tensors of shape (n, n_classes)
        Of the first and of the second network.
    answers : two float tensors of shape (n, n_classes)
        Probabilities, of the first network's teacher and of the second's; they get no gradient.
    labels : int tensor of shape (n,)
        Smoothed by 0.1 in CE.
    """
    (first, second), (answer_1, answer_2) = logits, answers
    named = sum(cross_entropy(each, labels, label_smoothing=SMOOTHING) for each in logits)
    taught = soft_cross_entropy(first, answer_2.detach()) + soft_cross_entropy(
        second, answer_1.detach()
    )
    return (1 - TAUGHT) * named + TAUGHT * taught


class _Peers:
    """Two networks in training and their teachers; meets ``mutual_clusters.Peers``."""

    def __init__(self, method: Mutual, rows: TrainingRows, device: str, course: Course) -> None:
        self.rows = rows
        self._method, self._device, self._course = method, device, course
        self.students = [network.to(device) for network in method.make_pair(rows.n_classes)]
        # Of the same seed, so each begins as its student.
        self.teachers = [
            network.to(device).requires_grad_(False).eval()
            for network in method.make_pair(rows.n_classes)
        ]
        self.begin_descent()

    @property
    def networks(self) -> list[WavedResNet]:
        return [*self.students, *self.teachers]

    def begin_descent(self) -> None:
        self.optimizers = [make_optimizer(student) for student in self.students]

    def take_step(self, step: int) -> float:
        loss = self.loss_of(step)
        course = self._course
        for optimizer in self.optimizers:
            set_rate(optimizer, course.highest * cosine(step, course.n_steps))
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        for teacher, student in zip(self.teachers, self.students, strict=True):
            average_into(teacher, student, warmed_decay(course.first_step + step, DECAY))
        return float(loss.detach())

    def loss_of(self, step: int) -> torch.Tensor:
        """Return the loss of a step, of which gradients are taken."""
        number = self._course.first_step + step
        generator = step_generator(self._method.run.seed, number)
        views, labels = self._draw(number, generator)
        answers = [self._answer(*pair) for pair in zip(self.teachers, views, strict=True)]
        for student in self.students:
            draw_waves_from(student, generator if self._method.has_waves(number) else None)
        logits = [
            logits_of(student, view, self._device)
            for student, view in zip(self.students, views, strict=True)
        ]
        return mutual_loss(logits, answers, labels)

    def _draw(
        self, number: int, generator: torch.Generator
    ) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return a view for each network of the pictures of a step, and their labels."""
        rows, method = self.rows, self._method
        drawn = self._positions(number)
        colours = take_colours(rows.X, rows.labelled[drawn], self._device)
        views = [Views(method.mirrored).weak(colours, generator) for _ in self.students]
        return views, torch.as_tensor(rows.y[drawn], dtype=torch.long, device=self._device)

    def _positions(self, number: int) -> NDArray[np.intp]:
        weights, size, seed = self.rows.weights, self._method.batch_size, self._method.run.seed
        if self._course.shuffled:
            return shuffled_batch(len(weights), size, seed, number)
        return weighted_batch(weights, size, seed, number)

    @torch.no_grad()
    def _answer(self, teacher: Module, view: torch.Tensor) -> torch.Tensor:
        with autocast(self._device, choose_training_dtype(self._device)):
            logits: torch.Tensor = teacher(view)
        return logits.float().softmax(dim=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        for number in range(2):
            arrays |= module_arrays(self.students[number], f"student_{number}.")
            arrays |= module_arrays(self.teachers[number], f"teacher_{number}.")
            arrays |= optimizer_arrays(self.optimizers[number], f"optimizer_{number}.")
        return arrays

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        for number in range(2):
            load_module(self.students[number], arrays, f"student_{number}.")
            load_module(self.teachers[number], arrays, f"teacher_{number}.")
            load_optimizer(self.optimizers[number], arrays, f"optimizer_{number}.")
