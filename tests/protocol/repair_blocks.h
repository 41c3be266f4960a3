// SPDX-License-Identifier: MIT
//
// Random blocks of packets, as a sender makes them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/base/rng.h"
#include "protocol/datagram/repair_encoder.h"
#include "protocol/datagram/repair_rate.h"

namespace kvferry::test {

inline Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

template <typename T>
void shuffle(Rng& rng, std::vector<T>& items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng.below(i)]);
}

struct SentPacketFrames {
  std::uint64_t number = 0;
  Bytes frames;
};

struct SentBlock {
  std::vector<SentPacketFrames> packets;
  std::vector<RepairFrame> repairs;
};

struct BlockShape {
  std::uint64_t first = 0;
  std::size_t packets = 1;  // fewer when their numbers leave too many gaps
  std::size_t max_bytes = 1400;
  double loss = 0.05;  // that the sender expects
  double gaps = 0.05;  // share of packets before which a number is skipped
};

inline SentBlock send_block(Rng& rng, const BlockShape& shape) {
  SentBlock block;
  RepairEncoder encoder(shape.packets);
  std::uint64_t number = shape.first;
  while (!encoder.should_close() && encoder.fits(number)) {
    Bytes frames = random_bytes(rng, 1 + rng.below(shape.max_bytes));
    encoder.add(number, frames);
    block.packets.push_back({number, std::move(frames)});
    number += rng.chance(shape.gaps) ? 2 + rng.below(4) : 1;
  }
  block.repairs = encoder.close(repair_count(block.packets.size(), shape.loss));
  return block;
}

inline BlockShape random_shape(Rng& rng) {
  BlockShape shape;
  shape.first = rng.below(std::uint64_t{1} << (1 + rng.below(61)));
  shape.packets = 1 + rng.below(kMaxRepairSources);
  shape.max_bytes = 1 + rng.below(1400);
  shape.loss = 0.3 * rng.uniform();
  return shape;
}

}  // namespace kvferry::test
