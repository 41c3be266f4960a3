// SPDX-License-Identifier: MIT
//
// Transfers that break off anywhere and go on over another connection.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kMostTwice = 64 * 1024;  // bytes sent again per break

// What an application keeps of a card from connection to connection.
struct Progress {
  std::map<std::uint32_t, Slice> chunks;
  std::map<std::uint32_t, Slice> partial;

  void add(const KeepingSink& sink) {
    for (std::uint32_t chunk : sink.arrived) chunks[chunk] = sink.card.chunks[chunk];
    for (const PartialChunk& part : sink.partial) {
      Slice& known = partial[part.index];
      if (part.prefix.size() > known.size()) known = part.prefix;
    }
    for (const auto& [chunk, payload] : chunks) partial.erase(chunk);
  }
  [[nodiscard]] RequestOptions wish(const Card& card) const {
    RequestOptions wish;
    wish.card = card.digest();
    for (const auto& [chunk, payload] : chunks) wish.held.add(chunk);
    for (const auto& [chunk, prefix] : partial) wish.partial.push_back({chunk, prefix});
    return wish;
  }
  [[nodiscard]] bool is_all_of(const Card& card) const {
    if (chunks.size() != card.chunks.size()) return false;
    Card copy{card.manifest, {}};
    for (const auto& [chunk, payload] : chunks) copy.chunks.push_back(payload);
    return same_bytes(copy, card);
  }
};

// Small cards of large chunks, and large cards of small ones.
Card random_card(std::uint64_t seed) {
  Rng rng(seed);
  if (seed % 8 == 0) return sample_card(seed, 1 + static_cast<std::uint32_t>(rng.below(3)), 1 << 20);
  return sample_card(seed, 1 + static_cast<std::uint32_t>(rng.below(30)),
                     1 + static_cast<std::uint32_t>(rng.below(40'000)));
}

ConnectionConfig config(Role role, Binding binding) {
  ConnectionConfig config;
  config.role = role;
  config.binding = binding;
  return config;
}

// A client and a server on a stream that carries so many bytes to the client and then breaks.
class BreakingStream {
 public:
  BreakingStream(const Card& card, const RequestOptions& wish, std::uint64_t carries_bytes)
      : source_(std::make_shared<CardSource>(card)), carries_bytes_(carries_bytes) {
    client_.request(now_, wish, sink);
    while (carries_bytes_ > 0 && step()) {
    }
    client_.handle_end_of_stream(now_);
    drain_events();
  }
  [[nodiscard]] std::uint64_t sent_bytes() const { return server_.ledger().sent.payload; }

  KeepingSink sink;

 private:
  // One frame to the client, and all that it has to say to that. False: nothing is left to do.
  bool step() {
    bool any = false;
    while (auto out = client_.poll_transmit(now_)) {
      server_.handle_bytes(now_, out->head);
      any = true;
    }
    drain_events();
    auto out = server_.poll_transmit(now_);
    if (!out) return any;
    Bytes bytes = std::move(out->head);
    append(bytes, out->payload.view());
    std::size_t carried = std::min<std::uint64_t>(bytes.size(), carries_bytes_);
    carries_bytes_ -= carried;
    client_.handle_bytes(now_, ByteView(bytes).first(carried));
    drain_events();
    return true;
  }
  void drain_events() {
    while (auto event = client_.poll_event()) {
      if (auto* complete = std::get_if<event::Complete>(&*event)) client_.confirm(now_, complete->id);
    }
    while (auto event = server_.poll_event()) {
      if (auto* wanted = std::get_if<event::Requested>(&*event)) server_.provide(now_, wanted->id, source_);
    }
  }

  Time now_ = time_from_ns(1'000'000'000);
  std::shared_ptr<CardSource> source_;
  std::uint64_t carries_bytes_;
  Connection client_{config(Role::kClient, Binding::kStream), now_};
  Connection server_{config(Role::kServer, Binding::kStream), now_};
};

// TRF-7, TRF-20
TEST(Resume, a_stream_cut_at_any_byte_goes_on_where_it_broke) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Card card = random_card(seed);
    std::uint64_t payload = card.manifest.payload_bytes(), sent = 0, breaks = 0;
    Progress progress;
    for (; !progress.is_all_of(card) && breaks < 100; ++breaks) {
      std::uint64_t carries = breaks < 3 ? rng.below(payload + 2'000) : UINT64_MAX;
      BreakingStream stream(card, progress.wish(card), carries);
      sent += stream.sent_bytes();
      progress.add(stream.sink);
    }
    ASSERT_TRUE(progress.is_all_of(card));
    ASSERT_LE(sent, payload + breaks * kMostTwice);
  }
}

// Narrow enough that little is under way at any moment.
LinkOptions narrow_link(std::uint64_t seed) {
  LinkOptions link;
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(5);
  link.queue_bytes = 10'000;
  link.loss = seed % 2 == 0 ? 0 : 0.02;
  return link;
}

// TRF-7, TRF-20: what stands contiguously from the beginning counts.
TEST(Resume, datagrams_cut_at_any_time_go_on_where_they_broke) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Card card = random_card(seed);
    std::uint64_t payload = card.manifest.payload_bytes(), sent = 0, breaks = 0;
    Progress progress;
    for (; !progress.is_all_of(card) && breaks < 20; ++breaks) {
      Pair pair(pair_options(Binding::kDatagram, narrow_link(seed), seed * 32 + breaks));
      serve(pair.server, card);
      confirm_when_complete(pair.client);
      KeepingSink sink;
      pair.client.connection.request(pair.now, progress.wish(card), sink);
      Duration life = milliseconds(static_cast<std::int64_t>(50 + rng.below(500)));
      if (breaks >= 3) life = std::chrono::seconds(100);
      (void)pair.run([&] { return sink.whole; }, pair.now + life);
      pair.client.connection.close(pair.now);
      sent += pair.server.connection.ledger().sent.payload;
      progress.add(sink);
    }
    ASSERT_TRUE(progress.is_all_of(card));
    ASSERT_LE(sent, payload + breaks * kMostTwice);
  }
}

class ResumeOn : public testing::TestWithParam<Binding> {
 protected:
  PairOptions options() const {
    PairOptions two = pair_options(GetParam(), {}, 9);
    two.server.max_data_bytes = 1'000;
    return two;
  }
  Card card_ = even_card(1, 4, 30'000);
};

INSTANTIATE_TEST_SUITE_P(Bindings, ResumeOn,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// TRF-8: the digest of the whole chunk decides, and the source sends it whole.
TEST_P(ResumeOn, a_beginning_that_was_damaged_is_asked_for_again) {
  Pair pair(options());
  serve(pair.server, card_);
  confirm_when_complete(pair.client);
  Bytes spoilt(card_.chunks[1].view().begin(), card_.chunks[1].view().begin() + 20'000);
  spoilt[7] ^= 1;
  RequestOptions wish;
  wish.card = card_.digest();
  wish.partial = {{1, Slice(spoilt)}, {3, card_.chunks[3].part(0, 29'999)}};
  KeepingSink sink;
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card, card_));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 120'000u - 20'000u - 29'999u);
  EXPECT_GE(pair.server.connection.ledger().sent.retransmitted, 30'000u);
}

// TRF-6: more of a chunk than there is.
TEST_P(ResumeOn, a_beginning_beyond_its_chunk_is_refused) {
  for (const PartialChunk& partial :
       {PartialChunk{1, Slice(Bytes(30'000))}, PartialChunk{4, Slice(Bytes(1))}}) {
    Pair pair(options());
    serve(pair.server, card_);
    RequestOptions wish;
    wish.card = card_.digest();
    wish.partial = {partial};
    KeepingSink sink;
    pair.client.connection.request(pair.now, wish, sink);
    ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
    EXPECT_EQ(pair.client.find<event::Refused>()->code, TransferError::kOther);
    EXPECT_TRUE(pair.client.connection.is_established());
  }
}

// TRF-5: a source that does not look is no reason to write beyond a chunk.
TEST_P(ResumeOn, a_beginning_beyond_its_chunk_is_found_by_the_receiver_too) {
  RawPeer peer(config(Role::kClient, GetParam()));
  RequestOptions wish;
  wish.card = card_.digest();
  wish.partial = {{1, Slice(Bytes(30'001))}};
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, wish, sink);
  peer.greet();
  send_manifest(peer, id, card_);
  EXPECT_EQ(peer.seen_messages<RejectMessage>().size(), 1u);
  EXPECT_FALSE(sink.abandoned.empty());
}

// An offer that is accepted a second time, on another connection.
TEST_P(ResumeOn, an_offer_goes_on_where_it_broke) {
  Pair pair(options());
  KeepingSink sink;
  pair.client.on_event = [&](Time now, const Event& event) {
    AcceptOptions wish;
    wish.held = chunks_of({0});
    wish.partial = {{1, card_.chunks[1].part(0, 10'000)}};
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.client.connection.accept(now, offered->id, sink, wish);
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  pair.server.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card_));
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 80'000u);
}

// TRF-17: what a receiver has stopped it can go on with.
TEST_P(ResumeOn, what_was_stopped_is_kept_in_part) {
  PairOptions two = options();
  two.to_client.rate_bits_per_s = 5e6;
  two.to_client.queue_bytes = 4'000;
  Pair pair(two);
  serve(pair.server, card_);
  KeepingSink sink;
  TransferId id = pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.ledger().received.payload > 50'000; }));
  pair.client.connection.stop(pair.now, id);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Stopped>() != nullptr; }));
  ASSERT_TRUE(sink.finished);
  EXPECT_FALSE(sink.whole);
  ASSERT_FALSE(sink.partial.empty());
  for (const PartialChunk& kept : sink.partial)
    EXPECT_TRUE(kept == (PartialChunk{kept.index, card_.chunks[kept.index].part(0, kept.prefix.size())}));
}

// TRF-18
TEST_P(ResumeOn, whatever_ends_a_transfer_its_beginnings_are_kept) {
  PairOptions two = options();
  two.to_client.rate_bits_per_s = 5e6;
  two.to_client.queue_bytes = 4'000;
  for (int way = 0; way < 4; ++way) {
    Pair pair(two);
    serve(pair.server, card_);
    KeepingSink sink;
    TransferId id = pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.client.connection.ledger().received.payload > 50'000; }));
    if (way == 0) pair.client.connection.cancel(pair.now, id, "enough");
    if (way == 1) pair.client.connection.reject(pair.now, id, "enough");
    if (way == 2) pair.server.connection.cancel(pair.now, id, "enough");
    if (way == 3) pair.server.connection.close(pair.now);
    ASSERT_TRUE(pair.run([&] { return !sink.abandoned.empty(); })) << "way " << way;
    EXPECT_FALSE(sink.partial.empty()) << "way " << way;
  }
}

}  // namespace
}  // namespace kvferry::test
