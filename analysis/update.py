#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""update.jsonl of `kvferry-lab update` as a table."""

import argparse
import pathlib
import sys

from jsonl import NUMBER, ResultsError, load as load_lines, write_whole

COLUMNS = {"edit": str, "place": NUMBER, "preset": str, "way": str, "model": str, "tokens": NUMBER, "new_tokens": NUMBER,
           "card_bytes": NUMBER, "sent_bytes": NUMBER, "sent_share": NUMBER, "token_share": NUMBER, "flops_share": NUMBER,
           "f1_old": NUMBER, "kl": NUMBER, "top1": NUMBER, "n_documents": int}
ABOUT = """A paragraph is inserted, put in the place of as many sentences, or taken out; **place** is the share of the sentences
before it. **Sent**: the chunks that a reader of the version before does not have, with the whole manifest, as a share of a
card of the new version. **Read**: tokens that the model reads anew, as a share of the document's, and operations beside
reading all of it. **Sent / read** of an insertion at the end is what a paragraph costs beside its share of the tokens.
A moved suffix is not read again: it has not seen the change. KL and top-1 are against the document read anew and not quantized."""


def load(path):
    return load_lines(path, COLUMNS)


def per_token(line):
    return f"{line['sent_share'] / line['token_share']:.2f}" if line["token_share"] > 0 else ""


def rows(lines):
    for line in lines:
        place = "end" if line["place"] == 1 else "beginning" if line["place"] == 0 else f"{line['place']:g}"
        new = "" if line.get("f1_new") is None else f"{line['f1_new']:.3f}"
        yield [f"{line['edit']}, {place}", line["preset"].replace(" | ", ", "), line["way"],
               f"{line['sent_bytes']:,.0f}", f"{line['sent_share']:.3f}", f"{line['token_share']:.3f}",
               f"{line['flops_share']:.3f}", per_token(line),
               f"{line['f1_old']:.3f}", new, f"{line['kl']:.4f}", f"{line['top1']:.4f}"]


def report(lines, command):
    """The page's Markdown."""
    header = ["change", "preset", "way", "sent, bytes", "sent", "read", "operations", "sent / read", "F1, old text",
              "F1, new text", "KL, nats", "top-1"]
    divider = ["---"] * 3 + ["---:"] * (len(header) - 3)
    table = "\n".join("| " + " | ".join(row) + " |" for row in [header, divider, *rows(lines)])
    about = f"{lines[0]['tokens']:,.0f} tokens, {lines[0]['n_documents']} documents, model {lines[0]['model']}."
    made = f"`{command}`\n\n" if command else ""
    return f"# A document that changes\n\n{made}{about}\n\n{ABOUT}\n\n{table}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--command", default="")
    options = parser.parse_args()
    try:
        lines = load(options.results)
    except ResultsError as error:
        sys.exit(f"update: {error}")
    write_whole(options.out / "update.md", report(lines, options.command))


if __name__ == "__main__":
    main()
