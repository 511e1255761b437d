from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from annotate.review.topics import count_words, find_topics, most_confident_half, n_passes

FRUIT = ["apple", "pear", "plum", "cherry", "grape", "melon"]
TOOL = ["hammer", "saw", "drill", "screw", "wrench", "chisel"]


@pytest.fixture
def bags(rng):
    """200 bags of twelve words: every other one has fruit, the rest tools, the last nothing."""
    counts = np.zeros((200, 12))
    for row in range(199):
        np.add.at(counts[row], rng.integers(6, size=8) + 6 * (row % 2), 1)
    return sparse.csr_array(counts)


def test_words_that_occur_together_make_a_topic(bags):
    found = find_topics(bags, 2, seed=0)
    of_fruit, of_tool = found.topics[:199:2], found.topics[1:199:2]
    assert len(set(of_fruit)) == len(set(of_tool)) == 1 and of_fruit[0] != of_tool[0]
    words = np.array([*FRUIT, *TOOL])
    assert set(found.top_words(int(of_fruit[0]), words, 6)) == set(FRUIT)


def test_a_text_without_any_word_has_no_topic(bags):
    found = find_topics(bags, 2, seed=0)
    assert found.topics[199] == -1 and np.isnan(found.confidence[199])
    assert (found.confidence[:199] > 0.5).all()


def test_a_seed_repeats(bags):
    one, other = find_topics(bags, 3, seed=4), find_topics(bags, 3, seed=4)
    np.testing.assert_array_equal(one.topics, other.topics)


def test_rare_and_frequent_words_do_not_count():
    texts = [f"the {'plum' if n < 3 else 'pear' if n < 5 else f'word{n}'}" for n in range(40)]
    bags = count_words(texts)
    assert bags.words.tolist() == ["plum"]
    assert bags.counts.toarray().ravel().tolist() == [1.0] * 3 + [0.0] * 37


def test_the_surest_half_is_of_those_that_have_a_topic():
    confidence = np.array([0.9, np.nan, 0.5, 0.9, 0.6], dtype=np.float32)
    assert most_confident_half(confidence).tolist() == [0, 3]


@pytest.mark.parametrize(("n_texts", "passes"), [(100, 10), (20_480, 5), (1_000_000, 1)])
def test_a_small_corpus_is_read_several_times(n_texts: int, passes: int):
    assert n_passes(n_texts) == passes


def test_one_topic_is_none(bags):
    with pytest.raises(ValueError, match="2 or more; got 1"):
        find_topics(bags, 1, seed=0)
