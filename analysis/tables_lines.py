# SPDX-License-Identifier: MIT
"""Reads tables.jsonl: one line for each treatment of the caches, model and question set."""

from dataclasses import dataclass, field

from jsonl import NUMBER, ResultsError, load as load_lines

MOST_LOSS = 0.01  # of F1, relative: what still counts as equal
MOST_KL = 0.05    # nats

KEYS = {
    "table": str, "model": str, "set": str, "series": str, "label": str, "x": NUMBER, "query_aware": bool,
    "kv_bytes_fp16": NUMBER, "f1": NUMBER, "f1_interval": list, "loss": NUMBER, "loss_interval": list, "em": NUMBER,
    "kl": NUMBER, "top1": NUMBER, "n_questions": int, "n_documents": int, "seed": int,
}
KEYS_OR_NULL = {"preset": str, "pipeline": str, "card_bytes": NUMBER, "ratio": NUMBER, "nominal": NUMBER,
                "energy": NUMBER, "sender_f1": NUMBER}


def load(path):
    """All lines of a file, in its order."""
    lines = load_lines(path, KEYS)
    for number, line in enumerate(lines, 1):
        for key, kind in KEYS_OR_NULL.items():
            if key not in line or not (line[key] is None or isinstance(line[key], kind)):
                what = "a text" if kind is str else "a number"
                raise ResultsError(f"{path}:{number}: column '{key}': expected {what} or null")
    return lines


@dataclass
class Table:
    """Its lines by (model, set), both in their order in the file."""

    name: str
    panels: dict = field(default_factory=dict)

    @property
    def lines(self):
        return [line for lines in self.panels.values() for line in lines]


def tables(lines):
    found = {}
    for line in lines:
        table = found.setdefault(line["table"], Table(line["table"]))
        table.panels.setdefault((line["model"], line["set"]), []).append(line)
    return found


def panel_name(panel):
    return ", ".join(panel)


def find(lines, series, x):
    """The line of a series at a place, or None."""
    return next((line for line in lines if line["series"] == series and abs(line["x"] - x) < 1e-9), None)


def share_of(line):
    """Bytes of the card, or of what came of it, over those of the FP16 cache."""
    return line["card_bytes"] / line["kv_bytes_fp16"]


def useful(line):
    """Whether a card serves every question."""
    return line["card_bytes"] is not None and not line["query_aware"]


def full_line(lines):
    """The full FP16 card, with which every table begins."""
    return lines[0]


def kept(line):
    """Share of the full cache's F1."""
    return 1 - line["loss"]
