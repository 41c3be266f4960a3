#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""share.jsonl of `kvferry-lab share` as a table and a picture."""

import argparse
import json
import pathlib
import sys

from jsonl import NUMBER, ResultsError, load as load_lines, write_whole
from share_findings import finding, shares
from share_picture import CURVES, draw

COLUMNS = {"set": str, "strategy": str, "base": NUMBER, "task": NUMBER, "agents": int, "tokens": NUMBER, "f1": NUMBER,
           "f1_interval": list, "f1_worst_agent": NUMBER, "ppl_delta": NUMBER, "own_bytes": NUMBER, "shared_bytes": NUMBER,
           "total_bytes": dict, "marginal_bytes": dict, "total_flops": NUMBER, "marginal_flops": NUMBER,
           "memory_bytes_per_reader": dict, "time_to_answer_s": dict, "n_documents": int}
ABOUT = """Shares are of the document's rows: of the base, and of what each agent gets beside it (or, of a mask, keeps
visible of the base). Bytes are those of the card files, and of the text. **Pool**: the agents share a store or memory, so
what is everybody's moves once; **apart**: every agent gets all of it over a link of its own. Operations are floating-point
operations counted from the model's shape; time is processor time of one core for reading, encoding, decoding and answering,
and simulated time for the link, an agent after the other at the source. Worst: the mean over documents of the
worst agent's F1. Memory: FP16 bytes of the rows that an agent's model reads, a share of those that all share."""


def load(path):
    return load_lines(path, COLUMNS)


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


def write_fan_out(lines, path):
    """What `kvferry-lab report` draws over the number of agents: of a strategy, agents from a pool."""
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            if (line["strategy"], line["base"], line["task"]) not in CURVES:
                continue
            json.dump({"scenario": line["set"], "strategy": f"{line['set']}: {line['strategy']} {shares(line)}".strip(),
                       "agents": line["agents"], "total_bytes": line["total_bytes"]["pool"],
                       "marginal_bytes": line["marginal_bytes"]["pool"], "f1_mean": line["f1"], "f1_worst": line["f1_worst_agent"],
                       "time_to_answer_s": line["time_to_answer_s"], "seed": line["seed"]}, file)
            file.write("\n")


def report(lines, command):
    """The page's Markdown."""
    most = max(line["agents"] for line in lines)
    parts = ["# Many agents, one document\n", f"`{command}`\n" if command else "", ABOUT + "\n"]
    for name in dict.fromkeys(line["set"] for line in lines):
        of_set = [line for line in lines if line["set"] == name]
        full = [line for line in of_set if line["agents"] == most]
        parts.append(f"## {name}: {full[0]['tokens']:,.0f} tokens, {full[0]['n_documents']} documents, {most} agents\n")
        parts += [finding(full) + "\n", table(full) + "\n", f"### {name}: by the number of agents\n", fan_out(of_set) + "\n"]
    return "\n".join(part for part in parts if part)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--command", default="")
    options = parser.parse_args()
    try:
        lines = load(options.results)
    except ResultsError as error:
        sys.exit(f"share: {error}")
    draw(lines, options.out / "share.png")
    write_fan_out(lines, options.out / "fan-out.jsonl")
    write_whole(options.out / "share.md", report(lines, options.command))


if __name__ == "__main__":
    main()
