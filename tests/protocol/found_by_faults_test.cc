// SPDX-License-Identifier: MIT
//
// What the fault plans and the fuzzers have found, each made small.
#include <gtest/gtest.h>

#include "tests/protocol/checked_sink.h"
#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

// A pair whose server provides one card to whoever asks, and whose client confirms what it gets.
struct Served {
  Served(PairOptions options, Card served) : pair(std::move(options)), card(std::move(served)) {
    pair.server.on_event = [this](Time now, const Event& event) {
      if (auto* wanted = std::get_if<event::Requested>(&event))
        pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(card), known);
    };
    pair.client.on_event = [this](Time now, const Event& event) {
      if (auto* complete = std::get_if<event::Complete>(&event))
        pair.client.connection.confirm(now, complete->id);
    };
  }
  bool run() {
    return pair.run([this] { return pair.server.find<event::Confirmed>() != nullptr; },
                    pair.now + std::chrono::seconds(30));
  }

  Pair pair;
  Card card;
  ChunkRanges known{};
};

Card card_of_sizes(const std::vector<std::uint32_t>& sizes) {
  Card card = sample_card(1, 1, 1);
  const ChunkInfo like = card.manifest.chunks[0];
  card.manifest.chunks.clear();
  card.chunks.clear();
  Rng rng(1);
  for (std::uint32_t size : sizes) add_chunk(card, like, Slice(random_bytes(rng, size)));
  return card;
}

// TRF-9: less than a quarter of the credit had come back, so it was not told, and the next chunk needed it.
TEST(Credit, for_a_single_chunk_is_given_back_even_when_it_is_little) {
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    PairOptions options = pair_options(binding, {}, 1);
    options.client.hello.limits.max_chunk_bytes = 1000;
    options.client.hello.limits.initial_credit_bytes = 1000;
    Served served(options, card_of_sizes({100, 1000, 200, 1000}));
    CardSink sink;
    served.pair.client.connection.request(served.pair.now, {}, sink);
    EXPECT_TRUE(served.run());
    EXPECT_TRUE(sink.whole());
  }
}

// TRF-8: RESEND asks for a whole chunk, whatever was here of it before.
TEST(Resumed, partial_chunk_that_the_source_thinks_known_comes_whole) {
  Served served(pair_options(Binding::kStream, {}, 1), card_of_sizes({1000, 1000}));
  served.known.add(0);
  CardSink sink;
  RequestOptions options;
  options.card = served.card.digest();
  options.bases = DigestList({sha256(as_bytes("base"))});
  options.partial = {{0, served.card.chunks[0].part(0, 400)}};
  served.pair.client.connection.request(served.pair.now, options, sink);
  EXPECT_TRUE(served.run());
  EXPECT_TRUE(sink.whole());
}

}  // namespace
}  // namespace kvferry::test
