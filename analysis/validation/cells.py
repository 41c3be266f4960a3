# SPDX-License-Identifier: MIT
"""What tests/netem/validation wrote, summed up by link and transport."""

import json
import statistics
from dataclasses import dataclass, field

WITHOUT_LOSS, WITH_LOSS = 0.10, 0.20  # how far medians may be apart
JUDGED = ("udp", "quic")  # TCP's are two programs: the difference is explained, not bounded
NEEDED = {"world": str, "cell": str, "transport": str, "seed": int, "link": dict, "card_bytes": int, "ok": bool, "kvferry": str,
          "kernel": str, "ns3": str}


class ResultsError(Exception):
    """A results file that cannot be used; the message names file, line and what was expected."""


def load(path):
    lines = []
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError as error:
                raise ResultsError(f"{path}:{number}: expected a JSON object: {error}") from error
            for key, kind in NEEDED.items():
                if not isinstance(line, dict) or not isinstance(line.get(key), kind):
                    raise ResultsError(f"{path}:{number}: key '{key}': expected {kind.__name__}")
            lines.append(line)
    if not lines:
        raise ResultsError(f"{path}: expected at least one run")
    return lines


@dataclass
class Pair:
    """One link and transport in both worlds."""

    cell: str
    transport: str
    link: dict
    card_bytes: int
    runs: dict = field(default_factory=lambda: {"real": [], "simulated": []})

    def times(self, world):
        """Of the runs that count: a link that did not keep time says nothing."""
        return [run["complete_s"] for run in self.runs[world] if run["ok"] and run.get("in_time", True)]

    def failures(self):
        return [run for world in self.runs.values() for run in world if not run["ok"]]

    def set_aside(self):
        return [run for run in self.runs["real"] if not run.get("in_time", True)]

    def median(self, world):
        return statistics.median(self.times(world))

    @property
    def is_complete(self):
        return all(self.times(world) for world in self.runs)

    @property
    def ratio(self):
        return self.median("simulated") / self.median("real")

    @property
    def bound(self):
        return WITH_LOSS if self.link["loss"] > 0 else WITHOUT_LOSS

    @property
    def is_judged(self):
        return self.transport in JUDGED

    @property
    def is_near(self):
        return self.is_complete and abs(self.ratio - 1) <= self.bound


def pairs(lines):
    """By links, then transports, in the order in which they first appear."""
    found = {}
    for line in lines:
        key = line["cell"], line["transport"]
        pair = found.setdefault(key, Pair(*key, line["link"], line["card_bytes"]))
        pair.runs[line["world"]].append(line)
    order = list(dict.fromkeys(line["cell"] for line in lines))
    return sorted(found.values(), key=lambda pair: order.index(pair.cell))
