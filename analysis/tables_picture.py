# SPDX-License-Identifier: MIT
"""A table as a picture: F1 above, divergence below, one column for each model and question set."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

import figures
from tables_about import about
from tables_curve import draw_curve
from tables_ranking import draw_ranking
from tables_lines import full_line, panel_name

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]  # Okabe and Ito
MARKERS = "o^sDvP*X<>"
LEAST_KL = 1e-10  # what is drawn for 0 on a logarithmic axis


def style(index):
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)],
            "linestyle": "-" if index < len(COLOURS) else "--"}


def series_of(table):
    return list(dict.fromkeys(line["series"] for lines in table.panels.values() for line in lines[1:]))


def heights(lines, key):
    """Values, and how far the interval reaches below and above, where there is one."""
    if key == "kl":
        return [max(line["kl"], LEAST_KL) for line in lines], None
    values = [line["f1"] for line in lines]
    below = [max(0, line["f1"] - line["f1_interval"][0]) for line in lines]
    above = [max(0, line["f1_interval"][1] - line["f1"]) for line in lines]
    return values, [below, above]


def draw_series(axis, table, lines, key):
    for index, series in enumerate(series_of(table)):
        own = sorted((line for line in lines[1:] if line["series"] == series), key=lambda line: line["x"])
        if not own:
            continue
        look = style(index)
        if about(table.name).kind != "lines" or len({line["x"] for line in own}) < max(2, len(own)):
            look["linestyle"] = "none"
        values, errors = heights(own, key)
        places = [line["x"] for line in own]
        if about(table.name).kind == "places":  # side by side
            places = [x + 0.16 * (index - 0.5) for x in places]
        axis.errorbar(places, values, yerr=errors, markersize=5, linewidth=1.3, elinewidth=0.8, capsize=2,
                      markerfacecolor="none", label=series, **look)


def share_text(value, _=None):
    return f"{100 * value:g} %"


def dress_x(axis, table, lines):
    name = about(table.name)
    if name.kind == "places":
        names = {line["x"]: line["label"] for line in lines[1:]}
        axis.set_xticks(list(names), list(names.values()), rotation=35, ha="right", fontsize=8)
        return
    if name.log:
        axis.set_xscale("log")
    places = sorted({line["x"] for line in lines[1:]})
    if name.kind == "scatter":
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(sorted({places[0], places[-1]}))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
        axis.margins(x=0.15)
    elif len(places) <= 8:
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(places, [share_text(x) if name.percent else f"{x:g}" for x in places],
                        rotation=35 if name.percent else 0)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def dress_y(axis, table, key):
    """One scale for a whole row of panels."""
    if key == "kl":
        values, _ = heights([line for lines in table.panels.values() for line in lines[1:]], key)
        axis.set_yscale("log")
        axis.set_ylim(min(values) / 2, max(values) * 2)
        return
    worst = min(line["f1_interval"][0] for line in table.lines)
    axis.set_ylim(worst - 0.08 if about(table.name).kind == "scatter" else min(0.5, worst) - 0.03, 1.05)


def dress(axis, table, lines, key):
    dress_x(axis, table, lines)
    dress_y(axis, table, key)
    axis.grid(True, color="#e4e4e4", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    if key == "f1":
        axis.axhline(full_line(lines)["f1"], color="#999999", linewidth=0.9, linestyle=":")


def label_points(axis, table, lines, key):
    """Names beside marks."""
    if about(table.name).kind != "scatter":
        return
    for line in lines[1:]:
        values, _ = heights([line], key)
        axis.annotate(line["label"].removeprefix("layer "), (line["x"], values[0]), (5, 3), textcoords="offset points",
                      fontsize=9, color="#444444")


def legend(figure, handles, labels):
    """Below the panels, as wide as the figure; returns its rows."""
    if len(labels) < 2:
        return 0
    inches = 0.7 + 0.075 * max(map(len, labels))
    columns = min(len(labels), int(figure.get_figwidth() / inches))
    rows = -(-len(labels) // columns)
    figure.legend(handles, labels, loc="lower center", frameon=False, ncol=-(-len(labels) // rows), fontsize=9.5)
    return rows


def draw(table, path):
    if about(table.name).kind == "ranking":
        draw_ranking(table, path)
        return
    if about(table.name).kind == "curve":
        draw_curve(table, path)
        return
    columns = list(table.panels.items())
    name = about(table.name)
    figure, axes = plt.subplots(2, len(columns), figsize=(2 + 3.6 * len(columns), 7.6), dpi=110, squeeze=False,
                                sharey="row", sharex="col" if name.kind in ("lines", "places") else False)
    for column, (panel, lines) in enumerate(columns):
        for row, key in enumerate(("f1", "kl")):
            axis = axes[row][column]
            draw_series(axis, table, lines, key)
            dress(axis, table, lines, key)
            label_points(axis, table, lines, key)
        axes[0][column].set_title(panel_name(panel), fontsize=10.5)
        axes[1][column].set_xlabel(name.axis)
    axes[0][0].set_ylabel("F1 of the answers (dotted: full cache)")
    axes[1][0].set_ylabel("KL from the full cache, nats (log)")
    rows = legend(figure, *axes[0][0].get_legend_handles_labels())
    figure.suptitle(name.title, fontsize=12)
    figure.tight_layout(rect=(0, 0.03 * rows, 1, 0.99))
    figures.save(figure, path)
