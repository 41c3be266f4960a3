// SPDX-License-Identifier: MIT
//
// Whose turn it is: transfers side by side, urgency, and the order within a transfer.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

ConnectionConfig config(Role role, Binding binding = Binding::kStream) {
  ConnectionConfig config;
  config.role = role;
  config.binding = binding;
  return config;
}

// A server that is asked for one card after the other by a peer that reads when it is told to.
class Interleaving : public testing::Test {
 protected:
  void ask(const Card& card, std::optional<std::uint8_t> urgency = {}) {
    RequestMessage request;
    request.transfer = next_;
    if (urgency) request.options.urgency = *urgency;
    peer_.reading = false;
    peer_.send(request);
    peer_.connection.provide(peer_.now, next_, std::make_shared<CardSource>(card));
    next_ += 2;
  }
  // DATA frames in the order in which they left.
  std::vector<DataPlace> read_places() {
    peer_.reading = true;
    peer_.drain();
    std::vector<DataPlace> places;
    for (const SeenFrame& frame : peer_.seen) {
      if (frame.type == FrameType::kData) places.push_back(frame.place);
    }
    return places;
  }
  void SetUp() override {
    Hello hello;
    hello.limits.max_chunk_bytes = hello.limits.initial_credit_bytes = 4'000'000;
    peer_.greet(hello);
  }

  RawPeer peer_{config(Role::kServer)};
  TransferId next_ = 0;
};

// STR-3, TRF-10
TEST_F(Interleaving, equal_transfers_take_turns_frame_by_frame) {
  ask(even_card(1, 2, 100'000));
  ask(even_card(2, 2, 100'000));
  ask(even_card(3, 2, 100'000));
  std::vector<DataPlace> places = read_places();
  ASSERT_EQ(places.size(), 42u);  // 3 · 2 · ⌈100,000 / 16,384⌉
  for (std::size_t i = 3; i < places.size(); ++i) EXPECT_EQ(places[i].transfer, places[i - 3].transfer);
  EXPECT_NE(places[0].transfer, places[1].transfer);
  EXPECT_NE(places[1].transfer, places[2].transfer);
}

// STR-3
TEST_F(Interleaving, a_small_transfer_waits_for_one_frame_of_a_large_chunk) {
  ask(even_card(1, 1, 4'000'000));
  ask(even_card(2, 1, 1'000));
  std::vector<DataPlace> places = read_places();
  auto small = std::find_if(places.begin(), places.end(), [](const DataPlace& p) { return p.transfer == 2; });
  EXPECT_LE(small - places.begin(), 1);
}

// STR-3: so that what comes later waits no longer either.
TEST_F(Interleaving, signalling_waits_for_one_frame_at_most) {
  ask(even_card(1, 1, 4'000'000));
  std::uint64_t handed_out = 0;
  for (int i = 0; i < 10; ++i) handed_out += peer_.connection.poll_transmit(peer_.now)->size();
  EXPECT_LT(handed_out, 200'000u);
  peer_.send(PingMessage{70, {}});
  auto next = peer_.connection.poll_transmit(peer_.now);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->head[0], static_cast<std::uint8_t>(FrameType::kPong));
}

// TRF-10
TEST_F(Interleaving, the_most_urgent_transfer_goes_first_and_the_others_after_it) {
  ask(even_card(1, 3, 20'000), 5);
  ask(even_card(2, 3, 20'000), 0);
  ask(even_card(3, 3, 20'000));
  std::vector<DataPlace> places = read_places();
  std::vector<TransferId> order;
  for (const DataPlace& place : places) {
    if (order.empty() || order.back() != place.transfer) order.push_back(place.transfer);
  }
  EXPECT_EQ(order, (std::vector<TransferId>{2, 4, 0}));
}

// TRF-10: what waits for credit does not keep others waiting.
TEST_F(Interleaving, an_urgent_transfer_without_credit_lets_others_go) {
  ask(even_card(1, 5, 900'000), 0);
  ask(even_card(2, 1, 1'000));
  std::vector<DataPlace> places = read_places();
  EXPECT_EQ(places.back().transfer, 2u);
  EXPECT_EQ(peer_.seen_payload_bytes(), 3'601'000u);
}

// STR-2
TEST_F(Interleaving, within_a_transfer_chunks_and_bytes_are_in_order) {
  ask(sample_card(1, 40, 50'000));
  ask(sample_card(2, 40, 50'000));
  std::map<TransferId, DataPlace> last;
  std::map<TransferId, Card> cards{{0, sample_card(1, 40, 50'000)}, {2, sample_card(2, 40, 50'000)}};
  std::map<TransferId, std::pair<std::uint64_t, std::uint64_t>> expected;  // chunk, offset
  peer_.reading = true;
  peer_.drain();
  for (const SeenFrame& frame : peer_.seen) {
    if (frame.type != FrameType::kData) continue;
    auto& [chunk, offset] = expected[frame.place.transfer];
    ASSERT_EQ(frame.place.chunk, chunk);
    ASSERT_EQ(frame.place.offset, offset);
    offset += frame.body.size();
    if (offset < cards[frame.place.transfer].chunks[chunk].size()) continue;
    ++chunk;
    offset = 0;
  }
  EXPECT_EQ(expected[0].first, 40u);
  EXPECT_EQ(expected[2].first, 40u);
}

// FRM-3: whatever the application has set, frames are not empty and not above their limit.
TEST(InterleavingOfStreams, frames_of_data_have_a_byte_and_fit_their_limit) {
  for (std::size_t max_data_bytes : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 30}) {
    PairOptions two = pair_options(Binding::kStream, {}, 1);
    two.server.max_data_bytes = max_data_bytes;
    Pair pair(two);
    Card card = even_card(1, 2, max_data_bytes > 1 ? 3'000'000 : 300);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_TRUE(same_bytes(sink.card, card));
  }
}

// A client that has asked for a card whose DATA is played by hand.
class OnAStream : public testing::Test {
 protected:
  OnAStream() {
    id_ = peer_.connection.request(peer_.now, {}, sink_);
    peer_.greet();
    send_manifest(peer_, id_, card_);
  }
  Card card_ = even_card(1, 4, 1'000);
  KeepingSink sink_;
  RawPeer peer_{config(Role::kClient)};
  TransferId id_ = 0;
};

// STR-2
TEST_F(OnAStream, data_with_a_gap_ends_the_connection) {
  peer_.send_data({id_, 0, 0}, Bytes(10));
  EXPECT_FALSE(peer_.fault());
  peer_.send_data({id_, 0, 11}, Bytes(10));
  EXPECT_EQ(peer_.fault(), ErrorCode::kMalformed);
}

// STR-2
TEST_F(OnAStream, data_that_repeats_the_beginning_of_a_chunk_ends_the_connection) {
  peer_.send_data({id_, 0, 0}, Bytes(10));
  peer_.send_data({id_, 0, 0}, Bytes(10));
  EXPECT_EQ(peer_.fault(), ErrorCode::kMalformed);
}

// STR-2
TEST_F(OnAStream, data_of_another_chunk_before_the_last_is_whole_ends_the_connection) {
  peer_.send_data({id_, 0, 0}, Bytes(10));
  peer_.send_data({id_, 1, 0}, Bytes(10));
  EXPECT_EQ(peer_.fault(), ErrorCode::kMalformed);
}

// STR-2, TRF-12
TEST_F(OnAStream, a_chunk_that_is_skipped_makes_room_for_another) {
  peer_.send_data({id_, 0, 0}, Bytes(10));
  peer_.send(SkipMessage{id_, chunks_of({0}), SkipReason::kChoice, {}});
  send_chunk(peer_, id_, card_, 1);
  EXPECT_FALSE(peer_.fault());
  EXPECT_EQ(sink_.arrived, std::vector<std::uint32_t>{1});
}

// FRM-4
TEST_F(OnAStream, data_outside_its_chunk_or_without_bytes_ends_the_connection) {
  for (const DataPlace& place : {DataPlace{0, 0, 1'000}, DataPlace{0, 4, 0}, DataPlace{0, 0, 996}}) {
    RawPeer peer(config(Role::kClient));
    KeepingSink sink;
    TransferId id = peer.connection.request(peer.now, {}, sink);
    peer.greet();
    send_manifest(peer, id, card_);
    peer.send_data({id, place.chunk, place.offset}, Bytes(10));
    EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
  }
  peer_.send_data({id_, 0, 0}, {});
  EXPECT_EQ(peer_.fault(), ErrorCode::kMalformed);
}

// TRF-10, on the datagram binding: a packet's loss does not turn the order round.
TEST(InterleavingOfDatagrams, urgency_decides_there_too) {
  LinkOptions link;
  link.rate_bits_per_s = 5e6;
  link.loss = 0.02;
  Pair pair(pair_options(Binding::kDatagram, link, 5));
  Card large = even_card(1, 40, 20'000), small = even_card(2, 4, 20'000);
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      const Card& card = wanted->options.document == "large" ? large : small;
      pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(card));
    }
  };
  confirm_when_complete(pair.client);
  KeepingSink first, second;
  RequestOptions wish;
  wish.document = "large";
  pair.client.connection.request(pair.now, wish, first);
  wish.document = "small";
  wish.urgency = 0;
  pair.client.connection.request(pair.now, wish, second);
  ASSERT_TRUE(pair.run([&] { return second.whole; }));
  EXPECT_LT(first.taken_bytes, 100'000u);
  ASSERT_TRUE(pair.run([&] { return first.whole; }));
}

}  // namespace
}  // namespace kvferry::test
