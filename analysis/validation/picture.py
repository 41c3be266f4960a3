# SPDX-License-Identifier: MIT
"""validation.png: simulated against measured completion times, and how far they are apart."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: E402

from cells import WITH_LOSS, WITHOUT_LOSS  # noqa: E402

MOST = 40  # % that the right panel shows; beyond, a number says how far
STYLES = {"udp": ("^", "#d55e00"), "quic": ("s", "#009e73"), "tcp": ("o", "#0072b2")}  # colours of Okabe and Ito


def style(pair):
    marker, colour = STYLES[pair.transport]
    filled = colour if pair.link["loss"] == 0 else "white"
    return {"marker": marker, "color": colour, "markerfacecolor": filled, "markersize": 7, "markeredgewidth": 1.4, "linestyle": "none"}


def bars(times, median):
    return [[median - min(times)], [max(times) - median]]


def draw_times(axis, pairs):
    every = [time for pair in pairs for world in pair.runs for time in pair.times(world)]
    ends = [min(every) * 0.8, max(every) * 1.25]
    for bound, grey in ((WITH_LOSS, "#e8e8e8"), (WITHOUT_LOSS, "#d2d2d2")):
        axis.fill_between(ends, [(1 - bound) * end for end in ends], [(1 + bound) * end for end in ends], color=grey, zorder=0, linewidth=0)
    axis.plot(ends, ends, color="black", linewidth=0.8, zorder=1)
    for pair in pairs:
        real, simulated = pair.median("real"), pair.median("simulated")
        axis.errorbar([real], [simulated], xerr=bars(pair.times("real"), real), yerr=bars(pair.times("simulated"), simulated),
                      elinewidth=0.6, zorder=3, **style(pair))
    for set_scale, set_limits in ((axis.set_xscale, axis.set_xlim), (axis.set_yscale, axis.set_ylim)):
        set_scale("log")
        set_limits(ends)
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_ticks([tick for tick in (1, 2, 5, 10, 20, 50, 100) if ends[0] <= tick <= ends[1]])
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        scale.set_minor_formatter(NullFormatter())
    axis.set_aspect("equal")
    axis.set_xlabel("real processes: seconds until the card is applied (log)")
    axis.set_ylabel("simulation: seconds until the card is applied (log)")


def draw_differences(axis, pairs):
    cells = list(dict.fromkeys(pair.cell for pair in pairs))
    transports = list(dict.fromkeys(pair.transport for pair in pairs))
    with_loss = {pair.cell: pair.bound for pair in pairs}
    for row, cell in enumerate(cells):
        bound = 100 * with_loss[cell]
        axis.fill_betweenx([row - 0.45, row + 0.45], -bound, bound, color="#d2d2d2", zorder=0, linewidth=0)
    for pair in pairs:
        row = cells.index(pair.cell) + 0.26 * (transports.index(pair.transport) - (len(transports) - 1) / 2)
        percent = 100 * (pair.ratio - 1)
        axis.plot([max(-MOST, min(percent, MOST))], [row], zorder=3, clip_on=False, **style(pair))
        if abs(percent) > MOST:
            side = 1 if percent > 0 else -1
            axis.annotate(f"{percent:+.0f} %", (side * MOST, row), (-8 * side, 0), textcoords="offset points", ha="right" if side > 0 else "left",
                          va="center", fontsize=8.5)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(cells)), cells, fontsize=9)
    axis.invert_yaxis()
    axis.set_xlim(-MOST, MOST)
    axis.set_xlabel("simulated less real, % of real (medians)")
    axis.grid(True, axis="x", color="#e4e4e4", linewidth=0.7)
    axis.set_axisbelow(True)


def legend(figure, pairs):
    present = dict.fromkeys(pair.transport for pair in pairs)
    handles = [plt.Line2D([], [], marker=STYLES[t][0], color=STYLES[t][1], linestyle="none", markersize=7, label=t) for t in present]
    handles += [plt.Line2D([], [], marker="D", color="#555555", markerfacecolor=face, linestyle="none", markersize=6, label=label)
                for face, label in (("#555555", "filled: no loss"), ("white", "hollow: with loss"))]
    handles += [plt.Rectangle((0, 0), 1, 1, color="#d2d2d2", label="tolerance of UDP and QUIC")]
    figure.legend(handles=handles, loc="lower center", ncol=len(handles), frameon=False, fontsize=9)


def draw(pairs, path):
    pairs = [pair for pair in pairs if pair.is_complete]
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 6.4), dpi=110, width_ratios=[1, 1.05])
    draw_times(left, pairs)
    draw_differences(right, pairs)
    for axis in (left, right):
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    legend(figure, pairs)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
