# SPDX-License-Identifier: MIT
"""ns3_link with real processes and sockets: ns3_link_test.py FOLDER_OF_PROGRAMS"""

import sys
import unittest

from emulated_link import Ends, skip_if_impossible
from link_behaviours import LinkBehaviours

ENDS = Ends(sys.argv.pop(1), "ns3_link")
CARD_BYTES = 250_000


class Ns3Link(LinkBehaviours, unittest.TestCase):
    ends = ENDS
    wrong_links = (*LinkBehaviours.wrong_links, "--queue 0", "--rate-mbps 1e20", "--up-loss 0.1")

    def test_a_card_arrives_whole_in_no_less_than_rate_and_delay_impose(self):
        card = ENDS.write_card(self.folder / "notes.card", CARD_BYTES)
        for transport in ("tcp", "udp"):
            fetched = ENDS.fetch("--rate-mbps 4 --delay-ms 20 --queue 100", card, transport, 60)
            self.assertTrue(fetched["ok"], fetched)
            self.assertGreaterEqual(fetched["time_s"], 4 * 0.020 + CARD_BYTES * 8 / 4e6)  # a round trip before, one for the request

    def test_a_seed_repeats_the_losses(self):
        first, again, other = ([number for *_, number in self.probe(f"--loss 0.3 --seed {seed}", 200, 0.0005)] for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)


if __name__ == "__main__":
    skip_if_impossible(ENDS)
    unittest.main()
