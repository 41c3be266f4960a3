# SPDX-License-Identifier: MIT
"""Sharing as a picture: what the next reader costs for which F1, and what all cost as they become more."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

MARKS = {"text": ("#000000", "X", ":"), "full": ("#0072b2", "o", "-"), "base": ("#d55e00", "^", "--"),
         "base x mask": ("#cc79a7", "v", "--"), "base + refinement": ("#009e73", "s", "-"), "own card": ("#e69f00", "D", "-.")}
CURVES = [("text", 0, 0), ("full", 0, 0), ("base + refinement", 0.25, 0.05), ("own card", 0, 0.2)]
KIB = 1024


def costs(axis, lines):
    for strategy, (colour, mark, _) in MARKS.items():
        points = [line for line in lines if line["strategy"] == strategy]
        if not points:
            continue
        x = [max(line["marginal_bytes"]["pool"], KIB / 4) / KIB for line in points]
        y = [line["f1"] for line in points]
        error = [[max(0, line["f1"] - line["f1_interval"][0]) for line in points],
                 [max(0, line["f1_interval"][1] - line["f1"]) for line in points]]
        axis.errorbar(x, y, yerror_or_none(error), color=colour, marker=mark, linestyle="none", markersize=5, capsize=2,
                      elinewidth=.7, label=strategy)
    axis.set_xscale("log")
    axis.set_xlabel("the next reader takes, KiB (left edge: nothing)")
    axis.set_ylabel("F1, mean over agents")
    axis.set_ylim(top=1.02)


def yerror_or_none(error):
    return error if any(value > 0 for side in error for value in side) else None


def curves(axis, lines, value, label):
    for key in CURVES:
        points = [line for line in lines if (line["strategy"], line["base"], line["task"]) == key]
        if not points:
            continue
        colour, mark, dash = MARKS[key[0]]
        axis.plot([line["agents"] for line in points], [value(line) for line in points], color=colour, marker=mark,
                  linestyle=dash, markersize=5, label=key[0])
    axis.set_xlabel("agents")
    axis.set_ylabel(label)
    axis.set_ylim(bottom=0)


def draw(lines, path):
    sets = list(dict.fromkeys(line["set"] for line in lines))
    most = max(line["agents"] for line in lines)
    figure, axes = plt.subplots(3, len(sets), figsize=(5.6 * len(sets), 11), squeeze=False, layout="constrained")
    for column, name in enumerate(sets):
        of_set = [line for line in lines if line["set"] == name]
        costs(axes[0][column], [line for line in of_set if line["agents"] == most])
        axes[0][column].set_title(f"{name}, {of_set[0]['tokens']:,.0f} tokens, {most} agents")
        curves(axes[1][column], of_set, lambda line: line["total_bytes"]["pool"] / KIB, "all agents take, KiB (pool)")
        curves(axes[2][column], of_set, lambda line: line["time_to_answer_s"]["p95"], "answered, p95, s")
    axes[0][0].legend(frameon=False, fontsize=8)
    axes[1][0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
