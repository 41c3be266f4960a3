# SPDX-License-Identifier: MIT
"""What was measured at each point, and what the closed form says of it."""

import statistics
from dataclasses import asdict, dataclass, field

import overhead_model as model
from jsonl import NUMBER, ResultsError, load as load_lines

WITHOUT_LOSS, WITH_LOSS = 0.02, 0.05  # how far totals may be apart
LOOPBACK_RATE_MBPS = 1000             # only PROGRESS's size depends on it
NEEDED = {"world": str, "transport": str, "payload_bytes": int, "chunk_bytes": int, "mtu_bytes": int, "rate_mbps": NUMBER, "rtt_ms": NUMBER,
          "loss": NUMBER, "seed": int, "wire": dict, "kvferry": str}
POINT = ("world", "transport", "payload_bytes", "chunk_bytes", "mtu_bytes", "rate_mbps", "rtt_ms", "loss")


def load(path):
    lines = load_lines(path, NEEDED, {})
    for number, line in enumerate(lines, 1):
        for key in (*model.CLASSES, "total"):
            if not isinstance(line["wire"].get(key), NUMBER):
                raise ResultsError(f"{path}:{number}: column 'wire.{key}': expected a number of bytes")
        if line["transport"] not in model.MODELS:
            raise ResultsError(f"{path}:{number}: column 'transport': expected one of {', '.join(model.MODELS)}")
    return lines


@dataclass
class Cell:
    world: str
    transport: str
    payload_bytes: int
    chunk_bytes: int
    mtu_bytes: int
    rate_mbps: float
    rtt_ms: float
    loss: float
    wires: list = field(default_factory=list)
    version: str = ""

    @property
    def card(self):
        return model.Card(self.payload_bytes, self.chunk_bytes)

    @property
    def measured(self):
        """The mean where something is random: in simulation, and where packets are lost. Else the run with the median total."""
        if self.world == "ns3" or self.loss > 0:
            return model.Wire(**{key: statistics.mean(wire[key] for wire in self.wires) for key in model.CLASSES})
        middle = sorted(self.wires, key=lambda wire: wire["total"])[(len(self.wires) - 1) // 2]
        return model.Wire(**{key: middle[key] for key in model.CLASSES})

    @property
    def is_loopback(self):
        return self.rate_mbps == 0

    @property
    def computed(self):
        form = model.MODELS[self.transport]
        if self.world == "ns3":
            return form(self.card, model.Link(self.rate_mbps, self.rtt_ms / 1e3, self.loss, self.mtu_bytes))
        ends = model.Ends(f"kvferry/{self.version}", f"{self.payload_bytes}-{self.chunk_bytes}", 30_000)
        link = model.Link(self.rate_mbps or LOOPBACK_RATE_MBPS, self.rtt_ms / 1e3, self.loss, self.mtu_bytes, 0)
        return form(self.card, link, ends, **({"kernel": "linux"} if self.transport in ("tcp", "tls") else {}))

    @property
    def difference(self):
        return self.computed.total / self.measured.total - 1

    @property
    def bound(self):
        return WITH_LOSS if self.loss > 0 else WITHOUT_LOSS

    @property
    def is_near(self):
        return abs(self.difference) <= self.bound


def cells(lines):
    """In the order in which they first appear."""
    found = {}
    for line in lines:
        key = tuple(line[name] for name in POINT)
        cell = found.setdefault(key, Cell(*key, version=line["kvferry"]))
        cell.wires.append(line["wire"])
    return list(found.values())


def share(wire, name):
    return asdict(wire)[name] / wire.total
