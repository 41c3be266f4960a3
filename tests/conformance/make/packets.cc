// SPDX-License-Identifier: MIT
//
// Packets and their frames.
#include "protocol/datagram/datagram_seal.h"
#include "protocol/datagram/packet.h"
#include "protocol/datagram/retry_packet.h"
#include "tests/conformance/make/makers.h"

namespace kvferry::test {
namespace {

void add_stateless(Collection& c) {
  Bytes retry = seal_retry({0x0123456789abcdef, {1, 2, 3}});
  c.accept("retry", "retry", "a token of three bytes", retry);
  c.reject("retry-flipped", "retry", "a flipped bit", "damaged", with_flip(retry, retry.size() - 1));
  c.reject("retry-long", "retry", "a token of 65 bytes", "damaged",
           seal_datagram({0xa3, 1, 2, 3, 4, 5, 6, 7, 8}, Bytes(65)));
  Bytes versions = seal_versions({0x0123456789abcdef, {0xa1}});
  c.accept("versions", "versions", "0xA1 only", versions);
  c.reject("versions-none", "versions", "no kind at all", "damaged",
           seal_datagram({0xa0, 1, 2, 3, 4, 5, 6, 7, 8}, {}));
}

// Packets 70, 71 and 73; symbol 1 of 2.
void add_repair(Collection& c) {
  Bytes repair = {0x40, 0x46, 0x04, 0x00, 0x02, 0x01, 0x01, 0x01,
                  0x02, 0x7b, 0x00, 0xc2, 0xf4, 0x00, 0xa7, 0x53};
  c.accept("repair", "repair", "a symbol of a block of three", repair);
  Bytes index = repair;
  index[7] = 2;
  c.reject("repair-index", "repair", "symbol 2 of 2", "", index);
  Bytes gap = repair;
  gap[3] = 1;
  c.reject("repair-first", "repair", "numbers that do not begin with the first", "", gap);
  c.reject("repair-short", "repair", "a symbol of two bytes", "", Bytes(repair.begin(), repair.begin() + 11));
}

}  // namespace

void add_packets(Collection& c) {
  Bytes ack;
  AckFrame{{{9, 12}, {5, 8}, {0, 3}}, milliseconds(2)}.serialize(ack);
  c.accept("ack", "ack", "three ranges", ack);
  c.reject("ack-below-zero", "ack", "a range that reaches below 0", "below number 0", {0x02, 0x00, 0x05});
  c.reject("ack-empty", "ack", "no range", "below number 0", {0x02, 0x00});
  Bytes probe;
  put_packet_frame_head(probe, FrameType::kProbe, 0);
  Bytes packet = seal_packet({0x0123456789abcdef, 70}, probe);
  c.accept("packet", "packet", "a probe", packet);
  c.reject("packet-flipped", "packet", "a flipped bit", "damaged", with_flip(packet, packet.size() - 1));
  add_stateless(c);
  add_repair(c);
  c.reject("packet-cut", "packet", "the last byte is missing", "damaged", without_last(packet));
}

}  // namespace kvferry::test
