# SPDX-License-Identifier: MIT
"""Reads results.jsonl and sums its runs up by preset and transport."""

from dataclasses import dataclass, field

from jsonl import NUMBER, ResultsError, load as load_lines

NEEDED = {
    "scenario": str, "transport": str, "preset": str, "seed": int, "tokens": int, "n_questions": int,
    "quality_model": str, "profile": str, "kv_bytes_fp16": int, "card_bytes": int, "ratio": NUMBER,
    "wire": dict, "time_s": dict, "quality": dict, "text": dict, "link": dict, "clock": str, "document": int,
}
INSIDE = {
    "wire": ("retransmitted", "total"), "quality": ("f1", "em", "kld"),
    "time_s": ("encode", "queue", "transfer", "decode", "inject", "prefill", "generate", "first_token"),
    "text": ("wire_total", "transfer", "prefill", "first_token"), "link": ("rate_mbps", "rtt_ms", "loss", "queue_packets"),
}


def load(path):
    """All runs of a file, in its order. Columns that nobody here reads may be there."""
    runs = load_lines(path, NEEDED)
    for number, run in enumerate(runs, 1):
        for column, keys in INSIDE.items():
            check(run[column], f"{path}:{number}", keys, f"{column}.")
    return runs


def check(values, where, keys, prefix):
    for key in keys:
        if not isinstance(values.get(key), NUMBER):
            raise ResultsError(f"{where}: column '{prefix}{key}': expected a number")


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
