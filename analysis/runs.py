# SPDX-License-Identifier: MIT
"""Reads results.jsonl and sums its runs up by preset and transport."""

import json
from dataclasses import dataclass, field


class ResultsError(Exception):
    """A results file that cannot be used; the message names file, line and what was expected."""


NEEDED = {
    "scenario": str, "transport": str, "preset": str, "seed": int, "tokens": int, "n_questions": int,
    "quality_model": str, "profile": str, "kv_bytes_fp16": int, "card_bytes": int, "ratio": float,
    "wire": dict, "time_s": dict, "quality": dict, "text": dict, "link": dict, "clock": str, "document": int,
}


def load(path):
    """All runs of a file, in its order."""
    runs = []
    try:
        lines = open(path, encoding="utf-8").read().splitlines()
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}, expected a results.jsonl") from error
    for number, line in enumerate(lines, 1):
        try:
            run = json.loads(line)
        except ValueError as error:
            raise ResultsError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(run, dict):
            raise ResultsError(f"{path}:{number}: expected an object, a line per run")
        for key, kind in NEEDED.items():
            value = run.get(key)
            if not isinstance(value, (int, float) if kind is float else kind):
                raise ResultsError(f"{path}:{number}: key '{key}': expected {kind.__name__}")
        runs.append(run)
    if not runs:
        raise ResultsError(f"{path}: empty, expected a line per run")
    return runs


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@dataclass
class Group:
    """The runs of one preset over one transport."""

    preset: str
    transport: str
    runs: list = field(default_factory=list)

    @property
    def is_text(self):
        return self.preset == "text"

    def per_question(self, key):
        """A quality's mean over questions."""
        asked = sum(run["n_questions"] for run in self.runs)
        return sum(run["quality"][key] * run["n_questions"] for run in self.runs) / asked

    def seconds(self, key):
        return mean(run["time_s"][key] for run in self.runs)

    def text_seconds(self, key):
        return mean(run["text"][key] for run in self.runs)

    @property
    def wire_bytes(self):
        return mean(run["wire"]["total"] for run in self.runs)

    @property
    def card_bytes(self):
        return mean(run["card_bytes"] for run in self.runs)

    @property
    def ratio(self):
        return sum(run["kv_bytes_fp16"] for run in self.runs) / sum(run["card_bytes"] for run in self.runs)

    @property
    def nominal(self):
        return mean(run.get("nominal", 0) for run in self.runs)

    @property
    def retransmitted_share(self):
        again = sum(run["wire"]["retransmitted"] for run in self.runs)
        return again / sum(run["wire"]["total"] for run in self.runs)

    @property
    def is_for_one_question(self):
        return any(run.get("question") is not None for run in self.runs)

    @property
    def break_even_prefill(self):
        """Tokens/s of the receiver's prefill under which the cache beats the text; None: at any speed."""
        ahead = self.seconds("first_token") - self.seconds("prefill") - self.text_seconds("transfer")
        return mean(run["tokens"] for run in self.runs) / ahead if ahead > 0 else None


def group(runs):
    """Groups in the order in which they first appear."""
    groups = {}
    for run in runs:
        key = run["preset"], run["transport"]
        groups.setdefault(key, Group(*key)).runs.append(run)
    return list(groups.values())


def summary(runs):
    """What all runs share, in words."""
    first = runs[0]
    link = first["link"]
    documents = {run["document"]: run["tokens"] for run in runs}
    questions = {}
    for run in runs:
        key = run["document"], run.get("question")
        questions[key] = run["n_questions"]
    whole = sum(n for (_, question), n in questions.items() if question is None)
    asked = whole or sum(questions.values())
    shape = first.get("shape_model")
    return {
        "scenario": first["scenario"],
        "model": f"answers by {first['quality_model']}"
        + (f", bytes in the shape of {shape}" if shape else ""),
        "documents": f"{len(documents)} documents of about {mean(documents.values()):.0f} tokens, {asked} questions",
        "link": f"{link['rate_mbps']:g} Mbit/s, {link['rtt_ms']:g} ms round trip, {100 * link['loss']:g} % loss, "
        f"queue of {link['queue_packets']} packets",
        "compute": f"compute times from profile {first['profile']}, {first['clock']} clock",
        "seed": f"seed {first['seed']}",
    }
