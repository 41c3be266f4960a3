# SPDX-License-Identifier: MIT
"""The closed form of overhead: its sizes are the specification's, and what was measured lies near it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from dataclasses import asdict

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANALYSIS = ROOT / "analysis"
RECORDED = ANALYSIS / "overhead" / "overhead.jsonl"
EMULATED = ANALYSIS / "overhead" / "emulated.jsonl"
sys.path.insert(0, str(ANALYSIS))

import overhead_cells  # noqa: E402
import overhead_model as model  # noqa: E402
import overhead_quic  # noqa: E402
import overhead_others as others  # noqa: E402
import overhead_sizes as size  # noqa: E402

CARD = model.Card(1 << 20, 64 << 10)
LINK = model.Link(20, 0.04, 0)


def lossy(loss):
    return model.Link(20, 0.04, loss)


class Sizes(unittest.TestCase):
    """Of the examples in protocol/SPEC.md."""

    def test_section_3_varints(self):
        self.assertEqual([size.varint(value) for value in (0, 63, 64, 16383, 16384, 1 << 30)], [1, 1, 2, 2, 4, 8])

    def test_section_5_1_greeting_and_ping(self):
        grease = 8 + 3  # larger features, and a key that means nothing
        self.assertEqual(size.hello("", model.Ends().limits, 0) - grease, 0x41)
        self.assertEqual(size.stream_frame(size.message(1)), 9)

    def test_section_5_2_data_behind_after(self):
        self.assertEqual(overhead_quic.AFTER, 8)
        self.assertEqual(size.stream_frame(size.data_place(3, 0) + 2), 11)

    def test_section_8_a_page_of_one_entry(self):
        entry = size.page_entries(model.Card(26, 26, rows=64), 0)
        self.assertEqual(entry, 32 + 1 + 1 + 1 + 1 + 2 + 1 + 1 + 4)


class ClosedForm(unittest.TestCase):
    def test_its_classes_add_up(self):
        for form in model.MODELS.values():
            wire = form(CARD, LINK)
            self.assertEqual(set(asdict(wire)), set(model.CLASSES))
            self.assertAlmostEqual(wire.total, sum(asdict(wire).values()))
            self.assertEqual(wire.payload, CARD.payload)

    def test_nothing_is_sent_again_where_nothing_is_lost(self):
        for form in model.MODELS.values():
            self.assertEqual(form(CARD, LINK).retransmitted, 0)
            self.assertGreater(form(CARD, lossy(0.05)).retransmitted, form(CARD, lossy(0.01)).retransmitted)

    def test_smaller_chunks_cost_a_table_entry_each(self):
        for form in model.MODELS.values():
            small = form(model.Card(1 << 20, 1 << 10), LINK)
            more = small.signalling - form(CARD, LINK).signalling
            self.assertAlmostEqual(more / (1024 - 16), 45, delta=1)

    def test_a_smaller_mtu_costs_more(self):
        for form in (model.udp, model.quic):
            self.assertGreater(form(CARD, model.Link(20, 0.04, 0, 1280)).total, form(CARD, LINK).total)

    def test_repair_is_its_share_of_full_packets(self):
        wire = model.repair(CARD, LINK, 20, 3)
        self.assertAlmostEqual(wire.total / model.udp(CARD, LINK).total, 0.15, delta=0.005)
        self.assertEqual(wire.payload, 0)

    def test_http2_has_a_head_a_frame_and_window_updates(self):
        self.assertEqual(others.http2_body(16_384), (9, 0, 0))
        self.assertEqual(others.http2_body(16_385 + 16_384), (27, 26, 1))

    def test_avp_is_http2_and_more(self):
        for tls in ("", "+tls"):
            self.assertGreater(others.MODELS["avp" + tls](CARD, LINK).total, others.MODELS["http2" + tls](CARD, LINK).total)


class Recorded(unittest.TestCase):
    def test_every_measured_point_is_near(self):
        cells = overhead_cells.cells(overhead_cells.load(RECORDED) + overhead_cells.load(EMULATED))
        self.assertGreater(len(cells), 40)
        for cell in cells:
            with self.subTest(cell.world, transport=cell.transport, payload=cell.payload_bytes, loss=cell.loss, rtt=cell.rtt_ms):
                self.assertTrue(cell.is_near, f"{100 * cell.difference:+.2f} %")


class Program(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.results = self.folder / "overhead.jsonl"

    def analyse(self, text, *more):
        self.results.write_text(text)
        return subprocess.run([sys.executable, ANALYSIS / "overhead.py", self.results, *more, "--out", self.folder], capture_output=True, text=True,
                              timeout=120)

    def line(self, **changes):
        line = json.loads(RECORDED.read_text().splitlines()[0])
        line.update(changes)
        return {key: value for key, value in line.items() if value is not None}

    def test_writes_the_table_and_the_picture(self):
        done = self.analyse(RECORDED.read_text(), EMULATED)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Largest difference of simulated without loss:", done.stdout)
        self.assertEqual((self.folder / "overhead.png").read_bytes()[:4], b"\x89PNG")
        self.assertEqual((self.folder / "overhead.md").read_text(), (RECORDED.parent / "overhead.md").read_text())

    def test_bad_results_are_told_in_one_line_and_leave_nothing(self):
        for changes, message in (({"loss": None}, ":1: column 'loss' is missing, expected a number"),
                                 ({"lost": 1}, ":1: unknown column 'lost', expected world, "),
                                 ({"seed": "x"}, ":1: column 'seed': expected a whole number"),
                                 ({"transport": "sctp"}, ":1: column 'transport': expected one of tcp, "),
                                 ({"wire": {}}, ":1: column 'wire.payload': expected a number of bytes")):
            done = self.analyse(json.dumps(self.line(**changes)) + "\n")
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith(f"overhead.py: {self.results}{message}"), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["overhead.jsonl"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
