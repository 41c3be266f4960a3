# SPDX-License-Identifier: MIT
"""H2O's and SnapKV's scores against kvpress (NVIDIA): ObservedAttentionPress and SnapKVPress on the same checkpoint.

kvpress_test.py WRITE_SCORES MODEL [MODEL ...]
"""

import functools
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import torch  # noqa: E402
from kvpress import ObservedAttentionPress, SnapKVPress  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

TOLERANCE = 3e-5  # of scores, which are shares of attention
SENTENCES = ["bako lives in north deru .", "the quiet river passed near the old bridge .", "demu works as a senior baker .",
             "fina was born in july 1961 .", "the bell echoed beyond the wet field at noon .", "bako likes to eat smoked trout ."]


def document() -> str:
    return " ".join(SENTENCES[i * 7 % len(SENTENCES)] for i in range(60))  # more tokens than we read in one piece


def theirs(model, ids: torch.Tensor) -> dict:
    """Scores of every layer, by the presses' own score() on what the layer sees."""
    presses = {"h2o": ObservedAttentionPress(compression_ratio=0.5, output_attentions=True),
               "snapkv": SnapKVPress(compression_ratio=0.5, window_size=64, kernel_size=5)}
    scores = {name: [] for name in presses}

    def observe(module, forward, *arguments, **kwargs):
        output = forward(*arguments, **kwargs)
        _, attentions, cache = output
        keys, values = cache.key_cache[module.layer_idx], cache.value_cache[module.layer_idx]
        for name, press in presses.items():
            seen = attentions if name == "h2o" else None  # SnapKVPress computes its own
            scores[name].append(press.score(module, kwargs["hidden_states"], keys, values, seen, kwargs)[0].numpy())
        return output

    for layer in model.model.layers:  # a forward hook would not see keyword arguments before torch 2
        attention = layer.self_attn
        attention.forward = functools.partial(observe, attention, attention.forward)
    with torch.no_grad():
        model(ids, use_cache=True, output_attentions=True)
    return {name: np.stack(layers) for name, layers in scores.items()}


def compare(write_scores: str, folder: pathlib.Path, scratch: pathlib.Path) -> bool:
    text, out = scratch / "document.txt", scratch / "scores.safetensors"
    text.write_text(document())
    subprocess.run([write_scores, str(folder), str(text), str(out)], check=True)
    ours = load_file(out)
    model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    wanted = theirs(model, torch.tensor(ours["ids"].astype(np.int64))[None])
    agree = True
    for name, scores in wanted.items():
        assert scores.shape == ours[name].shape and np.ptp(scores) > 1e-3, (name, scores.shape)
        worst = float(np.abs(scores - ours[name]).max())
        print(f"{folder.name}: {name} {scores.shape}: largest difference {worst:.1e} of scores up to {scores.max():.3f}")
        agree = agree and worst <= TOLERANCE
    return agree


def main() -> int:
    write_scores, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        results = [compare(write_scores, pathlib.Path(model), pathlib.Path(scratch)) for model in models]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
