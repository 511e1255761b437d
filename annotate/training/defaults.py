"""What a training run does unless told otherwise.

Chosen together on 27 problems from class names alone and 11 from a few labels a class. Which ones,
what other settings gave, and what was not blind about it: docs/methods.md, "Defaults".
"""

from __future__ import annotations

DEFAULT_ROUNDS = 10
DEFAULT_SELECTORS = ("growing",)
DEFAULT_STUDENT = "smoothed_linear"
