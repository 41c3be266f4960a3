# SPDX-License-Identifier: MIT
"""Captures for tests: files of IP packets, and what tshark makes of them with the dissector."""

import pathlib
import socket
import struct
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
DISSECTOR = ROOT / "protocol/wireshark/kvferry.lua"
CLIENT, SERVER, PORT = "10.0.0.1", "10.0.0.2", 4917

WARNING = 0x600000  # of Wireshark's severities


class Writer:
    """A pcap file without link layer."""

    def __init__(self):
        self.packets = []
        self.sent = {}
        self.time_s = 0.0

    def _ip(self, source, target, protocol, payload, reported=None):
        length = 20 + (len(payload) if reported is None else reported)
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0x4000, 64, protocol, 0, socket.inet_aton(source),
                           socket.inet_aton(target))
        self.time_s += 0.001
        self.packets.append((self.time_s, head + payload, length))

    def udp(self, datagram, source=(CLIENT, 40000), target=(SERVER, PORT), cut_to=None):
        """cut_to: so many bytes of the datagram are in the capture."""
        head = struct.pack(">HHHH", source[1], target[1], 8 + len(datagram), 0)
        self._ip(source[0], target[0], 17, head + datagram[:cut_to], 8 + len(datagram))
        return len(self.packets)

    def udp_back(self, datagram):
        return self.udp(datagram, (SERVER, PORT), (CLIENT, 40000))

    def tcp(self, segment, source=(CLIENT, 40000), target=(SERVER, PORT)):
        at = self.sent.setdefault((source, target), 1000)
        back = self.sent.get((target, source), 1000)
        head = struct.pack(">HHIIBBHHH", source[1], target[1], at, back, 0x50, 0x18, 65535, 0, 0)
        self.sent[source, target] = at + len(segment)
        self._ip(source[0], target[0], 6, head + segment)
        return len(self.packets)

    def tcp_split(self, stream, sizes, **addresses):
        """Segments of these sizes, over and over."""
        at, turn = 0, 0
        while at < len(stream):
            size = sizes[turn % len(sizes)]
            self.tcp(stream[at:at + size], **addresses)
            at, turn = at + size, turn + 1

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
            for time_s, packet, length in self.packets:
                out.write(struct.pack("<IIII", int(time_s), int(time_s % 1 * 1e6), len(packet), length) + packet)


class Packet:
    """What tshark says of one packet: `fields` are (name, shown value) in order."""

    def __init__(self, info, fields):
        self.info = info
        self.fields = fields

    def values(self, name):
        return [value for field, value in self.fields if field == name]

    def marks(self):
        """Expert infos of warning and error, malformed packets, errors of the dissector itself."""
        experts = zip(self.values("_ws.expert.message"), self.values("_ws.expert.severity"), strict=True)
        return [text for text, severity in experts if int(severity) >= WARNING] + self.crashes()

    def crashes(self):
        return [name for name, _ in self.fields if name.startswith(("_ws.malformed", "_ws.lua.error"))]


def tshark(path, *arguments, may_be_cut=False):
    command = ["tshark", "-n", "-r", str(path), "-X", f"lua_script:{DISSECTOR}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Running as user")]
    if may_be_cut and all("cut short in the middle of a packet" in line for line in complaints):
        return done.stdout
    if done.returncode or complaints:
        raise AssertionError(f"tshark ended with {done.returncode}: {complaints}")
    return done.stdout


def dissect(path, *arguments):
    """Every packet of the file."""
    infos = tshark(path, "-T", "fields", "-e", "_ws.col.Info", *arguments).split("\n")
    document = xml.etree.ElementTree.fromstring(tshark(path, "-T", "pdml", *arguments))
    packets = []
    for number, element in enumerate(document.iter("packet")):
        fields = [(field.get("name") or "", field.get("show")) for field in element.iter("field")]
        packets.append(Packet(infos[number], fields))
    return packets


def field_rows(path, fields, *arguments, may_be_cut=False):
    """Of each packet the values of these fields, as lists; far quicker than dissect."""
    wanted = [word for name in fields for word in ("-e", name)]
    out = tshark(path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", *wanted, *arguments, may_be_cut=may_be_cut)
    return [[column.split(",") if column else [] for column in line.split("|")] for line in out.splitlines()]


class DissectorTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.writer = Writer()

    def written(self):
        file = self.folder / "x.pcap"
        self.writer.write(file)
        return file

    def dissected(self, *arguments):
        return dissect(self.written(), *arguments)

    def assert_fields(self, got, fields):
        for name, values in fields.items():
            self.assertEqual(got.values("kvferry." + name), values, name)

    def assert_clean(self, packets):
        for number, got in enumerate(packets, 1):
            self.assertEqual(got.marks(), [], f"packet {number}: {got.info}")
