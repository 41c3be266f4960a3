# SPDX-License-Identifier: MIT
"""Turns results.jsonl into tradeoff.png, report.html and a table on the terminal.

Reads the results and nothing else; the plan and the command are only shown."""

import argparse
import json
import os
import sys

import table
from jsonl import ResultsError, write_whole
from page import again_section, page, plan_section
from runs import group, load, summary
from tradeoff_section import section, title


def as_object(runs, groups):
    rows = [{"preset": g.preset, "transport": g.transport, "f1": g.per_question("f1"), "em": g.per_question("em"),
             "kld": g.per_question("kld"), "ratio": g.ratio, "wire_bytes": g.wire_bytes,
             "transfer_s": g.seconds("transfer"), "first_token_s": g.seconds("first_token"),
             "retransmitted_share": g.retransmitted_share,
             "break_even_prefill_tokens_per_s": None if g.is_text else g.break_even_prefill} for g in groups]
    return {**summary(runs), "presets": rows}


def draw_pictures(runs, groups, folder):
    """Files by what they show."""
    import fronts  # slow to import: only when the results are good
    import picture
    import stages

    about = summary(runs)
    drawn = {name: os.path.join(folder, f"{name}.png") for name in ("tradeoff", "fronts", "stages")}
    picture.draw(groups, "; ".join([about["scenario"], about["documents"], about["link"]]), drawn["tradeoff"])
    fronts.draw(runs, drawn["fronts"])
    stages.draw(groups, drawn["stages"])
    return drawn


def main():
    parser = argparse.ArgumentParser(prog="tradeoff.py", description=__doc__)
    parser.add_argument("results", help="results.jsonl")
    parser.add_argument("--out", required=True, help="folder for tradeoff.png and report.html")
    parser.add_argument("--plan", help="the plan's file, to be shown in the report")
    parser.add_argument("--command", default="", help="the command that made the results, to be shown")
    parser.add_argument("--json", action="store_true", help="print one object instead of the table")
    options = parser.parse_args()
    runs = load(options.results)
    groups = group(runs)
    pictures = draw_pictures(runs, groups, options.out)
    plan = open(options.plan, encoding="utf-8").read() if options.plan else ""
    body = section(runs, groups, pictures, options.results) + plan_section(plan) + again_section([options.command] if options.command else [])
    write_whole(os.path.join(options.out, "report.html"), page(title(runs), body, {"command": options.command, "plan": plan}))
    if options.json:
        print(json.dumps(as_object(runs, groups)))
    else:
        print("\n".join(table.terminal(runs, groups)))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"tradeoff.py: {error}")
