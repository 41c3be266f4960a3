// SPDX-License-Identifier: MIT
//
// Cards over QUIC: losses, long fat paths, changes of address, and outages.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

Card card_of(std::uint64_t seed, std::size_t chunk_count, std::size_t chunk_bytes) {
  Card card = sample_card(seed, 0, 1);
  Rng rng(seed);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  for (std::size_t i = 0; i < chunk_count; ++i) add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
  return card;
}

// Fetches a card. What it took from the request on, in seconds; nothing if it did not come whole.
std::optional<double> fetch_time_s(QuicPair& pair, const Card& card, Duration patience = seconds(300)) {
  CardSink sink;
  const auto confirmed = [&] { return pair.server.find<event::Confirmed>() != nullptr; };
  serve(pair.server, std::make_shared<CardSource>(card));
  confirm_when_complete(pair.client);
  const Time begin = pair.now;
  pair.client.connection().request(pair.now, {}, sink);
  if (!pair.run(confirmed, pair.now + patience)) return std::nullopt;
  if (!same_bytes(sink.card(), card)) return std::nullopt;
  return to_seconds(pair.now - begin);
}

LinkOptions interop_link(double loss) {
  LinkOptions link;
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(15);
  link.queue_bytes = 37'500;
  link.loss = loss;
  return link;
}

TEST(QuicTransfer, two_megabytes_arrive_at_2_percent_loss) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    QuicPair pair(quic_options(interop_link(0.02), seed));
    EXPECT_TRUE(fetch_time_s(pair, card_of(seed, 40, 50'000))) << "seed " << seed;
  }
}

TEST(QuicTransfer, a_lossy_wide_area_is_used_to_more_than_half) {
  LinkOptions link;
  link.loss = 0.01;
  QuicPair pair(quic_options(link, 1));
  const auto took_s = fetch_time_s(pair, card_of(1, 100, 200'000));
  ASSERT_TRUE(took_s);
  const double fraction = 20e6 * 8 / *took_s / link.rate_bits_per_s;
  RecordProperty("percent", static_cast<int>(fraction * 100));
  EXPECT_GT(fraction, 0.5);
}

TEST(QuicTransfer, the_congestion_controller_can_be_chosen) {
  LinkOptions link;
  link.loss = 0.01;
  QuicPairOptions options = quic_options(link, 1);
  options.client.connection.congestion.controller = options.server.connection.congestion.controller =
      Congestion::kCubic;
  QuicPair cubic(options);
  QuicPair model(quic_options(link, 1));
  const Card card = card_of(1, 20, 200'000);
  const auto by_cubic = fetch_time_s(cubic, card);
  const auto by_model = fetch_time_s(model, card);
  ASSERT_TRUE(by_cubic && by_model);
  EXPECT_GT(*by_cubic, 2 * *by_model);  // one per cent of loss is too much for CUBIC
}

// A stream with a thousand gaps at the receiver ends a connection of the library's: the windows prevent it.
TEST(QuicTransfer, a_path_of_500_megabits_and_100_milliseconds_is_survived) {
  LinkOptions link;
  link.rate_bits_per_s = 500e6;
  link.delay = milliseconds(50);
  link.queue_bytes = 12'500'000;
  for (double loss : {0.0, 0.01}) {
    link.loss = loss;
    QuicPair pair(quic_options(link, 5));
    const auto took_s = fetch_time_s(pair, card_of(1, 30, 2'000'000));
    ASSERT_TRUE(took_s) << "loss " << loss;
    RecordProperty(loss == 0 ? "clean_ms" : "lossy_ms", static_cast<int>(*took_s * 1000));
  }
}

TEST(QuicTransfer, goes_on_when_the_client_changes_its_address) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Card card = card_of(seed, 100, 50'000);
    QuicPair pair(quic_options(interop_link(0.01), seed));
    CardSink sink;
    serve(pair.server, std::make_shared<CardSource>(card));
    confirm_when_complete(pair.client);
    pair.client.connection().request(pair.now, {}, sink);
    const auto confirmed = [&] { return pair.server.find<event::Confirmed>() != nullptr; };
    for (int move = 0; move < 3 && !confirmed(); ++move) {
      pair.run(confirmed, pair.now + seconds(1));
      ++pair.client_address;
    }
    ASSERT_TRUE(pair.run(confirmed)) << "seed " << seed;
    EXPECT_TRUE(same_bytes(sink.card(), card));
  }
}

// SPEC.md, CON-4: nothing that was under way tells the server where its client is now.
TEST(QuicTransfer, goes_on_when_a_client_that_only_listens_has_moved) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Card card = card_of(seed, 100, 20'000);
    QuicPair pair(quic_options(interop_link(0), seed));
    CardSink sink;
    serve(pair.server, std::make_shared<CardSource>(card));
    confirm_when_complete(pair.client);
    pair.client.connection().request(pair.now, {}, sink);
    pair.run_until(pair.now + milliseconds(500 + 20 * static_cast<std::int64_t>(seed)));
    ASSERT_EQ(pair.server.find<event::Confirmed>(), nullptr);
    bool is_away = true;
    pair.drops = [&](Time) { return is_away; };
    pair.run_until(pair.now + milliseconds(200));
    pair.client_address = 7;
    is_away = false;
    const Time back = pair.now;
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, back + seconds(4)));
    EXPECT_TRUE(same_bytes(sink.card(), card));
  }
}

TEST(QuicTransfer, outlives_outages_of_two_seconds_in_seven) {
  QuicPair pair(quic_options(interop_link(0), 1));
  pair.drops = [](Time now) {
    return to_seconds(now.time_since_epoch() - seconds(1)) > 0.5 &&
           std::fmod(to_seconds(now.time_since_epoch()) + 1, 7) < 2;
  };
  EXPECT_TRUE(fetch_time_s(pair, card_of(1, 200, 50'000)));
}

// The yardstick: five seconds of nothing, two of a path.
TEST(QuicTransfer, outlives_outages_of_five_seconds_in_seven) {
  QuicPair pair(quic_options(interop_link(0), 1));
  pair.drops = [](Time now) { return std::fmod(to_seconds(now.time_since_epoch()) - 1, 7) > 2; };
  EXPECT_TRUE(fetch_time_s(pair, card_of(1, 80, 50'000)));
}

TEST(QuicTransfer, both_ends_may_be_sources_at_once) {
  const Card card = card_of(1, 30, 40'000);
  QuicPair pair(quic_options(interop_link(0.01), 1));
  CardSink there;
  CardSink back;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection().provide(now, wanted->id, std::make_shared<CardSource>(card));
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.server.connection().accept(now, offered->id, back);
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.server.connection().confirm(now, complete->id);
  };
  confirm_when_complete(pair.client);
  pair.client.connection().request(pair.now, {}, there);
  pair.client.connection().offer(pair.now, "notes", std::make_shared<CardSource>(card));
  ASSERT_TRUE(
      pair.run([&] { return pair.server.find<event::Confirmed>() && pair.client.find<event::Confirmed>(); }));
  EXPECT_TRUE(same_bytes(there.card(), card));
  EXPECT_TRUE(same_bytes(back.card(), card));
}

}  // namespace
}  // namespace kvferry::test
