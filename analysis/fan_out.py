# SPDX-License-Identifier: MIT
"""Turns results of one cache for many agents into fan-out.png: bytes, F1 and time over the number of agents, by strategy.

A line is one strategy at one number of agents. Reads fan-out.jsonl and nothing else; columns that it does not know are told
once and passed over, those that a panel needs and no line has leave that panel out."""

import argparse
import os
import sys

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

import figures
from jsonl import NUMBER, ResultsError, load as load_lines

NEEDED = {"strategy": str, "agents": int, "total_bytes": NUMBER}
OPTIONAL = {"marginal_bytes": NUMBER, "f1_mean": NUMBER, "f1_worst": NUMBER, "time_to_answer_s": dict}
ABOUT = {"scenario", "seed", "transport", "preset", "link", "versions", "n_questions", "quality_model", "shape_model", "profile", "wire", "clock"}
TIMES = ("p50", "p95", "p99")


def load(path):
    lines = load_lines(path, NEEDED)
    for number, line in enumerate(lines, 1):
        for key, kind in OPTIONAL.items():
            if key in line and line[key] is not None and not isinstance(line[key], kind):
                raise ResultsError(f"{path}:{number}: column '{key}': expected {'an object' if kind is dict else 'a number'}")
        for key in TIMES:
            if line.get("time_to_answer_s") is not None and not isinstance(line["time_to_answer_s"].get(key), NUMBER):
                raise ResultsError(f"{path}:{number}: column 'time_to_answer_s.{key}': expected a number")
    return lines


def unknown(lines):
    return sorted({key for line in lines for key in line} - set(NEEDED) - set(OPTIONAL) - ABOUT)


def value(line, column):
    if column in TIMES:
        return (line.get("time_to_answer_s") or {}).get(column)
    return line.get(column)


def curve(lines, strategy, column):
    """Agents and values, ascending; the mean where several lines have the same number."""
    found = {}
    for line in lines:
        if line["strategy"] == strategy and value(line, column) is not None:
            found.setdefault(line["agents"], []).append(value(line, column))
    return sorted((agents, sum(values) / len(values)) for agents, values in found.items())


PANELS = [("all bytes on the wire (log)", [("total_bytes", 1)], figures.bytes_text, True),
          ("bytes for one agent more (log)", [("marginal_bytes", 1)], figures.bytes_text, True),
          ("F1: mean (bold) and worst agent (thin)", [("f1_mean", 1), ("f1_worst", 0.5)], None, False),
          ("seconds to the answer: p50 (bold), p95, p99", [("p50", 1), ("p95", 0.6), ("p99", 0.35)], None, False)]


def draw_panel(axis, lines, strategies, panel):
    label, columns, unit, logarithmic = panel
    for index, strategy in enumerate(strategies):
        marker, colour, style = figures.look(index)
        for column, weight in columns:
            points = curve(lines, strategy, column)
            axis.plot([p[0] for p in points], [p[1] for p in points], color=colour, linestyle=style, marker=marker, markersize=3 + 3 * weight,
                      linewidth=0.6 + 1.2 * weight, markerfacecolor="white", label=strategy if weight == 1 else None)
    agents = sorted({line["agents"] for line in lines})
    axis.set_xscale("log", base=2)
    axis.set_xticks(agents, [str(count) for count in agents])
    axis.minorticks_off()
    if logarithmic:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(FuncFormatter(unit))
        axis.yaxis.set_minor_formatter(NullFormatter())
    else:
        axis.set_ylim(0, 1.05 if columns[0][0] == "f1_mean" else None)
    axis.set_xlabel("agents")
    axis.set_ylabel(label)
    figures.dress(axis)


def draw(lines, path):
    panels = [panel for panel in PANELS if any(value(line, column) is not None for line in lines for column, _ in panel[1][:1])]
    strategies = list(dict.fromkeys(line["strategy"] for line in lines))
    columns = 1 if len(panels) == 1 else 2
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(6 * columns, 0.7 + 3.7 * rows), dpi=110, squeeze=False)
    for axis, panel in zip(axes.flat, panels):
        draw_panel(axis, lines, strategies, panel)
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", frameon=False, ncol=min(4, len(labels)), fontsize=9)
    figure.tight_layout(rect=(0, 0.25 * -(-len(labels) // 4) / figure.get_figheight() + 0.02, 1, 1))
    figures.save(figure, path)


def main():
    parser = argparse.ArgumentParser(prog="fan_out.py", description=__doc__)
    parser.add_argument("results", help="fan-out.jsonl")
    parser.add_argument("--out", required=True, help="folder for fan-out.png")
    options = parser.parse_args()
    lines = load(options.results)
    if unknown(lines):
        print(f"fan_out.py: {options.results}: passed over: {', '.join(unknown(lines))}", file=sys.stderr)
    draw(lines, os.path.join(options.out, "fan-out.png"))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"fan_out.py: {error}")
