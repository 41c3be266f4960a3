# SPDX-License-Identifier: MIT
"""The presets as a picture: how far each shrinks a card, and whether it stays within the limits."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter

import figures
from tables_about import about
from tables_lines import MOST_KL, MOST_LOSS, panel_name
from tables_text import share

KINDS = [("within both limits", {"marker": "o", "color": "#0072b2"}),
         (f"at most {share(MOST_LOSS, 0)} of F1 lost, KL above {MOST_KL:g}",
          {"marker": "^", "color": "#e69f00", "markerfacecolor": "none"}),
         (f"KL at most {MOST_KL:g}, more than {share(MOST_LOSS, 0)} of F1 lost",
          {"marker": "v", "color": "#009e73", "markerfacecolor": "none"}),
         ("neither", {"marker": "x", "color": "#999999"})]


def kind_of(line):
    good_f1, good_kl = line["loss"] <= MOST_LOSS, line["kl"] <= MOST_KL
    return 0 if good_f1 and good_kl else 1 if good_f1 else 2 if good_kl else 3


def short(line):
    text = line["label"]
    for stage in ("select=", "protect=", "transform=", "quant=", "entropy="):
        text = text.replace(stage, "")
    return text + (" *" if line["query_aware"] else "")


def draw_ranking(table, path):
    first = next(iter(table.panels.values()))
    names = [line["label"] for line in sorted(first, key=lambda line: line["ratio"])]
    places = {name: place for place, name in enumerate(names)}
    shown = {line["label"]: short(line) for line in first}
    figure, axes = plt.subplots(1, len(table.panels), figsize=(6 + 2.9 * len(table.panels), 1.8 + 0.215 * len(names)),
                                dpi=110, squeeze=False, sharey=True)
    for axis, (panel, lines) in zip(axes[0], table.panels.items()):
        for line in lines:
            axis.plot(line["ratio"], places[line["label"]], linestyle="none", markersize=6, **KINDS[kind_of(line)][1])
        axis.set_xscale("log")
        axis.set_xticks([1, 2, 4, 8, 16, 32])
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(panel_name(panel), fontsize=10.5)
        axis.set_xlabel(about(table.name).axis)
        axis.grid(True, color="#e4e4e4", linewidth=0.7)
        axis.set_axisbelow(True)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0][0].set_yticks(range(len(names)), [shown[name] for name in names], fontsize=8.5)
    axes[0][0].set_ylim(-0.7, len(names) - 0.3)
    handles = [plt.Line2D([], [], linestyle="none", label=label, **look) for label, look in KINDS]
    figure.legend(handles=handles, loc="lower center", frameon=False, ncol=len(handles), fontsize=9.5)
    figure.suptitle(about(table.name).title + " (* a card for each question)", fontsize=12)
    figure.tight_layout(rect=(0, 0.04, 1, 0.99))
    figures.save(figure, path)
