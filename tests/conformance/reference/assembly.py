# SPDX-License-Identifier: MIT
"""A packet that is being filled."""

from .packets import ASKING, encode_packet_frame

LEAST_ROOM = 64  # of a frame that is worth beginning


class Assembly:
    def __init__(self, room):
        self.left = room
        self.frames = b""
        self.asking = False
        self.contents = []  # what is sent again when the packet is lost
        self.acknowledged = []  # the ranges of its ACK
        self.has_data = False
        self.searching = False  # MTU-1

    def add(self, name, body, content=None):
        frame = encode_packet_frame(name, body)
        self.frames += frame
        self.left -= len(frame)
        self.asking |= name in ASKING
        if content:
            self.contents.append(content)

    def fits(self, name, body):
        return len(encode_packet_frame(name, body)) <= self.left


def padding(size):
    """PADDING frames of just so many bytes, two at least."""
    if size == 66:  # 64 bytes of body would need a longer length, 63 a shorter one
        return padding(2) + padding(64)
    return encode_packet_frame("PADDING", bytes(size - 2 if size < 66 else size - 3))
