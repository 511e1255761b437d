"""The mutual student: two networks, each taught by the moving average of the other."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch.nn import Module, ModuleList, Sequential
from torch.nn.functional import cross_entropy

from annotate.compute.device import autocast, choose_training_dtype
from annotate.compute.seeding import seeded_generator
from annotate.training.attention import AddedAttention
from annotate.training.batches import weighted_batch
from annotate.training.conv import logits_of
from annotate.training.descent import make_optimizer, set_rate, step_generator
from annotate.training.distillation import soft_cross_entropy
from annotate.training.ema import average_into, warmed_decay
from annotate.training.learning_rates import cosine
from annotate.training.network_student import NetworkStudent, TrainingRows
from annotate.training.pixel_rows import take_colours
from annotate.training.small_resnet import WIDTHS, SmallResNet
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
        first ninth of the steps goes without waves. ``unmirrored`` where a mirror image may be of
        another class, as with letters; both are joined by ``+``.
    wave : bool
        False trains both without waves.
    **settings
        As of every student on pixels.

    References
    ----------
    Ge et al. 2020 (MMT), arXiv:2001.01526; Wang et al. 2020 (AWB), arXiv:2006.06525, of whose two
    kinds of attention ``attentive`` is Pre-A. Differs: without what re-identification of persons
    needs, clusters as labels and triplet losses; the teachers keep 0.99 of themselves, not 0.999,
    as trainings are short; the descent is that of the other students; all weights learn in the
    steps without waves, where the published code trains the attention of a pretrained network
    alone, as these networks begin untrained.
    """

    _name = "mutual"
    _extras = ("attentive",)

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

    def _begin(self, rows: TrainingRows, device: str) -> _Peers:
        return _Peers(self, rows, device)

    def _trained(self, training: Any) -> Module:
        return ModuleList(training.teachers)

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
    """Two networks in training and their teachers; meets ``run_steps.Training``."""

    def __init__(self, method: Mutual, rows: TrainingRows, device: str) -> None:
        self._method, self._rows, self._device = method, rows, device
        self.students = [network.to(device) for network in method.make_pair(rows.n_classes)]
        # Of the same seed, so each begins as its student.
        self.teachers = [
            network.to(device).requires_grad_(False).eval()
            for network in method.make_pair(rows.n_classes)
        ]
        self.optimizers = [make_optimizer(student) for student in self.students]

    def take_step(self, step: int) -> float:
        loss = self.loss_of(step)
        for optimizer in self.optimizers:
            set_rate(optimizer, cosine(step, self._method.n_steps))
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        for teacher, student in zip(self.teachers, self.students, strict=True):
            average_into(teacher, student, warmed_decay(step, DECAY))
        return float(loss.detach())

    def loss_of(self, step: int) -> torch.Tensor:
        """Return the loss of a step, of which gradients are taken."""
        generator = step_generator(self._method.run.seed, step)
        views, labels = self._draw(step, generator)
        answers = [self._answer(*pair) for pair in zip(self.teachers, views, strict=True)]
        for student in self.students:
            draw_waves_from(student, generator if self._method.has_waves(step) else None)
        logits = [
            logits_of(student, view, self._device)
            for student, view in zip(self.students, views, strict=True)
        ]
        return mutual_loss(logits, answers, labels)

    def _draw(
        self, step: int, generator: torch.Generator
    ) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return a view for each network of the pictures of a step, and their labels."""
        rows, method = self._rows, self._method
        drawn = weighted_batch(rows.weights, method.batch_size, method.run.seed, step)
        colours = take_colours(rows.X, rows.labelled[drawn], self._device)
        views = [Views(method.mirrored).weak(colours, generator) for _ in self.students]
        return views, torch.as_tensor(rows.y[drawn], dtype=torch.long, device=self._device)

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
