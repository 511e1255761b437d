"""The prompt student on a real CLIP; what it is made of is tested in test_prompt_tuning.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.errors import ConfigError
from annotate.protocols import PromptStudent, TrainingRun
from annotate.training import STUDENTS
from tests.fakes import ArrayRows

DEMO_CLIP = Path(__file__).parents[3] / "data" / "demo_clip"
NAMES = ("zero", "one", "two")


@pytest.fixture(scope="module")
def clip():
    return OpenClipEncoder(str(DEMO_CLIP))


@pytest.fixture
def features(clip, rng):
    """Rows around what the text tower says of each name."""
    centres = clip.encode_texts(NAMES)
    rows = centres[np.arange(30) % 3] + rng.normal(scale=0.3, size=(30, centres.shape[1]))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make(clip, n_steps=5, **run):
    student = STUDENTS.make("prompts", n_classes=3)
    student.n_steps, student.prompted_encoder, student.class_names = n_steps, clip, NAMES
    student.run = TrainingRun(seed=1, **run)
    return student


def test_it_answers_with_a_probability_for_each_class(clip, features):
    student = make(clip).fit(features, np.arange(30) % 3)
    assert isinstance(student, PromptStudent)
    proba = student.predict_proba(features)
    assert proba.shape == (30, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_its_vectors_and_its_encoder_are_the_whole_model(clip, features):
    student = make(clip).fit(features, np.arange(30) % 3)
    assert set(student.parameters()) == {"vectors"}
    copy = make(clip)
    copy.set_parameters(student.parameters())
    assert copy.predict_proba(features).tobytes() == student.predict_proba(features).tobytes()


def test_the_encoder_stays_as_it_is(clip, features):
    before = clip.encode_texts(NAMES)
    make(clip).fit(features, np.arange(30) % 3)
    assert clip.encode_texts(NAMES).tobytes() == before.tobytes()


def test_given_labels_and_pseudo_labels_are_told_apart(clip, features):
    y, few = np.arange(30) % 3, np.arange(30) < 6
    taught = {
        make(clip, given=given).fit(features, y).parameters()["vectors"].tobytes()
        for given in (few, ~few)
    }
    assert len(taught) == 2


def test_pseudo_labels_of_a_class_with_given_labels_teach_too(clip, features):
    y, few = np.arange(30) % 3, np.arange(30) < 2  # of the third class none is given
    all_rows = make(clip, given=few).fit(features, y).parameters()["vectors"]
    of_given_classes = few | (y == 2)
    without = make(clip, given=few[of_given_classes]).fit(
        features[of_given_classes], y[of_given_classes]
    )
    assert (all_rows != without.parameters()["vectors"]).any()


def test_a_retired_class_gets_no_probability(clip, features):
    student = make(clip)
    student.class_active = np.array([True, False, True])
    proba = student.fit(features, np.arange(30) % 3).predict_proba(features)
    assert (proba[:, 1] == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_a_balance_that_is_none_is_told():
    with pytest.raises(ConfigError, match="one of total, batch_mean, and unseen"):
        STUDENTS.make("prompts:median", n_classes=3)


def test_without_an_encoder_it_says_so(features):
    with pytest.raises(ValueError, match="Set prompted_encoder and class_names"):
        make(None).fit(features, np.arange(30) % 3)


@pytest.mark.parametrize(
    ("argument", "learnt"), [("visual", {"tokens"}), ("joint+batch_mean", None)]
)
def test_prompts_among_the_patches_read_pictures(clip, rng, argument, learnt):
    pictures = [
        Image.fromarray(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)) for _ in range(9)
    ]
    X = clip.normalized_pixels(pictures).reshape(9, -1)
    student = STUDENTS.make(f"prompts:{argument}", n_classes=3)
    assert student.reads_pictures
    student.n_steps, student.prompted_encoder, student.class_names = 3, clip, NAMES
    student.run = TrainingRun(seed=1)
    y = np.arange(9) % 3
    whole = student.fit(X, y).predict_proba(X)
    assert learnt is None or set(student.parameters()) == learnt
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)
    # Read from elsewhere, and one at a time, they are the same pictures.
    student = STUDENTS.make(f"prompts:{argument}", n_classes=3)
    student.n_steps, student.prompted_encoder, student.class_names = 3, clip, NAMES
    student.run = TrainingRun(seed=1)
    again = student.fit(ArrayRows(X), y).predict_proba(ArrayRows(X[:1]))
    np.testing.assert_allclose(again, whole[:1], atol=1e-5)


def test_pseudo_labels_of_a_class_with_given_labels_do_not_teach_where_others_have_none(
    clip, features
):
    y = np.arange(30) % 3
    given = (np.arange(30) < 9) & (y < 2)  # of the third class nobody has given any
    other = np.where(~given & (y < 2), 1 - y, y)  # pseudo-labels of the first two, confounded

    def vectors(argument, labels):
        student = STUDENTS.make(f"prompts:{argument}", n_classes=3)
        student.n_steps, student.prompted_encoder, student.class_names = 3, clip, NAMES
        student.run = TrainingRun(seed=1, given=given)
        return student.fit(features, labels).parameters()["vectors"].tobytes()

    assert vectors("unseen", y) == vectors("unseen", other)
    assert vectors("total", y) != vectors("total", other)


@pytest.mark.parametrize("argument", ["text+visual", "total+batch_mean", "visual+3"])
def test_two_things_at_once_are_refused(argument):
    with pytest.raises(ConfigError, match="one of text, visual, joint"):
        STUDENTS.make(f"prompts:{argument}", n_classes=3)


def test_normalized_pixels_are_what_the_encoder_itself_reads(clip, rng):
    picture = Image.fromarray(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8))
    model, _ = clip.promptable_model()
    with torch.inference_mode():
        features = model.encode_image(torch.as_tensor(clip.normalized_pixels([picture])))
    features = torch.nn.functional.normalize(features, dim=-1).numpy()
    np.testing.assert_allclose(features, clip.encode([picture]), atol=1e-5)
