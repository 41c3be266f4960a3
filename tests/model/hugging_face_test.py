# SPDX-License-Identifier: MIT
"""The decoder's logits against Hugging Face transformers on the same checkpoint files.

hugging_face_test.py WRITE_LOGITS [MODEL ...]: models beside the random ones that it makes.
"""

import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import torch  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast  # noqa: E402

TOLERANCE = 1e-4
TEXT = "bako lives in north deru . Where does bako live?"


def compare(write_logits: str, model: pathlib.Path, scratch: pathlib.Path) -> bool:
    out = scratch / "logits.safetensors"
    subprocess.run([write_logits, str(model), str(out)], check=True)
    ours = load_file(out)
    theirs = AutoModelForCausalLM.from_pretrained(model, torch_dtype=torch.float32).eval()
    with torch.no_grad():
        ids = torch.tensor(ours["ids"].astype(np.int64))[None]
        logits = theirs(ids).logits[0].numpy()
    worst = max(float(np.abs(logits - ours[name]).max()) for name in ("whole", "cached"))
    print(f"{model.name}: largest difference {worst:.2e} of logits up to {np.abs(logits).max():.1f}")
    return worst <= TOLERANCE


def tokenizer_agrees(model: pathlib.Path) -> bool:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(model / "tokenizer.json"))
    words = tokenizer.convert_ids_to_tokens(tokenizer.encode("<doc> " + TEXT))
    return words == "<doc> bako lives in north deru . where does bako live ?".split()


def main() -> int:
    write_logits, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        folders = [pathlib.Path(m) for m in models]
        for architecture in ("LlamaForCausalLM", "Qwen2ForCausalLM"):
            folders.append(scratch / architecture)
            subprocess.run([write_logits, "--random", architecture, str(folders[-1])], check=True)
        results = [compare(write_logits, folder, scratch) for folder in folders]
        results.append(tokenizer_agrees(folders[-1]))
    print(f"{len(results) - 1} checkpoints and their tokenizer compared")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
