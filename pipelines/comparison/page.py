"""Tables and plots of what was measured, on a page whose other text people write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from annotate.store.files import write_bytes
from pipelines.comparison.cells import DEFAULT, PLAIN
from pipelines.comparison.corpora import SHARES_ANSWERED
from pipelines.comparison.line_panels import draw_panels
from pipelines.comparison.plain_margin import Curve, answers_until

BEGIN = "<!-- measured: begin; `annotate run benchmark` writes what lies between -->"
END = "<!-- measured: end -->"
KNOWN_OF_START = {
    "names": "class names alone",
    "labels": "a few labels of each class",
    "given": "doubtful labels of every item",
    "nothing": "nothing",
    "whole": "nothing, the whole corpus",
}
# What plain margin sampling is known to need; a run that does not find it proves nothing.
EXPECTED = {
    "ag_news": {0.9: 660, 0.92: 930, 0.95: 1530},
    "trashnet": {0.85: 310, 0.9: 470, 0.95: 720},
}
TRAINING_FACTORS = ("teacher", "selector", "student")
SCENARIO_METRICS = {
    "accuracy": "accuracy",
    "class_mean": "mean of classes",
    "class_min": "worst class",
    "accepted": "accepted in round 1",
    "accepted_right": "of these right",
    "coverage": "labelled",
    "labelled_accuracy": "of these right",
    "known_accepted": "known items accepted in the last round",
    "withheld_accepted": "withheld items accepted in the last round",
    "withheld_labelled": "withheld items labelled",
    "withheld_found": "withheld told apart (AUROC)",
}


def write_page(path: Path, table: pd.DataFrame, settings: dict[str, Any]) -> None:
    """Write tables and plots between the markers of a page; without a page, make one.

    Plots lie beside it in ``images``.
    """
    sections = [*_about(table, settings), *_baseline(table), *_training(table)]
    sections += [*_queues(table), *_scenarios(table)]
    for name, svg in _plots(table):
        image = path.parent / "images" / f"measured-{name}.svg"
        image.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(image, svg.encode())
        sections.append(f"![{name.replace('-', ' ')}](images/{image.name})")
    measured = "\n\n".join([BEGIN, *sections, END])
    before, after = "# Measured\n\n", "\n"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        if BEGIN in text and END in text:
            before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_bytes(path, f"{before}{measured}{after}".encode())


def _about(table: pd.DataFrame, settings: dict[str, Any]) -> list[str]:
    seeds = table["seed"].nunique()
    items = f"{settings['items']:,} items at most" if settings["items"] else "all items"
    return [
        f"Mean ± sample standard deviation over {seeds} seeds. Each draws {items} of a data set"
        f" and, where a few labels are known, {settings['labels_per_class']} a class on average."
        f" The default is {settings['default_rounds']} rounds of"
        f" `{'+'.join(settings['default_selectors'])}` with `{settings['default_student']}`."
    ]


def _baseline(table: pd.DataFrame) -> list[str]:
    rows = table[table["factor"] == "baseline"]
    if rows.empty:
        return []
    out = []
    for data, part in rows.groupby("data", sort=False):
        curves = [_curve(one) for _, one in part.groupby("seed")]
        expected = EXPECTED.get(str(data), {})
        n_items = int(part[part["metric"] == "items"]["value"].iloc[0])
        for share in () if expected else SHARES_ANSWERED:
            reached = [_after(curve, share * n_items) for curve in curves]
            until = f"{share:.0%} of the items are answered"
            out.append((data, until, _spread(reached, "{:.1%}"), "-", "-"))
        for target, known in expected.items():
            found = [answers_until(curve, target) for curve in curves]
            needed = [n for n in found if n is not None]
            mean = float(np.mean(needed)) if needed else float("nan")
            within = "yes" if abs(mean / known - 1) <= 0.1 else "**no**"
            answers = _spread(needed, "{:,.0f}")
            out.append((data, f"{target:.0%} are right", answers, f"{known:,}", within))
    head = ("data set", "until", "answers, or share right", "known to need", "within 10 %")
    return [
        "### The plain baseline",
        "Margin sampling with scikit-learn's logistic regression (C = 10), 20 answers a batch, the"
        " first drawn; the whole corpus counts, an answered item as right.",
        _markdown(head, out),
    ]


def _training(table: pd.DataFrame) -> Iterator[str]:
    """Give for each start and factor a table of methods by data sets, and one of worst classes."""
    plain = table[~table["data"].isin(_scenario_names(table))]
    for start in ("names", "labels"):
        for factor in TRAINING_FACTORS:
            rows = plain[(plain["start"] == start) & plain["factor"].isin([factor, "default"])]
            if rows[rows["factor"] == factor].empty:
                continue
            yield f"### {factor.capitalize()}s, known: {KNOWN_OF_START[start]}"
            yield "Accuracy over all items without a known label, after the rounds:"
            yield _methods_by_data(rows, "accuracy")
            if factor == "teacher":
                yield "The teacher alone, before any round:"
                yield _methods_by_data(rows, "teacher_accuracy")
            yield "The worst class:"
            yield _methods_by_data(rows, "class_min")


def _queues(table: pd.DataFrame) -> Iterator[str]:
    """Give for each data set answers until each target, and their ratio to the plain baseline's."""
    rows = table[table["factor"].isin(["queue", "peer"])]
    for (data, start), part in rows.groupby(["data", "start"], sort=False):
        curves = {
            (str(method), int(seed)): _curve(one)
            for (method, seed), one in part.groupby(["method", "seed"], sort=False)
        }
        plain = {seed: curve for (method, seed), curve in curves.items() if method == PLAIN}
        items = part[part["metric"] == "items"]["value"]
        targets = _targets(str(data), plain, int(items.iloc[0]) if len(items) else 0)
        if not targets:
            continue
        out = []
        for method in dict.fromkeys(method for method, _ in curves):
            cells = [_answers(method, seeds, curves, plain) for seeds in targets.values()]
            first = [c.accuracy[0] for (m, _), c in curves.items() if m == method]
            last = [c.accuracy[-1] for (m, _), c in curves.items() if m == method]
            out.append((f"`{method}`", _spread(first, "{:.1%}"), *cells, _spread(last, "{:.1%}")))
        yield f"### Queues on {data}, known: {KNOWN_OF_START[str(start)]}"
        yield "Answers until so much is rightly labelled, and their ratio to plain margin's:"
        yield _markdown(("order", "first point", *targets, "last point"), out)


def _targets(data: str, plain: dict[int, Curve], n_items: int) -> dict[str, dict[int, float]]:
    """Return by name of a target what each seed has to reach."""
    if data in EXPECTED:
        return {f"{t:.0%}": dict.fromkeys(plain, t) for t in EXPECTED[data]}
    targets = {}
    for share in SHARES_ANSWERED:
        # The last batch may be cut short by rounding, but by no more than one answer.
        if plain and all(curve.answers[-1] >= share * n_items - 1 for curve in plain.values()):
            of_seed = {seed: _after(curve, share * n_items) for seed, curve in plain.items()}
            targets[f"as right as plain with {share:.0%}"] = of_seed
    return targets


def _after(curve: Curve, n_answers: float) -> float:
    """Return how right the corpus was at the last point with so many answers or fewer."""
    place = np.searchsorted(curve.answers, n_answers + 1) - 1
    return float(curve.accuracy[max(place, 0)])


def _answers(
    method: str,
    targets: dict[int, float],
    curves: dict[tuple[str, int], Curve],
    plain: dict[int, Curve],
) -> str:
    """Return mean answers until a target with their ratio to plain margin's, seed by seed."""
    answers, ratios = [], []
    for seed, target in targets.items():
        if (method, seed) not in curves:
            continue
        needed, plainly = (
            answers_until(curves[method, seed], target),
            answers_until(plain[seed], target),
        )
        if needed is None:
            return "not reached"
        answers.append(needed)
        if plainly:
            ratios.append(needed / plainly)
    if not answers:
        return "-"
    ratio = f" ({np.mean(ratios):.2f})" if ratios else ""
    return f"{_spread(answers, '{:,.0f}')}{ratio}"


def _scenarios(table: pd.DataFrame) -> Iterator[str]:
    """Give for each scenario and start a table of its methods, and one of its classes."""
    among = table[table["data"].isin(_scenario_names(table))]
    for (name, start), of_start in among.groupby(["data", "start"], sort=False):
        rows = of_start[of_start["class_name"].eq("")]
        metrics = [m for m in SCENARIO_METRICS if (rows["metric"] == m).any()]
        methods = list(dict.fromkeys(rows["method"]))
        yield f"### {name}, known: {KNOWN_OF_START[str(start)]}"
        yield _markdown(
            ("method", *(SCENARIO_METRICS[m] for m in metrics)),
            [(f"`{m}`", *(_cell(rows, m, metric) for metric in metrics)) for m in methods],
        )
        by_class = of_start[of_start["metric"] == "class_accuracy"]
        if len(by_class):
            yield "Share right of each class:"
            yield _classes(by_class, methods)


def _classes(rows: pd.DataFrame, methods: list[str]) -> str:
    """Return a row for each class, as many classes would be too many columns."""
    of_class = {
        name: rows[rows["class_name"] == name] for name in dict.fromkeys(rows["class_name"])
    }
    return _markdown(
        ("class", *(f"`{method}`" for method in methods)),
        [
            (name, *(_cell(part, method, "class_accuracy") for method in methods))
            for name, part in of_class.items()
        ],
    )


def _scenario_names(table: pd.DataFrame) -> list[str]:
    names = dict.fromkeys(table["data"])
    return [name for name in names if name.endswith(("_long_tail", "_open_set", "_worse"))]


def _methods_by_data(rows: pd.DataFrame, metric: str) -> str:
    rows = rows[rows["metric"] == metric]
    sets = list(dict.fromkeys(rows["data"]))
    methods = sorted(dict.fromkeys(rows["method"]), key=lambda m: m != DEFAULT)
    return _markdown(
        ("method", *sets),
        [(f"`{m}`", *(_cell(rows[rows["data"] == s], m, metric) for s in sets)) for m in methods],
    )


def _cell(rows: pd.DataFrame, method: str, metric: str) -> str:
    values = rows[(rows["method"] == method) & (rows["metric"] == metric)]["value"]
    return _spread(values.tolist(), "{:.1%}")


def _spread(values: Sequence[float], form: str) -> str:
    """Return mean and sample standard deviation, "-" for nothing."""
    if not len(values):
        return "-"
    mean = form.format(float(np.mean(values)))
    if len(values) == 1:
        return mean
    return f"{mean} ± {form.format(float(np.std(values, ddof=1))).removesuffix('%')}"


def _curve(rows: pd.DataFrame) -> Curve:
    rows = rows[rows["metric"] == "accuracy_after"].sort_values("at")
    return Curve(rows["at"].to_numpy(dtype=np.int64), rows["value"].to_numpy())


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _plots(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Give name and SVG of every plot that the measurements allow."""
    trained = table[
        (table["metric"] == "accuracy_at")
        & table["factor"].isin(["selector", "default"])
        & ~table["data"].isin(_scenario_names(table))
    ]
    for start, rows in trained.groupby("start", sort=False):
        yield (
            f"coverage-{start}",
            draw_panels(_panels(rows), "share of items kept, the most confident first", "right"),
        )
    asked = table[(table["metric"] == "accuracy_after") & (table["factor"] != "baseline")]
    if len(asked):
        yield "answers", draw_panels(_panels(asked), "answers", "share of the corpus right")


def _panels(rows: pd.DataFrame) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return by data set and method the mean curve over seeds."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    means = rows.groupby(["data", "method", "at"], sort=False)["value"].mean().reset_index()
    for (data, method), points in means.groupby(["data", "method"], sort=False):
        ordered = points.sort_values("at")
        panels.setdefault(str(data), {})[str(method)] = list(
            zip(ordered["at"].tolist(), ordered["value"].tolist(), strict=True)
        )
    return panels
