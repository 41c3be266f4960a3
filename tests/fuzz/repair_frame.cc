// SPDX-License-Identifier: MIT
//
// Arrivals, one after the other: tag (8 bits) | size (16) | bytes. An even tag is a packet whose number is
// tag / 2 above the last one's, an odd one a REPAIR frame. A frame that parses serializes to the same bytes;
// the decoder stays within its bounds, and gives back only packets that a frame named.
#include <algorithm>
#include <set>

#include "protocol/base/varint.h"
#include "protocol/datagram/repair_decoder.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

namespace {

class Receiver {
 public:
  void packet(std::uint64_t after, ByteView frames) {
    number_ += after;
    check(decoder_.on_packet(number_, frames));
  }

  void repair(ByteView body) {
    auto frame = RepairFrame::parse(body);
    if (!frame) return;
    Bytes again;
    frame->serialize(again);
    fuzz::require(std::ranges::equal(again, body), "serialized again, the same bytes");
    named_.insert(frame->numbers.begin(), frame->numbers.end());
    check(decoder_.on_repair(*std::move(frame)));
  }

 private:
  void check(const std::vector<RecoveredPacket>& recovered) const {
    for (const RecoveredPacket& packet : recovered) {
      fuzz::require(named_.contains(packet.number), "what is recovered was named");
      fuzz::require(!packet.frames.empty() && packet.frames.size() <= kMaxSymbolBytes, "and fits a symbol");
    }
    fuzz::require(decoder_.packets() <= RepairDecoder::kMaxPackets, "packets are bounded");
    fuzz::require(decoder_.packet_bytes() <= RepairDecoder::kMaxPacketBytes, "their bytes are bounded");
    fuzz::require(decoder_.blocks() <= RepairDecoder::kMaxBlocks, "blocks are bounded");
    fuzz::require(decoder_.repair_bytes() <= RepairDecoder::kMaxRepairBytes, "symbols are bounded");
  }

  RepairDecoder decoder_;
  std::set<std::uint64_t> named_;
  std::uint64_t number_ = 0;
};

}  // namespace

FUZZ_TARGET(repair_frame) {
  ByteReader in(input);
  Receiver receiver;
  while (!in.at_end()) {
    auto tag = in.take_le<std::uint8_t>();
    auto size = in.take_le<std::uint16_t>();
    auto bytes = in.take(size.value_or(0));
    if (!size || !bytes) return;
    *tag % 2 == 0 ? receiver.packet(*tag / 2, *bytes) : receiver.repair(*bytes);
  }
}
