# SPDX-License-Identifier: MIT
"""Turns what tests/netem/validation wrote into validation.md and validation.png. Reads results.jsonl, and nothing else."""

import argparse
import os
import pathlib
import sys

from cells import ResultsError, load, pairs
from report import report


def write_whole(path, text):
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(prog="draw.py", description=__doc__)
    parser.add_argument("results", help="results.jsonl")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for validation.md and validation.png")
    options = parser.parse_args()
    lines = load(options.results)
    found = pairs(lines)
    write_whole(options.out / "validation.md", "\n".join(report(lines, found)) + "\n")
    import picture  # slow to import: only when the results are good

    picture.draw(found, options.out / "validation.png")


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"draw.py: {error}")
