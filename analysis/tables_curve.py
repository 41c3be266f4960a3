# SPDX-License-Identifier: MIT
"""A progressive card as a picture: divergence against the bytes that came, beside cards of fixed presets."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter

import figures
from tables_about import about
from tables_lines import MOST_KL, panel_name, share_of, useful

LEAST_KL = 1e-9  # what is drawn for less on a logarithmic axis
CURVES = {"progressive": {"color": "#0072b2", "linewidth": 2, "marker": "o", "markersize": 3.5},
          "without delays": {"color": "#56b4e9", "linewidth": 1, "linestyle": "--"}}
NAMED = {"named": {"marker": "s", "color": "#d55e00"}, "other steps": {"marker": "x", "color": "#999999"}}
LABELLED = ("int4", "int8", "polykv", "kvtc", "cachegen-1", "ferry", "ferry-coarse")


def draw_panel(axis, lines):
    for series, look in CURVES.items():
        own = sorted((line for line in lines[1:] if line["series"] == series), key=share_of)
        axis.plot([share_of(line) for line in own], [max(line["kl"], LEAST_KL) for line in own], label=series, **look)
    for series, look in NAMED.items():
        own = [line for line in lines[1:] if line["series"] == series and useful(line)]
        axis.plot([share_of(line) for line in own], [max(line["kl"], LEAST_KL) for line in own], linestyle="none",
                  markersize=5, markerfacecolor="none", label="fixed presets" if series == "named" else "ferry at other steps",
                  **look)
        for line in own:
            if line["label"] in LABELLED:
                axis.annotate(line["label"], (share_of(line), max(line["kl"], LEAST_KL)), (4, 4), fontsize=7.5,
                              textcoords="offset points", color="#444444")
    axis.axhline(MOST_KL, color="#999999", linewidth=0.9, linestyle=":")


def dress(axis):
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axis.grid(True, color="#e4e4e4", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def draw_curve(table, path):
    columns = 2 if len(table.panels) > 1 else 1
    rows = -(-len(table.panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5.6 * columns, 1 + 4 * rows), dpi=110, squeeze=False, sharex=True,
                                sharey=True)
    for axis, (panel, lines) in zip(axes.flat, table.panels.items()):
        draw_panel(axis, lines)
        dress(axis)
        axis.set_title(panel_name(panel), fontsize=10.5)
    for axis in axes[-1]:
        axis.set_xlabel(about(table.name).axis)
    for axis in axes[:, 0]:
        axis.set_ylabel("KL from the full cache, nats (log)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", frameon=False, ncol=len(labels), fontsize=9.5)
    figure.suptitle(about(table.name).title, fontsize=12)
    figure.tight_layout(rect=(0, 0.04, 1, 0.99))
    figures.save(figure, path)
