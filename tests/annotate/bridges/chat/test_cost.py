from __future__ import annotations

import pytest

from annotate.bridges.chat.cost import estimate_cost, price_of


def test_cost_is_counted_by_length_and_priced_by_the_million():
    bodies = [{"messages": [{"content": "x" * 349}]}] * 2  # and two quotes of an empty format
    cost = estimate_cost(bodies, reply_characters=7, price_in=2.0, price_out=10.0)
    assert (cost.n_requests, cost.n_prompt_tokens, cost.n_reply_tokens) == (2, 201, 28)
    assert cost.price == pytest.approx((201 * 2 + 28 * 10) / 1e6)


def test_no_request_costs_nothing_and_no_prices_give_no_price():
    assert estimate_cost([], 7, price_in=1.0, price_out=1.0).price == 0
    assert price_of(10, 10, 1.0, None) is None
