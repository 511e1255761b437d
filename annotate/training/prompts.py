"""The prompt student: vectors before the class names, learnt; the encoder stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Bools, Floats, Ints, PromptableEncoder, Rows, TrainingRun
from annotate.training.prompt_loss import Balance, Setting
from annotate.training.prompt_tuning import N_STEPS, PromptTuned
from annotate.training.prompted_towers import Kind

UNSEEN: Setting = "unseen"


class Prompts:
    """CLIP with learnt prompts; registered as ``prompts``.

    It reads features of the encoder that it prompts, or the pictures themselves. Given labels and
    pseudo-labels have a loss each, of every class that has any; weights within them have no say.
    ``run``, ``prompted_encoder`` and ``class_names`` are set before ``fit``.

    Parameters
    ----------
    argument : str
        What is learnt: ``text``, by default, vectors before the class names; ``visual``, tokens
        among the patches of pictures; ``joint``, both. And, joined to it by ``+``, what the weights
        of the two losses multiply: ``total``, by default, each label, so that all given labels
        weigh as much as all pseudo-labels; ``batch_mean``, as published, the mean of each kind in a
        batch, whose gradients are huge where few of many labels are given. And ``unseen``, where
        only some classes have given labels: pseudo-labels teach the others alone.
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
        self.kind, self.balance, self.setting = read_choices(argument)
        self.reads_pictures = self.kind != "text"
        self.name = f"prompts:{argument}" if argument else "prompts"
        self.run = TrainingRun()
        self.prompted_encoder: PromptableEncoder | None = None
        self.class_names: tuple[str, ...] = ()
        self.class_active: Bools = np.ones(n_classes or 0, dtype=bool)
        self.n_steps = n_steps
        self._device = device
        self._tuned: PromptTuned

    def fit(self, X: Floats | Rows, y: Ints, sample_weight: Floats | None = None) -> Self:
        """Learn prompts from labelled rows.

        Parameters
        ----------
        X : float array or Rows of shape (n_rows, dim)
            Features of ``prompted_encoder``, or its normalised pixels if ``reads_pictures``.
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
        self._tuned = self._make(self.setting if given.any() else "unsupervised")
        self._tuned.fit(X, y, given)
        return self

    def predict_proba(self, X: Floats | Rows) -> NDArray[np.float32]:
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
            kind=self.kind, setting=setting, balance=self.balance, n_steps=self.n_steps,
            run=self.run, device=self._device,
        )  # fmt: skip


def read_choices(argument: str) -> tuple[Kind, Balance, Setting]:
    """Return what is learnt, how losses are balanced, and which labels teach.

    Raises
    ------
    ValueError
        If a word is none of these, or two of a kind are named.
    """
    words = [word for word in argument.split("+") if word]
    kinds = [kind for kind in get_args(Kind) if kind in words] or ["text"]
    balances = [balance for balance in get_args(Balance) if balance in words] or ["total"]
    known = {*kinds, *balances, UNSEEN}
    if len(kinds) > 1 or len(balances) > 1 or not set(words) <= known:
        raise ValueError(
            f"options are one of {', '.join(get_args(Kind))}, one of"
            f" {', '.join(get_args(Balance))}, and {UNSEEN}, joined by +; got {argument}"
        )
    return kinds[0], balances[0], UNSEEN if UNSEEN in words else "semi"
