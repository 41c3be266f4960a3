# SPDX-License-Identifier: MIT
"""Turns what `kvferry-lab overhead` measured into overhead.md and overhead.png, with the closed form beside it.

Reads the results and nothing else. More than one file: also those of tests/netem/overhead, say."""

import argparse
import os
import sys

import overhead_text
from jsonl import ResultsError, write_whole
from overhead_cells import cells, load


def main():
    parser = argparse.ArgumentParser(prog="overhead.py", description=__doc__)
    parser.add_argument("results", nargs="+", help="overhead.jsonl, emulated.jsonl")
    parser.add_argument("--out", required=True, help="folder for overhead.md and overhead.png")
    options = parser.parse_args()
    found = cells([line for results in options.results for line in load(results)])
    import overhead_picture  # slow to import: only when the results are good

    picture = os.path.join(options.out, "overhead.png")
    overhead_picture.draw(found, picture)
    write_whole(os.path.join(options.out, "overhead.md"), "\n".join(overhead_text.report(found)) + "\n")
    print("\n".join(overhead_text.summary(found)))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"overhead.py: {error}")
