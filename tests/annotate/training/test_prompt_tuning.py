"""Prompt tuning: its loss by hand, what it learns from, what it leaves alone, resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn.functional import cross_entropy, normalize

from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.prompt_loss import LossWeights, balanced_loss, loss_weights
from annotate.training.prompt_tuning import PromptTuned, training_rows
from annotate.training.prompts_text import TextPrompts
from annotate.training.prompts_visual import VisualPrompts
from tests.annotate.training.checkpoints import KeptInMemory

DEMO = f"local-dir:{Path(__file__).parents[3] / 'data' / 'demo_clip'}"
KINDS = ["text", "visual", "joint"]
NAMES = ["cup", "two stones", "a very long cloud"]  # say nothing of the digits below
DIGITS = "058"


@pytest.fixture(scope="module")
def clip():
    model = open_clip.create_model(DEMO, pretrained=None).eval()
    return model, open_clip.get_tokenizer(DEMO)


def render(digit, place):
    """Return (32, 32) pixels from -1 to 1, squeezed to 8 x 8 between, as the model knows digits."""
    canvas = Image.new("L", (32, 32))
    font = ImageFont.load_default(26)
    ImageDraw.Draw(canvas).text(tuple(place), digit, fill=255, font=font, anchor="mm")
    cells = canvas.resize((8, 8), Image.Resampling.BOX)
    grey = np.asarray(cells.resize((32, 32), Image.Resampling.BILINEAR), dtype=np.float32)
    return grey / 127.5 - 1


@pytest.fixture(scope="module")
def digits(clip):
    """Rendered digits in pixels and as features; classes in turn, the first nine labels given."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    drawn = np.stack([render(DIGITS[label], 16 + rng.uniform(-3, 3, 2)) for label in y])
    pixels = np.repeat(drawn[:, None], 3, axis=1)
    with torch.no_grad():
        features = clip[0].encode_image(torch.as_tensor(pixels), normalize=True).numpy()
    inputs = {"text": features, "visual": pixels, "joint": pixels}
    return inputs, y, np.arange(24) < 9


def make(clip, kind="text", n_steps=4, run=None, **settings):
    run = run or TrainingRun(seed=3)
    settings = {"batch_size": 4, **settings}
    return PromptTuned(*clip, NAMES, kind=kind, n_steps=n_steps, run=run, device="cpu", **settings)


def bytes_of(student):
    return {name: array.tobytes() for name, array in student.parameters().items()}


@pytest.mark.parametrize(
    ("setting", "weights"),
    [
        ("semi", LossWeights(given=4.0, pseudo=1.0)),
        ("unseen", LossWeights(given=1.0, pseudo=0.25)),
        ("unsupervised", LossWeights(given=0.0, pseudo=1.0)),
    ],
)
def test_weights_of_20_given_labels_and_80_pseudo_labels(setting, weights):
    assert loss_weights(setting, 20, 80) == weights


def test_joint_prompts_take_the_square_root_of_the_ratio():
    assert loss_weights("semi", 20, 80, square_root=True) == LossWeights(2.0, 1.0)
    assert loss_weights("unseen", 20, 80, square_root=True) == LossWeights(1.0, 0.5)


@pytest.mark.parametrize("setting", ["semi", "unseen"])
def test_labels_of_one_kind_alone_have_weight_1(setting):
    assert loss_weights(setting, 20, 0).given == 1
    assert loss_weights(setting, 0, 80).pseudo == 1


def test_each_loss_is_the_mean_over_its_own_members():
    losses, is_given = torch.tensor([1.0, 3.0, 2.0, 7.0]), torch.tensor([True, False, True, False])
    weights = LossWeights(given=4.0, pseudo=0.5)
    assert balanced_loss(losses, is_given, weights, "batch_mean") == 4 * 1.5 + 0.5 * 5
    assert balanced_loss(losses, is_given, weights, "total") == (4 * 3 + 0.5 * 10) / 4


def test_a_batch_without_given_labels_has_no_loss_of_them():
    losses, weights = torch.tensor([1.0, 3.0]), LossWeights(given=4.0, pseudo=0.5)
    nobody = torch.tensor([False, False])
    assert balanced_loss(losses, nobody, weights, "batch_mean") == 0.5 * 2
    assert balanced_loss(losses, ~nobody, weights, "batch_mean") == 4 * 2


@pytest.mark.parametrize("setting", ["semi", "unseen"])
def test_total_balance_gives_both_kinds_the_same_weight_over_all_rows(setting):
    is_given = torch.arange(50) < 5
    weights = loss_weights(setting, 5, 45)
    given = balanced_loss(is_given.double(), is_given, weights, "total")
    pseudo = balanced_loss((~is_given).double(), is_given, weights, "total")
    assert given.item() == pytest.approx(pseudo.item())


@pytest.mark.parametrize(
    ("setting", "taught"),
    [("semi", [0, 1, 2, 3, 4, 6]), ("unseen", [0, 1, 3, 6]), ("unsupervised", [2, 3, 4, 6])],
)
def test_each_setting_learns_from_its_own_labels(setting, taught):
    """Classes 0 and 1 are seen, 2 is not; row 5 has no label and row 7 no picture."""
    y = np.array([0, 1, 0, 2, 1, -1, 2, 2])
    X = np.ones((8, 3, 2, 2))
    X[7] = np.nan
    rows = training_rows(X, y, np.arange(8) < 2, setting)
    assert rows.rows.tolist() == taught
    assert rows.y.tolist() == y[taught].tolist()
    assert rows.is_given.tolist() == [row < 2 for row in taught]


def test_two_steps_are_those_of_the_equation(clip, digits):
    """Loss, rate, momentum and decay written out; the batch is everything."""
    inputs, y, given = digits
    X, targets, is_given = torch.as_tensor(inputs["text"]), torch.as_tensor(y), torch.tensor(given)
    untrained = make(clip, n_steps=2, batch_size=24)
    prompts = TextPrompts(*clip, NAMES)
    first = untrained._make_towers().prompts.state_dict()
    prompts.load_state_dict(first)
    remembered = 0.0
    for rate in (0.1, 0.05):  # half a cosine of two steps, too few for a warm-up
        logits = clip[0].logit_scale.exp() * X @ prompts().T
        loss = 15 / 9 * cross_entropy(logits[is_given], targets[is_given])
        loss = loss + cross_entropy(logits[~is_given], targets[~is_given])
        (gradient,) = torch.autograd.grad(loss, prompts.vectors)
        with torch.no_grad():
            remembered = 0.9 * remembered + gradient + 0.1 * prompts.vectors
            prompts.vectors -= rate * remembered
    fitted = untrained.fit(inputs["text"], y, given).parameters()["vectors"]
    np.testing.assert_allclose(fitted, prompts.vectors.detach(), atol=1e-5)


@pytest.mark.parametrize(("kind", "gamma"), [("visual", 15 / 9), ("joint", (15 / 9) ** 0.5)])
def test_the_loss_of_a_step_weighs_labels_by_kind(clip, digits, kind, gamma):
    inputs, y, given = digits
    losses = []
    run = TrainingRun(3, None, lambda n, total, what: losses.append(float(what.split()[-1])))
    student = make(clip, kind, 1, run, batch_size=24)
    student.set_parameters(first_parameters(student))
    losses_of = -np.log(student.predict_proba(inputs[kind])[np.arange(24), y])
    student.fit(inputs[kind], y, given)
    expected = gamma * losses_of[given].mean() + losses_of[~given].mean()
    assert losses == pytest.approx([expected], abs=2e-3)


@pytest.fixture
def rates(monkeypatch):
    """The rate of every step that is taken."""
    taken = []
    take = torch.optim.SGD.step

    def step(self):
        taken.append(self.param_groups[0]["lr"])
        take(self)

    monkeypatch.setattr(torch.optim.SGD, "step", step)
    return taken


def test_the_rate_rises_for_a_twentieth_of_the_steps_and_then_falls(clip, digits, rates):
    inputs, y, given = digits
    make(clip, n_steps=40, batch_size=1).fit(inputs["text"], y, given)
    assert rates[:3] == pytest.approx([0.05, 0.1, 0.1])
    assert rates[21] == pytest.approx(0.05)
    assert 0 < rates[-1] < 0.001


@pytest.mark.parametrize(("kind", "highest"), [("text", 0.1), ("visual", 0.1), ("joint", 0.01)])
def test_joint_prompts_learn_at_a_tenth_of_the_rate(clip, digits, rates, kind, highest):
    inputs, y, given = digits
    make(clip, kind, n_steps=1).fit(inputs[kind], y, given)
    assert rates == [highest]


@pytest.mark.parametrize(("kind", "n_steps"), [("text", 100), ("visual", 15), ("joint", 15)])
def test_tuning_lowers_the_loss_and_names_more_digits_right(clip, digits, kind, n_steps):
    inputs, y, _ = digits
    student = make(clip, kind, n_steps, TrainingRun(seed=1), batch_size=8)
    student.set_parameters(first_parameters(student))
    before = student.predict_proba(inputs[kind])
    after = student.fit(inputs[kind], y, np.ones(24, dtype=bool)).predict_proba(inputs[kind])
    assert (after.argmax(axis=1) == y).mean() > (before.argmax(axis=1) == y).mean() + 0.2
    loss_before, loss_after = (-np.log(p[np.arange(24), y]).mean() for p in (before, after))
    assert loss_after < loss_before / 2


def first_parameters(student):
    state = student._make_towers().prompts.state_dict()
    return {name: tensor.numpy() for name, tensor in state.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_model_changes(clip, digits, kind):
    inputs, y, given = digits
    before = {name: tensor.clone() for name, tensor in clip[0].state_dict().items()}
    student = make(clip, kind).fit(inputs[kind], y, given)
    student.predict_proba(inputs[kind])
    assert all(torch.equal(tensor, before[n]) for n, tensor in clip[0].state_dict().items())
    assert all(weight.grad is None for weight in clip[0].parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_tuning_ends_with_the_very_same_prompts(clip, digits, kind, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    inputs, y, given = digits
    data = (inputs[kind], y, given)
    unbroken = bytes_of(make(clip, kind).fit(*data))
    checkpoints = KeptInMemory(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        make(clip, kind, run=TrainingRun(3, checkpoints)).fit(*data)
    assert not any("token_embedding" in name for name in checkpoints.arrays)
    done = []
    run = TrainingRun(3, checkpoints, lambda n, total, what: done.append(n))
    assert bytes_of(make(clip, kind, run=run).fit(*data)) == unbroken
    assert done == [2, 3, 4]


def test_a_checkpoint_of_another_tuning_is_not_gone_on_from(clip, digits):
    inputs, y, given = digits
    X = inputs["text"]

    def key(student, X=X, y=y, given=given):
        return student._key(training_rows(X, y, given, student.setting))

    other_model = open_clip.create_model(DEMO, pretrained=None).eval()
    with torch.no_grad():
        other_model.ln_final.weight[0] += 1
    keys = [
        key(make(clip)),
        key(make(clip, n_steps=5)),
        key(make(clip, batch_size=5)),
        key(make(clip, balance="total")),
        key(make(clip, run=TrainingRun(4))),
        key(make(clip), X=X + 1),
        key(make(clip), y=(y + 1) % 3),
        key(make(clip), given=~given),
        key(make((other_model, clip[1]))),
    ]
    assert len(set(keys)) == len(keys)
    assert key(make(clip)) == keys[0]


def test_every_fit_begins_with_the_same_prompts(clip, digits):
    inputs, y, given = digits
    student = make(clip)
    first = bytes_of(student.fit(inputs["text"], y, given))
    assert bytes_of(student.fit(inputs["text"], y, given)) == first
    other = make(clip, run=TrainingRun(4)).fit(inputs["text"], y, given)
    assert bytes_of(other) != first


def test_what_has_no_label_or_no_picture_teaches_nothing(clip, digits):
    inputs, y, given = digits
    X = inputs["visual"].copy()
    y = np.where(np.arange(24) % 4 == 0, -1, y)
    X[5] = np.nan
    student = make(clip, "visual").fit(X, y, given)
    learnt = bytes_of(student)
    proba = student.predict_proba(X)
    assert np.flatnonzero(np.isnan(proba).any(axis=1)).tolist() == [5]
    changed = X.copy()
    changed[y == -1] = 0
    y[5] = (y[5] + 1) % 3
    assert bytes_of(make(clip, "visual").fit(changed, y, given)) == learnt


def test_text_prompts_made_of_words_answer_as_zero_shot_with_these_words(clip, digits):
    model, tokenize = clip
    X = digits[0]["text"]
    words = "a photo of a nice red apple on the table"  # as many tokens as there is room for
    tokens = tokenize([words])[0]
    student = make(clip)
    vectors = model.token_embedding(tokens[1 : int(tokens.argmax())])
    assert len(vectors) == len(first_parameters(student)["vectors"])
    student.set_parameters({"vectors": vectors.detach().numpy()})
    with torch.no_grad():
        texts = model.encode_text(tokenize([f"{words} {n}" for n in NAMES]), normalize=True)
        expected = (model.logit_scale.exp() * torch.as_tensor(X) @ texts.T).softmax(dim=1)
    np.testing.assert_allclose(student.predict_proba(X), expected, atol=1e-5)
    # Features of another length are of the same direction.
    np.testing.assert_allclose(student.predict_proba(3 * X), expected, atol=1e-5)


def test_visual_prompts_are_compared_with_class_names_in_a_sentence(clip, digits):
    model, tokenize = clip
    X = digits[0]["visual"]
    student = make(clip, "visual")
    student.set_parameters(first_parameters(student))
    prompts = VisualPrompts(model)
    prompts.load_state_dict({"tokens": torch.as_tensor(student.parameters()["tokens"])})
    with torch.no_grad():
        sentences = tokenize([f"a photo of a {name}." for name in NAMES])
        texts = normalize(model.encode_text(sentences), dim=1)
        logits = model.logit_scale.exp() * prompts(torch.as_tensor(X)) @ texts.T
    np.testing.assert_allclose(student.predict_proba(X), logits.softmax(dim=1), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_the_prompts_and_give_the_same_answers_again(clip, digits, kind):
    inputs, y, given = digits
    student = make(clip, kind, n_steps=2).fit(inputs[kind], y, given)
    heir = make(clip, kind)
    heir.set_parameters(student.parameters())
    proba = student.predict_proba(inputs[kind])
    np.testing.assert_array_equal(heir.predict_proba(inputs[kind]), proba)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert sum(array.size for array in student.parameters().values()) < 300_000


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kind": "audio"}, "kind must be text, visual or joint; got 'audio'"),
        ({"setting": "few"}, "setting must be .*; got 'few'"),
        ({"balance": "none"}, "balance must be .*; got 'none'"),
    ],
)
def test_an_unknown_choice_is_told(clip, settings, told):
    with pytest.raises(ValueError, match=told):
        make(clip, **settings)


def test_what_does_not_fit_is_refused(clip, digits):
    inputs, y, given = digits
    with pytest.raises(ValueError, match=r"X must be \(n_rows, 64\); got .*pixels"):
        make(clip).fit(inputs["visual"], y, given)
    with pytest.raises(ValueError, match=r"X must be \(n_rows, 3072\)"):
        make(clip, "joint").fit(inputs["text"], y, given)
    with pytest.raises(ValueError, match="labels must be -1 or below 3"):
        make(clip).fit(inputs["text"], y + 1, given)
    with pytest.raises(ValueError, match="given must be"):
        make(clip).fit(inputs["text"], y, given[:5])
    with pytest.raises(ValueError, match="unsupervised learns from; got 24 labels"):
        make(clip, setting="unsupervised").fit(inputs["text"], y, np.ones(24, dtype=bool))
