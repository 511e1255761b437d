"""The WaveBlock, by what it multiplies a map of ones with."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from annotate.training.wave_block import WaveBlock, draw_waves_from


def wave(seed=0):
    block = WaveBlock()
    block.generator.manual_seed(seed)
    return block


def factors_of(block, n_rows):
    """Return what each row was multiplied with, after checking that it is all one row is told."""
    raised = block(torch.ones(2, 3, n_rows, 5))
    rows = raised[0, 0, :, 0]
    assert torch.equal(raised, rows[None, None, :, None].expand(2, 3, n_rows, 5))
    return rows.tolist()


@pytest.mark.parametrize(("n_rows", "band"), [(1, 0), (2, 1), (4, 1), (8, 2), (10, 3), (32, 10)])
def test_one_band_of_three_tenths_of_the_rows_keeps_its_values(n_rows, band):
    block = wave()
    for _ in range(5):
        factors = factors_of(block, n_rows)
        assert Counter(factors) == Counter([1.0] * band + [1.5] * (n_rows - band))
        kept = [row for row, factor in enumerate(factors) if factor == 1]
        assert kept == list(range(kept[0], kept[0] + band)) if band else kept == []


def test_the_band_begins_anywhere_from_where_it_fits_equally_often():
    block = wave()
    starts = Counter(factors_of(block, 10).index(1) for _ in range(800))
    assert sorted(starts) == list(range(8))
    assert 60 < min(starts.values()) <= max(starts.values()) < 140


def test_values_are_multiplied_and_gradients_with_them():
    x = torch.arange(1.0, 9).reshape(1, 1, 4, 2).requires_grad_()
    raised = wave()(x)
    factors = raised / x
    raised.sum().backward()
    assert sorted(factors[0, 0, :, 0].tolist()) == [1, 1.5, 1.5, 1.5]
    torch.testing.assert_close(x.grad, factors.detach())


def test_outside_training_nothing_changes_and_nothing_is_drawn():
    block = wave().eval()
    before = block.generator.get_state()
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(x), x)
    assert torch.equal(block.generator.get_state(), before)


def test_it_has_neither_weights_nor_statistics():
    assert list(WaveBlock().parameters()) == []
    assert WaveBlock().state_dict() == {}


def test_the_number_format_stays():
    assert wave()(torch.ones(1, 1, 8, 1, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_its_generator_alone_says_where_the_band_is():
    def drawn(seed):
        block = wave(seed)
        return [factors_of(block, 32) for _ in range(4)]

    torch.manual_seed(1)
    first = drawn(3)
    torch.manual_seed(2)
    assert drawn(3) == first != drawn(4)


def test_every_wave_block_inside_a_network_draws_from_the_generator_set():
    network = torch.nn.Sequential(torch.nn.Sequential(WaveBlock()), WaveBlock())
    generator = torch.Generator().manual_seed(5)
    draw_waves_from(network, generator)
    both = network(torch.ones(1, 1, 32, 1))
    alone = torch.Generator().manual_seed(5)
    expected = torch.full((32,), 1.5**2)
    for _ in range(2):
        start = int(torch.randint(23, (), generator=alone))
        expected[start : start + 10] /= 1.5
    torch.testing.assert_close(both.flatten(), expected)
