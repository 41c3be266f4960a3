// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-tagged-stream.h"

#include <gtest/gtest.h>

#include <numeric>

namespace kvferry::sim {
namespace {

Bytes counting(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

Bytes bytes_of(ns3::Ptr<const ns3::Packet> packet) {
  Bytes bytes(packet->GetSize());
  packet->CopyData(bytes.data(), packet->GetSize());
  return bytes;
}

TEST(SimTaggedStream, cuts_what_comes_into_packets_of_any_size_and_keeps_classes_with_their_bytes) {
  for (const bool is_virtual : {false, true}) {
    for (const std::uint32_t size : {1U, 7U, 100U, 330U}) {
      SCOPED_TRACE(size);
      KvTaggedStream stream(is_virtual);
      Bytes expected;
      for (std::uint8_t i = 0; i < 3; ++i) {
        const auto head = counting(10, i), payload = is_virtual ? Bytes(100) : counting(100, 50 + i);
        append(expected, head);
        append(expected, payload);
        stream.Push({head, Slice(payload)}, {.payload = 100, .framing = 6, .signalling = 4});
      }
      Bytes seen;
      ByteClasses classes;
      while (stream.GetSize() > 0) {
        const auto packet =
            stream.Take(static_cast<std::uint32_t>(std::min<std::uint64_t>(size, stream.GetSize())));
        append(seen, bytes_of(packet));
        auto tags = packet->GetByteTagIterator();
        while (tags.HasNext()) {
          const auto item = tags.Next();
          KvByteClassTag tag;
          item.GetTag(tag);
          CountOf(classes, tag.GetClass()) += item.GetEnd() - item.GetStart();
        }
      }
      EXPECT_EQ(seen, expected);
      EXPECT_EQ(classes, (ByteClasses{.payload = 300, .framing = 18, .signalling = 12}));
    }
  }
}

}  // namespace
}  // namespace kvferry::sim
