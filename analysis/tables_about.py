# SPDX-License-Identifier: MIT
"""What each table is about: headings, one line on what it shows, and how it is drawn."""

from dataclasses import dataclass


@dataclass
class About:
    title: str
    shows: str
    axis: str = ""  # what x is, in words
    kind: str = "lines"  # how it is drawn: lines, places (x has names), scatter, ranking (of presets), curve
    log: bool = False
    percent: bool = False  # x is a share


ABOUT = {
    "selection": About(
        "Selection",
        "Rows kept by each method at four shares of the document, in FP16. `q2c` and `union` see the question and "
        "need a card for each; the others serve every question.",
        "share of rows kept", log=True, percent=True),
    "bits": About(
        "Bits",
        "Every row, uniform quantization at 8 to 1 bits, with and without a zero point; at 4 bits also by what shares a "
        "scale.", "bits a number"),
    "bandwidth": About(
        "Selection and bits at equal bandwidth",
        "The same effective bandwidth (share of rows × bits / 16, scales left out) reached with fewer rows or fewer bits.",
        "effective bandwidth", log=True, percent=True),
    "svd": About(
        "Rank",
        "Truncated SVD of K and V in FP16, basis bytes counted, alone and after q2c. Energy is the share of the squared "
        "singular values that the rank holds (K after RoPE, mean over documents, layers, K and V).", "rank", log=True),
    "presets": About(
        "Presets",
        "Named presets and a sweep of pipelines: the ratio with every byte of the card file counted, and what it costs.",
        "ratio, all bytes (log)", kind="ranking"),
    "progressive": About(
        "Progressive cards",
        "One progressive card, cut at many budgets: head, tables and whole chunks as they come, all counted. Beside it every "
        "fixed preset that serves all questions, and ours at steps that have no name.",
        "bytes, of the FP16 cache (log)", kind="curve", percent=True),
    "hops": About(
        "Hops",
        "The cache is encoded and decoded again and again, as when each agent hands on what it got: bits by token weight "
        "(adaptive) against the same mean bits everywhere (uniform). Anew: each agent weighs the tokens by a question of "
        "its own.", "hand-offs"),
    "allocation": About(
        "Allocation",
        "Bits given to tokens by attention, by position, at random, or all alike, at equal mean bits.",
        "mean bits a number"),
    "calibration": About(
        "Other models' caches",
        "A model reads the cache of another one, brought to its shape, with and without matching means and deviations; "
        "and of copies of itself whose weights got noise (in units of each tensor's deviation). The sender's own F1 stands beside.",
        "sender", kind="places"),
    "sensitivity": About(
        "Sensitivity",
        "One layer at 2 bits, all others untouched: the layer's calibrated sensitivity (relative squared error at 4 bits) "
        "against the loss that is measured.", "calibrated sensitivity", kind="scatter", log=True),
    "layers": About(
        "Layers",
        "70 % of the layers travel, chosen by attention, by the Gaussian prior, or by both. An unsent layer has no rows of "
        "the document: there, new tokens attend to themselves alone.", "α: weight of attention"),
    "conditions": About(
        "Pruning, masking, zeroing",
        "The same rows left out in five ways: pruned from the finished cache (what a card does), masked in it, set to zero, "
        "zeroed and masked, or masked from the first layer on while the cache was built. The task-aware paper builds with the "
        "mask in its batches 8 and 9, prunes in 5 to 7, and finds no difference between masking and masking with zeroing.", "share of rows kept", log=True,
        percent=True),
    "facts": About(
        "Facts",
        "A summary of so many words travels in the card and is read before the question; its bytes are counted.",
        "words of the summary"),
}


def about(name):
    return ABOUT.get(name) or About(name, "")
