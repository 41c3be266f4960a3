// SPDX-License-Identifier: MIT
//
// The streams binding: control beside data, in whatever order the streams bring them.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

// Lanes that are up to 30 times slower and later than the link, with windows that fill.
PairOptions uneven(std::uint64_t seed) {
  LinkOptions link;
  link.rate_bits_per_s = 20e6;
  link.delay = milliseconds(5);
  link.queue_bytes = 64 * 1024;
  PairOptions options = pair_options(Binding::kStreams, link, seed);
  options.lanes.spread = 30;
  options.lanes.window_bytes = 4'000 + seed % 7 * 30'000;
  options.client.max_data_bytes = options.server.max_data_bytes = 500 + seed % 5 * 4'000;
  options.client.data_streams = 1 + static_cast<std::uint32_t>(seed % kMaxDataStreams);
  options.server.data_streams = kMaxDataStreams - static_cast<std::uint32_t>(seed % kMaxDataStreams);
  return options;
}

bool confirmed(const Pair& pair) { return pair.server.find<event::Confirmed>() != nullptr; }

// SMS-2, SMS-4: whatever overtakes what, and however many streams there are.
TEST(StreamsBinding, delivers_identical_cards_over_uneven_streams) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Card card = sample_card(seed, 30, 20'000);
    Pair pair(uneven(seed));
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    CardSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
    ASSERT_TRUE(same_bytes(sink.card(), card));
    for (Side* side : {&pair.client, &pair.server})
      ASSERT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
    ASSERT_EQ(pair.client.connection.ledger().received.payload, card.manifest.payload_bytes());
  }
}

// SMS-3, SMS-4: pages of the manifest arrive long after data that depends on them; nothing held exceeds the
// window of its stream.
TEST(StreamsBinding, holds_back_data_that_has_overtaken_its_manifest) {
  const Card card = even_card(1, 3'000, 200);
  PairOptions options = uneven(1);
  options.lanes.spread = 1;
  options.lanes.window_bytes = 200'000;
  Pair pair(options);
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  const auto data_left = [&] { return pair.server.lanes.sent_bytes(1) > 0; };
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Requested>() != nullptr; }));
  pair.server.lanes.stalled.insert(0);
  pair.run(data_left, pair.now + milliseconds(500));
  ASSERT_TRUE(data_left());
  pair.run_until(pair.now + milliseconds(500));
  EXPECT_EQ(pair.client.find<event::ManifestArrived>(), nullptr);
  EXPECT_GT(pair.server.lanes.most_held_bytes(), 30'000u);
  EXPECT_LE(pair.server.lanes.most_held_bytes(), 200'000u + 16'500u);
  pair.server.lanes.stalled.clear();
  ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

// SMS-5
TEST(StreamsBinding, one_stalled_stream_does_not_stop_the_others) {
  for (std::uint32_t stalled = 1; stalled <= 8; ++stalled) {
    const Card card = even_card(stalled, 100, 10'000);
    PairOptions options = uneven(stalled);
    options.server.data_streams = 8;
    Pair pair(options);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    CardSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    pair.server.lanes.stalled.insert(stalled);
    EXPECT_FALSE(pair.run([&] { return confirmed(pair); }, pair.now + std::chrono::seconds(9)));
    const auto window = static_cast<std::size_t>(options.lanes.window_bytes);
    EXPECT_GE(count_of<event::ChunkArrived>(pair.client) + 3 + window / 10'000, 100u) << stalled;
    pair.server.lanes.stalled.clear();
    ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
    EXPECT_TRUE(same_bytes(sink.card(), card));
  }
}

// SMS-6, TRF-12, TRF-17, TRF-18: what ends chunks and transfers overtakes their data.
TEST(StreamsBinding, skips_stops_and_cancels_may_cross_data) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Card card = sample_card(seed, 40, 20'000);
    Pair pair(uneven(seed));
    std::vector<TransferId> wanted;
    pair.server.on_event = [&](Time now, const Event& event) {
      if (auto* request = std::get_if<event::Requested>(&event)) {
        wanted.push_back(request->id);
        pair.server.connection.provide(now, request->id, std::make_shared<CardSource>(card));
      }
    };
    pair.client.on_event = [&](Time now, const Event& event) {
      if (auto* complete = std::get_if<event::Complete>(&event))
        pair.client.connection.confirm(now, complete->id);
      if (auto* stopped = std::get_if<event::Stopped>(&event))
        pair.client.connection.confirm(now, stopped->id);
    };
    std::vector<CardSink> sinks(3);
    for (CardSink& sink : sinks) pair.client.connection.request(pair.now, {}, sink);
    std::set<TransferId> over;
    const auto ended = [&] {
      for (const Event& event : pair.server.log) {
        if (auto* e = std::get_if<event::Confirmed>(&event)) over.insert(e->id);
        if (auto* e = std::get_if<event::Cancelled>(&event)) over.insert(e->id);
      }
      return over.size() == 3;
    };
    for (int step = 0; step < 12 && !ended(); ++step) {
      pair.run(ended, pair.now + milliseconds(static_cast<std::int64_t>(1 + rng.below(30))));
      ChunkRanges some;
      for (int i = 0; i < 5; ++i) some.add(static_cast<std::uint32_t>(rng.below(40)));
      if (!wanted.empty()) pair.server.connection.skip(pair.now, wanted[rng.below(wanted.size())], some);
      if (step == 6) pair.client.connection.stop(pair.now, 2);
      if (step == 7) pair.client.connection.cancel(pair.now, 4, "enough");
    }
    ASSERT_TRUE(pair.run(ended));
    ASSERT_TRUE(pair.client.connection.is_established());
    ASSERT_TRUE(pair.server.connection.is_established());
    for (const Event& event : pair.client.log) ASSERT_FALSE(std::holds_alternative<event::Rejected>(event));
  }
}

// TRF-14
TEST(StreamsBinding, what_comes_too_late_is_skipped) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Card card = sample_card(seed, 60, 40'000);
    Pair pair(uneven(seed));
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    CardSink sink;
    RequestOptions wish;
    wish.deadline = milliseconds(400);
    pair.client.connection.request(pair.now, wish, sink);
    ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
    const auto* complete = pair.client.find<event::Complete>();
    ASSERT_NE(complete, nullptr);
    ASSERT_EQ(count_of<event::ChunkArrived>(pair.client) + complete->chunks_skipped, 60u);
  }
}

// TRF-20, SMS-2: several chunks were under way, and each goes on where it broke off.
TEST(StreamsBinding, resumes_with_the_chunks_that_were_under_way) {
  std::size_t most_partial = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Card card = even_card(seed, 20, 30'000);
    KeepingSink first;
    {
      Pair pair(uneven(seed));
      serve(pair.server, card);
      pair.client.connection.request(pair.now, {}, first);
      pair.run([&] { return first.arrived.size() >= 5; });
      pair.client.connection.handle_end_of_stream(pair.now);
    }
    Pair again(uneven(seed + 1));
    serve(again.server, card);
    confirm_when_complete(again.client);
    KeepingSink second;
    RequestOptions wish;
    wish.card = card.digest();
    for (std::uint32_t chunk : first.arrived) {
      second.store.push_back(first.card.chunks[chunk]);
      wish.held.add(chunk);
    }
    std::uint64_t here = first.taken_bytes;
    for (const PartialChunk& partial : first.partial) here += partial.prefix.size();
    wish.partial = first.partial;
    most_partial = std::max(most_partial, first.partial.size());
    again.client.connection.request(again.now, wish, second);
    ASSERT_TRUE(again.run([&] { return confirmed(again); }));
    ASSERT_TRUE(same_bytes(second.card, card));
    ASSERT_EQ(again.server.connection.ledger().sent.payload, card.manifest.payload_bytes() - here);
  }
  EXPECT_GE(most_partial, 3u);
}

// TRF-10
TEST(StreamsBinding, equal_transfers_share_the_streams) {
  const Card card = even_card(1, 60, 10'000);
  PairOptions options = uneven(4);
  options.lanes.spread = 1;
  Pair pair(options);
  serve(pair.server, card);
  std::map<TransferId, std::size_t> arrived;
  bool first_is_whole = false;
  std::size_t behind = 60;
  pair.client.on_event = [&](Time, const Event& event) {
    if (auto* chunk = std::get_if<event::ChunkArrived>(&event)) ++arrived[chunk->id];
    if (!std::holds_alternative<event::Complete>(event) || std::exchange(first_is_whole, true)) return;
    for (TransferId id : {0, 2, 4}) behind = std::min(behind, arrived[id]);
  };
  std::vector<CardSink> sinks(3);
  for (CardSink& sink : sinks) pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return count_of<event::Complete>(pair.client) == 3; }));
  EXPECT_GE(behind, 45u);
}

// A client that was sent the manifest of one card; its peer is played by hand.
class HeldBack : public testing::Test {
 protected:
  static ConnectionConfig config() {
    ConnectionConfig config;
    config.binding = Binding::kStreams;
    return config;
  }
  void SetUp() override {
    peer_.connection.request(peer_.now, {}, sink_);
    peer_.greet();
    send_manifest(peer_, 0, card_);
  }
  Bytes data(std::uint32_t chunk, std::size_t at, std::size_t size_bytes) const {
    Bytes body;
    put_data_place(body, {0, chunk, at});
    append(body, card_.chunks[chunk].view().subspan(at, size_bytes));
    return body;
  }

  Card card_ = even_card(1, 4, 3'000);
  CardSink sink_;
  RawPeer peer_{config()};
};

// SMS-4, TRF-19: the control stream never brings what AFTER names. Nothing is taken, and the transfer ends.
TEST_F(HeldBack, data_after_a_frame_that_never_comes_ends_the_transfer) {
  peer_.send_after(1'000'000, 1);
  const Bytes frame = stream_frame(static_cast<std::uint64_t>(FrameType::kData), data(0, 0, 100));
  EXPECT_EQ(peer_.connection.handle_bytes(peer_.now, frame, 1), 0u);
  for (int i = 0; i < 80 && !peer_.find<event::Rejected>(); ++i) {
    peer_.send(PingMessage{1, {}});
    EXPECT_EQ(peer_.connection.handle_bytes(peer_.now, frame, 1), 0u);
    peer_.wait(std::chrono::seconds(1));
  }
  ASSERT_NE(peer_.find<event::Rejected>(), nullptr);
  EXPECT_EQ(peer_.find<event::Rejected>()->code, TransferError::kStalled);
  EXPECT_EQ(peer_.connection.ledger().received.payload, 0u);
}

// SMS-3, SMS-4: frames that nobody knows count too.
TEST_F(HeldBack, data_is_taken_once_the_named_frame_was_read) {
  peer_.send_after(peer_.control_frames + 2, 3);
  EXPECT_FALSE(peer_.give(FrameType::kData, data(0, 0, 3'000), 3));
  peer_.send(PingMessage{1, {}});
  EXPECT_FALSE(peer_.give(FrameType::kData, data(0, 0, 3'000), 3));
  peer_.send_frame(reserved_type(3), Bytes(5));
  EXPECT_TRUE(peer_.give(FrameType::kData, data(0, 0, 3'000), 3));
  EXPECT_NE(peer_.find<event::ChunkArrived>(), nullptr);
}

// SMS-3: AFTER comes before the DATA that depends, only when there is news, and names the manifest's end.
TEST(StreamsBinding, a_source_says_after_which_frame_its_data_comes) {
  ConnectionConfig config;
  config.role = Role::kServer;
  config.binding = Binding::kStreams;
  RawPeer peer(config);
  peer.greet();
  for (TransferId id : {0, 2}) {
    RequestMessage request;
    request.transfer = id;
    peer.send(request);
    peer.connection.provide(peer.now, id, std::make_shared<CardSource>(even_card(1, 300, 100)));
    peer.drain();
  }
  std::uint64_t control = 0;
  std::uint64_t manifest_end = 0;
  std::map<std::uint32_t, std::uint64_t> after;
  std::size_t afters = 0;
  for (const SeenFrame& frame : peer.seen) {
    control += frame.stream == 0;
    if (frame.type == FrameType::kPage) manifest_end = control;
    if (frame.type == FrameType::kAfter) {
      const std::uint64_t named = *ByteReader(frame.body).take_varint();
      EXPECT_GT(named, after[frame.stream]);
      after[frame.stream] = named;
      ++afters;
    }
    if (frame.type != FrameType::kData) continue;
    EXPECT_EQ(after[frame.stream], manifest_end);
    EXPECT_GE(frame.stream, 1u);
  }
  EXPECT_EQ(after.size(), 8u);
  EXPECT_EQ(afters, 16u);
}

struct Violation {
  const char* what;
  ErrorCode code;
  std::function<void(RawPeer&, const HeldBack&)> commit;
};

class Forbidden : public HeldBack, public testing::WithParamInterface<Violation> {
 public:
  static Bytes number(std::uint64_t value) {
    Bytes body;
    put_varint(body, value);
    return body;
  }
  static Bytes data_of(const HeldBack& test, std::uint32_t chunk, std::size_t at) {
    return static_cast<const Forbidden&>(test).data(chunk, at, 100);
  }
};

// SMS-1, SMS-2, SMS-3, SMS-7, FRM-1, FRM-3, STR-1, TRF-3
TEST_P(Forbidden, ends_the_connection_with_its_code) {
  GetParam().commit(peer_, *this);
  EXPECT_EQ(peer_.find<event::Closed>() ? std::optional(peer_.find<event::Closed>()->code) : std::nullopt,
            GetParam().code)
      << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    StreamsBinding, Forbidden,
    testing::Values(
        Violation{"DATA_on_the_control_stream", ErrorCode::kUnknownCritical,
                  [](RawPeer& p, const HeldBack& test) {
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 0), 0);
                  }},
        Violation{"AFTER_on_the_control_stream", ErrorCode::kUnknownCritical,
                  [](RawPeer& p, const HeldBack&) { p.give(FrameType::kAfter, Forbidden::number(1), 0); }},
        Violation{"a_message_on_a_data_stream", ErrorCode::kUnknownCritical,
                  [](RawPeer& p, const HeldBack&) {
                    p.give(FrameType::kPing, Bytes{0x81, 0, 1}, 2);
                  }},
        Violation{"an_unknown_critical_frame_on_a_data_stream", ErrorCode::kUnknownCritical,
                  [](RawPeer& p, const HeldBack&) { p.give(static_cast<FrameType>(0x45), {}, 2); }},
        Violation{"data_stream_17", ErrorCode::kLimit,
                  [](RawPeer& p, const HeldBack&) { p.give(FrameType::kAfter, Forbidden::number(1), 17); }},
        Violation{"AFTER_that_does_not_grow", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack&) {
                    p.send_after(2, 1);
                    p.send_after(2, 1);
                  }},
        Violation{"AFTER_nothing", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack&) { p.send_after(0, 1); }},
        Violation{"AFTER_without_a_number", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack&) { p.give(FrameType::kAfter, {}, 1); }},
        Violation{"AFTER_with_more_than_a_number", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack&) {
                    p.give(FrameType::kAfter, Bytes{1, 0}, 1);
                  }},
        Violation{"AFTER_in_a_longer_form", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack&) {
                    p.give(FrameType::kAfter, Bytes{0x40, 1}, 1);
                  }},
        Violation{"AFTER_that_is_too_long", ErrorCode::kLimit,
                  [](RawPeer& p, const HeldBack&) { p.give(FrameType::kAfter, Bytes(65'537), 1); }},
        Violation{"a_chunk_on_two_streams", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack& test) {
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 0), 1);
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 100), 2);
                  }},
        Violation{"two_chunks_on_one_stream", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack& test) {
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 0), 1);
                    p.give(FrameType::kData, Forbidden::data_of(test, 1, 0), 1);
                  }},
        Violation{"a_gap_in_a_chunk", ErrorCode::kMalformed,
                  [](RawPeer& p, const HeldBack& test) {
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 0), 1);
                    p.give(FrameType::kData, Forbidden::data_of(test, 0, 200), 1);
                  }},
        Violation{"DATA_of_a_transfer_that_never_was", ErrorCode::kUnexpected,
                  [](RawPeer& p, const HeldBack&) {
                    p.send_data({2, 0, 0}, Bytes(10));
                  }},
        Violation{"a_data_stream_that_ends", ErrorCode::kEndOfStream,
                  [](RawPeer& p, const HeldBack&) {
                    p.connection.handle_end_of_stream(p.now);
                    p.drain();
                  }},
        Violation{"a_damaged_frame_on_a_data_stream", ErrorCode::kChecksum,
                  [](RawPeer& p, const HeldBack&) {
                    Bytes frame = stream_frame(static_cast<std::uint64_t>(FrameType::kAfter), Bytes{1});
                    frame.back() ^= 2;
                    p.connection.handle_bytes(p.now, frame, 1);
                    p.drain();
                  }}),
    [](const auto& param) { return std::string(param.param.what); });

// FRM-2
TEST_F(HeldBack, what_need_not_be_known_is_skipped_on_data_streams) {
  peer_.give(static_cast<FrameType>(0x42), Bytes(100), 1);
  peer_.give(FrameType::kProgress, Bytes(3), 1);
  EXPECT_TRUE(peer_.connection.is_established());
}

// DATA without AFTER has no manifest to depend on. SMS-3
TEST(StreamsBinding, data_that_overtakes_its_manifest_without_saying_so_ends_the_connection) {
  ConnectionConfig config;
  config.binding = Binding::kStreams;
  RawPeer peer(config);
  CardSink sink;
  peer.connection.request(peer.now, {}, sink);
  Bytes body;
  put_data_place(body, {0, 0, 0});
  body.push_back(1);
  peer.give(FrameType::kData, body, 1);
  EXPECT_EQ(peer.fault(), ErrorCode::kUnexpected);
}

}  // namespace
}  // namespace kvferry::test
