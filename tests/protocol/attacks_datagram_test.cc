// SPDX-License-Identifier: MIT
//
// Peers and strangers that mean harm on the datagram binding: packets that lie
// or come again, acknowledgements of what was never sent, servers used to flood
// others. Each test names the requirement that holds against it.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "protocol/datagram/repair_decoder.h"
#include "tests/protocol/pair.h"
#include "tests/protocol/victim.h"

namespace kvferry::test {
namespace {

constexpr std::int64_t kKiB = 1024;

ConnectionConfig datagram_config(Role role, bool repair = false) {
  ConnectionConfig config;
  config.role = role;
  config.binding = Binding::kDatagram;
  config.grease = false;
  if (!repair) config.hello.features &= ~std::uint64_t{kFeatureRepair};
  return config;
}

std::uint64_t bytes_of(const std::deque<Bytes>& said) {
  std::uint64_t bytes = 0;
  for (const Bytes& datagram : said) bytes += datagram.size();
  return bytes;
}

// A server that has got a first datagram with HELLO and REQUEST, and provides a card.
class AttackedServer : public ::testing::Test {
 protected:
  explicit AttackedServer(const ConnectionConfig& config = datagram_config(Role::kServer)) : victim_(config) {
    victim_.on_event = [this](const Event& event) {
      if (auto* wanted = std::get_if<event::Requested>(&event)) to_provide_ = wanted->id;
    };
    Bytes frames = client_.message(raw_hello());
    append(frames, client_.message(RequestMessage{}));
    first_ = client_.first_packet(frames);
    victim_.take(first_);
    auto source = std::make_shared<CardSource>(sample_card(1, 200, 2000));
    victim_.command([&](Connection& c) { c.provide(victim_.now, *to_provide_, source); });
  }
  // The client answers the challenge, and acknowledges everything so far.
  void validate() {
    Bytes frames;
    for (const Bytes& datagram : victim_.said) {
      for (const PacketFrame& frame : frames_of(datagram)) {
        if (frame.type == static_cast<std::uint64_t>(FrameType::kChallenge))
          append(frames, packet_frame(FrameType::kResponse, frame.body));
      }
    }
    victim_.take(client_.packet(frames));
  }
  void take(FrameType type, ByteView body) { victim_.take(client_.packet(packet_frame(type, body))); }
  [[nodiscard]] std::uint64_t newest_number() const {
    return open_packet(victim_.said.back())->header.number;
  }

  Victim victim_;
  RawPackets client_;
  Bytes first_;
  std::optional<TransferId> to_provide_;
};

class AttackedRepair : public AttackedServer {
 protected:
  AttackedRepair() : AttackedServer(datagram_config(Role::kServer, true)) {}
};

// A client that has asked for a card and has its manifest.
class AttackedClient : public ::testing::Test {
 protected:
  AttackedClient() : victim_(datagram_config(Role::kClient)), server_(*victim_.connection().connection_id()) {
    victim_.command([&](Connection& c) { (void)c.request(victim_.now, {}, sink_); });
  }
  void greet() { victim_.take(server_.packet(server_.message(raw_hello()))); }
  void give(const Card& card) {
    greet();
    const EncodedManifest encoded = encode_manifest(card.manifest);
    victim_.take(server_.packet(server_.message(ManifestMessage{0, encoded.root, {}, {}})));
    for (std::size_t i = 0; i < encoded.pages.size(); ++i)
      victim_.take(server_.packet(server_.message(PageMessage{0, i, encoded.pages[i], {}})));
  }
  void data(const DataPlace& place, ByteView bytes) {
    victim_.take(server_.packet(packet_frame(FrameType::kData, data_body(place, bytes))));
  }

  CardSink sink_;
  Victim victim_;
  RawPackets server_;
};

// --- lies

// PKT-4
TEST_F(AttackedServer, ends_at_an_acknowledgement_of_what_was_never_sent) {
  take(FrameType::kAck, ranges_body({newest_number() + 2, 0, 0}));  // one number may have been skipped
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kAcknowledgement);
}

// PKT-4: an optimist acknowledges everything up to the newest; one number in 64 was never sent.
TEST_F(AttackedServer, ends_at_optimistic_acknowledgements) {
  validate();
  for (int round = 0; round < 200 && !victim_.ended_with(); ++round) {
    const std::uint64_t newest = newest_number();
    take(FrameType::kAck, ranges_body({newest, 0, newest}));
    victim_.wait(milliseconds(50));
  }
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kAcknowledgement);
}

// ACK-2, IGN-1, RPR-1: every cut and every lie in the frames of packets.
TEST_F(AttackedServer, survives_lies_in_every_byte_of_every_frame) {
  const std::vector<std::pair<FrameType, Bytes>> honest = {
      {FrameType::kAck, ranges_body({1, 720, 0, 0, 0})},
      {FrameType::kRecovered, ranges_body({1, 0, 0, 0, 0})},
      {FrameType::kControl, ranges_body({200, 0x1D, 3, 1})},
      {FrameType::kData, ranges_body({0, 0, 0, 1})},
      {FrameType::kClose, encode_map(ErrorMessage{1, "reason", {}})},
      {FrameType::kToken, Bytes(64, 1)},
      {FrameType::kChallenge, Bytes(8, 1)},
      {FrameType::kResponse, Bytes(8, 1)},
      {FrameType::kRepair, ranges_body({3, 2, 0, 4, 0, 2, 1, 2, 3, 4, 5})},
      {FrameType::kProbe, Bytes(4)}};
  for (const auto& [type, body] : honest) {
    const Bytes frame = packet_frame(type, body);
    for (std::size_t i = 0; i <= frame.size(); ++i) {
      for (const int lie : {-1, 0x00, 0x01, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFF}) {
        Bytes told = frame;
        if (lie < 0 || i == frame.size())
          told.resize(i);
        else
          told[i] = static_cast<std::uint8_t>(lie);
        RawPackets client(9);
        Victim victim(datagram_config(Role::kServer, true));
        victim.take(client.first_packet(client.message(raw_hello())));
        victim.take(client.packet(told));
        ASSERT_LT(victim.heap().most_bytes, 64 * kKiB);
        ASSERT_EQ(victim.findings.first(), "");
      }
    }
  }
}

// --- what comes again

// PKT-5: a first datagram again, here and from elsewhere.
TEST_F(AttackedServer, does_nothing_when_the_first_datagram_is_replayed) {
  victim_.said.clear();
  const auto events = victim_.events.size();
  for (PathId path = 0; path < 50; ++path) victim_.take(first_, path);
  EXPECT_EQ(victim_.events.size(), events);
  EXPECT_TRUE(victim_.said.empty());
  EXPECT_EQ(victim_.connection().path().path, 0u);
}

struct Recorded {
  bool to_server = false;
  Bytes bytes;
};

// PKT-5: a whole session is recorded and played to both sides again, while it is open and after it.
TEST(RecordedSession, changes_nothing_when_it_is_replayed) {
  Victim server(datagram_config(Role::kServer));
  Victim client(datagram_config(Role::kClient));
  const Card card = sample_card(1, 60, 3000);
  CardSink sink;
  std::vector<TransferId> to_provide, to_confirm;
  server.on_event = [&](const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) to_provide.push_back(wanted->id);
  };
  client.command([&](Connection& c) { (void)c.request(client.now, {}, sink); });
  std::vector<Recorded> record;
  const auto exchange = [&] {
    for (auto [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
      for (; !from->said.empty(); from->said.pop_front()) {
        record.push_back({to == &server, from->said.front()});
        to->take(from->said.front());
      }
    }
    for (TransferId id : std::exchange(to_provide, {}))
      server.command([&](Connection& c) { c.provide(server.now, id, std::make_shared<CardSource>(card)); });
  };
  for (int i = 0; i < 2000 && !client.find<event::Complete>(); ++i) {
    exchange();
    client.wait(milliseconds(5));
    server.wait(milliseconds(5));
  }
  ASSERT_TRUE(sink.whole());
  for (const bool over : {false, true}) {
    if (over) client.command([&](Connection& c) { c.confirm(client.now, 0), c.close(client.now); });
    for (int i = 0; i < 200; ++i) {
      exchange();
      client.wait(milliseconds(5));
      server.wait(milliseconds(5));
    }
    for (Victim* side : {&client, &server}) {
      const auto events = side->events.size();
      const std::uint64_t payload = side->connection().ledger().received.payload;
      const std::uint64_t sent = side->connection().ledger().sent.total();
      for (const Recorded& datagram : record) {
        if (datagram.to_server == (side == &server)) side->take(datagram.bytes, 3);
      }
      EXPECT_EQ(side->events.size(), events);
      EXPECT_EQ(side->connection().ledger().received.payload, payload);
      EXPECT_EQ(side->connection().ledger().sent.total(), sent);
      EXPECT_EQ(side->connection().path().path, 0u);
      EXPECT_EQ(side->findings.first(), "");
    }
  }
  EXPECT_TRUE(server.find<event::Confirmed>());
}

// --- floods

// ADR-1: a small first datagram is not answered at all.
TEST(Stranger, that_sends_little_gets_nothing) {
  Victim victim(datagram_config(Role::kServer));
  RawPackets client;
  victim.take(client.packet(client.message(raw_hello())));
  victim.wait(std::chrono::minutes(1));
  EXPECT_TRUE(victim.said.empty());
}

// ADR-2: whatever the first datagram asks for, and however long nobody answers.
TEST_F(AttackedServer, sends_three_times_as_much_to_a_stranger_and_no_more) {
  victim_.wait(std::chrono::minutes(2));
  EXPECT_LE(bytes_of(victim_.said), 3 * first_.size());
  EXPECT_TRUE(victim_.ended_with());
}

// ADR-2: a fault is told, but not beyond that.
TEST_F(AttackedServer, sends_three_times_as_much_to_a_stranger_that_is_at_fault) {
  victim_.wait(milliseconds(900));
  std::uint64_t taken = first_.size();
  for (int i = 0; i < 20; ++i) {
    const Bytes lie = client_.packet(packet_frame(FrameType::kAck, ranges_body({1'000'000, 0, 0})));
    taken += lie.size();
    victim_.take(lie);
  }
  victim_.wait(std::chrono::minutes(1));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kAcknowledgement);
  EXPECT_LE(bytes_of(victim_.said), 3 * taken);
}

// ADR-6, ADR-2: a client that seems to have moved, to an address that never answers.
TEST_F(AttackedServer, does_not_flood_the_address_that_a_client_seems_to_have) {
  validate();
  victim_.wait(milliseconds(200));
  const Bytes moved = client_.packet(packet_frame(FrameType::kProbe, {}));
  victim_.take(moved, 1);
  EXPECT_EQ(victim_.connection().path().path, 1u);
  victim_.wait(std::chrono::seconds(20));
  EXPECT_EQ(victim_.connection().path().path, 0u);
  EXPECT_GT(victim_.said_bytes_to[1], 0u);
  EXPECT_LE(victim_.said_bytes_to[1], 3 * moved.size());
}

// ADR-3: challenges without end are answered, but not faster than they are asked.
TEST_F(AttackedServer, answers_a_flood_of_challenges_with_no_more_than_it_took) {
  validate();
  victim_.wait(std::chrono::seconds(1));
  const std::int64_t held = victim_.heap_bytes();
  Bytes frames;
  for (int i = 0; i < 100; ++i) append(frames, packet_frame(FrameType::kChallenge, Bytes(8, 1)));
  std::uint64_t taken = 0;
  const std::uint64_t before = bytes_of(victim_.said);
  for (PathId path = 0; path < 1000; ++path) {
    const Bytes packet = client_.packet(0xFFFF - path, frames);
    taken += packet.size();
    victim_.take(packet, path % 7);
  }
  EXPECT_LE(bytes_of(victim_.said) - before, taken);
  EXPECT_LT(victim_.heap_bytes(),
            held + 64 * kKiB + static_cast<std::int64_t>(RepairDecoder::kMaxPacketBytes));
}

// RPR-2: a recovered packet may hold a REPAIR frame that recovers another, and so on: each packet says so
// once.
TEST_F(AttackedRepair, does_not_follow_repairs_within_repairs) {
  Bytes frames = packet_frame(FrameType::kProbe, {});
  std::uint64_t number = 1'000'000;
  while (frames.size() < 16'000) {
    Bytes symbol;
    put_le(symbol, static_cast<std::uint16_t>(frames.size()));
    append(symbol, frames);
    Bytes body =
        ranges_body({number++, 2, 0, 1, 0, 1});  // one packet, one symbol, which is the packet times 1
    append(body, symbol);
    frames = packet_frame(FrameType::kRepair, body);
  }
  victim_.take(client_.packet(frames));
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LE(victim_.connection().path().packets_recovered, 1u);
}

// PKT-8, PKT-6: pieces of one byte at every second offset of the control stream.
TEST_F(AttackedServer, bounds_the_gaps_of_the_control_stream) {
  const std::int64_t held = victim_.heap_bytes();
  const auto before = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    Bytes body;
    put_varint(body, 1000 + 2 * i);
    body.push_back(0);
    take(FrameType::kControl, body);
  }
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - before;
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + 256 * kKiB);
  EXPECT_LT(lasted.count(), 5);
}

// PKT-6: a byte at the far end of the window costs the window at most, beyond it nothing.
TEST_F(AttackedServer, bounds_the_control_stream) {
  for (const std::uint64_t offset :
       {std::uint64_t{2 << 20}, std::uint64_t{3 << 20}, kVarintMax - 100, kVarintMax}) {
    Bytes body;
    put_varint(body, offset);
    body.push_back(0);
    take(FrameType::kControl, body);
  }
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), (3 << 20));
}

// PKT-8: the same in a chunk.
TEST_F(AttackedClient, bounds_the_gaps_of_a_chunk) {
  Card card = sample_card(1, 1, 1);
  add_chunk(card, card.manifest.chunks[0], Slice(Bytes(1 << 20)));
  give(card);
  const std::int64_t held = victim_.heap_bytes();
  const auto before = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 100'000; ++i) data({0, 1, 2 * i}, Bytes(1));
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - before;
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + (1 << 20) + 512 * kKiB);
  EXPECT_LT(lasted.count(), 5);
}

// PKT-8, section 17: a byte of each of very many chunks costs more to hold than the credit says.
TEST_F(AttackedClient, bounds_the_chunks_that_are_begun) {
  Card card = sample_card(1, 1, 1);
  for (int i = 1; i < 100'000; ++i) {
    card.manifest.chunks.push_back(card.manifest.chunks[0]);
    card.manifest.chunks.back().size_bytes = 2;
  }
  give(card);
  const std::int64_t held = victim_.heap_bytes();
  for (std::uint64_t chunk = 1; chunk < 100'000; ++chunk) data({0, chunk, 0}, Bytes(1));
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + 4 * kKiB * kKiB);
}

// PKT-7: data before its manifest, in bytes, is bounded with what it takes to hold it.
TEST_F(AttackedClient, bounds_what_it_keeps_of_early_data) {
  greet();
  const std::int64_t held = victim_.heap_bytes();
  for (std::uint64_t i = 0; i < 50'000; ++i) data({0, i, 0}, Bytes(1));
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + 1536 * kKiB);
}

// PKT-8: numbers at every second place, ever greater.
TEST_F(AttackedServer, bounds_the_gaps_between_packets) {
  const std::int64_t held = victim_.heap_bytes();
  for (std::uint64_t number = 1000; number < 100'000; number += 2)
    victim_.take(client_.packet(number, packet_frame(FrameType::kProbe, {})));
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + 512 * kKiB);
}

// Frames of nothing: a datagram full of them takes no time.
TEST_F(AttackedServer, takes_packets_full_of_empty_frames) {
  Bytes frames;
  for (int i = 0; i < 30'000; ++i)
    append(frames, packet_frame(i % 2 == 0 ? FrameType::kPadding : FrameType::kProbe, {}));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) victim_.take(client_.packet(frames));
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - before;
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(lasted.count(), 2);
}

// RPR-3: symbols of blocks that can never be solved.
TEST_F(AttackedRepair, bounds_what_it_holds_for_repair) {
  const std::int64_t held = victim_.heap_bytes();
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Bytes body = ranges_body({1000 + 300 * i, 2, 0, 63, 0, 32});
    append(body, Bytes(16'000, 1));
    take(FrameType::kRepair, body);
  }
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), held + (3 << 20));
}

// Section 17: what a thousand strangers cost that say HELLO and are never heard again.
TEST(HalfOpen, handshakes_cost_few_bytes_each_and_end) {
  constexpr std::size_t kStrangers = 1000;
  constexpr std::int64_t kMostBytesEach = 16 * kKiB;
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    std::vector<std::unique_ptr<Victim>> victims;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < kStrangers; ++i) {
      ConnectionConfig config = datagram_config(Role::kServer, true);
      config.binding = binding;
      RawPackets client(i);
      victims.push_back(std::make_unique<Victim>(config));
      const Bytes hello = binding == Binding::kStream ? raw_frame(raw_hello())
                                                      : client.first_packet(client.message(raw_hello()));
      victims.back()->take(binding == Binding::kStream ? ByteView(hello).first(hello.size() - 1) : hello);
      total += victims.back()->heap_bytes();
    }
    EXPECT_LT(total / static_cast<std::int64_t>(kStrangers), kMostBytesEach);
    RecordProperty("bytes_each", std::to_string(total / static_cast<std::int64_t>(kStrangers)));
    for (const auto& victim : victims) {
      victim->wait(std::chrono::minutes(2));
      EXPECT_TRUE(victim->ended_with());
      EXPECT_TRUE(victim->connection().is_closed());
      EXPECT_FALSE(victim->connection().poll_timeout());
    }
  }
}

}  // namespace
}  // namespace kvferry::test
