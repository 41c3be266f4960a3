# SPDX-License-Identifier: MIT
"""Stamped datagrams one way: udp_probe.py receive FILE | send COUNT INTERVAL_S. The receiver writes a line a datagram:
seconds on the way, which both ends' clocks measure alike, the sender's address and the datagram's number. There and back, one at a time:
udp_probe.py reflect | ask COUNT, which prints the seconds that each took, and leaves out the lost ones."""

import socket
import struct
import sys
import time

SERVER = ("10.77.0.1", 4917)
PAYLOAD_BYTES = 1000
STAMP = struct.Struct("dI")


def receive(file: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox, open(file, "w", buffering=1) as out:
        inbox.bind(SERVER)
        while True:
            datagram, (host, port) = inbox.recvfrom(2048)
            now = time.monotonic()
            sent_at, number = STAMP.unpack_from(datagram)
            print(now - sent_at, f"{host}:{port}", number, file=out)


def send(count: int, interval_s: float) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outbox:
        for number in range(count):
            outbox.sendto(STAMP.pack(time.monotonic(), number).ljust(PAYLOAD_BYTES, b"\0"), SERVER)
            time.sleep(interval_s)
    time.sleep(1)  # the last ones are on their way


def reflect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(SERVER)
        while True:
            inbox.sendto(*inbox.recvfrom(2048))


def ask(count: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outbox:
        outbox.settimeout(1)
        for number in range(count):
            start = time.monotonic()
            asked = STAMP.pack(start, number).ljust(PAYLOAD_BYTES, b"\0")
            outbox.sendto(asked, SERVER)
            try:
                while outbox.recv(2048) != asked:
                    pass
                print(time.monotonic() - start)
            except socket.timeout:
                pass


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(sys.argv[2])
    elif sys.argv[1] == "send":
        send(int(sys.argv[2]), float(sys.argv[3]))
    elif sys.argv[1] == "reflect":
        reflect()
    else:
        ask(int(sys.argv[2]))
