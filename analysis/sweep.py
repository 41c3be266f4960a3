# SPDX-License-Identifier: MIT
"""Sweeps: a plan, and keys with the values that they take; every combination is a point, a run of its own.

    plan = "../../scenarios/quick.toml"   # seen from the sweep's file
    command = "tradeoff"                  # of kvferry-lab; or "transfers" or "network", both kvferry-sim's

    [sweep]
    seed = [1, 2]
    "link.loss" = [0.0, 0.01]

Points are named by their values, so that a sweep can be widened and what was run before stays."""

import argparse
import itertools
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from jsonl import ResultsError, write_whole

# What runs a plan, and the results that it writes into --out.
COMMANDS = {"tradeoff": (["kvferry-lab", "tradeoff", "--jobs", "1"], "results.jsonl"), "transfers": (["kvferry-sim"], "transfers.jsonl"),
            "network": (["kvferry-sim", "--jobs", "1"], "runs.jsonl")}
KEYS = ("plan", "command", "sweep")


@dataclass(frozen=True)
class Sweep:
    plan: dict
    plan_folder: Path
    command: str
    axes: dict  # values by key

    @property
    def points(self):
        """{name: {key: value}}, the last key fastest."""
        every = (dict(zip(self.axes, values)) for values in itertools.product(*self.axes.values()))
        return {name_of(point): point for point in every}

    @property
    def program(self):
        return COMMANDS[self.command][0]

    @property
    def results(self):
        return COMMANDS[self.command][1]


def name_of(point):
    return "_".join(f"{key}-{re.sub(r'[^A-Za-z0-9.+-]', '-', str(value))}" for key, value in point.items())


def load(path):
    path = Path(path)
    try:
        with path.open("rb") as file:
            told = tomllib.load(file)
        check(told, path)
        plan = path.parent / told["plan"]
        with plan.open("rb") as file:
            return Sweep(tomllib.load(file), plan.parent.resolve(), told["command"], told["sweep"])
    except OSError as error:
        raise ResultsError(f"{error.filename}: {error.strerror}, expected a file") from error
    except tomllib.TOMLDecodeError as error:
        raise ResultsError(f"{path}: not TOML: {error}") from error


def check(told, path):
    for key in told:
        if key not in KEYS:
            raise ResultsError(f"{path}: key '{key}': unknown, expected {', '.join(KEYS)}")
    if not isinstance(told.get("plan"), str):
        raise ResultsError(f"{path}: key 'plan': expected a plan's file")
    if told.get("command") not in COMMANDS:
        raise ResultsError(f"{path}: key 'command': expected one of {', '.join(COMMANDS)}")
    if not isinstance(told.get("sweep"), dict) or not told["sweep"]:
        raise ResultsError(f"{path}: key 'sweep': expected a table of keys with the values they take")
    for key, values in told["sweep"].items():
        if not isinstance(values, list) or not values or len({name_of({key: value}) for value in values}) < len(values):
            raise ResultsError(f"{path}: key 'sweep.{key}': expected a list of values, none twice")


def plan_text(sweep, point):
    """The plan with the point's values, as TOML that can lie anywhere."""
    plan = json.loads(json.dumps(sweep.plan))
    for key, value in point.items():
        *tables, last = key.split(".")
        place = plan
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = value
    return "\n".join(toml(absolute(plan, sweep.plan_folder))) + "\n"


def absolute(value, folder):
    """Files that the plan names as it sees them."""
    if isinstance(value, dict):
        return {key: absolute(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [absolute(inner, folder) for inner in value]
    is_file = isinstance(value, str) and re.fullmatch(r"[\w./-]+", value) and ("/" in value or "." in value) and (folder / value).exists()
    return str(folder / value) if is_file else value


def toml(table, path=""):
    """Lines: values first, then tables and arrays of tables."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    arrays = {key: value for key, value in table.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    for key, value in table.items():
        if key not in inner and key not in arrays:
            yield f"{quoted(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in inner.items():
        yield f"\n[{path}{quoted(key)}]"
        yield from toml(value, f"{path}{quoted(key)}.")
    for key, values in arrays.items():
        for value in values:
            yield f"\n[[{path}{quoted(key)}]]"
            yield from toml(value, f"{path}{quoted(key)}.")


def quoted(key):
    return key if re.fullmatch(r"[\w-]+", key) else json.dumps(key)


def gather(sweep, folder):
    """Writes table.jsonl: each line of results with its point before it, in the sweep's order."""
    lines = []
    for name, point in sweep.points.items():
        with open(folder / results_of(sweep, name), encoding="utf-8") as file:
            lines += [json.dumps({"point": point, **json.loads(line)}) + "\n" for line in file]
    write_whole(folder / "table.jsonl", "".join(lines))


def results_of(sweep, name):
    """Seen from the folder of the sweep's results."""
    return f"runs/{name}/{sweep.results}"


def main():
    parser = argparse.ArgumentParser(prog="sweep.py", description="Gathers the results of a sweep whose points have all been run.")
    parser.add_argument("sweep", help="the sweep's file")
    parser.add_argument("folder", type=Path, help="where its runs are")
    options = parser.parse_args()
    gather(load(options.sweep), options.folder)


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"sweep.py: {error}")
