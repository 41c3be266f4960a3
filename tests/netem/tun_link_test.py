# SPDX-License-Identifier: MIT
"""tun_link with real processes and sockets: tun_link_test.py FOLDER_OF_PROGRAMS"""

import json
import statistics
import sys
import unittest

from emulated_link import Ends, skip_if_impossible
from link_behaviours import LinkBehaviours

ENDS = Ends(sys.argv.pop(1))


class TunLink(LinkBehaviours, unittest.TestCase):
    ends = ENDS
    wrong_links = (*LinkBehaviours.wrong_links, "--burst-packets 0")

    def test_what_is_said_of_one_direction_holds_for_it(self):
        delays_s = [delay_s for delay_s, *_ in self.probe("--up-delay-ms 5 --delay-ms 300", 20)]
        self.assertLess(statistics.median(delays_s), 0.1)

    def test_damaged_datagrams_reach_the_program(self):
        self.assertEqual(len(self.probe("--up-corrupt 0.5", 200)), 200)
        self.assertGreater(json.loads((self.folder / "report").read_text())["up"]["corrupted"], 60)

    def test_the_server_sees_the_client_move(self):
        seen = [address for _, address, _ in self.probe("--rebind-every-s 0.4", 100, 0.01)]
        self.assertGreaterEqual(len(set(seen)), 3)
        self.assertEqual(len({address.split(":")[0] for address in seen}), len(set(seen)))


if __name__ == "__main__":
    skip_if_impossible(ENDS)
    unittest.main()
