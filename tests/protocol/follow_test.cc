// SPDX-License-Identifier: MIT
//
// SPEC.md, section 11.5: a reader follows a document from card to card.
#include <gtest/gtest.h>

#include "protocol/card/shared_chunks.h"
#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

class Follow : public testing::TestWithParam<Binding> {
 protected:
  PairOptions options() const {
    PairOptions options = pair_options(GetParam(), {}, 3);
    options.server.hello.features |= kFeatureFollow;
    return options;
  }
  // The first twenty chunks stay.
  static Card next_version(const Card& card) {
    Card next = even_card(2, 30, 9'000);
    for (std::size_t i = 0; i < 20; ++i) {
      next.manifest.chunks[i].digest = card.manifest.chunks[i].digest;
      next.chunks[i] = card.chunks[i];
    }
    return next;
  }
  static void provide(Side& side, Time now, const event::Requested& wanted, const Card& card,
                      const Card& base) {
    side.connection.provide(now, wanted.id, std::make_shared<CardSource>(card),
                            ChunksByDigest(base.manifest).shared_with(card.manifest));
  }
  Card card_ = even_card(1, 30, 9'000);
  Card next_ = next_version(card_);
};

INSTANTIATE_TEST_SUITE_P(Bindings, Follow,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

RequestOptions after(const Card& card) {
  RequestOptions wish;
  wish.document = "notes";
  wish.after = card.digest();
  wish.bases = DigestList({card.digest()});
  return wish;
}

// TRF-22: longer than any timeout, and then only what changed travels; on streams, one way.
TEST_P(Follow, waits_for_the_next_version_and_gets_what_changed) {
  Pair pair(options());
  std::optional<event::Requested> wanted;
  pair.server.on_event = [&](Time, const Event& event) {
    if (const auto* requested = std::get_if<event::Requested>(&event)) wanted = *requested;
  };
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Connected>() != nullptr; }));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  sink.store = card_.chunks;
  pair.client.connection.request(pair.now, after(card_), sink);
  ASSERT_TRUE(pair.run([&] { return wanted.has_value(); }));
  EXPECT_EQ(wanted->options.after, card_.digest());
  pair.run_until(pair.now + seconds(700));
  EXPECT_EQ(pair.client.find<event::Stalled>(), nullptr);
  EXPECT_EQ(pair.client.find<event::Rejected>(), nullptr);
  const Time begin = pair.now;
  provide(pair.server, pair.now, *wanted, next_, card_);
  ASSERT_TRUE(
      pair.run([&] { return pair.client.find<event::ChunkArrived>() != nullptr; }, begin + seconds(10)));
  EXPECT_LT(pair.now - begin, std::chrono::milliseconds(35));  // a round trip takes 40
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, begin + seconds(10)));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 10 * 9'000u);
  EXPECT_TRUE(same_bytes(sink.card, next_));
}

TEST_P(Follow, says_nothing_all_the_while_but_pings) {
  Pair pair(options());
  pair.server.on_event = [](Time, const Event&) {};
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Connected>() != nullptr; }));
  KeepingSink sink;
  pair.client.connection.request(pair.now, after(card_), sink);
  pair.run_until(pair.now + seconds(1));
  const auto before = pair.client.connection.ledger().sent;
  pair.run_until(pair.now + seconds(300));
  EXPECT_TRUE(pair.client.connection.is_established());
  EXPECT_LT(pair.client.connection.ledger().sent.total() - before.total(), 5'000u);
}

// TRF-22: a peer that would answer at once with what is here already is not asked.
TEST_P(Follow, is_refused_by_a_peer_that_does_not_know_it) {
  Pair pair(pair_options(GetParam(), {}, 3));
  serve(pair.server, card_);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Connected>() != nullptr; }));
  KeepingSink sink;
  pair.client.connection.request(pair.now, after(card_), sink);
  pair.run_until(pair.now + seconds(1));
  ASSERT_NE(pair.client.find<event::Refused>(), nullptr);
  EXPECT_EQ(pair.server.find<event::Requested>(), nullptr);
}

// TRF-22
TEST_P(Follow, never_gets_the_card_that_it_has) {
  Pair pair(options());
  serve(pair.server, card_);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Connected>() != nullptr; }));
  KeepingSink sink;
  pair.client.connection.request(pair.now, after(card_), sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
  EXPECT_EQ(pair.client.find<event::Refused>()->code, TransferError::kNotHere);
}

// TRF-22: nor takes it from a source that gives it all the same.
TEST_P(Follow, rejects_the_card_that_it_has) {
  ConnectionConfig config;
  config.role = Role::kClient;
  config.binding = GetParam();
  RawPeer peer(config);
  Hello hello;
  hello.features |= kFeatureFollow;
  peer.greet(hello);
  KeepingSink sink;
  const TransferId id = peer.connection.request(peer.now, after(card_), sink);
  peer.drain();
  ManifestMessage manifest;
  manifest.transfer = id;
  manifest.root = encode_manifest(card_.manifest).root;
  peer.send(manifest);
  const auto rejects = peer.seen_messages<RejectMessage>();
  ASSERT_EQ(rejects.size(), 1u);
  EXPECT_EQ(rejects[0].code, TransferError::kNotHere);
}

}  // namespace
}  // namespace kvferry::test
