from __future__ import annotations

from annotate.quality.simulation_page import draw_simulation

POINTS = [{"answers": 0, "accuracy_all": 0.5}, {"answers": 20, "accuracy_all": 0.75}]


def stop(rule, target, answers, accuracy_all):
    return {"rule": rule, "target": target, "answers": answers, "accuracy_all": accuracy_all}


def test_the_curve_the_targets_and_the_rules_that_stopped_are_drawn():
    stops = [
        stop("forecast", 0.7, 20, 0.75),
        stop("few corrections", 0.7, None, None),
        stop("stable predictions", None, 20, 0.75),
    ]
    figure = draw_simulation("a <b> title", POINTS, [0.7, 0.9], stops)
    curve, stopped = figure.data
    assert (list(curve.x), list(curve.y)) == ([0, 20], [0.5, 0.75])
    assert list(stopped.text) == ["forecast, 70.0%", "stable predictions"]
    assert [line.y0 for line in figure.layout.shapes] == [0.7, 0.9]
    assert figure.layout.title.text == "a &lt;b&gt; title"


def test_where_no_rule_stopped_there_is_the_curve_alone():
    assert len(draw_simulation("t", POINTS, [], [stop("forecast", 0.9, None, None)]).data) == 1
