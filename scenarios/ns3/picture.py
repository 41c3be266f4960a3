#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Draws what a script printed.

kvferry-example-NAME | scenarios/ns3/picture.py NAME FILE.png     NAME: chain, competing or contention
"""

import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

DARK, LIGHT = "#0072b2", "#d55e00"  # colours of Okabe and Ito
HATCHES = {"TCP": ("", "#0072b2"), "UDP": ("///", "#e69f00"), "QUIC": ("...", "#b8dccf")}


def split(line):
    return re.split(r" {2,}", line.strip())


def read_table(lines, first):
    """The rows below the line of names that begins with this one."""
    begin = next((i for i, line in enumerate(lines) if split(line)[0] == first), None)
    if begin is None:
        sys.exit(f"picture.py: no table with the column '{first}', expected what the script prints")
    names = split(lines[begin])
    return [dict(zip(names, split(line))) for line in lines[begin + 1:]]


def number(cell):
    return float("nan") if cell == "-" else float(cell)


def chain(axis, lines):
    rows = read_table(lines, "hop")
    straight = number(rows.pop()["whole, s"])
    hops = [int(row["hop"]) for row in rows]
    axis.plot(hops, [number(row["whole, s"]) for row in rows], "o-", color=DARK, label="each agent keeps the card")
    axis.plot(hops[-1], straight, "s", color=LIGHT, markersize=9, markerfacecolor="none", markeredgewidth=1.8,
              label="agents between only forward packets")
    axis.set_xlabel("hops from the source")
    axis.set_xticks(hops)
    axis.set_ylabel("card whole after, s")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False)


def contention(axis, lines):
    rows = read_table(lines, "contenders")
    counts = [int(row["contenders"]) for row in rows]
    for name, mark, colour in (("last complete, s", "s--", LIGHT), ("mean complete, s", "o-", DARK)):
        axis.plot(counts, [number(row[name]) for row in rows], mark, color=colour, markerfacecolor="none",
                  label=name.removesuffix(", s"))
    axis.set_xlabel("stations that send all they can, and readers that got the card")
    axis.set_xticks(counts, [f"{row['contenders']}\n{row['readers served']} readers" for row in rows])
    axis.set_ylabel("card whole after, s, of those")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False)


def competing(axis, lines):
    rows = read_table(lines, "transport")
    beside = list(dict.fromkeys(row["beside"] for row in rows))
    for i, transport in enumerate(HATCHES):
        hatch, colour = HATCHES[transport]
        shares = [number(row["share of link, %"]) for row in rows if row["transport"] == transport]
        bars = axis.bar([j + 0.27 * (i - 1) for j in range(len(beside))], shares, 0.25, label=transport, hatch=hatch,
                        facecolor=colour, edgecolor="black", linewidth=0.8)
        axis.bar_label(bars, fmt="%.0f", fontsize=9)
    axis.set_xticks(range(len(beside)), beside)
    axis.set_xlabel("beside the card")
    axis.set_ylabel("the card's share of the link, %")
    axis.legend(frameon=False)


def main():
    pictures = {"chain": chain, "competing": competing, "contention": contention}
    if len(sys.argv) != 3 or sys.argv[1] not in pictures:
        print(__doc__, file=sys.stderr)
        return 2
    figure, axis = plt.subplots(figsize=(6.4, 4), dpi=110)
    pictures[sys.argv[1]](axis, sys.stdin.read().splitlines())
    axis.grid(True, axis="y", color="#e4e4e4", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(sys.argv[2], metadata={"Software": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
