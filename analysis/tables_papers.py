# SPDX-License-Identifier: MIT
"""The papers' own figures, and ours beside them. What is said of a shape is computed from the results."""

from dataclasses import dataclass

from tables_lines import find, kept, panel_name
from tables_text import markdown, share


@dataclass
class Point:
    """What a paper reports for one treatment: an F1, and that of its full cache."""

    series: str
    x: float
    name: str
    f1: float
    full: float

    @property
    def kept(self):
        return self.f1 / self.full


@dataclass
class Source:
    title: str
    points: list


def grid(full, rows):
    """Points from {(series, x, name): f1}."""
    return [Point(*key, f1, full) for key, f1 in rows.items()]


def selection(full, methods):
    rows = (0.75, 0.5, 0.25)
    return grid(full, {(method, kept_rows, f"{method} {share(kept_rows, 0)}"): f1
                       for method, values in methods.items() for kept_rows, f1 in zip(rows, values)})


PAPERS = {
    "selection": [
        Source("task-aware paper, Qwen2.5-3B, batch 8", selection(0.770, {
            "q2c": (0.657, 0.508, 0.376), "snapkv": (0.626, 0.531, 0.269), "h2o": (0.535, 0.291, 0.176),
            "random": (0.358, 0.232, 0.109)})),
        Source("task-aware paper, Qwen2.5-7B, batch 8", selection(0.776, {
            "q2c": (0.666, 0.580, 0.421), "snapkv": (0.671, 0.549, 0.278), "h2o": (0.562, 0.413, 0.183),
            "random": (0.431, 0.191, 0.166)}))],
    "bits": [Source("task-aware paper, Qwen2.5-3B, batches 5 and 6", grid(0.770, {
        ("asymmetric", 8, "8 bits"): 0.770, ("asymmetric", 4, "4 bits"): 0.768, ("asymmetric", 3, "3 bits"): 0.718,
        ("asymmetric", 2, "2 bits"): 0.119}))],
    "bandwidth": [
        Source("task-aware paper, Qwen2.5-3B, batch 9", grid(0.770, {
            ("q2c, 4 bits", 0.0625, "q2c 25 % + int4"): 0.394, ("q2c, 4 bits", 0.125, "q2c 50 % + int4"): 0.504,
            ("q2c, 4 bits", 0.1875, "q2c 75 % + int4"): 0.616,
            ("every row", 0.25, "full + int4"): 0.739, ("q2c, 8 bits", 0.375, "q2c 75 % + int8"): 0.657,
            ("q2c, 8 bits", 0.125, "q2c 25 % + int8"): 0.376, ("q2c, 8 bits", 0.25, "q2c 50 % + int8"): 0.508})),
        Source("task-aware paper, Qwen2.5-7B, batch 9", grid(0.776, {
            ("q2c, 4 bits", 0.0625, "q2c 25 % + int4"): 0.373, ("q2c, 4 bits", 0.125, "q2c 50 % + int4"): 0.511,
            ("q2c, 4 bits", 0.1875, "q2c 75 % + int4"): 0.569,
            ("every row", 0.25, "full + int4"): 0.597, ("q2c, 8 bits", 0.375, "q2c 75 % + int8"): 0.666,
            ("q2c, 8 bits", 0.125, "q2c 25 % + int8"): 0.421, ("q2c, 8 bits", 0.25, "q2c 50 % + int8"): 0.580}))],
    "svd": [Source("task-aware paper, Qwen2.5-3B, batch 5", grid(1, {
        ("svd", 64, "rank 64"): 0.95, ("svd", 32, "rank 32"): 0.59}))],
}


def beside(table):
    """Each paper's points, with what our models keep under the same treatment."""
    for source in PAPERS.get(table.name, []):
        yield f"Share of the full cache's F1 that is kept, beside the {source.title}:"
        yield ""
        rows = []
        for point in source.points:
            ours = [find(lines[1:], point.series, point.x) for lines in table.panels.values()]
            rows.append([point.name, share(point.kept, 0),
                         *("–" if line is None else share(kept(line), 0) for line in ours)])
        yield from markdown(["", "paper", *map(panel_name, table.panels)], rows)
        yield ""
        yield from shapes(table, source)


def contradictions(paper, ours):
    """Pairs that the paper ranks one way and we the other, with intervals that do not touch."""
    return [(a, b) for a in paper for b in paper if paper[a] > paper[b] and a in ours and b in ours
            and ours[a]["f1_interval"][1] < ours[b]["f1_interval"][0]]


def at(points, x):
    return {point.series: point.kept for point in points if point.x == x}


def shapes(table, source):
    """Where our order of series differs from the paper's, place by place."""
    places = sorted({point.x for point in source.points}, reverse=True)
    agree = 0
    for x in places:
        paper = at(source.points, x)
        if len(paper) < 2:
            continue
        for panel, lines in table.panels.items():
            found = {name: find(lines[1:], name, x) for name in paper}
            ours = {name: line for name, line in found.items() if line}
            swapped = contradictions(paper, ours)
            agree += not swapped
            if swapped:
                pairs = ", ".join(f"{b} ({share(kept(ours[b]))}) above {a} ({share(kept(ours[a]))})" for a, b in swapped)
                yield f"- {panel_name(panel)}, at {x:.3g}: other than in the paper, {pairs}; the intervals do not touch."
    if agree:
        yield f"- Nothing contradicts the paper's order of methods in {agree} of the places compared."
    if agree or places:
        yield ""
