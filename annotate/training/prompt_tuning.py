"""Prompt tuning of CLIP on given labels and pseudo-labels, each with its own weight."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from annotate.checks import check_labels
from annotate.compute.device import autocast, choose_batch_size, choose_device, choose_dtype
from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Bools, Floats, Ints, Rows, TrainingRun
from annotate.training.batches import shuffled_batch
from annotate.training.learning_rates import warmed_cosine
from annotate.training.pixel_rows import read_rows, rows_sha256
from annotate.training.prompt_loss import Balance, Setting, balanced_loss, loss_weights
from annotate.training.prompted_towers import TOWERS, Kind, PromptedTowers
from annotate.training.prompts_text import Tokenize
from annotate.training.run_steps import run_steps
from annotate.training.training_state import (
    load_module,
    load_optimizer,
    module_arrays,
    optimizer_arrays,
)

N_STEPS = 2000
BATCH_SIZE = 16
RATES: Mapping[Kind, float] = {"text": 0.1, "visual": 0.1, "joint": 0.01}
MOMENTUM = 0.9
WEIGHT_DECAY = 0.1
WARM_UP = 0.05  # of the steps
VALUES_HASHED = 64
ROWS_AT_ONCE = 64


class PromptTuned:
    """CLIP with learnt prompts: every weight of the model itself stays as it is.

    Parameters
    ----------
    model : open_clip model
        In float32. It is moved to the device, put into evaluation mode, and its weights take no
        gradients from then on.
    tokenize : function
        The model's tokenizer.
    class_names : sequence of str
        In the order of the class numbers.
    kind : {"text", "visual", "joint"}
        What is learnt: vectors before the class names, tokens among the patches beside class names
        in "a photo of a {}.", or both together.
    setting : {"semi", "unseen", "unsupervised"}
        Which labels teach, and how they weigh: see ``loss_weights``. ``unseen`` passes over
        pseudo-labels of classes that have given labels, ``unsupervised`` over given labels.
    balance : {"batch_mean", "total"}
        What the weights multiply: see ``balanced_loss``.
    n_steps : int
        Optimiser steps of a fit.
    batch_size : int
        Rows in a step.
    run : TrainingRun, optional
        Seed, checkpoints and progress.
    device : str
        ``auto`` is CUDA where there is one, else the CPU.

    References
    ----------
    Menghini et al. 2023 (FPL, IFPL, GRIP), arXiv:2306.01669; which pseudo-labels there are is a
    selector's part. Differs: a number of steps, of which 5 % warm up, instead of 150 epochs with 5;
    no labels are kept back for a validation that decides nothing; the ratio of the weights is
    formed alike in every round, where the published code turns it over after the first; where
    there is one kind of label alone, it has weight 1.
    """

    def __init__(
        self,
        model: Any,
        tokenize: Tokenize,
        class_names: Sequence[str],
        *,
        kind: Kind = "text",
        setting: Setting = "semi",
        balance: Balance = "batch_mean",
        n_steps: int = N_STEPS,
        batch_size: int = BATCH_SIZE,
        run: TrainingRun | None = None,
        device: str = "auto",
    ) -> None:
        check_choice("kind", kind, get_args(Kind))
        check_choice("setting", setting, get_args(Setting))
        check_choice("balance", balance, get_args(Balance))
        self.kind, self.setting, self.balance = kind, setting, balance
        self.class_names = tuple(class_names)
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.run = run or TrainingRun()
        self._device = choose_device(device)
        self._model = model.to(self._device).eval().requires_grad_(False)
        self._tokenize = tokenize
        self._towers: PromptedTowers

    def fit(self, X: Floats | Rows, y: Ints, given: Bools) -> Self:
        """Learn prompts anew; a killed fit with checkpoints goes on at its last one.

        Parameters
        ----------
        X : float array or Rows of shape (n_rows, dim) or (n_rows, 3 * height * width)
            Image features of this model for ``text``; else pixels, normalised as the model wants
            them, of three planes one after another. A row of NaN teaches nothing.
        y : int array of shape (n_rows,)
            Class numbers; -1 for a row without a label.
        given : bool array of shape (n_rows,)
            Whose label people or gold gave; of the others it is a pseudo-label.

        Raises
        ------
        ValueError
            If shapes do not fit, a label is no class, or none is left to learn from.
        """
        towers = self._make_towers()
        check_inputs(X, towers.input_shape)
        check_labels(y, X.shape[0], len(self.class_names))
        rows = training_rows(X, y, given, self.setting)
        run_steps(_Tuning(self, towers, rows), self.n_steps, self.run, self._key(rows))
        self._towers = towers
        return self

    def predict_proba(self, X: Floats | Rows) -> NDArray[np.float32]:
        """Return (n_rows, n_classes) probabilities; a row of X with NaN gives a row of NaN."""
        check_inputs(X, self._towers.input_shape)
        n_rows = X.shape[0]
        proba = np.empty((n_rows, len(self.class_names)), dtype=np.float32)
        size = choose_batch_size(self._device)
        with torch.inference_mode():
            classes = self._towers.classes()
            for start in range(0, n_rows, size):
                block = np.arange(start, min(start + size, n_rows))
                logits = self._logits(self._towers, read_rows(X, block), classes)
                proba[block] = logits.softmax(dim=1).cpu().numpy()
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, by name: prompts alone, nothing of the model."""
        return module_arrays(self._towers.prompts)

    def set_parameters(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``parameters`` of one with the same model and classes returned."""
        self._towers = self._make_towers()
        load_module(self._towers.prompts, arrays)

    def _make_towers(self) -> PromptedTowers:
        """Return towers with first prompts, the same for the same seed."""
        number = int(seeded_generator(self.run.seed, "prompts").integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            return TOWERS[self.kind](self._model, self._tokenize, self.class_names)

    def _logits(self, towers: PromptedTowers, X: Floats, classes: torch.Tensor) -> torch.Tensor:
        """Return (n, n_classes): cosines by the model's scale."""
        values = np.asarray(X, dtype=np.float32).reshape(len(X), *towers.input_shape)
        inputs = torch.as_tensor(values, device=self._device)
        with autocast(self._device, choose_dtype(self._device)):
            images = towers.images(inputs)
        scale = self._model.logit_scale.exp()
        logits: torch.Tensor = scale * images.float() @ classes.T
        return logits

    def _key(self, rows: LabelledRows) -> str:
        settings = (self.kind, self.setting, self.balance, self.n_steps, self.batch_size)
        digest = hashlib.sha256(f"{settings} {self.run.seed} {self.class_names}".encode())
        digest.update(model_sha256(self._model).encode())
        digest.update(rows_sha256(rows.X).encode())
        for array in (rows.rows, rows.y, rows.is_given):
            digest.update(array.astype(np.int64).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class LabelledRows:
    """What prompts learn from.

    Attributes
    ----------
    X : float array or Rows of shape (n_rows, ...)
    rows : int array of shape (n_labelled,)
        Those that teach.
    y : int array of shape (n_labelled,)
    is_given : bool array of shape (n_labelled,)
    """

    X: Floats | Rows
    rows: Ints
    y: Ints
    is_given: Bools


class _Tuning:
    """Prompts in training; meets ``run_steps.Training``."""

    def __init__(self, method: PromptTuned, towers: PromptedTowers, rows: LabelledRows) -> None:
        self._method, self._towers, self._rows = method, towers, rows
        self._weights = loss_weights(
            method.setting,
            int(rows.is_given.sum()),
            int((~rows.is_given).sum()),
            square_root=method.kind == "joint",
        )
        self._optimizer = SGD(
            towers.prompts.parameters(),
            lr=RATES[method.kind],
            momentum=MOMENTUM,
            weight_decay=WEIGHT_DECAY,
        )

    def take_step(self, step: int) -> float:
        n_steps = self._method.n_steps
        share = warmed_cosine(step, n_steps, round(WARM_UP * n_steps))
        for group in self._optimizer.param_groups:
            group["lr"] = RATES[self._method.kind] * share
        loss = self._loss(step)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss.detach())

    def _loss(self, step: int) -> torch.Tensor:
        method, rows = self._method, self._rows
        drawn = shuffled_batch(len(rows.rows), method.batch_size, method.run.seed, step)
        inputs = read_rows(rows.X, rows.rows[drawn])
        logits = method._logits(self._towers, inputs, self._towers.classes())
        targets = torch.as_tensor(rows.y[drawn], dtype=torch.long, device=logits.device)
        losses = cross_entropy(logits, targets, reduction="none")
        is_given = torch.as_tensor(rows.is_given[drawn], device=logits.device)
        return balanced_loss(losses, is_given, self._weights, method.balance)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return module_arrays(self._towers.prompts, "prompts.") | optimizer_arrays(
            self._optimizer, "optimizer."
        )

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        load_module(self._towers.prompts, arrays, "prompts.")
        load_optimizer(self._optimizer, arrays, "optimizer.")


def training_rows(X: Floats | Rows, y: Ints, given: Bools, setting: Setting) -> LabelledRows:
    """Return the rows of whose labels a setting learns.

    Raises
    ------
    ValueError
        If ``given`` has another shape than ``y``, or no row is left.
    """
    if given.shape != y.shape:
        raise ValueError(f"given must be {y.shape}, one entry a row of X; got {given.shape}.")
    teaches = y != NO_LABEL
    teaches[teaches] = is_there(X, np.flatnonzero(teaches))
    if setting == "unseen":
        teaches &= given | ~np.isin(y, y[teaches & given])
    if setting == "unsupervised":
        teaches &= ~given
    rows = np.flatnonzero(teaches)
    if len(rows) == 0:
        raise ValueError(
            f"y must hold a label that the setting {setting} learns from;"
            f" got {np.count_nonzero(y != NO_LABEL)} labels, none of them such. Give labels, or"
            " select pseudo-labels first."
        )
    return LabelledRows(X, rows, y[rows], given[rows])


def model_sha256(model: nn.Module) -> str:
    """Return a hash of a few values of every weight: enough to tell models apart."""
    digest = hashlib.sha256()
    for name, weight in model.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.flatten()[:VALUES_HASHED].float().cpu().numpy().tobytes())
    return digest.hexdigest()


def is_there(X: Floats | Rows, rows: Ints) -> NDArray[np.bool_]:
    """Return whether each of some rows holds numbers and not NaN, reading few at a time."""
    there = np.empty(len(rows), dtype=bool)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = read_rows(X, rows[start : start + ROWS_AT_ONCE])
        there[start : start + len(block)] = ~np.isnan(block.reshape(len(block), -1)[:, 0])
    return there


def check_inputs(X: Floats | Rows, input_shape: tuple[int, ...]) -> None:
    """Raise ValueError unless each row of ``X`` has as many numbers."""
    wanted = math.prod(input_shape)
    if math.prod(X.shape[1:]) != wanted or len(X.shape) < 2:
        raise ValueError(
            f"X must be (n_rows, {wanted}); got shape {tuple(X.shape)}. Text prompts take this"
            " model's image features, visual and joint prompts its normalised pixels."
        )


def check_choice(what: str, chosen: str, known: Sequence[str]) -> None:
    """Raise ValueError unless a setting is one of those known."""
    if chosen not in known:
        raise ValueError(f"{what} must be {', '.join(known[:-1])} or {known[-1]}; got {chosen!r}.")
