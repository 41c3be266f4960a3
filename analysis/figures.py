# SPDX-License-Identifier: MIT
"""What pictures have in common: readable without colour, and there whole or not at all."""

import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

# Marker, colour of Okabe and Ito, line: what one says, all say.
LOOKS = [("o", "#0072b2", "-"), ("^", "#d55e00", "--"), ("s", "#009e73", "-."), ("D", "#cc79a7", ":"), ("v", "#56b4e9", (0, (5, 1))),
         ("P", "#e69f00", (0, (3, 1, 1, 1))), ("X", "#000000", (0, (1, 1))), ("*", "#999999", (0, (8, 2)))]


def look(index):
    return LOOKS[index % len(LOOKS)]


def bytes_text(value, _=None):
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if value >= limit:
            return f"{value / limit:g} {unit}"
    return f"{value:g} B"


def seconds_text(value, _=None):
    return f"{value:g} s" if value >= 0.1 else f"{1e3 * value:g} ms"


def logarithmic(axis, unit):
    """The x axis, with a few readable marks."""
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 2000 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(unit))
    axis.xaxis.set_minor_formatter(NullFormatter())


def dress(axis, grid="both"):
    axis.grid(True, axis=grid, color="#e4e4e4", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def save(figure, path):
    """The same figure gives the same file."""
    figure.savefig(f"{path}.part", format="png", metadata={"Software": None})
    plt.close(figure)
    os.replace(f"{path}.part", path)
