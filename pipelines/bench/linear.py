"""The linear student beside scikit-learn's LogisticRegression with the same objective."""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from annotate.protocols import Floats, Ints
from pipelines.bench.row import Row, spread

MIN_SPEED_UP = 5
MAX_LOSS_GAP = 0.01


def measure(
    n_rows: int = 100_000, dim: int = 512, n_classes: int = 10, n_runs: int = 3
) -> list[Row]:
    """Fit both, in turns, on features like an encoder's and on ones that vary alike everywhere."""
    shape = f"{n_rows:,} x {dim}, {n_classes} classes"
    return [
        _measure(f"linear student, {shape}, encoder-like", n_rows, dim, n_classes, 0.75, n_runs),
        _measure(f"linear student, {shape}, white noise", n_rows, dim, n_classes, 0.0, n_runs),
    ]


def draw_features(n_rows: int, dim: int, n_classes: int, decay: float) -> tuple[Floats, Ints]:
    """Return vectors of length 1 and their classes.

    ``decay`` is the power by which the standard deviation falls from one principal direction to
    the next; encoders' features have 0.5 to 1. With 0 the problem is as well-conditioned as any.
    """
    rng = np.random.default_rng(0)
    scales = np.arange(1, dim + 1, dtype=np.float32) ** -decay
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    centres = rng.standard_normal((n_classes, dim), dtype=np.float32) * 0.4
    classes = rng.integers(n_classes, size=n_rows)
    noise = rng.standard_normal((n_rows, dim), dtype=np.float32)
    features = ((centres[classes] + noise) * scales) @ turn
    return features / np.linalg.norm(features, axis=1, keepdims=True), classes


def _measure(name: str, n_rows: int, dim: int, n_classes: int, decay: float, n_runs: int) -> Row:
    from sklearn.linear_model import LogisticRegression

    from annotate.training.linear import DEFAULT_C, Linear, total_variance

    features, classes = draw_features(n_rows, dim, n_classes, decay)
    C = DEFAULT_C / total_variance(features)  # what Linear divides by inside
    Linear().fit(features[:1000], classes[:1000])  # imports and threads started
    ours_s, theirs_s = [], []
    for _ in range(n_runs):
        student = Linear()
        ours_s.append(_elapsed_s(lambda student=student: student.fit(features, classes)))
        peer = LogisticRegression(C=C, max_iter=10_000)
        theirs_s.append(_elapsed_s(lambda peer=peer: peer.fit(features, classes)))
    parameters = student.parameters()
    own_loss = objective(features, classes, C, parameters["weight"], parameters["bias"])
    gap = own_loss / objective(features, classes, C, peer.coef_, peer.intercept_) - 1
    speed_up = median(theirs_s) / median(ours_s)
    return Row(
        name,
        median(ours_s),
        "s",
        f"≥ {MIN_SPEED_UP} x faster, loss within 1 %",
        speed_up >= MIN_SPEED_UP and gap <= MAX_LOSS_GAP,
        "scikit-learn LogisticRegression",
        median(theirs_s),
        median(ours_s) / median(theirs_s),
        f"{speed_up:.1f} x faster; loss {gap:+.3%} of theirs; scikit-learn took"
        f" {int(peer.n_iter_[0])} steps; ours {spread(ours_s, 's')};"
        f" theirs {spread(theirs_s, 's')}",
    )


def objective(X: Floats, y: Ints, C: float, weight: Floats, bias: Floats) -> float:
    """Return C times the summed log-loss plus half the squared weights, in float64."""
    loss = 0.0
    for start in range(0, len(X), 16_384):
        logits = X[start : start + 16_384].astype(np.float64) @ weight.T + bias
        own = logits[np.arange(len(logits)), y[start : start + 16_384]]
        loss += float((np.logaddexp.reduce(logits, axis=1) - own).sum())
    return C * loss + 0.5 * float((np.asarray(weight, dtype=np.float64) ** 2).sum())


def _elapsed_s(call: object) -> float:
    started = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - started
