# SPDX-License-Identifier: MIT
"""Turns what `kvferry-lab breakeven --json` printed into breakeven.png: until when each preset is usable, over link rates, for each
device, and which is first.

    kvferry-lab breakeven --json > breakeven.jsonl"""

import argparse
import os
import sys

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

import figures
from jsonl import NUMBER, ResultsError, load as load_lines

NEEDED = {"profile": str, "rate_mbps": NUMBER, "best": str, "ready_s": dict}


def load(path):
    lines = load_lines(path, NEEDED, {})
    presets = list(lines[0]["ready_s"])
    for number, line in enumerate(lines, 1):
        if list(line["ready_s"]) != presets or not all(isinstance(seconds, NUMBER) for seconds in line["ready_s"].values()):
            raise ResultsError(f"{path}:{number}: column 'ready_s': expected seconds for {', '.join(presets)}")
    return lines


def rate_text(mbps, _=None):
    return f"{mbps / 1e3:g} Gbit/s" if mbps >= 1e3 else f"{mbps:g} Mbit/s"


def draw_device(axis, lines):
    rates = [line["rate_mbps"] for line in lines]
    for index, preset in enumerate(lines[0]["ready_s"]):
        marker, colour, style = figures.look(index)
        axis.plot(rates, [line["ready_s"][preset] for line in lines], marker=marker, color=colour, linestyle=style, markersize=4.5, linewidth=1.3,
                  markerfacecolor="white", label=preset)
    for line in lines:
        axis.annotate(line["best"], (line["rate_mbps"], line["ready_s"][line["best"]]), (0, -9), textcoords="offset points", ha="center", va="top",
                      fontsize=7.5, rotation=45)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.xaxis.set_major_locator(LogLocator(numticks=20))
    axis.xaxis.set_major_formatter(FuncFormatter(rate_text))
    axis.tick_params(axis="x", labelsize=8, rotation=40)
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(y=0.2)
    axis.set_title(lines[0]["profile"], fontsize=10.5)
    axis.set_xlabel("rate of the link (log)")
    figures.dress(axis)


def draw(lines, path):
    profiles = list(dict.fromkeys(line["profile"] for line in lines))
    figure, axes = plt.subplots(1, len(profiles), figsize=(4.9 * len(profiles), 5.2), dpi=110, squeeze=False)
    for axis, profile in zip(axes[0], profiles):
        draw_device(axis, [line for line in lines if line["profile"] == profile])
    axes[0][0].set_ylabel("seconds until the cache can be used (log)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", frameon=False, ncol=len(labels), fontsize=9)
    figure.suptitle("below each rate: which preset is first", fontsize=10.5)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figures.save(figure, path)


def main():
    parser = argparse.ArgumentParser(prog="breakeven.py", description=__doc__)
    parser.add_argument("results", help="breakeven.jsonl")
    parser.add_argument("--out", required=True, help="folder for breakeven.png")
    options = parser.parse_args()
    draw(load(options.results), os.path.join(options.out, "breakeven.png"))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"breakeven.py: {error}")
