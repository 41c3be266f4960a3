// SPDX-License-Identifier: MIT
//
// Refinements that may be dropped, in DATAGRAM frames: SPEC.md, 5.3.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/protocol/progressive_table.h"
#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

LinkOptions link_with(double loss) {
  LinkOptions link;
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(20);
  link.queue_bytes = 100'000;
  link.loss = loss;
  return link;
}

// Keeps what comes, and may be left without some of it.
class PartSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest& manifest) override {
    card.manifest = manifest;
    card.chunks.resize(manifest.chunks.size());
    return {};
  }
  Result<void> chunk(std::uint32_t index, Slice payload) override {
    card.chunks[index] = std::move(payload);
    return {};
  }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
  Card card;
};

// A fetch of a progressive card whose refinements from a level on may be dropped.
struct Fetch {
  Fetch(const QuicPairOptions& options, const Card& of, std::optional<std::uint8_t> droppable_from)
      : card(of), pair(options) {
    serve(pair.server, std::make_shared<CardSource>(card));
    confirm_when_complete(pair.client);
    RequestOptions wish;
    wish.droppable_from = droppable_from;
    pair.client.connection().request(pair.now, wish, sink);
  }
  bool run() {
    return pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; },
                    pair.now + std::chrono::minutes(5));
  }
  [[nodiscard]] std::uint64_t skipped() const { return pair.client.find<event::Complete>()->chunks_skipped; }
  // The base is whole, and what is here is the card's.
  void expect_base(std::uint8_t droppable_from) const {
    std::size_t here = 0;
    for (std::size_t i = 0; i < card.chunks.size(); ++i) {
      const bool is_here = !sink.card.chunks[i].empty();
      here += is_here;
      ASSERT_TRUE(is_here || card.manifest.chunks[i].level >= droppable_from) << i;
      ASSERT_TRUE(!is_here || std::ranges::equal(sink.card.chunks[i].view(), card.chunks[i].view()));
    }
    ASSERT_EQ(here + skipped(), card.chunks.size());
  }

  Card card;
  PartSink sink;
  QuicPair pair;
};

// Two blocks of so many levels, each of one chunk.
Card layered_card(std::uint32_t levels, std::size_t chunk_bytes) {
  Card card = sample_card(1, 0, 1);
  Rng rng(1);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 32;
  for (std::uint32_t i = 0; i < 2 * levels; ++i) {
    info.level = static_cast<std::uint8_t>(i / 2);
    info.row_begin = i % 2 * 32;
    info.refines = info.level > 0;
    add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
  }
  return card;
}

TEST(QuicDroppable, all_refinements_arrive_on_a_clean_path) {
  LinkOptions link = link_with(0);
  link.queue_bytes = 1'000'000;
  Fetch fetch(quic_options(link, 1), progressive_card(1), 1);
  ASSERT_TRUE(fetch.run());
  EXPECT_TRUE(same_bytes(fetch.sink.card, fetch.card));
  EXPECT_EQ(fetch.skipped(), 0u);
}

// SMS-11: whatever is lost, and whenever, the transfer ends.
TEST(QuicDroppable, with_losses_refinements_are_skipped_and_the_base_never) {
  std::uint64_t skipped = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto level = static_cast<std::uint8_t>(1 + seed % 12);
    Fetch fetch(quic_options(link_with(0.05), seed), progressive_card(seed), level);
    ASSERT_TRUE(fetch.run());
    fetch.expect_base(level);
    skipped += fetch.skipped();
    const Ledger& ledger = fetch.pair.server.connection().ledger();
    ASSERT_EQ(ledger.sent.retransmitted, 0u);
    ASSERT_LE(ledger.sent.payload, fetch.card.manifest.payload_bytes());
  }
  EXPECT_GT(skipped, 100u);
}

// The same losses take nothing of who did not say so, or cannot take datagrams.
TEST(QuicDroppable, nothing_is_skipped_unless_both_have_agreed) {
  for (bool able : {false, true}) {
    QuicPairOptions options = quic_options(link_with(0.05), 3);
    options.client.takes_datagrams = able;
    Fetch fetch(options, progressive_card(3), able ? std::nullopt : std::optional<std::uint8_t>(1));
    ASSERT_TRUE(fetch.run());
    EXPECT_TRUE(same_bytes(fetch.sink.card, fetch.card));
  }
}

// A chunk of one datagram each: the last one may be the one that is lost, and nothing follows it.
TEST(QuicDroppable, ends_whichever_datagram_is_lost) {
  const Card card = layered_card(6, 900);
  for (std::uint64_t lost = 5; lost < 40; ++lost) {
    SCOPED_TRACE("datagrams from " + std::to_string(lost) + " on");
    QuicPairOptions options = quic_options(link_with(0), 1);
    options.to_client.lost_datagrams = {lost, lost + 3};
    Fetch fetch(options, card, 1);
    ASSERT_TRUE(fetch.run());
    fetch.expect_base(1);
    EXPECT_LT(to_seconds(fetch.pair.now - time_from_ns(1'000'000'000)), 3);
  }
}

TEST(QuicDroppable, outlives_outages) {
  Fetch fetch(quic_options(link_with(0), 1), progressive_card(1), 4);
  fetch.pair.drops = [](Time now) { return std::fmod(to_seconds(now.time_since_epoch()), 0.4) < 0.1; };
  ASSERT_TRUE(fetch.run());
  fetch.expect_base(4);
  EXPECT_GT(fetch.skipped(), 0u);
}

// Another path begins with small packets: datagrams that were made for larger ones are given up. (Of many
// small chunks on streams the library loses some memory here.)
TEST(QuicDroppable, goes_on_when_the_client_changes_its_address) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Fetch fetch(quic_options(link_with(0.01), seed), layered_card(40, 15'000), 2);
    for (int move = 0; move < 4; ++move) {
      fetch.pair.run_until(fetch.pair.now + milliseconds(130 + 10 * static_cast<std::int64_t>(seed)));
      ++fetch.pair.client_address;
    }
    ASSERT_TRUE(fetch.run());
    fetch.expect_base(2);
  }
}

TEST(QuicDroppable, may_be_stopped_or_cancelled_midway) {
  for (std::int64_t after_ms = 100; after_ms < 700; after_ms += 50) {
    for (bool stop : {false, true}) {
      Fetch fetch(quic_options(link_with(0.05), 1), progressive_card(1), 1);
      fetch.pair.run_until(fetch.pair.now + milliseconds(after_ms));
      Connection& client = fetch.pair.client.connection();
      stop ? client.stop(fetch.pair.now, 0) : client.cancel(fetch.pair.now, 0, "enough");
      fetch.pair.run_until(fetch.pair.now + seconds(1));
      EXPECT_TRUE(client.is_established());
      EXPECT_TRUE(fetch.pair.server.connection().is_established());
      EXPECT_EQ(fetch.pair.client.find<event::Rejected>(), nullptr);
    }
  }
}

}  // namespace
}  // namespace kvferry::test
