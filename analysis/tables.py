# SPDX-License-Identifier: MIT
"""Turns tables.jsonl into index.md and, for each table, Markdown, CSV and a picture.

Reads the results and nothing else; the command is only shown."""

import argparse
import os
import sys

from jsonl import ResultsError, write_whole
from tables_about import about
from tables_findings import findings
from tables_lines import load, tables
from tables_papers import beside
from tables_text import READING, as_csv, as_markdown, panels

PREFACE = """# Every method on the same caches

The same documents, models, questions and byte counting for every method. The models are small and trained for these
documents; answers stand verbatim in one sentence of the document. The papers measured other models on other
tasks, so shares of the full cache's F1 are compared, not F1 itself."""


def said(table):
    lines = findings(table)
    return [*lines, *([""] if lines and lines[-1] else []), *beside(table)]


def section(table):
    name = about(table.name)
    yield f"## {name.title}"
    yield ""
    yield f"{name.shows} ([table]({table.name}.md), [CSV]({table.name}.csv))"
    yield ""
    yield f"![{name.title}]({table.name}.png)"
    yield ""
    yield from said(table)
    yield "<details><summary>All figures</summary>"
    yield ""
    yield from panels(table)
    yield "</details>"
    yield ""


def index(found, command):
    first = next(iter(found.values())).lines[0]
    versions = ", ".join(f"{name} {version}" for name, version in first.get("versions", {}).items())
    made = f"Made by `{command}`; seed {first['seed']}; {versions}." if command else f"Seed {first['seed']}."
    lines = [PREFACE, "", READING, "", made, ""]
    for table in found.values():
        lines += section(table)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="tables.py", description=__doc__)
    parser.add_argument("results", help="tables.jsonl")
    parser.add_argument("--out", required=True, help="folder for index.md and the tables")
    parser.add_argument("--command", default="", help="the command that made the results, to be shown")
    options = parser.parse_args()
    found = tables(load(options.results))
    from tables_picture import draw  # slow to import: only when the results are good

    for name, table in found.items():
        target = os.path.join(options.out, name)
        draw(table, target + ".png")
        write_whole(target + ".csv", as_csv(table))
        write_whole(target + ".md", as_markdown(table, said(table)))
    write_whole(os.path.join(options.out, "index.md"), index(found, options.command))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"tables.py: {error}")
