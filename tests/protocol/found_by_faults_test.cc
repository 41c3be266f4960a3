// SPDX-License-Identifier: MIT
//
// What the fault plans and the fuzzers have found, each made small.
#include <gtest/gtest.h>

#include "tests/protocol/fault_world.h"
#include "tests/protocol/pair.h"
#include "tests/protocol/raw_peer.h"
#include "tests/protocol/sample_cards.h"
#include "tests/protocol/victim.h"

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

FaultPlan datagram_plan(std::size_t datagram_bytes) {
  FaultPlan plan;
  plan.server.role = Role::kServer;
  for (ConnectionConfig* config : {&plan.client, &plan.server}) {
    config->binding = Binding::kDatagram;
    config->max_datagram_bytes = datagram_bytes;
    config->idle_timeout = std::chrono::seconds(60);
  }
  plan.to_client.link.seed = 2;
  return plan;
}

WishPlan wish_for(bool to_client, std::uint32_t chunks, std::uint32_t max_chunk_bytes) {
  WishPlan wish;
  wish.to_client = to_client;
  wish.chunks = chunks;
  wish.max_chunk_bytes = max_chunk_bytes;
  return wish;
}

// ADR-3: each probe timeout sent the answer again, and when all of them were lost, all were sent again.
TEST(Response, that_is_not_acknowledged_is_repeated_once_not_ever_more_often) {
  ConnectionConfig config;
  config.binding = Binding::kDatagram;
  config.idle_timeout = Duration::zero();
  Victim client(config);
  RawPackets server(*client.connection().connection_id());
  Bytes frames = packet_frame(FrameType::kAck, ranges_body({0, 0, 0}));
  append(frames, server.message(raw_hello()));
  append(frames, packet_frame(FrameType::kChallenge, Bytes(8, 1)));
  client.take(server.packet(frames));
  client.wait(std::chrono::minutes(10));
  const std::uint64_t newest = open_packet(client.said.back())->header.number;
  client.take(server.packet(packet_frame(FrameType::kAck, ranges_body({newest, 0, 0}))));
  client.wait(std::chrono::seconds(1));
  for (const Bytes& datagram : client.said) {
    const auto said = frames_of(datagram);
    const auto responses = std::ranges::count(said, static_cast<std::uint64_t>(FrameType::kResponse),
                                              [](const PacketFrame& frame) { return frame.type; });
    ASSERT_LE(responses, 1);
  }
  EXPECT_EQ(client.findings.first(), "");
}

// ADR-6: all that came from the new address was an ACK, and three times that was too little for a packet.
TEST(MovedClient, that_only_receives_goes_on_receiving_at_once) {
  for (int at_ms = 100; at_ms < 1000; at_ms += 50) {
    FaultPlan plan = datagram_plan(1452);
    plan.to_server.link.rate_bits_per_s = plan.to_client.link.rate_bits_per_s = 2e6;
    plan.wishes = {wish_for(true, 30, 20'000)};
    plan.faults = {{FaultKind::kMove, milliseconds(at_ms)}};
    plan.heals_at = milliseconds(1100);
    plan.healed_bits_per_s = 2e6;
    const FaultOutcome outcome = FaultWorld(plan).run();
    EXPECT_EQ(outcome.failure, "");
    EXPECT_LT(to_seconds(outcome.lasted), 3.5) << "moved after " << at_ms << " ms";
  }
}

// CON-1, section 11: MANIFEST is taken back when a transfer ends before it is sent; so must be what follows
// it.
TEST(CancelledSource, leaves_nothing_behind_that_its_receiver_would_not_expect) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {  // reserved frames stand in between at random
    PairOptions options = pair_options(Binding::kStream, {}, seed);
    options.to_client.queue_bytes = 200;  // the manifest waits
    Pair pair(options);
    pair.server.on_event = [&](Time now, const Event& event) {
      auto* wanted = std::get_if<event::Requested>(&event);
      if (!wanted) return;
      Connection& server = pair.server.connection;
      server.provide(now, wanted->id, std::make_shared<CardSource>(sample_card(1, 400, 10)));
      server.set_level(now, wanted->id, 1);
      ChunkRanges first;
      first.add(0);
      server.skip(now, wanted->id, first);
      if (seed % 2 == 0) server.cancel(now, wanted->id, "changed its mind");
    };
    CardSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    const Time cancelled_at = pair.now + milliseconds(45 + seed % 10);
    pair.run([] { return false; }, cancelled_at);
    pair.server.connection.cancel(pair.now, 0, "changed its mind");
    pair.run([&] { return pair.client.find<event::Cancelled>() != nullptr; },
             pair.now + std::chrono::seconds(5));
    EXPECT_TRUE(pair.client.find<event::Cancelled>()) << "seed " << seed;
    EXPECT_FALSE(pair.client.find<event::Closed>()) << "seed " << seed;
  }
}

// TRF-9: a chunk that was begun before HAVE came was never given back.
TEST(Credit, for_a_chunk_that_turns_out_to_be_held_is_given_back) {
  class Vouching final : public ChunkSink {
   public:
    Result<void> begin(const Manifest&) override { return {}; }
    ChunkRanges held(const Manifest&) override {
      ChunkRanges chunks;
      for (std::uint32_t chunk : {0, 1}) chunks.add(chunk);
      return chunks;
    }
    Result<void> chunk(std::uint32_t, Slice) override { return {}; }
    Result<void> finish(bool) override { return {}; }
    void abandon(const std::string&) override {}
  };
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    PairOptions options = pair_options(binding, {}, 1);
    options.client.hello.limits.max_chunk_bytes = 1000;
    options.client.hello.limits.initial_credit_bytes = 1000;
    Served served(options, card_of_sizes({900, 900, 900, 900}));
    Vouching sink;
    served.pair.client.connection.request(served.pair.now, {}, sink);
    EXPECT_TRUE(served.run());
  }
}

// TRF-9, TRF-12: nothing of the chunk had arrived when it was skipped, so its credit was not given back.
TEST(Credit, for_a_chunk_that_is_skipped_on_its_way_is_not_lost) {
  PairOptions options = pair_options(Binding::kDatagram, {}, 1);
  options.client.hello.limits.max_chunk_bytes = 40'000;
  options.client.hello.limits.initial_credit_bytes = 40'000;
  Served served(options, card_of_sizes({40'000, 40'000}));
  Pair& pair = served.pair;
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  const auto provide = pair.server.on_event;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (std::holds_alternative<event::Requested>(event)) pair.server.out.options().loss = 1;
    provide(now, event);
  };
  ASSERT_TRUE(pair.run([&] { return pair.server.connection.ledger().sent.payload > 0; }));
  ChunkRanges first;
  first.add(0);
  pair.server.connection.skip(pair.now, 0, first);
  pair.server.out.options().loss = 0;
  EXPECT_TRUE(served.run());
}

// A receiver that has asked for a card, with credit for 1000 bytes that its application keeps to itself.
struct Asking {
  Asking(Binding binding, Card wanted) : card(std::move(wanted)), peer(config(binding)) {
    (void)peer.connection.request(peer.now, {}, sink);
    peer.greet();
    send_manifest(peer, 0, card);
  }
  static ConnectionConfig config(Binding binding) {
    ConnectionConfig config;
    config.binding = binding;
    config.credit = CreditPolicy::kWhenReleased;
    config.hello.limits.max_chunk_bytes = config.hello.limits.initial_credit_bytes = 1000;
    return config;
  }
  void begin(std::uint32_t chunk) { peer.send_data({0, chunk, 0}, card.chunks[chunk].view().first(10)); }
  void skip(std::uint32_t chunk) { peer.send(SkipMessage{0, chunks_of({chunk}), SkipReason::kDeadline, {}}); }

  Card card;
  CardSink sink{};
  RawPeer peer;
};

// TRF-9: the chunks had begun before the other was skipped, and the credit for that one was not told yet, or
// never was, after STOP.
TEST(Credit, is_not_exceeded_by_data_that_a_skip_overtakes) {
  for (const bool stops : {false, true}) {
    Asking receiver(Binding::kDatagram, card_of_sizes({480, 480, 100, 100}));
    if (stops) receiver.peer.connection.stop(receiver.peer.now, 0);
    receiver.skip(2);
    EXPECT_TRUE(receiver.peer.seen_messages<CreditMessage>().empty());
    receiver.begin(0);
    receiver.begin(1);
    EXPECT_FALSE(receiver.peer.fault());
    receiver.begin(3);
    EXPECT_EQ(receiver.peer.fault(), ErrorCode::kLimit);
  }
}

// TRF-9: SKIP crossed RESEND; the source had begun the chunk once, the receiver gave it back twice.
TEST(Credit, for_a_damaged_chunk_that_is_skipped_is_given_back_once) {
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    Asking receiver(binding, card_of_sizes({600, 600, 600}));
    receiver.peer.send_data({0, 0, 0}, Bytes(600));
    EXPECT_EQ(receiver.peer.seen_messages<ResendMessage>().size(), 1u);
    receiver.skip(0);
    const auto credits = receiver.peer.seen_messages<CreditMessage>();
    ASSERT_EQ(credits.size(), 1u);
    EXPECT_EQ(credits[0].credit_bytes, 1600u);
  }
}

// MTU-1: a long ACK and the room that repair wants left nothing, or less, and the rest came out as endless.
TEST(TinyDatagrams, with_long_acknowledgements_and_repair_keep_to_their_size) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    FaultPlan plan = datagram_plan(256);
    plan.seed = plan.client.seed = plan.server.seed = plan.to_server.link.seed = seed;
    plan.client.repair = plan.server.repair = Repair::kFollowLoss;
    plan.to_server.link.loss = plan.to_client.link.loss = 0.3;
    plan.to_server.link.reorder = plan.to_client.link.reorder = 0.5;
    plan.wishes = {wish_for(true, 20, 20'000), wish_for(false, 20, 20'000)};
    plan.heals_at = std::chrono::seconds(20);
    EXPECT_EQ(FaultWorld(plan).run().failure, "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace kvferry::test
