// SPDX-License-Identifier: MIT
#include "transport/quic/send_stream.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::quic {
namespace {

// Against a plain copy of all bytes: what is handed out goes on where it stopped, whatever is acknowledged.
TEST(SendStream, hands_out_every_byte_once_and_in_order) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    SendStream stream;
    Bytes pushed;
    Bytes handed_out;
    for (int step = 0; step < 300; ++step) {
      if (rng.chance(0.5)) {
        const Bytes more = test::random_bytes(rng, rng.below(50));
        append(pushed, more);
        stream.push(Slice(more));
      }
      ngtcp2_vec parts[SendStream::kMaxParts];
      const std::size_t count = stream.next(parts);
      std::size_t room = rng.below(120);
      std::uint64_t taken = 0;
      for (std::size_t i = 0; i < count && room > 0; ++i) {
        const std::size_t size = std::min(room, parts[i].len);
        append(handed_out, {parts[i].base, size});
        taken += size;
        room -= size;
      }
      stream.sent(taken);
      if (!handed_out.empty()) stream.acknowledged_up_to(rng.below(handed_out.size() + 1));
      ASSERT_EQ(stream.unsent_bytes(), pushed.size() - handed_out.size());
    }
    ASSERT_TRUE(std::equal(handed_out.begin(), handed_out.end(), pushed.begin()));
    stream.acknowledged_up_to(handed_out.size());
    EXPECT_EQ(stream.all_acknowledged(), handed_out.size() == pushed.size());
  }
}

// The library keeps no copy: bytes stay where they are until they are acknowledged.
TEST(SendStream, keeps_what_is_not_acknowledged) {
  auto owner = std::make_shared<Bytes>(1'000, std::uint8_t{7});
  const std::weak_ptr<Bytes> watch = owner;
  SendStream stream;
  stream.push(Slice(owner, *owner));
  owner.reset();
  stream.sent(1'000);
  stream.acknowledged_up_to(999);
  EXPECT_FALSE(watch.expired());
  stream.acknowledged_up_to(1'000);
  EXPECT_TRUE(watch.expired());
  EXPECT_TRUE(stream.all_acknowledged());
}

}  // namespace
}  // namespace kvferry::quic
