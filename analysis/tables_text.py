# SPDX-License-Identifier: MIT
"""A table as Markdown and as CSV."""

import csv
import io

from tables_about import about
from tables_lines import panel_name

COLUMNS = ["table", "model", "set", "series", "label", "x", "preset", "pipeline", "query_aware", "kv_bytes_fp16",
           "card_bytes", "ratio", "nominal", "f1", "f1_low", "f1_high", "loss", "loss_low", "loss_high", "em", "kl", "top1",
           "energy", "sender_f1", "n_questions", "n_documents", "seed"]


def flat(line):
    row = dict(line)
    for key in ("f1", "loss"):
        row[key + "_low"], row[key + "_high"] = line[key + "_interval"]
    return {key: row[key] for key in COLUMNS}


def as_csv(table):
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat(line) for line in table.lines)
    return out.getvalue()


def times(value):
    return "–" if value is None else f"{value:.2f}"


def percent(value):
    return f"{100 * value:.1f}"


def share(value, digits=1):
    return f"{100 * value:.{digits}f} %"


def nats(value):
    return "0" if value == 0 else f"{value:.2g}"


def markdown(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"


def row_of(line, extras):
    low, high = line["f1_interval"]
    name = line["series"] + (" *" if line["query_aware"] else "")
    return [name, line["label"], times(line["ratio"]), times(line["nominal"]), f"{line['f1']:.3f}",
            f"{low:.3f} – {high:.3f}", percent(line["loss"]), f"{line['em']:.3f}", nats(line["kl"]), percent(line["top1"]),
            *(f"{line[key]:.3f}" if line[key] is not None else "–" for key in extras)]


HEADER = ["series", "", "ratio", "nominal", "F1", "95 %", "loss %", "EM", "KL, nats", "top-1 %"]
EXTRAS = {"energy": "energy", "sender_f1": "sender's own F1"}


def panels(table):
    """Markdown of each model and question set."""
    extras = [key for key in EXTRAS if any(line[key] is not None for line in table.lines)]
    for panel, lines in table.panels.items():
        yield f"**{panel_name(panel)}**, {lines[0]['n_questions']} questions on {lines[0]['n_documents']} documents"
        yield ""
        yield from markdown(HEADER + [EXTRAS[key] for key in extras], [row_of(line, extras) for line in lines])
        yield ""


READING = ("F1, EM (exact match) and loss (of F1, relative to the full cache on the same questions) are means over "
           "questions; the interval is a 95 % bootstrap over documents. KL and top-1 agreement compare the "
           "next-token distributions along the gold answers with those of the full FP16 cache. The ratio counts the whole "
           "card file; nominal leaves out scales, tables and headers, as papers do. A star marks cards that serve one "
           "question only.")


def as_markdown(table, findings):
    title = about(table.name)
    lines = [f"# {title.title}", "", title.shows, "", f"![{title.title}]({table.name}.png)", ""]
    lines += findings + [""] if findings else []
    return "\n".join([*lines, *panels(table), READING, ""])
