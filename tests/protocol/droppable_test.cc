// SPDX-License-Identifier: MIT
//
// Refinements that may be dropped, in datagrams beside streams: SPEC.md, 5.3.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "protocol/connection/chunk_sender.h"
#include "tests/protocol/progressive_table.h"
#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kFeatures = kFeatureResume | kFeatureProgress | kFeatureDatagrams;

// Streams that are slower than the datagrams beside them, and later.
PairOptions beside_streams(std::uint64_t seed, double loss) {
  LinkOptions link;
  link.rate_bits_per_s = 20e6;
  link.delay = milliseconds(5);
  link.queue_bytes = 64 * 1024;
  PairOptions options = pair_options(Binding::kStreams, link, seed);
  options.lanes.spread = 1 + static_cast<double>(seed % 10);
  options.lanes.window_bytes = 20'000 + seed % 5 * 30'000;
  options.lanes.datagram_bytes = kMinDatagramBytes + seed % 7 * 130;
  options.lanes.datagram_loss = loss;
  options.lanes.datagram_false_alarm = loss / 4;
  for (ConnectionConfig* config : {&options.client, &options.server}) config->hello.features = kFeatures;
  return options;
}

RequestOptions wish(std::uint8_t droppable_from = 1) {
  RequestOptions options;
  options.droppable_from = droppable_from;
  return options;
}

const event::Complete* complete(const Pair& pair) { return pair.client.find<event::Complete>(); }
bool confirmed(const Pair& pair) { return pair.server.find<event::Confirmed>() != nullptr; }

ChunkRanges skipped_of(const Side& side, SkipReason reason) {
  ChunkRanges all;
  for (const Event& event : side.log) {
    const auto* skipped = std::get_if<event::Skipped>(&event);
    if (skipped && skipped->reason == reason) skipped->chunks.for_each([&](std::uint32_t c) { all.add(c); });
  }
  return all;
}

class Droppable : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    serve(pair_.server, card_);
    confirm_when_complete(pair_.client);
  }
  void request(const RequestOptions& options = wish()) {
    pair_.client.connection.request(pair_.now, options, sink_);
  }
  // Every chunk is the card's or skipped, nothing was sent twice, and every byte was booked.
  void expect_settled() {
    ASSERT_NE(complete(pair_), nullptr);
    std::size_t here = 0;
    for (std::uint32_t chunk = 0; chunk < card_.chunks.size(); ++chunk) {
      if (sink_.card.chunks[chunk].empty()) continue;
      ++here;
      ASSERT_TRUE(std::ranges::equal(sink_.card.chunks[chunk].view(), card_.chunks[chunk].view()));
    }
    ASSERT_EQ(here + complete(pair_)->chunks_skipped, card_.chunks.size());
    ASSERT_EQ(sink_.whole, complete(pair_)->chunks_skipped == 0);
    for (Side* side : {&pair_.client, &pair_.server}) {
      ASSERT_TRUE(side->connection.is_established());
      ASSERT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
      ASSERT_EQ(side->connection.ledger().sent.retransmitted, 0u);
    }
    ASSERT_LE(pair_.server.connection.ledger().sent.payload, card_.manifest.payload_bytes());
  }

  std::uint64_t seed_ = GetParam();
  Card card_ = progressive_card(seed_);
  KeepingSink sink_;
  Pair pair_{beside_streams(seed_, 0)};
};

INSTANTIATE_TEST_SUITE_P(OnACleanPath, Droppable, testing::Range<std::uint64_t>(0, 7));

// SMS-8, SMS-10
TEST_P(Droppable, all_refinements_arrive) {
  request();
  ASSERT_TRUE(pair_.run([&] { return confirmed(pair_); }));
  expect_settled();
  EXPECT_EQ(complete(pair_)->chunks_skipped, 0u);
  EXPECT_GT(pair_.server.lanes.datagrams_sent(), 200u);
  EXPECT_LE(pair_.server.lanes.most_datagram_bytes(), kMinDatagramBytes + seed_ % 7 * 130);
}

TEST_P(Droppable, nothing_goes_in_datagrams_unless_it_may) {
  PairOptions unable = beside_streams(seed_, 0);
  unable.client.hello.features &= ~std::uint64_t{kFeatureDatagrams};
  PairOptions small = beside_streams(seed_, 0);
  small.lanes.datagram_bytes = kMinDatagramBytes - 1;
  const struct {
    PairOptions options;
    RequestOptions wish;
  } cases[] = {{unable, wish()},
               {small, wish()},
               {beside_streams(seed_, 0), {}},
               {beside_streams(seed_, 0), wish(16)}};
  for (const auto& each : cases) {
    Pair pair(each.options);
    serve(pair.server, card_);
    confirm_when_complete(pair.client);
    CardSink sink;
    pair.client.connection.request(pair.now, each.wish, sink);
    ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
    EXPECT_TRUE(same_bytes(sink.card(), card_));
    EXPECT_EQ(pair.server.lanes.datagrams_sent(), 0u);
  }
}

TEST_P(Droppable, an_offer_may_be_accepted_so) {
  for (bool eager : {false, true}) {
    PairOptions options = beside_streams(seed_, 0);
    options.client.hello.limits.eager_bytes = 20'000;
    Pair pair(options);
    KeepingSink sink;
    pair.client.on_event = [&](Time now, const Event& event) {
      if (auto* offered = std::get_if<event::Offered>(&event)) {
        AcceptOptions how;
        how.droppable_from = 3;
        pair.client.connection.accept(now, offered->id, sink, how);
      }
      if (auto* whole = std::get_if<event::Complete>(&event)) pair.client.connection.confirm(now, whole->id);
    };
    pair.run([&] { return pair.server.connection.is_established(); });
    pair.server.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card_), eager);
    ASSERT_TRUE(pair.run([&] { return confirmed(pair); }));
    EXPECT_TRUE(same_bytes(sink.card, card_));
    EXPECT_GT(pair.server.lanes.datagrams_sent(), 100u);
  }
}

class WithLosses : public Droppable {
 protected:
  WithLosses() {
    PairOptions options = beside_streams(seed_, 0.05);
    options.client.hello.limits.max_chunk_bytes = 40'000;
    options.client.hello.limits.initial_credit_bytes = 40'000 + seed_ % 3 * 100'000;
    pair_ = Pair(options);
  }
};

INSTANTIATE_TEST_SUITE_P(FivePerCent, WithLosses, testing::Range<std::uint64_t>(0, 30));

// SMS-11, TRF-9: what is lost is skipped and gives its credit back; the base never is.
TEST_P(WithLosses, some_refinements_are_skipped_and_the_base_never) {
  request(wish(4));
  ASSERT_TRUE(pair_.run([&] { return confirmed(pair_); }));
  expect_settled();
  const ChunkRanges lost = skipped_of(pair_.client, SkipReason::kLost);
  EXPECT_EQ(lost.size(), complete(pair_)->chunks_skipped);
  EXPECT_GT(lost.size(), 0u);
  lost.for_each([&](std::uint32_t chunk) { EXPECT_GE(card_.manifest.chunks[chunk].level, 4); });
}

// TRF-13, TRF-14
TEST_P(WithLosses, a_budget_and_a_deadline_are_kept) {
  RequestOptions options = wish(2);
  options.byte_budget = 300'000;
  options.deadline = milliseconds(100 + static_cast<std::int64_t>(seed_));
  request(options);
  ASSERT_TRUE(pair_.run([&] { return confirmed(pair_); }));
  expect_settled();
  EXPECT_LE(pair_.server.connection.ledger().sent.payload, 300'000u);
}

// SMS-6, TRF-17
TEST_P(WithLosses, stops_cancels_and_skips_may_cross_datagrams) {
  Rng rng(seed_);
  std::vector<KeepingSink> sinks(3);
  for (KeepingSink& sink : sinks) pair_.client.connection.request(pair_.now, wish(), sink);
  pair_.client.on_event = [&](Time now, const Event& event) {
    if (auto* whole = std::get_if<event::Complete>(&event)) pair_.client.connection.confirm(now, whole->id);
    if (auto* stopped = std::get_if<event::Stopped>(&event))
      pair_.client.connection.confirm(now, stopped->id);
  };
  const auto ended = [&] {
    return count_of<event::Confirmed>(pair_.server) + count_of<event::Cancelled>(pair_.server) == 3;
  };
  for (int step = 0; step < 10 && !ended(); ++step) {
    pair_.run(ended, pair_.now + milliseconds(static_cast<std::int64_t>(1 + rng.below(40))));
    ChunkRanges some;
    for (int i = 0; i < 5; ++i) some.add(static_cast<std::uint32_t>(rng.below(64)));
    pair_.server.connection.skip(pair_.now, 2 * rng.below(3), some);
    if (step == 5) pair_.client.connection.stop(pair_.now, 2);
    if (step == 6) pair_.client.connection.cancel(pair_.now, 4, "enough");
  }
  ASSERT_TRUE(pair_.run(ended));
  ASSERT_TRUE(pair_.client.connection.is_established());
  ASSERT_TRUE(pair_.server.connection.is_established());
  EXPECT_EQ(pair_.client.find<event::Rejected>(), nullptr);
}

// TRF-20
TEST_P(WithLosses, what_was_dropped_comes_with_the_next_request) {
  request();
  ASSERT_TRUE(pair_.run([&] { return confirmed(pair_); }));
  Pair again(beside_streams(seed_ + 1, 0));
  serve(again.server, card_);
  confirm_when_complete(again.client);
  RequestOptions rest;
  rest.card = card_.digest();
  KeepingSink sink;
  for (std::uint32_t chunk : sink_.arrived) {
    rest.held.add(chunk);
    sink.store.push_back(card_.chunks[chunk]);
  }
  again.client.connection.request(again.now, rest, sink);
  ASSERT_TRUE(again.run([&] { return confirmed(again); }));
  EXPECT_TRUE(sink.whole);
  EXPECT_TRUE(same_bytes(sink.card, card_));
  EXPECT_EQ(again.server.connection.ledger().sent.payload,
            card_.manifest.payload_bytes() - sink_.taken_bytes);
}

// TRF-20: what was under way in datagrams when the connection broke counts from its beginning on.
TEST_P(WithLosses, goes_on_with_the_chunks_that_were_under_way) {
  request();
  pair_.run([&] { return sink_.arrived.size() >= 30; });
  pair_.client.connection.handle_end_of_stream(pair_.now);
  Pair again(beside_streams(seed_ + 1, 0));
  serve(again.server, card_);
  confirm_when_complete(again.client);
  RequestOptions rest = wish();
  rest.card = card_.digest();
  rest.partial = sink_.partial;
  KeepingSink sink;
  std::uint64_t here = sink_.taken_bytes;
  for (const PartialChunk& partial : sink_.partial) here += partial.prefix.size();
  for (std::uint32_t chunk : sink_.arrived) {
    rest.held.add(chunk);
    sink.store.push_back(card_.chunks[chunk]);
  }
  again.client.connection.request(again.now, rest, sink);
  ASSERT_TRUE(again.run([&] { return confirmed(again); }));
  EXPECT_TRUE(same_bytes(sink.card, card_));
  EXPECT_EQ(again.server.connection.ledger().sent.payload, card_.manifest.payload_bytes() - here);
}

// Two blocks of three levels: chunks 0 and 1 are the base, 2 to 5 refine them in turn. 600 bytes each.
Card layered_card() {
  Card card = sample_card(1, 0, 1);
  Rng rng(1);
  for (std::uint8_t level = 0; level < 3; ++level) {
    for (std::uint32_t row : {0u, 32u}) {
      ChunkInfo info;
      info.layer_count = 2;
      info.row_begin = row;
      info.row_count = 32;
      info.level = level;
      info.refines = level > 0;
      add_chunk(card, info, Slice(random_bytes(rng, 600)));
    }
  }
  return card;
}

// A source, its receiver played by hand.
class Source : public testing::Test {
 protected:
  static ConnectionConfig config() {
    ConnectionConfig config;
    config.role = Role::kServer;
    config.binding = Binding::kStreams;
    config.hello.features = kFeatures;
    return config;
  }
  void SetUp() override {
    Hello hello;
    hello.features = kFeatures;
    peer_.greet(hello);
    peer_.connection.set_max_datagram_bytes(kMinDatagramBytes);
    RequestMessage request;
    request.options = wish();
    peer_.send(request);
    for (std::uint32_t stream = 1; stream <= kMaxDataStreams; ++stream)
      peer_.connection.set_writable(stream, takes_streams_);
    peer_.connection.provide(peer_.now, 0, std::make_shared<CardSource>(card_));
    peer_.drain();
  }
  // Chunks of which something was sent there.
  std::set<std::uint64_t> sent(bool in_datagrams) const {
    std::set<std::uint64_t> chunks;
    for (const SeenFrame& frame : peer_.seen) {
      if (frame.type == FrameType::kData && frame.datagram.has_value() == in_datagrams)
        chunks.insert(frame.place.chunk);
    }
    return chunks;
  }
  void tell(std::uint64_t chunk, bool arrived) {
    for (const SeenFrame& frame : std::vector<SeenFrame>(peer_.seen)) {
      if (frame.datagram && frame.place.chunk == chunk)
        peer_.connection.handle_datagram_fate(peer_.now, *frame.datagram, arrived);
    }
    peer_.drain();
  }
  std::set<std::uint32_t> skipped() const {
    std::set<std::uint32_t> chunks;
    for (const SkipMessage& message : peer_.seen_messages<SkipMessage>()) {
      EXPECT_EQ(message.reason, SkipReason::kLost);
      message.chunks.for_each([&](std::uint32_t chunk) { chunks.insert(chunk); });
    }
    return chunks;
  }

  bool takes_streams_ = false;  // nothing is sent before HAVE, so that all refinements are left for datagrams
  Card card_ = layered_card();
  RawPeer peer_{config()};
};

// SMS-8, SMS-9
TEST_F(Source, sends_no_datagram_before_have) {
  peer_.connection.set_writable(1, true);
  peer_.drain();
  EXPECT_EQ(sent(false), (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  peer_.send(HaveMessage{0, {}, {}});
  EXPECT_EQ(sent(true), (std::set<std::uint64_t>{}));
}

// SMS-8: refinements in datagrams, the base on streams, the order that of the table.
TEST_F(Source, sends_refinements_in_datagrams_after_have) {
  peer_.send(HaveMessage{0, {}, {}});
  EXPECT_EQ(sent(true), (std::set<std::uint64_t>{}));
  peer_.connection.set_writable(3, true);
  peer_.drain();
  EXPECT_EQ(sent(false), (std::set<std::uint64_t>{0, 1}));
  EXPECT_EQ(sent(true), (std::set<std::uint64_t>{2, 3, 4, 5}));
  EXPECT_NE(peer_.find<event::Sent>(), nullptr);
}

class SourceOfDatagrams : public Source {
 protected:
  void SetUp() override {
    Source::SetUp();
    peer_.send(HaveMessage{0, chunks_of({0, 1}), {}});
    ASSERT_EQ(sent(true), (std::set<std::uint64_t>{2, 3, 4, 5}));
  }
};

// SMS-11
TEST_F(SourceOfDatagrams, skips_what_is_lost) {
  for (std::uint64_t chunk : {2, 3, 4}) tell(chunk, true);
  tell(5, false);
  EXPECT_EQ(skipped(), (std::set<std::uint32_t>{5}));
  tell(5, true);  // it had arrived after all, and stays skipped
  EXPECT_EQ(skipped(), (std::set<std::uint32_t>{5}));
}

// SMS-11: one piece of two is enough.
TEST_F(SourceOfDatagrams, skips_a_chunk_of_which_a_part_is_lost) {
  bool first = true;
  for (const SeenFrame& frame : std::vector<SeenFrame>(peer_.seen)) {
    if (frame.datagram && frame.place.chunk == 2)
      peer_.connection.handle_datagram_fate(peer_.now, *frame.datagram, std::exchange(first, false));
  }
  peer_.drain();
  EXPECT_EQ(skipped(), (std::set<std::uint32_t>{2}));
}

// SMS-12, TRF-8: it came damaged.
TEST_F(SourceOfDatagrams, sends_on_a_stream_what_is_asked_for_again) {
  peer_.connection.set_writable(1, true);
  peer_.send(ResendMessage{0, chunks_of({4}), {}});
  EXPECT_EQ(sent(false), (std::set<std::uint64_t>{4}));
  tell(4, false);
  EXPECT_EQ(skipped(), (std::set<std::uint32_t>{}));
}

// TRF-18: what becomes of them is of no matter to a transfer that has ended.
TEST_F(SourceOfDatagrams, forgets_them_with_the_transfer) {
  peer_.send(CancelMessage{0, "enough", TransferError::kOther, {}});
  for (std::uint64_t chunk : {2, 3, 4, 5}) tell(chunk, chunk % 2 == 0);
  EXPECT_TRUE(peer_.connection.is_established());
  EXPECT_EQ(skipped(), (std::set<std::uint32_t>{}));
}

// A sender that may use four streams and datagrams.
class DroppableSender : public testing::Test {
 protected:
  static ChunkSender sender_of(Card card) {
    ChunkSender::Options options;
    options.credit_bytes = 1 << 20;
    options.droppable_from = 1;
    return {options, std::make_shared<CardSource>(std::move(card)), {}};
  }
  static std::optional<DataPiece> next(ChunkSender& sender) {
    StreamSet takes = StreamSet::range(1, 4);
    takes.set(kDatagrams, true);
    auto piece = sender.next(10'000, takes, kMinDatagramBytes);
    EXPECT_TRUE(piece.ok());
    return *piece;
  }
};

// What refines a lost chunk would be of no use. SMS-11
TEST_F(DroppableSender, gives_up_with_a_chunk_what_refines_it) {
  ChunkSender sender = sender_of(layered_card());
  sender.have(chunks_of({0, 1}));
  const auto piece = next(sender);
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->stream, kDatagrams);
  sender.lost(piece->place, piece->bytes.size());
  const auto skips = sender.take_skipped();
  ASSERT_TRUE(skips);
  EXPECT_EQ(skips->chunks, chunks_of({2, 4}));
  EXPECT_EQ(skips->reason, SkipReason::kLost);
}

// SMS-10: beyond so many chunks under way, and of so many datagrams, what may be dropped goes on streams.
TEST_F(DroppableSender, has_so_much_under_way_in_datagrams_and_no_more) {
  Card card = sample_card(1, 0, 1);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  info.level = 1;
  info.refines = true;
  for (int i = 0; i < 3'000; ++i) add_chunk(card, info, Slice(Bytes(10)));
  add_chunk(card, info, Slice(Bytes(600'000)));
  ChunkSender sender = sender_of(card);
  sender.have({});
  std::vector<DataPlace> in_datagrams;
  for (int i = 0; i < 2'000; ++i) {
    const auto piece = next(sender);
    ASSERT_TRUE(piece);
    if (piece->stream == kDatagrams) in_datagrams.push_back(piece->place);
  }
  EXPECT_EQ(in_datagrams.size(), ChunkSender::kMaxChunksInDatagrams);
  for (const DataPlace& place : in_datagrams) sender.acknowledged(place, 10);
  std::map<std::uint32_t, std::size_t> pieces;  // by stream
  for (auto piece = next(sender); piece; piece = next(sender)) {
    ++pieces[piece->stream];
    EXPECT_TRUE(piece->place.chunk < 3'000 || piece->stream != kDatagrams);
  }
  EXPECT_EQ(pieces[kDatagrams], 1'000u);
}

// A receiver, its source played by hand.
class Receiving : public testing::Test {
 protected:
  static ConnectionConfig config() {
    ConnectionConfig config = {};
    config.binding = Binding::kStreams;
    config.hello.features = kFeatures;
    return config;
  }
  void SetUp() override {
    peer_.connection.request(peer_.now, wish(), sink_);
    peer_.connection.request(peer_.now, {}, other_sink_);
    peer_.greet();
  }
  void manifests() {
    send_manifest(peer_, 0, card_);
    send_manifest(peer_, 2, card_);
  }
  void datagram(std::uint32_t chunk, std::size_t at, std::size_t size_bytes, TransferId id = 0) {
    peer_.send_datagram({id, chunk, at}, card_.chunks[chunk].view().subspan(at, size_bytes));
  }

  Card card_ = layered_card();
  CardSink sink_;
  CardSink other_sink_;
  RawPeer peer_{config()};
};

// SMS-9
TEST_F(Receiving, says_have_once_the_manifest_is_whole) {
  EXPECT_TRUE(peer_.seen_messages<HaveMessage>().empty());
  manifests();
  ASSERT_EQ(peer_.seen_messages<HaveMessage>().size(), 1u);
  EXPECT_EQ(peer_.seen_messages<HaveMessage>()[0].transfer, 0u);
}

// SMS-10
TEST_F(Receiving, takes_pieces_in_any_order_and_of_any_chunks) {
  manifests();
  datagram(5, 300, 300);
  datagram(2, 500, 100);
  datagram(2, 0, 300);
  peer_.send_data({0, 0, 0}, card_.chunks[0].view());
  datagram(2, 300, 200);
  datagram(5, 0, 300);
  EXPECT_EQ(peer_.connection.chunks_verified(0), chunks_of({0, 2, 5}));
  EXPECT_EQ(peer_.connection.ledger().received.payload, 1'800u);
}

// SMS-11, TRF-12
TEST_F(Receiving, what_was_skipped_may_still_come_and_what_is_whole_stays) {
  manifests();
  datagram(2, 0, 600);
  datagram(3, 0, 300);
  peer_.send(SkipMessage{0, chunks_of({2, 3, 4}), SkipReason::kLost, {}});
  datagram(3, 300, 300);
  datagram(4, 0, 600);
  EXPECT_EQ(peer_.connection.chunks_verified(0), chunks_of({2}));
  datagram(5, 0, 600);
  for (std::uint32_t chunk : {0u, 1u}) peer_.send_data({0, chunk, 0}, card_.chunks[chunk].view());
  ASSERT_NE(peer_.find<event::Complete>(), nullptr);
  EXPECT_EQ(peer_.find<event::Complete>()->chunks_skipped, 2u);
  datagram(5, 0, 600);  // late
  EXPECT_TRUE(peer_.connection.is_established());
}

// SMS-12, TRF-8
TEST_F(Receiving, asks_again_for_what_came_damaged_and_takes_it_on_a_stream) {
  manifests();
  peer_.send_datagram({0, 2, 0}, Bytes(600));
  ASSERT_EQ(peer_.seen_messages<ResendMessage>().size(), 1u);
  peer_.send_data({0, 2, 0}, card_.chunks[2].view());
  EXPECT_EQ(peer_.connection.chunks_verified(0), chunks_of({2}));
}

// SMS-11: what may not be dropped cannot be lost, whatever the source says.
TEST_F(Receiving, believes_in_no_loss_of_the_base_nor_of_what_may_not_be_dropped) {
  for (const SkipMessage& lie : {SkipMessage{0, chunks_of({1, 2}), SkipReason::kLost, {}},
                                 SkipMessage{2, chunks_of({2}), SkipReason::kLost, {}}}) {
    RawPeer peer(config());
    CardSink sink;
    CardSink other;
    peer.connection.request(peer.now, wish(), sink);
    peer.connection.request(peer.now, {}, other);
    peer.greet();
    send_manifest(peer, 0, card_);
    send_manifest(peer, 2, card_);
    peer.send(lie);
    EXPECT_EQ(peer.fault(), ErrorCode::kUnexpected);
  }
}

struct Violation {
  const char* what;
  ErrorCode code;
  std::function<void(RawPeer&, const Card&)> commit;
};

void commit(RawPeer& peer, const DataPlace& place, ByteView bytes) { peer.send_datagram(place, bytes); }

class ForbiddenDatagrams : public Receiving, public testing::WithParamInterface<Violation> {};

// SMS-8, SMS-10, FRM-4, TRF-1
TEST_P(ForbiddenDatagrams, end_the_connection) {
  manifests();
  GetParam().commit(peer_, card_);
  EXPECT_EQ(peer_.fault(), GetParam().code) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Each, ForbiddenDatagrams,
    testing::Values(Violation{"nothing", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card&) {
                                p.connection.handle_datagram(p.now, {});
                                p.drain();
                              }},
                    Violation{"a_place_and_no_bytes", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card&) {
                                commit(p, {0, 2, 0}, {});
                              }},
                    Violation{"a_longer_form", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card&) {
                                p.connection.handle_datagram(p.now, Bytes{0, 0x40, 2, 0, 1});
                                p.drain();
                              }},
                    Violation{"beyond_the_chunk", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card&) {
                                commit(p, {0, 2, 599}, Bytes(2));
                              }},
                    Violation{"of_no_chunk", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card&) {
                                commit(p, {0, 6, 0}, Bytes(1));
                              }},
                    Violation{"of_the_base", ErrorCode::kUnexpected,
                              [](RawPeer& p, const Card& card) {
                                commit(p, {0, 0, 0}, card.chunks[0].view());
                              }},
                    Violation{"of_a_transfer_that_drops_nothing", ErrorCode::kUnexpected,
                              [](RawPeer& p, const Card& card) {
                                commit(p, {2, 2, 0}, card.chunks[2].view());
                              }},
                    Violation{"of_a_transfer_that_never_was", ErrorCode::kUnexpected,
                              [](RawPeer& p, const Card& card) {
                                commit(p, {4, 2, 0}, card.chunks[2].view());
                              }},
                    Violation{"of_a_chunk_that_goes_on_a_stream", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card& card) {
                                p.send_data({0, 2, 0}, card.chunks[2].view().first(100));
                                commit(p, {0, 2, 100}, card.chunks[2].view().subspan(100));
                              }},
                    Violation{"and_a_stream_of_a_chunk_that_goes_in_them", ErrorCode::kMalformed,
                              [](RawPeer& p, const Card& card) {
                                commit(p, {0, 2, 0}, card.chunks[2].view().first(100));
                                p.send_data({0, 2, 100}, card.chunks[2].view().subspan(100));
                              }}),
    [](const auto& param) { return std::string(param.param.what); });

// SMS-9
TEST_F(Receiving, none_may_come_before_the_manifest) {
  datagram(2, 0, 600);
  EXPECT_EQ(peer_.fault(), ErrorCode::kUnexpected);
}

// SMS-10: bounds that only who means harm exceeds.
TEST(ReceivingMuch, more_than_may_be_in_datagrams_ends_the_connection) {
  for (bool of_one_chunk : {false, true}) {
    Card card = sample_card(1, 0, 1);
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    info.refines = true;
    const std::uint32_t count = of_one_chunk ? 1 : 17'000;
    for (std::uint32_t i = 0; i < count; ++i) add_chunk(card, info, Slice(Bytes(of_one_chunk ? 5'000 : 2)));
    ConnectionConfig config;
    config.binding = Binding::kStreams;
    config.hello.features = kFeatures;
    RawPeer peer(config);
    CardSink sink;
    peer.connection.request(peer.now, wish(0), sink);
    peer.greet();
    send_manifest(peer, 0, card);
    for (std::uint32_t i = 0; i < 17'000 && !peer.fault(); ++i)
      peer.send_datagram({0, of_one_chunk ? 0 : i, of_one_chunk ? 2 * i % 4'999 : 0}, Bytes(1));
    EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
  }
}

}  // namespace
}  // namespace kvferry::test
