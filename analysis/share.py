#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""share.jsonl of `kvferry-lab share` as a table and a picture."""

import argparse
import json
import os
import pathlib
import sys

from share_findings import finding, shares
from share_picture import draw

COLUMNS = ["set", "strategy", "base", "task", "agents", "f1", "f1_worst_agent", "own_bytes", "shared_bytes",
           "total_bytes", "marginal_bytes", "total_flops", "marginal_flops", "time_to_answer_s"]
ABOUT = """Shares are of the document's rows: of the base, and of what each agent gets beside it (or, of a mask, keeps
visible of the base). Bytes are those of the card files, and of the text. *Pool*: the agents share a store or memory, so
what is everybody's moves once; *apart*: every agent gets all of it over a link of its own. Operations are floating-point
operations counted from the model's shape; time is processor time of one core for reading, encoding, decoding and answering,
and simulated time for the link, an agent after the other at the source. Worst: the mean over documents of the
worst agent's F1. Memory: FP16 bytes of the rows that an agent's model reads, a share of those that all share."""


def fail(message):
    sys.exit(f"share: {message}")


def read(path):
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            fail(f"{path}:{number}: not JSON: {error}")
        missing = [column for column in COLUMNS if column not in line]
        if missing:
            fail(f"{path}:{number}: no column '{missing[0]}', expected a line of kvferry-lab share")
        lines.append(line)
    if not lines:
        fail(f"{path}: no line")
    return lines


def number(value):
    return f"{value:,.0f}"


def table(lines):
    header = ["strategy", "rows", "F1", "worst", "PPL Δ", "next reader, pool", "apart", "total, pool", "total, apart",
              "GFLOP, total", "next reader", "memory a reader, KiB", "answer p50, s", "p95", "p99"]
    rows = []
    for line in lines:
        time = line["time_to_answer_s"]
        rows.append([line["strategy"], shares(line), f"{line['f1']:.3f}", f"{line['f1_worst_agent']:.3f}",
                     f"{100 * line['ppl_delta']:+.2f} %", number(line["marginal_bytes"]["pool"]),
                     number(line["marginal_bytes"]["apart"]), number(line["total_bytes"]["pool"]),
                     number(line["total_bytes"]["apart"]), f"{line['total_flops'] / 1e9:.2f}",
                     f"{line['marginal_flops'] / 1e9:.2f}", number(line["memory_bytes_per_reader"]["pool"] / 1024),
                     f"{time['p50']:.3f}", f"{time['p95']:.3f}", f"{time['p99']:.3f}"])
    divider = ["---"] * 2 + ["---:"] * (len(header) - 2)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, divider, *rows])


def fan_out(lines):
    """One strategy of each kind over the number of agents."""
    chosen = {}
    for line in lines:
        chosen.setdefault((line["strategy"], line["base"], line["task"]), []).append(line)
    wanted = [("text", 0, 0), ("full", 0, 0), ("base", 0.5, 0), ("base x mask", 0.5, 0.5), ("base + refinement", 0.25, 0.05),
              ("own card", 0, 0.2)]
    header = ["strategy", "rows", "agents", "F1", "worst", "total, pool", "total, apart", "GFLOP, total", "answer p50, s", "p95",
              "p99"]
    rows = []
    for key in wanted:
        for line in chosen.get(key, []):
            time = line["time_to_answer_s"]
            rows.append([line["strategy"], shares(line), str(line["agents"]), f"{line['f1']:.3f}",
                         f"{line['f1_worst_agent']:.3f}", number(line["total_bytes"]["pool"]),
                         number(line["total_bytes"]["apart"]), f"{line['total_flops'] / 1e9:.2f}", f"{time['p50']:.3f}",
                         f"{time['p95']:.3f}", f"{time['p99']:.3f}"])
    divider = ["---"] * 2 + ["---:"] * (len(header) - 2)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, divider, *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--command", default="")
    options = parser.parse_args()
    lines = read(options.results)
    most = max(line["agents"] for line in lines)
    parts = ["# Many agents, one document\n"]
    if options.command:
        parts.append(f"`{options.command}`\n")
    parts.append(ABOUT + "\n")
    for name in dict.fromkeys(line["set"] for line in lines):
        of_set = [line for line in lines if line["set"] == name]
        full = [line for line in of_set if line["agents"] == most]
        parts.append(f"## {name}: {full[0]['tokens']:,.0f} tokens, {full[0]['n_documents']} documents, {most} agents\n")
        parts.append(finding(full) + "\n")
        parts.append(table(full) + "\n")
        parts.append(f"### {name}: by the number of agents\n")
        parts.append(fan_out(of_set) + "\n")
    draw(lines, options.out / "share.png")
    page = options.out / "share.md"
    temporary = page.with_suffix(".tmp")
    temporary.write_text("\n".join(parts), encoding="utf-8")
    os.replace(temporary, page)


if __name__ == "__main__":
    main()
