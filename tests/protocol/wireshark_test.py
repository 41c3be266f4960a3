# SPDX-License-Identifier: MIT
"""The Wireshark dissector, by tshark: streams, datagrams, damage, conformance vectors, real transfers, the programs' own captures.

Called with the folder of the programs. The real transfers want root, to capture."""

import pathlib
import shutil
import sys
import unittest

from wireshark_datagrams import OverDatagrams
from wireshark_hostile import Damage, Vectors
from wireshark_pcaps import OwnCaptures
from wireshark_streams import OverStreams
from wireshark_transfers import RealTransfers, Transfers

__all__ = ["Damage", "OverDatagrams", "OverStreams", "OwnCaptures", "RealTransfers", "Vectors"]


def main():
    if not shutil.which("tshark"):
        sys.exit("wireshark_test: no tshark; scenarios/install installs it")
    Transfers.programs = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
