// SPDX-License-Identifier: MIT
//
// Peers that mean harm on the stream binding: lies about sizes, frames in
// floods, and readers that do not read. Each test names the requirement that
// holds against it. Limits are those of one connection.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/protocol/victim.h"

namespace kvferry::test {
namespace {

constexpr std::int64_t kKiB = 1024;
constexpr FrameType kMessages[] = {
    FrameType::kHello,   FrameType::kProgress, FrameType::kRequest, FrameType::kOffer, FrameType::kAccept,
    FrameType::kConfirm, FrameType::kReject,   FrameType::kStop,    FrameType::kEnd,   FrameType::kCancel,
    FrameType::kRefuse,  FrameType::kResend,   FrameType::kPing,    FrameType::kPong,  FrameType::kError,
    FrameType::kGoodbye, FrameType::kHave,     FrameType::kCredit,  FrameType::kSkip,  FrameType::kLevel,
    FrameType::kPrefer,  FrameType::kManifest, FrameType::kPage};

double seconds_of(const std::function<void()>& work) {
  const auto before = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

ConnectionConfig stream_config(Role role) {
  ConnectionConfig config;
  config.role = role;
  config.grease = false;
  return config;
}

// A server that has been greeted, and provides a card to whoever asks.
class AttackedSource : public ::testing::Test {
 protected:
  explicit AttackedSource(std::uint32_t chunks = 100, std::uint32_t max_chunk_bytes = 2000)
      : source_(std::make_shared<CardSource>(sample_card(1, chunks, max_chunk_bytes))) {
    victim_.on_event = [this](const Event& event) {
      if (auto* wanted = std::get_if<event::Requested>(&event)) to_provide_ = wanted->id;
    };
    victim_.take(raw_frame(raw_hello()));
  }
  void ask(RequestMessage request = {}) {
    victim_.take(raw_frame(request));
    victim_.command([&](Connection& c) { c.provide(victim_.now, to_provide_, source_); });
  }
  template <typename Message>
  void flood(const Message& message, int times) {
    const Bytes frame = raw_frame(message);
    for (int i = 0; i < times; ++i) victim_.take(frame);
  }

  Victim victim_{stream_config(Role::kServer)};
  std::shared_ptr<ChunkSource> source_;
  TransferId to_provide_ = 0;
};

// A client that has asked for a card, and gets its manifest.
struct Attacked {
  explicit Attacked(const ConnectionConfig& config = stream_config(Role::kClient)) : victim(config) {
    victim.command([&](Connection& c) { (void)c.request(victim.now, {}, sink); });
    victim.take(raw_frame(raw_hello()));
  }
  void give(const EncodedManifest& encoded) {
    victim.take(raw_frame(ManifestMessage{0, encoded.root, {}, {}}));
    for (std::size_t i = 0; i < encoded.pages.size(); ++i)
      victim.take(raw_frame(PageMessage{0, i, encoded.pages[i], {}}));
  }
  void give(const Card& card) { give(encode_manifest(card.manifest)); }
  void data(const DataPlace& place, ByteView bytes) {
    victim.take(raw_frame(static_cast<std::uint64_t>(FrameType::kData), data_body(place, bytes)));
  }
  [[nodiscard]] bool rejected() const { return victim.find<event::Rejected>() != nullptr; }

  CardSink sink;
  Victim victim;
};

class AttackedReceiver : public ::testing::Test, protected Attacked {
 protected:
  explicit AttackedReceiver(const ConnectionConfig& config = stream_config(Role::kClient))
      : Attacked(config) {}
};

// --- lies about sizes

// FRM-3, CON-7: the head alone is enough; nothing is allocated for the body.
TEST_F(AttackedSource, ends_at_the_head_of_a_body_above_its_limit) {
  for (const FrameType type : kMessages) {
    Victim victim(stream_config(Role::kServer));
    if (type != FrameType::kHello) victim.take(raw_frame(raw_hello()));
    const std::int64_t before = victim.heap_bytes();
    Bytes head;
    put_varint(head, static_cast<std::uint64_t>(type));
    put_varint(head, max_body_bytes(static_cast<std::uint64_t>(type)) + 1);
    put_le(head, std::uint32_t{0});
    victim.take(head);
    EXPECT_EQ(victim.ended_with(), ErrorCode::kLimit) << static_cast<int>(type);
    EXPECT_LT(victim.heap_bytes(), before + 4 * kKiB);
  }
}

// FRM-1, FRM-2: what has no place on a stream ends it; what nobody needs to know is skipped.
TEST_F(AttackedSource, ends_at_frames_of_packets_and_skips_what_is_not_critical) {
  for (std::uint64_t type = 0x31; type <= 0x43; type += 2) {
    Victim victim(stream_config(Role::kServer));
    victim.take(raw_frame(raw_hello()));
    victim.take(raw_frame(type, Bytes(4)));
    EXPECT_EQ(victim.ended_with(), ErrorCode::kUnknownCritical) << type;
  }
  victim_.take(raw_frame(0x42, Bytes(kMaxControlBodyBytes)));
  EXPECT_FALSE(victim_.ended_with());
}

// Every byte of every message, and every message cut short: PRM-3, PRM-4, IGN-1. Lengths, counts and types
// lie; what is held afterwards is not more than an honest peer could make it hold.
void lie_everywhere(FrameType type, const Bytes& honest) {
  const auto attack = [&](const Bytes& body) {
    Victim victim(stream_config(Role::kServer));
    if (type != FrameType::kHello) victim.take(raw_frame(raw_hello()));
    victim.take(raw_frame(static_cast<std::uint64_t>(type), body));
    EXPECT_LT(victim.heap().most_bytes, 160 * kKiB);
    EXPECT_EQ(victim.findings.first(), "");
  };
  for (std::size_t i = 0; i < honest.size(); ++i) {
    attack(Bytes(honest.begin(), honest.begin() + static_cast<std::ptrdiff_t>(i)));
    for (const int lie : {0x00, 0x7F, 0x8F, 0x9F, 0xC1, 0xC4, 0xC6, 0xCF, 0xD9, 0xDB, 0xDD, 0xDF, 0xFF}) {
      Bytes body = honest;
      body[i] = static_cast<std::uint8_t>(lie);
      attack(body);
    }
  }
}

template <typename Message>
void lie_about(const Message& message) {
  lie_everywhere(Message::kType, encode_map(message));
}

TEST_F(AttackedSource, survives_lies_in_every_byte_of_every_message) {
  ChunkRanges some;
  for (std::uint32_t i : {1, 2, 9, 300}) some.add(i);
  RequestMessage request;
  request.options.card = Digest{};
  request.options.document = "document";
  request.options.question_tokens = {1, 200, 70'000};
  request.options.held = some;
  request.partial = ChunkPrefixes({{3, Slice(Bytes(5))}});
  request.options.bases = DigestList({Digest{}});
  request.options.manifest_first = true;
  request.options.min_quality = 0.5;
  request.deadline_us = 1'000'000;
  const EncodedManifest manifest = encode_manifest(sample_card(1, 3, 10).manifest);
  lie_about(raw_hello());
  lie_about(request);
  lie_about(OfferMessage{0, {Digest{}, "document", 1, 2, Digest{}}, {}});
  lie_about(AcceptMessage{1, some, ChunkPrefixes({{3, Slice(Bytes(5))}}), true, 2, {}});
  lie_about(ManifestMessage{1, manifest.root, some, {}});
  lie_about(PageMessage{1, 0, manifest.pages[0], {}});
  lie_about(ConfirmMessage{1, 3, Digest{}, {}});
  lie_about(RejectMessage{1, "reason", TransferError::kOther, {}});
  lie_about(CancelMessage{1, "reason", TransferError::kOther, {}});
  lie_about(RefuseMessage{1, "reason", TransferError::kOther, {}});
  lie_about(StopMessage{1, 3, {}});
  lie_about(EndMessage{1, 3, {}});
  lie_about(ResendMessage{1, some, {}});
  lie_about(HaveMessage{1, some, {}});
  lie_about(PreferMessage{1, some, {}});
  lie_about(CreditMessage{1, 1 << 30, {}});
  lie_about(SkipMessage{1, some, SkipReason::kChoice, {}});
  lie_about(LevelMessage{1, 3, {}});
  lie_about(PingMessage{7, {}});
  lie_about(PongMessage{7, {}});
  lie_about(ProgressMessage{7, 7, {}});
  lie_about(ErrorMessage{1, "reason", {}});
  lie_about(GoodbyeMessage{0, "reason", {}});
}

// PRM-3: the depth is found before anything is built, and in no time.
TEST_F(AttackedSource, refuses_maps_within_maps_within_maps) {
  Bytes body = {0x82, 0x00, 0x07, 0x01};
  body.resize(kMaxControlBodyBytes, 0x91);  // arrays of one, 64 Ki deep
  const double seconds =
      seconds_of([&] { victim_.take(raw_frame(static_cast<std::uint64_t>(FrameType::kPing), body)); });
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kMalformed);
  EXPECT_LT(victim_.heap().most_bytes, 256 * kKiB);
  EXPECT_LT(seconds, 0.5);
}

// LIM-1, TRF-5: a root above the limits is rejected before its table is allocated; so are pages that lie.
TEST_F(AttackedReceiver, rejects_a_table_that_is_larger_than_it_would_hold) {
  EncodedManifest encoded = encode_manifest(sample_card(1, 3, 10).manifest);
  auto root = decode_map<ManifestRoot>(encoded.root, "root");
  root->chunk_count = std::uint64_t{1} << 40;
  encoded.root = encode_map(*root);
  const std::int64_t before = victim.heap_bytes();
  victim.take(raw_frame(ManifestMessage{0, encoded.root, {}, {}}));
  EXPECT_TRUE(rejected());
  EXPECT_FALSE(victim.ended_with());
  EXPECT_LT(victim.heap().most_bytes, before + 64 * kKiB);
}

// LIM-1: as many chunks as the digests allow, and each page only once and as it was named.
TEST_F(AttackedReceiver, rejects_pages_that_are_not_those_of_the_root) {
  EncodedManifest encoded = encode_manifest(sample_card(1, 300, 10).manifest);
  std::swap(encoded.pages[0], encoded.pages[1]);
  give(encoded);
  EXPECT_TRUE(rejected());
  EXPECT_FALSE(victim.ended_with());
}

class CarefulReceiver : public AttackedReceiver {
 protected:
  CarefulReceiver() : AttackedReceiver(config()) {}
  static ConnectionConfig config() {
    ConnectionConfig config = stream_config(Role::kClient);
    config.hello.limits = {4096, 10, 1000, 5000, 1, 1000, 0, {}};
    return config;
  }
};

// LIM-1
TEST_F(CarefulReceiver, rejects_more_chunks_than_its_limit) {
  give(sample_card(1, 11, 10));
  EXPECT_TRUE(rejected());
}
TEST_F(CarefulReceiver, rejects_chunks_above_its_limit) {
  Card card = sample_card(1, 1, 1);
  add_chunk(card, card.manifest.chunks[0], Slice(Bytes(1001)));
  give(card);
  EXPECT_TRUE(rejected());
}
TEST_F(CarefulReceiver, rejects_a_card_above_its_limit) {
  Card card = sample_card(1, 1, 1);
  for (int i = 0; i < 6; ++i) add_chunk(card, card.manifest.chunks[0], Slice(Bytes(900)));
  give(card);
  EXPECT_TRUE(rejected());
}

// FRM-4
TEST_F(AttackedReceiver, ends_at_data_without_bytes_outside_its_chunk_or_of_no_chunk) {
  const Card card = sample_card(1, 3, 100);
  const std::uint64_t size = card.manifest.chunks[0].size_bytes;
  const std::vector<std::pair<DataPlace, std::size_t>> lies = {{{0, 0, 0}, 0},    {{0, 0, 0}, size + 1},
                                                               {{0, 0, size}, 1}, {{0, 0, kVarintMax}, 1},
                                                               {{0, 3, 0}, 1},    {{0, kVarintMax, 0}, 1}};
  for (const auto& [place, bytes] : lies) {
    Attacked fresh;
    fresh.give(card);
    fresh.data(place, Bytes(bytes));
    EXPECT_EQ(fresh.victim.ended_with(), ErrorCode::kMalformed);
  }
}

// TRF-9
TEST_F(CarefulReceiver, ends_when_more_is_begun_than_it_gave_credit_for) {
  Card card = sample_card(1, 1, 1);
  for (int i = 0; i < 4; ++i) add_chunk(card, card.manifest.chunks[0], Slice(Bytes(900)));
  give(card);
  data({0, 1, 0}, Bytes(900, 1));  // damaged, so it is not released
  EXPECT_EQ(victim.ended_with(), std::nullopt);
  data({0, 2, 0}, Bytes(1));
  EXPECT_EQ(victim.ended_with(), ErrorCode::kLimit);
}

// TRF-9: credit that shrinks, TRF-1: numbers that were never used, TRF-16: another card.
TEST_F(AttackedSource, ends_at_credit_that_shrinks) {
  ask();
  victim_.take(raw_frame(CreditMessage{0, 1, {}}));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kMalformed);
}
TEST_F(AttackedSource, ends_at_a_transfer_that_never_was) {
  victim_.take(raw_frame(HaveMessage{kVarintMax, {}, {}}));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kUnexpected);
}
TEST_F(AttackedSource, ends_at_transfer_numbers_out_of_order) {
  RequestMessage request;
  request.transfer = 4;
  victim_.take(raw_frame(request));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kUnexpected);
}
TEST_F(AttackedSource, ends_when_another_card_is_confirmed) {
  ask();
  victim_.take(raw_frame(ConfirmMessage{0, 100, Digest{}, {}}));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kUnexpected);
}

// --- floods

ChunkRanges all_there_could_be() {
  const Bytes raw = ranges_body({0, 0xFFFF'FFFE});
  return *ChunkRanges::parse(raw);
}

// Section 7: indices are below 2^32 − 1. A range costs what the card has, not what it names.
TEST_F(AttackedSource, takes_ranges_of_four_billion_chunks_in_its_stride) {
  ask();
  const double seconds = seconds_of([&] {
    flood(HaveMessage{0, all_there_could_be(), {}}, 100);
    flood(PreferMessage{0, all_there_could_be(), {}}, 100);
    flood(ResendMessage{0, all_there_could_be(), {}}, 100);
  });
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(seconds, 1);
}
TEST_F(AttackedReceiver, ends_at_a_skip_of_four_billion_chunks) {
  give(sample_card(1, 300, 10));
  const double seconds = seconds_of([&] {
    victim.take(raw_frame(SkipMessage{0, all_there_could_be(), {}, {}}));
  });
  EXPECT_EQ(victim.ended_with(), ErrorCode::kMalformed);
  EXPECT_LT(seconds, 0.5);
}

// CON-7: whoever asks on and on, read or not, makes this side hold no more.
TEST_F(AttackedSource, holds_no_more_however_often_it_is_asked) {
  ask();
  constexpr int kTimes = 20'000;
  for (const bool reads : {true, false}) {
    victim_.reads = reads;
    const std::int64_t before = victim_.heap_bytes();
    const double seconds = seconds_of([&] {
      flood(PingMessage{1, {}}, kTimes);
      flood(LevelMessage{0, 200, {}}, kTimes);
      flood(PreferMessage{0, all_there_could_be(), {}}, kTimes / 10);
      flood(HaveMessage{0, {}, {}}, kTimes);
      flood(ResendMessage{0, all_there_could_be(), {}}, kTimes / 10);
      flood(CreditMessage{0, kVarintMax, {}}, kTimes);
    });
    EXPECT_LT(victim_.heap_bytes(), before + 256 * kKiB) << "reads " << reads;
    EXPECT_LT(seconds, 10) << "reads " << reads;
    victim_.events.clear();
    victim_.said.clear();
  }
}

// TRF-2: beyond the limit every request is refused; nothing of it stays.
TEST_F(AttackedSource, refuses_transfers_beyond_its_limit_and_forgets_them) {
  RequestMessage request;
  for (; request.transfer < 32; request.transfer += 2) victim_.take(raw_frame(request));
  const std::int64_t before = victim_.heap_bytes();
  for (; request.transfer < 20'000; request.transfer += 2) victim_.take(raw_frame(request));
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), before + 16 * kKiB);
}

// TRF-13: RESEND is not a way around the byte budget, nor around SKIP (TRF-12).
TEST_F(AttackedSource, does_not_send_again_what_it_has_skipped) {
  RequestMessage request;
  request.options.byte_budget = 0;
  ask(request);
  std::uint64_t said = 0;
  victim_.take(raw_frame(ResendMessage{0, all_there_could_be(), {}}));
  said = victim_.connection().ledger().sent.payload + victim_.connection().ledger().sent.retransmitted;
  EXPECT_EQ(said, 0u);
}

// FRM-2: frames without bodies cost nothing.
TEST_F(AttackedSource, takes_a_million_frames_of_nothing) {
  const Bytes frame = raw_frame(reserved_type(0), {});
  Bytes many;
  for (int i = 0; i < 100'000; ++i) append(many, frame);
  const std::int64_t before = victim_.heap_bytes();
  const double seconds = seconds_of([&] {
    for (int i = 0; i < 10; ++i) victim_.take(many);
  });
  EXPECT_FALSE(victim_.ended_with());
  EXPECT_LT(victim_.heap_bytes(), before + kKiB);
  EXPECT_LT(seconds, 5);
}

// TRF-8, CON-7: each damaged chunk is asked for again, and the requests are not read.
TEST_F(AttackedReceiver, ends_when_what_it_asks_for_again_is_not_read) {
  const Card card = sample_card(1, 20'000, 1);
  give(card);
  victim.reads = false;
  const std::int64_t before = victim.heap_bytes();
  for (std::uint64_t chunk = 0; chunk < 20'000 && !victim.ended_with(); ++chunk) {
    const Bytes damaged = {static_cast<std::uint8_t>(~card.chunks[chunk].data()[0])};
    data({0, chunk, 0}, damaged);
  }
  EXPECT_LT(victim.heap_bytes(), before + 512 * kKiB);
}

// --- waiting

// TRF-19: a receiver that takes a byte a second, and shows that it lives, is given up all the same.
TEST_F(AttackedSource, gives_up_a_slow_reader_that_keeps_talking_and_holds_little_until_then) {
  victim_.reads = false;
  ask();
  const std::int64_t before = victim_.heap_bytes();
  const Bytes sign_of_life = raw_frame(PongMessage{1, {}});
  for (int second = 0; second < 200; ++second) {
    victim_.take(sign_of_life);
    victim_.wait(std::chrono::seconds(1));
    ASSERT_LT(victim_.heap_bytes(), before + 16 * kKiB);
  }
  EXPECT_TRUE(victim_.find<event::Stalled>());
  ASSERT_TRUE(victim_.find<event::Rejected>());
  EXPECT_EQ(victim_.find<event::Rejected>()->code, TransferError::kStalled);
  EXPECT_EQ(victim_.findings.first(), "");
}

// CON-4: one that is silent ends with the idle timeout, and does not keep the connection from closing.
TEST_F(AttackedSource, ends_with_a_silent_reader) {
  victim_.reads = false;
  ask();
  victim_.wait(std::chrono::seconds(60));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kIdle);
  EXPECT_TRUE(victim_.connection().is_closed());
}

// TRF-19: a source that has promised a card and sends nothing.
TEST_F(AttackedReceiver, gives_up_a_source_that_only_talks) {
  give(sample_card(1, 3, 100));
  for (int second = 0; second < 100; ++second) {
    victim.take(raw_frame(PingMessage{1, {}}));
    victim.wait(std::chrono::seconds(1));
  }
  ASSERT_TRUE(rejected());
  EXPECT_EQ(victim.find<event::Rejected>()->code, TransferError::kStalled);
}

// CON-4: half a frame, and never the rest.
TEST_F(AttackedSource, ends_with_a_peer_that_never_finishes_its_frame) {
  Bytes frame = raw_frame(static_cast<std::uint64_t>(FrameType::kManifest), Bytes(kMaxManifestBodyBytes));
  frame.resize(frame.size() / 2);
  victim_.take(frame);
  EXPECT_LT(victim_.heap_bytes(), 1200 * kKiB);
  victim_.wait(std::chrono::seconds(60));
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kIdle);
}

// CON-4: a message whose bytes come one by one.
TEST_F(AttackedSource, ends_with_a_peer_that_takes_for_ever_over_a_message) {
  const Bytes frame = raw_frame(static_cast<std::uint64_t>(FrameType::kRequest), Bytes(kMaxControlBodyBytes));
  for (int second = 0; second < 40; ++second) {
    victim_.take(ByteView(frame).subspan(static_cast<std::size_t>(second), 1));
    victim_.wait(std::chrono::seconds(1));
  }
  EXPECT_EQ(victim_.ended_with(), ErrorCode::kIdle);
}

}  // namespace
}  // namespace kvferry::test
