# SPDX-License-Identifier: MIT
"""fronts.png: which presets nothing else beats, in F1 and bytes, and in F1 and time, with confidence bands."""

import random
from bisect import bisect_right

import matplotlib.pyplot as plt

import figures
from runs import group

RESAMPLES = 400
BAND = (0.025, 0.975)
X_OF = {"wire_bytes": ("bytes on the wire per card, both directions (log)", figures.bytes_text, lambda g: g.wire_bytes),
        "first_token": ("time to first token (log)", figures.seconds_text, lambda g: g.seconds("first_token"))}


def front(points):
    """(x, F1) of those that no other point is as good as with less, by x."""
    best, kept = float("-inf"), []
    for x, f1 in sorted(points, key=lambda point: (point[0], -point[1])):
        if f1 > best:
            kept.append((x, f1))
            best = f1
    return kept


def height(points, x):
    """The best F1 that so much of x buys; None where it buys nothing."""
    place = bisect_right([point[0] for point in points], x)
    return points[place - 1][1] if place else None


def resampled(runs, seed):
    """Documents, with all their runs, drawn again with replacement: presets stay paired."""
    documents = sorted({run["document"] for run in runs})
    by_document = {document: [run for run in runs if run["document"] == document] for document in documents}
    rng = random.Random(seed)
    for _ in range(RESAMPLES):
        yield [run for document in rng.choices(documents, k=len(documents)) for run in by_document[document]]


def quantiles(values):
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in BAND]


def band(samples, grid):
    """Lower and upper height of the samples' fronts at each place of the grid where nearly all of them have one."""
    for x in grid:
        heights = [found for points in samples if (found := height(points, x)) is not None]
        if len(heights) >= 0.9 * len(samples):
            yield x, *quantiles(heights)


def samples_of(runs):
    """For each resample, the groups' points by axis: {axis: {(preset, transport): (x, F1)}}."""
    for some in resampled(runs, runs[0]["seed"]):
        groups = group(some)
        yield {name: {(g.preset, g.transport): (x(g), g.per_question("f1")) for g in groups} for name, (_, _, x) in X_OF.items()}


def draw_front(axis, groups, samples, name, transport, index):
    marker, colour, line = figures.look(index)
    own = [g for g in groups if g.transport == transport]
    x = X_OF[name][2]
    points = [(x(g), g.per_question("f1")) for g in own]
    fronts = [front([point for (_, t), point in sample[name].items() if t == transport]) for sample in samples]
    low, high = min(p[0] for p in points), max(p[0] for p in points)
    grid = [low * (high / low) ** (i / 120) for i in range(121)] if high > low else [low]
    places = list(band(fronts, grid))
    axis.fill_between([p[0] for p in places], [p[1] for p in places], [p[2] for p in places], step="post", color=colour, alpha=0.15, linewidth=0)
    best = front(points)
    axis.step([p[0] for p in best] + [high], [p[1] for p in best] + [best[-1][1]], where="post", color=colour, linestyle=line, linewidth=1.5, zorder=2)
    for g, (at, f1) in zip(own, points):
        low_f1, high_f1 = quantiles([sample[name][g.preset, transport][1] for sample in samples])
        axis.errorbar([at], [f1], yerr=[[max(0, f1 - low_f1)], [max(0, high_f1 - f1)]], fmt=marker, color=colour, markerfacecolor="white",
                      markersize=6.5, markeredgewidth=1.4, elinewidth=0.8, zorder=3)
    for at, f1 in best:
        g = own[points.index((at, f1))]
        axis.annotate(g.preset, (at, f1), (0, 7 if index % 2 == 0 else -15), textcoords="offset points", ha="center", fontsize=8, color=colour)


def draw(runs, path):
    groups = group(runs)
    samples = list(samples_of(runs))
    transports = list(dict.fromkeys(g.transport for g in groups))
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.2), dpi=110, sharey=True)
    for axis, (name, (label, unit, _)) in zip(axes, X_OF.items()):
        for index, transport in enumerate(transports):
            draw_front(axis, groups, samples, name, transport, index)
        axis.margins(x=0.1, y=0.1)
        figures.logarithmic(axis, unit)
        axis.set_xlabel(label)
        figures.dress(axis)
    axes[0].set_ylabel("F1 of the answers")
    handles = [plt.Line2D([], [], marker=figures.look(i)[0], color=figures.look(i)[1], linestyle=figures.look(i)[2], markerfacecolor="white", label=t)
               for i, t in enumerate(transports)]
    figure.legend(handles=handles, loc="lower center", frameon=False, ncol=len(handles))
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figures.save(figure, path)
