# SPDX-License-Identifier: MIT
"""Makes one page of all results in a folder and in the folders in it: tradeoff's, adapt's, tables', overhead's, breakeven's, and
one cache for many agents.

Reads results and plans, and draws pictures anew; a report.html that stands there hands on how its results were made."""

import argparse
import os
import sys
import tempfile
from html import escape

from jsonl import ResultsError, write_whole
from page import again_section, image, made_by, page, plan_section

DRAWN = {"tradeoff.png", "fronts.png", "stages.png", "adapt.png", "timeline.png", "overhead.png", "fan-out.png", "breakeven.png"}
REPORT = "report.html"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def made_in(folder):
    path = os.path.join(folder, REPORT)
    return made_by(read(path)) if os.path.exists(path) else {}


def plans_in(folder, made):
    texts = [read(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".toml")]
    return texts or ([made["plan"]] if made.get("plan") else [])


def other_pictures(folder, has_tables):
    """Those that no part has drawn anew."""
    names = [name for name in sorted(os.listdir(folder)) if name.endswith(".png") and name not in DRAWN]
    return "" if has_tables else "".join(f"<h2>{escape(name)}</h2>" + image(os.path.join(folder, name), name) for name in names)


def of_folder(folder, work):
    """(titles, body, commands) of what stands there."""
    from report_parts import parts  # slow to import: it draws

    made = made_in(folder)
    found = list(parts(folder, work, made))
    body = "".join(part.body for part in found)
    if found:
        body += other_pictures(folder, any(part.title.startswith("Every method") for part in found))
        body += "".join(plan_section(text) for text in plans_in(folder, made))
    return [part.title for part in found], body, [command for part in found for command in part.commands]


def report(folder, work, command):
    inner = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    titles, bodies, commands = [], [], []
    for place in (folder, *inner):
        more_titles, body, more_commands = of_folder(place, work)
        titles += more_titles
        bodies.append(body)
        commands += more_commands
    if not titles:
        raise ResultsError(f"{folder}: no results, expected results.jsonl, tables.jsonl, overhead.jsonl, fan-out.jsonl or breakeven.jsonl")
    again = again_section([*dict.fromkeys(commands), *([command] if command else [])])
    return page(titles[0] if len(titles) == 1 else f"{len(titles)} sets of results", "".join(bodies) + again, made_in(folder) or None)


def main():
    parser = argparse.ArgumentParser(prog="report.py", description=__doc__)
    parser.add_argument("folder", help="folder with results")
    parser.add_argument("--out", required=True, help="folder for report.html")
    parser.add_argument("--command", default="", help="the command that makes this page, to be shown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        text = report(options.folder, work, options.command)
    write_whole(os.path.join(options.out, REPORT), text)


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"report.py: {error}")
