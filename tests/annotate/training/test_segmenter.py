"""Segmenters: resume, what teaches and what does not, and the loss by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from annotate.protocols import TrainingRun
from annotate.training import mask_training
from annotate.training import run_steps as run_steps_module
from annotate.training.mask_training import (
    METHODS,
    MaskedPictures,
    MaskTraining,
    known_pixel_loss,
    recoloured,
)
from annotate.training.segmenter import Segmenter, enlarged
from tests.annotate.training.checkpoints import KeptInMemory

SIDE, N_CLASSES = 16, 3


def draw(rng, n):
    """Draw a red (1) and a blue (2) square on dark noise (0)."""
    X = rng.integers(0, 80, (n, SIDE, SIDE, 3)).astype(np.uint8)
    truth = np.zeros((n, SIDE, SIDE), dtype=np.int8)
    for picture, mask in zip(X, truth, strict=True):
        for label, channel in ((1, 0), (2, 2)):
            top, left = rng.integers(0, SIDE - 6, 2)
            square = np.s_[top : top + 6, left : left + 6]
            picture[square] = np.eye(3)[channel] * 200
            mask[square] = label
    return X, truth


@pytest.fixture
def pictures(rng):
    """Twelve pictures, the masks of the first four known but for a few lines."""
    X, masks = draw(rng, 12)
    masks[:4, :2] = -1
    masks[4:] = -1
    return X, masks


@pytest.fixture
def trusted(monkeypatch):
    """A teacher's masks count from the first step on, when it is sure of nothing yet."""
    monkeypatch.setattr(mask_training, "sure_share", lambda proba: torch.ones(len(proba)))


def make(method, n_steps=2, run=None):
    segmenter = Segmenter(N_CLASSES, method, n_steps=n_steps, batch_size=4)
    segmenter.run = run or TrainingRun(seed=3)
    return segmenter


def bytes_of(segmenter):
    return {name: array.tobytes() for name, array in segmenter.parameters().items()}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("method", METHODS)
def test_a_killed_training_ends_with_the_very_same_weights(method, pictures, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    unbroken = bytes_of(make(method, 3).fit(*pictures))
    checkpoints = KeptInMemory(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        make(method, 3, TrainingRun(3, checkpoints)).fit(*pictures)
    done = []
    run = TrainingRun(3, checkpoints, lambda n, total, what: done.append(n))
    assert bytes_of(make(method, 3, run).fit(*pictures)) == unbroken
    assert done == [2, 3]


def test_a_checkpoint_of_another_training_is_not_gone_on_from(pictures, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    X, masks = pictures
    checkpoints = KeptInMemory()
    make("momentum", 2, TrainingRun(3, checkpoints)).fit(X, masks)

    def begins_anew(segmenter, masks=masks):
        return checkpoints.load(segmenter._key(segmenter._masked_pictures(X, masks))) is None

    assert not begins_anew(make("momentum"))
    assert begins_anew(make("fst"))
    assert begins_anew(make("momentum", 3))
    assert begins_anew(make("momentum", 2, TrainingRun(4)))
    assert begins_anew(make("momentum"), np.roll(masks, 1, axis=0))


def test_seeds_differ_and_repeat(pictures):
    first, again, other = (
        bytes_of(make("momentum", 2, TrainingRun(seed)).fit(*pictures)) for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.usefixtures("trusted")
def test_the_methods_differ(pictures):
    fitted = [make(method, 3).fit(*pictures).parameters() for method in METHODS]
    assert len({arrays["head.bias"].tobytes() for arrays in fitted}) == len(METHODS)


def test_a_teacher_that_is_sure_of_nothing_teaches_nothing(pictures):
    """Then looking ahead changes nothing either."""
    assert bytes_of(make("momentum").fit(*pictures)) == bytes_of(make("fst").fit(*pictures))


def test_bytes_and_floats_give_the_same(pictures):
    X, masks = pictures
    wide = make("momentum").fit(X.astype(np.float64), masks.astype(np.int16))
    assert bytes_of(wide) == bytes_of(make("momentum").fit(X, masks))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("method", "matters"), [("supervised", False), ("momentum", True)])
def test_unlabelled_pictures_matter_to_who_learns_from_a_teacher(method, matters, pictures):
    X, masks = pictures
    changed = X.copy()
    changed[4:] = 255 - changed[4:]
    weights = bytes_of(make(method).fit(X, masks))
    assert (bytes_of(make(method).fit(changed, masks)) != weights) == matters


def test_unknown_pixels_teach_nothing():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, N_CLASSES, 4, 4), generator=generator).requires_grad_()
    masks = torch.randint(-1, N_CLASSES, (2, 4, 4), generator=generator)
    loss = known_pixel_loss(logits, masks)
    loss.backward()
    log_proba = logits.detach().log_softmax(dim=1)
    by_pixel = [-log_proba[n, masks[n, y, x], y, x] for n, y, x in (masks >= 0).nonzero()]
    assert loss.item() == pytest.approx(np.mean(by_pixel), rel=1e-5)
    taught = logits.grad.abs().sum(dim=1) > 0
    assert torch.equal(taught, masks != -1)


def test_it_learns_what_colours_mean_from_some_pixels_of_some_pictures(rng):
    X, truth = draw(rng, 8)
    masks = np.where(rng.random(truth.shape) < 0.3, truth, -1)
    segmenter = Segmenter(N_CLASSES, "supervised", n_steps=40, batch_size=8).fit(X, masks)
    new, expected = draw(rng, 4)
    assert (segmenter.predict_proba(new).argmax(axis=1) == expected).mean() > 0.9


def test_predictions_do_not_depend_on_the_batch(pictures, rng):
    segmenter = make("momentum").fit(*pictures)
    X, _ = draw(rng, 66)  # more than are predicted at a time
    proba = segmenter.predict_proba(X)
    assert proba.shape == (66, N_CLASSES, SIDE, SIDE)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    for row in (0, 63, 64):
        np.testing.assert_allclose(segmenter.predict_proba(X[[row]])[0], proba[row], atol=1e-5)


def test_parameters_carry_all_that_predicts(pictures):
    fitted, other = make("fst").fit(*pictures), make("supervised")
    other.set_parameters(fitted.parameters())
    np.testing.assert_array_equal(
        other.predict_proba(pictures[0]), fitted.predict_proba(pictures[0])
    )


def begun(X, masks, method="momentum", seed=3):
    segmenter = make(method)
    return MaskTraining(
        segmenter._masked_pictures(X, masks), segmenter._make_network(), METHODS[method],
        n_steps=4, batch_size=4, seed=seed, device="cpu",
    )  # fmt: skip


def test_masks_are_mirrored_with_their_pictures(pictures):
    _, masks = pictures
    X = np.repeat(50 * (masks[..., None] + 1), 3, axis=3).astype(np.uint8)  # shows its own mask
    ramp = np.arange(SIDE, dtype=np.uint8)
    X[..., 1] = ramp
    n_mirrored = 0
    for step in range(8):
        batch = begun(X, masks).draw(step)
        shown = (batch.labelled[:, 0] * 255).round()
        assert torch.equal(shown, 50.0 * (batch.masks + 1))
        n_mirrored += sum(picture[1, 0, 0] > picture[1, 0, -1] for picture in batch.labelled)
    assert 4 < n_mirrored < 28


class FixedLogits(torch.nn.Module):
    """Says the same of every picture."""

    def __init__(self, proba):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.as_tensor(proba).float().log())

    def forward(self, colours):
        return self.logits.expand(len(colours), -1, -1, -1)


def two_classes(of_first):
    """Return (2, 4, 4) probabilities whose columns are given for class 0."""
    first = np.tile(of_first, (4, 1))
    return np.stack([first, 1 - first])


def test_the_loss_by_hand():
    """The teacher is sure of two columns of four; every other pixel counts half for that."""
    X = np.zeros((4, 4, 4, 3), dtype=np.uint8)
    masks = np.full((4, 4, 4), -1)
    masks[0, 0, 0] = 0
    training = MaskTraining(
        MaskedPictures(X.reshape(4, -1), masks, np.array([0])), FixedLogits(two_classes([0.5] * 4)),
        METHODS["momentum"], n_steps=1, batch_size=4, seed=0, device="cpu",
    )  # fmt: skip
    teacher = FixedLogits(two_classes([0.99, 0.98, 0.1, 0.1]))
    student = FixedLogits(two_classes([0.8, 0.8, 0.8, 0.4]))
    batch = training.draw(0)
    column = (batch.masks == 0).nonzero()[:, 2].tolist()  # 0, or 3 in a mirror view
    given = np.mean([-np.log([0.8, 0.8, 0.8, 0.4][place]) for place in column])
    pseudo = np.mean([-np.log(0.8), -np.log(0.8), -np.log(0.2), -np.log(0.6)])
    loss = training.loss_of(student, teacher, batch)
    assert loss.item() == pytest.approx(given + 0.5 * pseudo, rel=1e-5)


def test_the_least_sure_of_a_class_count_nothing():
    """Four lines of five pixels in one class: of 20 pixels 16 count, one column does not."""
    of_first = np.array([0.99, 0.95, 0.94, 0.93, 0.6])
    proba = np.stack([np.tile(of_first, (4, 1)), np.tile(1 - of_first, (4, 1))])
    student_proba = np.stack([np.full((4, 5), 0.7), np.full((4, 5), 0.3)])
    training = begun(np.zeros((2, 4, 4, 3), dtype=np.uint8), np.zeros((2, 4, 4), dtype=np.int8))
    batch = training.draw(0)
    wide = torch.zeros(4, 3, 4, 5)
    batch = type(batch)(wide, torch.zeros((4, 4, 5), dtype=torch.long), wide, strong_seed=1)
    loss = training.loss_of(FixedLogits(student_proba), FixedLogits(proba), batch)
    # A fifth of the pixels is above 0.968, which weighs the four fifths that count.
    assert loss.item() == pytest.approx(-np.log(0.7) * (1 + 0.8 * 0.2), rel=1e-5)


def test_a_virtual_step_and_the_real_one_see_the_same_view(pictures):
    training = begun(*pictures)
    seen = []

    class Watching(torch.nn.Module):
        def forward(self, colours):
            seen.append(colours)
            return torch.zeros(len(colours), N_CLASSES, SIDE, SIDE)

    for step in (0, 0, 1):
        training.loss_of(Watching(), training.teacher, training.draw(step))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
    batch = training.draw(0)
    assert torch.equal(seen[0][:4], batch.labelled)
    is_as_it_was = torch.isin(seen[0][4:], batch.unlabelled)
    assert is_as_it_was.float().mean() < 0.5  # recoloured beside mixed; black may stay black


def test_recoloured_pictures_differ_in_each_channels_mean_and_contrast_alone():
    picture = 0.3 + 0.3 * torch.rand((1, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    views = recoloured(picture.expand(5, -1, -1, -1), torch.Generator().manual_seed(1))
    centred = (views - views.mean(dim=(2, 3), keepdim=True)).flatten(2)
    factors = centred.std(dim=2) / picture.flatten(2).std(dim=2)
    shape = picture - picture.mean(dim=(2, 3), keepdim=True)
    torch.testing.assert_close(centred, factors[..., None] * shape.flatten(2), atol=1e-5, rtol=0)
    brightness = views.mean(dim=(2, 3)) / picture.mean(dim=(2, 3))
    for changed in (factors, brightness):
        assert (changed - 1).abs().max() <= 0.25 + 1e-5
        assert changed.unique().numel() == 15


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"method": "fst_w"}, "supervised, momentum, fst, fst_d; got 'fst_w'"),
        ({"n_classes": 1}, "2 or more"),
        ({"batch_size": 1}, "2 or more"),
        ({"n_steps": 0}, "1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Segmenter(**{"n_classes": 3, **settings})


def test_pictures_and_masks_that_do_not_fit_are_refused(pictures):
    X, masks = pictures
    unreadable = np.where(np.arange(12)[:, None, None, None] == 7, np.nan, X)
    for colours, labels, told in [
        (X[:, :, :8], masks, "square pictures; got shape"),
        (X, masks[:5], "one entry a pixel"),
        (X, np.full_like(masks, -1), "one pixel or more"),
        (X, masks + 1, "-1 to 2; got 0 to 3"),
        (X, masks - 1, "got -2 to 1"),
        (unreadable, masks, "from 0 to 255; got nan"),
        (X[:, :14, :14], masks[:, :14, :14], "divisible by 4"),
    ]:
        with pytest.raises(ValueError, match=told):
            make("momentum").fit(colours, labels)


def test_the_class_of_a_larger_pixel_is_that_of_all_classes_interpolated(rng):
    proba = rng.dirichlet(np.ones(5), (8, 8)).transpose(2, 0, 1).astype(np.float32)
    larger = torch.nn.functional.interpolate(
        torch.as_tensor(proba)[None], size=(13, 29), mode="bilinear"
    )
    np.testing.assert_array_equal(enlarged(proba, (13, 29)), larger[0].argmax(dim=0).numpy())
