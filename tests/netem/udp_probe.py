# SPDX-License-Identifier: MIT
"""Stamped datagrams one way: udp_probe.py receive FILE | send COUNT INTERVAL_S. The receiver writes a line a datagram:
seconds on the way, which both ends' clocks measure alike, and the sender's address."""

import socket
import struct
import sys
import time

SERVER = ("10.77.0.1", 4917)
PAYLOAD_BYTES = 1000


def receive(file: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox, open(file, "w", buffering=1) as out:
        inbox.bind(SERVER)
        while True:
            datagram, (host, port) = inbox.recvfrom(2048)
            now = time.monotonic()
            print(now - struct.unpack("d", datagram[:8])[0], f"{host}:{port}", file=out)


def send(count: int, interval_s: float) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outbox:
        for _ in range(count):
            outbox.sendto(struct.pack("d", time.monotonic()).ljust(PAYLOAD_BYTES, b"\0"), SERVER)
            time.sleep(interval_s)
    time.sleep(1)  # the last ones are on their way


if __name__ == "__main__":
    receive(sys.argv[2]) if sys.argv[1] == "receive" else send(int(sys.argv[2]), float(sys.argv[3]))
