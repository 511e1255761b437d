"""Everything that is known of a corpus, each part weighed by the answers it foretells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annotate.compute.seeding import seeded_generator
from annotate.compute.word_vectors import word_vectors
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, CorpusView, Floats, Ints
from annotate.teachers.expert_panel import NEIGHBOURS_OF_LEARNT, ExpertPanel, Sight
from annotate.teachers.labelled import labelled_rows
from annotate.teachers.propagation import neighbour_graph
from annotate.teachers.stored import fingerprint, refuse_multi_label
from annotate.training.correction import unit_features

# How they were chosen: docs/methods.md, "stacked".
LINEAR_C = 10.0
KERNEL_C = 30.0
KERNEL_GAMMA = 0.7
N_LANDMARKS = 500
WORDS_C = 5.0
MOST_WORDED_ANSWERS = 1_000
# With fewer answers, what no label taught is not corrected by what so few would teach.
FEWEST_ANSWERS = 10

FeatureMap = Callable[[Floats | sparse.csr_matrix], Floats]


class Stacked:
    """A pool of experts: students of the answers, and every prediction that no label taught.

    Two students are logistic regressions, on the features and on radial basis functions of them.
    Where items are texts the first sees their words too, and a third sees nothing else. Each speaks
    for itself and averaged over 5 and 10 neighbours. A last one spreads the answers over the graph
    of neighbours. What zero-shot, imported models and rounds without answers have predicted joins
    them, raw and averaged over 10 neighbours. All are multiplied, each to a power that is learnt
    from the answers: what a student would have said had it not seen the answer, in five folds, and
    what a prediction said without any. So class names that mislead, neighbours of mixed classes,
    words that say nothing and wrong pseudo-labels lose their say as soon as answers contradict
    them.

    Attributes
    ----------
    expert_weights : dict of str to float
        The power of each expert, 0 to 3; set by ``fit``.

    References
    ----------
    Wolpert 1992, "Stacked generalization"; the pool is ``training.opinion_pool``. The kernel's
    features are those of Williams & Seeger 2001, "Using the Nyström method to speed up kernel
    machines"; words are those of ``compute.word_vectors``.
    """

    name = "stacked"
    learns_from_labels = True

    def fit(self, view: CorpusView) -> None:
        """Teach the students, weigh the experts and pool what they say of the whole corpus.

        Raises
        ------
        ConfigError
            If the task is multi-label.
        NotReadyError
            If there are neither answers in two classes nor predictions that no label taught.
        """
        refuse_multi_label(view, self.name)
        recorded = view.untaught_predictions()
        if recorded:
            labelled: Ints = np.flatnonzero(view.labels != NO_LABEL)
        else:
            labelled = labelled_rows(view, self.name)
        learns = not recorded or len(labelled) >= FEWEST_ANSWERS
        neighbours = view.neighbours(min(max(NEIGHBOURS_OF_LEARNT), view.n_items - 1))
        panel = ExpertPanel(view.schema.n_classes, neighbours, labelled, view.labels[labelled])
        for name, proba in recorded.items():
            panel.hear_recorded(name, proba)
        if learns:
            _hear_students(panel, view, labelled, neighbours)
        self.expert_weights = panel.weigh(newest=next(reversed(list(recorded)), None))
        self._proba = panel.pool(view.n_items, view.schema.class_active)
        self._taught_by = {
            "rows": labelled,
            "labels": view.labels[labelled],
            **{f"prediction_{n}": fingerprint(p) for n, p in enumerate(recorded.values())},
        }

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where no expert has an answer."""
        return self._proba[rows]

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the answers, and what tells the predictions from all others."""
        return self._taught_by


def _hear_students(panel: ExpertPanel, view: CorpusView, labelled: Ints, neighbours: Ints) -> None:
    """Add what the answers teach."""
    units = unit_features(view.features())
    if not units[labelled].any():
        raise NotReadyError(
            "The teacher stacked needs features of labelled items; there are none."
            " Run `annotate embed`."
        )
    has_features = np.asarray(units.any(axis=1))
    words = _words_of(view, labelled)
    if words is None:
        panel.hear_student("linear", Sight(has_features, units.__getitem__), LINEAR_C)
    else:
        both = Sight(has_features, lambda items: np.hstack([units[items], words.of(items)]))
        panel.hear_student("features and words", both, WORDS_C)
        panel.hear_student("words", words, WORDS_C)
    kernel = kernel_map(units)
    by_kernel = Sight(has_features, lambda items: kernel(units[items]))
    panel.hear_student("kernel", by_kernel, KERNEL_C)
    panel.hear_graph("graph", neighbour_graph(neighbours), has_features)


def _words_of(view: CorpusView, labelled: Ints) -> Sight | None:
    """Return the words of texts as a student sees them; None where hardly an answer shares any."""
    texts = view.texts()
    if texts is None:
        return None
    words = word_vectors(texts)
    has_words = np.diff(words.indptr) > 0
    if has_words[labelled].sum() < FEWEST_ANSWERS:
        return None
    places = word_map(words[labelled])
    return Sight(has_words, lambda items: places(words[items]))


def kernel_map(units: Floats) -> FeatureMap:
    """Return the map from features to those of a radial kernel on 500 drawn items.

    Parameters
    ----------
    units : float array of shape (n_items, dim)
        From ``unit_features``; rows of zeros have no features and are not drawn.
    """
    from sklearn.kernel_approximation import Nystroem

    has_features = np.flatnonzero(units.any(axis=1))
    n_drawn = min(N_LANDMARKS, len(has_features))
    drawn = seeded_generator(0, "landmarks").choice(has_features, n_drawn, replace=False)
    kernel = Nystroem(gamma=KERNEL_GAMMA, n_components=n_drawn, random_state=0)
    kernel.fit(units[np.sort(drawn)].astype(np.float32))
    return lambda rows: kernel.transform(np.asarray(rows, dtype=np.float32)).astype(np.float32)


def word_map(answered: sparse.csr_matrix) -> FeatureMap:
    """Return the map from vectors of words to places among those of the answered texts.

    What a student with a ridge penalty learns lies in the span of what taught it, so up to 1,000
    answers nothing is lost; of more, as many are drawn, and what others have apart is not seen.

    Parameters
    ----------
    answered : sparse matrix of shape (n_answers, n_words)
    """
    from sklearn.kernel_approximation import Nystroem

    n_drawn = min(MOST_WORDED_ANSWERS, answered.shape[0])
    kernel = Nystroem(kernel="linear", n_components=n_drawn, random_state=0)
    # Equal texts make the kernel singular, which single precision would amplify.
    kernel.fit(answered.astype(np.float64))
    return lambda rows: kernel.transform(rows).astype(np.float32)
