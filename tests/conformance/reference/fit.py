# SPDX-License-Identifier: MIT
"""What keeps a card from a receiver (TRF-5, TRF-6)."""

from .messages import BRIDGES_MODELS
from .transfer import BASE, CODEC, LIMITS, MODEL, QUALITY


def bases_of(request):
    named = request.get("bases", b"")
    return [named[at:at + 32] for at in range(0, len(named), 32)]


def objection(card, hello, request=None):
    """TRF-6: why the receiver cannot have this card, as (code, reason), or None. An offer has no request."""
    root, limits = card.table.root, hello["limits"]
    largest = max((entry.size for entry in card.table.entries), default=0)
    if (len(card.table.root_bytes) > limits["root_bytes"] or root["chunks"] > limits["chunks"]
            or largest > limits["chunk_bytes"] or root["payload_bytes"] > limits["card_bytes"]):
        return LIMITS, "the card exceeds a limit"
    if "model" in hello and not hello["features"] & BRIDGES_MODELS and not same_model(hello["model"], root["model"]):
        return MODEL, "the card is of another model"
    if hello["codecs"] and root["codec"] not in hello["codecs"]:
        return CODEC, "the receiver does not decode this codec"
    if request is None:
        return None
    measured = root.get("divergence", {}).get("top1", -1.0)
    if request.get("quality") is not None and measured < request["quality"]:
        return QUALITY, "the card is not that good, or was not measured"
    if "base" in root and root["base"] not in bases_of(request):
        return BASE, "the card is a delta of one that was not named"
    return None


def same_model(left, right):
    return all(left[key] == right[key] for key in right if key != "unknown")
