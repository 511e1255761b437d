"""The prompt student: vectors before the class names, learnt; the encoder stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats, Ints, PromptableEncoder, TrainingRun
from annotate.training.prompt_loss import Balance, Setting
from annotate.training.prompt_tuning import N_STEPS, PromptTuned


class Prompts:
    """CLIP with learnt text prompts; registered as ``prompts``.

    It reads features of the encoder that it prompts. Given labels and pseudo-labels have a loss
    each, of every class that has any; weights within them have no say. ``run``,
    ``prompted_encoder`` and ``class_names`` are set before ``fit``.

    Parameters
    ----------
    argument : str
        What the weights of the two losses multiply: ``total``, by default, each label, so that all
        given labels weigh as much as all pseudo-labels; ``batch_mean``, as published, the mean of
        each kind in a batch, whose gradients are huge where few of many labels are given.
    n_classes : int, optional
        As many as there are class names.
    n_steps : int
        Optimiser steps of a fit.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    References
    ----------
    Menghini et al. 2023, arXiv:2306.01669; see ``training/prompt_tuning.py``.
    """

    smoothing_k = 0

    def __init__(
        self,
        argument: str = "",
        *,
        n_classes: int | None = None,
        n_steps: int = N_STEPS,
        device: str = "auto",
    ) -> None:
        self.balance = read_balance(argument)
        self.name = f"prompts:{argument}" if argument else "prompts"
        self.run = TrainingRun()
        self.prompted_encoder: PromptableEncoder | None = None
        self.class_names: tuple[str, ...] = ()
        self.class_active: Bools = np.ones(n_classes or 0, dtype=bool)
        self.n_steps = n_steps
        self._device = device
        self._tuned: PromptTuned

    def fit(self, X: Floats, y: Ints, sample_weight: Floats | None = None) -> Self:
        """Learn prompts from labelled rows.

        Parameters
        ----------
        X : float array of shape (n_rows, dim)
            Features of ``prompted_encoder``.
        y : int array of shape (n_rows,)
            Class numbers.
        sample_weight : float array of shape (n_rows,), optional
            Not read.

        Raises
        ------
        ValueError
            If shapes do not fit, or ``prompted_encoder`` is missing.
        """
        given = np.ones(len(y), dtype=bool) if self.run.given is None else self.run.given
        self._tuned = self._make("semi" if given.any() else "unsupervised")
        self._tuned.fit(X, y, given)
        return self

    def predict_proba(self, X: Floats) -> NDArray[np.float32]:
        """Return (n_rows, n_classes) probabilities; a row of X with NaN gives a row of NaN.

        A retired class has a probability of 0.
        """
        proba = self._tuned.predict_proba(X) * self.class_active
        return proba / proba.sum(axis=1, keepdims=True)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the vectors: nothing of the encoder."""
        return self._tuned.parameters()

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of a fitted student returned."""
        self._tuned = self._make("semi")
        self._tuned.set_parameters(arrays)

    def _make(self, setting: Setting) -> PromptTuned:
        if self.prompted_encoder is None:
            raise ValueError(
                "The student prompts needs the encoder whose class names it prompts; got none."
                " Set prompted_encoder and class_names before fit."
            )
        model, tokenize = self.prompted_encoder.promptable_model()
        return PromptTuned(
            model, tokenize, self.class_names,
            kind="text", setting=setting, balance=self.balance, n_steps=self.n_steps,
            run=self.run, device=self._device,
        )  # fmt: skip


def read_balance(argument: str) -> Balance:
    """Return ``total`` or ``batch_mean``; raise ValueError for what is neither."""
    if argument in ("", "total"):
        return "total"
    if argument == "batch_mean":
        return "batch_mean"
    raise ValueError(f"options are total and batch_mean; got {argument}")
