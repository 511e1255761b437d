"""Settings of a training run: what was asked for, else the project's, else the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL
from annotate.steps.corpus_view import current_features
from annotate.steps.given_labels import GivenLabels
from annotate.steps.workspace import Workspace
from annotate.training.defaults import DEFAULT_ROUNDS, DEFAULT_SELECTORS, DEFAULT_STUDENT

# A label is given where the student holds its class more likely right than wrong.
ACCEPT_LABELS = "threshold:0.5"
# Who teaches as soon as people have answered this often: docs/methods.md, "stacked".
ANSWERS_TEACHER = "stacked"
FEWEST_ANSWERS = 20


@dataclass(frozen=True)
class RunSettings:
    """What shapes every round of one run."""

    n_rounds: int
    selectors: tuple[str, ...]
    student: str
    teacher: str | None
    seed: int
    accept: str = ACCEPT_LABELS

    def as_json(self) -> dict[str, Any]:
        """Return the settings as they are recorded with each round."""
        return {**asdict(self), "selectors": list(self.selectors)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSettings:
        """Return what ``as_json`` returned as settings again."""
        return cls(**{**values, "selectors": tuple(values["selectors"])})

    def command(self) -> str:
        """Return the command that asks for a run with these settings."""
        words = ["annotate train DIR", f"--rounds {self.n_rounds}", f"--student {self.student}"]
        words += [f"--selector {name}" for name in self.selectors]
        if self.teacher is not None:
            words.append(f"--teacher {self.teacher}")
        return " ".join([*words, f"--seed {self.seed}"])


def resolve_settings(
    workspace: Workspace,
    *,
    n_rounds: int | None,
    selectors: Sequence[str] | None,
    student: str | None,
    teacher: str | None,
    seed: int | None,
) -> RunSettings:
    """Return the settings to run with."""
    defaults = workspace.config.defaults
    if n_rounds is None:
        n_rounds = DEFAULT_ROUNDS if defaults.rounds is None else defaults.rounds
    return RunSettings(
        n_rounds=n_rounds,
        selectors=tuple(selectors or default_selectors(workspace)),
        student=student or defaults.student or DEFAULT_STUDENT,
        teacher=teacher,
        seed=defaults.seed if seed is None else seed,
    )


def answers_teacher(workspace: Workspace, given: GivenLabels) -> str | None:
    """Return the teacher of a project in which people have answered, None before that.

    It weighs all that is known of the corpus by their answers, so a run begins with it anew; it
    needs features, and answers in two classes or more.
    """
    answers = given.training[(given.human.labels != NO_LABEL) & (given.training != NO_LABEL)]
    if len(answers) < FEWEST_ANSWERS or len(np.unique(answers)) < 2:
        return None
    try:
        current_features(workspace, len(given.training))
    except NotReadyError:
        return None
    return ANSWERS_TEACHER


def default_selectors(workspace: Workspace) -> tuple[str, ...]:
    """Return the selectors of ``annotate.toml``, else the default ones."""
    return workspace.config.defaults.selectors or DEFAULT_SELECTORS
