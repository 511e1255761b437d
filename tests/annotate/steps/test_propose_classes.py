"""Names proposed for a corpus, and classes made of them."""

from __future__ import annotations

import pytest

from annotate.errors import ConfigError, SourceError
from annotate.steps import corpus_view
from annotate.steps import propose_classes as module
from annotate.steps.predict import predict
from annotate.steps.propose_classes import propose_classes, read_vocabulary
from tests.annotate.steps.conftest import N_ITEMS, WORDS

OTHERS = ["planet", "river", "song", "market", "engine", "cloud", "mirror", "garden"]


class WordTower:
    """The hashing encoder of the project, made to read names as the words of a class."""

    logit_scale = 10.0

    def __init__(self, encoder):
        self._encoder = encoder
        self.id = encoder.id

    def encode_texts(self, texts):
        return self._encoder.encode([WORDS.get(text, text) for text in texts])


@pytest.fixture
def reading(workspace, monkeypatch):
    """A project whose encoder reads names."""
    make = corpus_view.make_encoder
    monkeypatch.setattr(corpus_view, "make_encoder", lambda *a: WordTower(make(*a)))
    monkeypatch.setattr(module, "default_templates", lambda modality: ("{}",))
    return workspace


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join([*OTHERS, *WORDS, "Fruit", "", "animal\tlives"]))
    return path


def test_names_are_found_and_nothing_is_changed(reading, vocabulary):
    report = propose_classes(reading, vocabulary, n_groups=3)
    assert {own.name for own in report.classes} == set(WORDS)
    assert sum(own.n_items for own in report.classes) == N_ITEMS
    assert all(len(own.examples) == 3 for own in report.classes)
    assert (report.n_words, report.applied, report.probes) == (len(OTHERS) + 3, (), ())
    assert reading.schema.version == 1


def test_without_a_number_one_is_looked_for_and_every_try_is_told(reading, vocabulary):
    report = propose_classes(reading, vocabulary)
    assert report.n_groups in dict(report.probes)
    assert len(report.probes) > 2


def test_names_become_classes_and_classes_without_labels_go(reading, vocabulary, gold, tmp_path):
    few = tmp_path / "few.txt"
    few.write_text("\n".join([*OTHERS, "sharp heavy steel saw\tto work with", "furry dog cat"]))
    report = propose_classes(reading, few, n_groups=2, apply=True, retire_unused=True)
    assert report.retired == ()  # all three have gold
    assert set(report.applied) == {own.name for own in report.classes}
    names = {spec.name: spec.description for spec in reading.schema.active}
    assert set(names) == {*WORDS, *report.applied}
    assert reading.schema.version == 2
    again = propose_classes(reading, few, n_groups=2, apply=True)
    assert again.applied == () and reading.schema.version == 2


def test_placeholders_are_retired(reading, vocabulary, tmp_path):
    few = tmp_path / "few.txt"
    few.write_text("sharp heavy steel saw\nfurry dog cat\n")
    report = propose_classes(reading, few, n_groups=2, apply=True, retire_unused=True)
    assert set(report.retired) == set(WORDS)
    assert {spec.name for spec in reading.schema.active} == set(report.applied)
    assert sum(predict(reading, "zero_shot").class_shares.values()) == pytest.approx(1)


def test_an_encoder_must_read_names(workspace, vocabulary):
    with pytest.raises(ConfigError, match="encoder that reads names"):
        propose_classes(workspace, vocabulary)


def test_groups_must_fit(reading, vocabulary):
    with pytest.raises(ConfigError, match="1 to 11"):
        propose_classes(reading, vocabulary, n_groups=12)


def test_a_vocabulary_has_each_name_once_with_its_description(vocabulary):
    words = read_vocabulary(vocabulary)
    assert [spec.name for spec in words] == [*OTHERS, *WORDS]
    assert [spec.class_no for spec in words] == list(range(11))


@pytest.mark.parametrize("content", [b"one\n", b"\xff\xfe\n\xff"])
def test_a_vocabulary_must_be_text_with_names(content, tmp_path):
    (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(SourceError, match="vocabulary must"):
        read_vocabulary(tmp_path / "words.txt")


def test_a_missing_vocabulary_is_named(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        read_vocabulary(tmp_path / "words.txt")
