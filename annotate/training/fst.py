"""Momentum students whose teacher looks ahead: FST, FST-D and FST-W."""

from __future__ import annotations

from typing import Any

import torch

from annotate.training.ema import warmed_decay
from annotate.training.look_ahead import look_ahead_step, wide_look_ahead_step
from annotate.training.momentum import Momentum

DEPTH = 3
WIDTH = 3


class Fst(Momentum):
    """A teacher one virtual step ahead; registered as ``fst``.

    A step costs two forward-backward passes: compare it with ``momentum`` of twice as many steps.
    The arguments are those of ``momentum``. Source and differences: ``training/look_ahead.py``.
    """

    _name = "fst"
    depth = 1

    def _advance(self, training: Any, step: int) -> torch.Tensor:
        return look_ahead_step(
            training.student, training.teacher, training.optimizer,
            training.draw(step), training.loss_of, warmed_decay(step, self.decay),
            depth=self.depth,
        )  # fmt: skip


class FstDeep(Fst):
    """A teacher three virtual steps ahead; registered as ``fst_d``. Four passes a step."""

    _name = "fst_d"
    depth = DEPTH


class FstWide(Momentum):
    """A teacher that follows the mean of three virtual students; registered as ``fst_w``.

    Each takes one step on a batch of its own. Four passes a step.
    """

    _name = "fst_w"

    def _advance(self, training: Any, step: int) -> torch.Tensor:
        batches = [training.draw(step * WIDTH + number) for number in range(WIDTH)]
        return wide_look_ahead_step(
            training.student, training.teacher, training.optimizer,
            batches, training.loss_of, warmed_decay(step, self.decay),
        )  # fmt: skip
