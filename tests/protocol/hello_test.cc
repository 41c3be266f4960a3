// SPDX-License-Identifier: MIT
//
// The greeting: versions, what is tolerated, and what a source may not begin after it.
#include <gtest/gtest.h>

#include <bit>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

class Greeting : public testing::TestWithParam<Binding> {
 protected:
  ConnectionConfig config(Role role) const {
    ConnectionConfig config;
    config.role = role;
    config.binding = GetParam();
    return config;
  }
  std::optional<ErrorCode> fault_after(const Hello& hello) const {
    RawPeer peer(config(Role::kServer));
    peer.greet(hello);
    return peer.fault();
  }
  std::optional<ErrorCode> fault_after_versions(std::vector<std::uint32_t> versions) const {
    Hello hello;
    hello.versions = std::move(versions);
    return fault_after(hello);
  }
  // How a server answers a request for this card after this HELLO; nothing: it sends it.
  std::optional<TransferError> refusal(const Hello& hello, const Card& card,
                                       const RequestMessage& request = {}) {
    RawPeer peer(config(Role::kServer));
    peer.greet(hello);
    peer.send(request);
    peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(card));
    peer.wait(milliseconds(200));
    EXPECT_TRUE(peer.connection.is_established());
    auto refusals = peer.seen_messages<RefuseMessage>();
    EXPECT_EQ(peer.seen_messages<ManifestMessage>().size() + refusals.size(), 1u);
    if (refusals.empty()) return std::nullopt;
    EXPECT_EQ(peer.seen_payload_bytes(), 0u);
    EXPECT_FALSE(refusals[0].reason.empty());
    EXPECT_EQ(peer.find<event::Rejected>()->code, refusals[0].code);
    return refusals[0].code;
  }
  Card card_ = even_card(1, 10, 1'000);
};

INSTANTIATE_TEST_SUITE_P(Bindings, Greeting,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// CON-2
TEST_P(Greeting, needs_a_common_version) {
  EXPECT_EQ(fault_after_versions({1}), std::nullopt);
  EXPECT_EQ(fault_after_versions({0, 1, 2, 77}), std::nullopt);
  EXPECT_EQ(fault_after_versions({2}), ErrorCode::kVersion);
  EXPECT_EQ(fault_after_versions({0, 2, 0xFFFFFFFF}), ErrorCode::kVersion);
}

// Section 7: an array of 1 to 16 numbers, ascending.
TEST_P(Greeting, with_a_list_of_versions_that_is_none_is_malformed) {
  EXPECT_EQ(fault_after_versions({}), ErrorCode::kMalformed);
  EXPECT_EQ(fault_after_versions({1, 1}), ErrorCode::kMalformed);
  EXPECT_EQ(fault_after_versions({2, 1}), ErrorCode::kMalformed);
  EXPECT_EQ(fault_after_versions({3, 2}), ErrorCode::kMalformed);
  EXPECT_EQ(fault_after_versions({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}),
            ErrorCode::kMalformed);
}

// CON-1
TEST_P(Greeting, is_said_once) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.greet();
  EXPECT_EQ(peer.fault(), ErrorCode::kUnexpected);
  EXPECT_EQ(peer.seen_messages<HelloMessage>().size(), 1u);
}

// CON-1
TEST_P(Greeting, comes_first) {
  RawPeer peer(config(Role::kServer));
  peer.send(PingMessage{1, {}});
  EXPECT_EQ(peer.fault(), ErrorCode::kUnexpected);
}

// CON-1
TEST_P(Greeting, of_another_protocol_is_malformed) {
  RawPeer peer(config(Role::kServer));
  HelloMessage hello;
  hello.magic = "kvFerry";
  peer.send(hello);
  EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
}

// CON-6: a peer may leave before it has greeted.
TEST_P(Greeting, may_be_a_farewell) {
  RawPeer peer(config(Role::kServer));
  peer.send(GoodbyeMessage{11, "no", {}});
  ASSERT_NE(peer.find<event::Closed>(), nullptr);
  EXPECT_TRUE(peer.find<event::Closed>()->by_peer);
  EXPECT_EQ(peer.find<event::Closed>()->code, ErrorCode::kApplication);
}

// CON-3
TEST_P(Greeting, need_not_be_waited_for_before_asking) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  peer.connection.request(peer.now, {}, sink);
  peer.connection.offer(peer.now, "notes", std::make_shared<CardSource>(card_));
  peer.wait(milliseconds(1));
  ASSERT_GE(peer.seen.size(), 3u);
  EXPECT_EQ(peer.seen[0].type, FrameType::kHello);
  EXPECT_EQ(peer.seen_messages<RequestMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<OfferMessage>().size(), 1u);
}

// VER-1, PRM-5
TEST_P(Greeting, tolerates_features_and_keys_that_mean_nothing) {
  RawPeer peer(config(Role::kServer));
  HelloMessage hello;
  hello.hello.features = ~std::uint64_t{0};
  hello.hello.codecs = {5, 4, 3};
  hello.unknown.count = 2;
  hello.unknown.raw = {0xCC, 0x80, 0xC0, 0xCC, 0x8F, 0x93, 0x01, 0xFF, 0xA1, 0x78};
  peer.send(hello);
  EXPECT_FALSE(peer.fault());
  EXPECT_TRUE(peer.connection.is_established());
}

// VER-1, FRM-2
TEST_P(Greeting, and_all_that_follows_may_have_reserved_frames_between) {
  RawPeer peer(config(Role::kServer));
  peer.send_frame(reserved_type(0), Bytes(100));  // even before HELLO
  peer.greet();
  for (std::uint64_t n : {0u, 1u, 63u, 100'000u}) peer.send_frame(reserved_type(n), Bytes(n % 50));
  peer.send_frame(reserved_type(5), Bytes(64 * 1024));
  EXPECT_TRUE(peer.connection.is_established());
  peer.send_frame(reserved_type(5), Bytes(64 * 1024 + 1));
  EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
}

// FRM-1
TEST_P(Greeting, of_unknown_critical_frames_ends_the_connection) {
  for (std::uint64_t type : {0x2Fu, 0x43u, 0x31u, 0x33u, 0x39u, 0xFFFFu}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    peer.send_frame(type, Bytes(3));
    EXPECT_EQ(peer.fault(), ErrorCode::kUnknownCritical) << type;
  }
}

// FRM-3
TEST_P(Greeting, with_a_body_above_its_limit_ends_the_connection) {
  for (FrameType type : {FrameType::kPing, FrameType::kRequest, FrameType::kPage}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    peer.send_frame(static_cast<std::uint64_t>(type), Bytes(type == FrameType::kPage ? 1'048'577 : 65'537));
    EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
  }
}

// VER-1: both sides send what means nothing, and both go on.
TEST_P(Greeting, is_mixed_with_reserved_frames_keys_and_features_by_default) {
  std::size_t clients = 0, servers = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    PairOptions two = pair_options(GetParam(), {}, seed);
    Pair pair(two);
    serve(pair.server, sample_card(seed, 50, 2'000));
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; })) << "seed " << seed;
    clients += std::popcount(pair.server.find<event::Connected>()->peer.features >> 32) == 1;
    servers += std::popcount(pair.client.find<event::Connected>()->peer.features >> 32) == 1;
  }
  EXPECT_EQ(clients, 20u);
  EXPECT_EQ(servers, 20u);
}

// TRF-6, LIM-1: each limit, met and exceeded.
TEST_P(Greeting, with_limits_is_obeyed_by_sources) {
  EncodedManifest encoded = encode_manifest(card_.manifest);
  for (bool fits : {true, false}) {
    std::uint64_t less = fits ? 0 : 1;
    auto expected = fits ? std::nullopt : std::optional(TransferError::kLimits);
    Hello root, chunks, chunk, card;
    root.limits.max_root_bytes = encoded.root.size() - less;
    chunks.limits.max_chunks = 10 - less;
    chunk.limits.max_chunk_bytes = 1'000 - less;
    card.limits.max_card_bytes = 10'000 - less;
    for (const Hello& hello : {root, chunks, chunk, card}) EXPECT_EQ(refusal(hello, card_), expected);
  }
}

// TRF-6
TEST_P(Greeting, with_a_model_is_obeyed_by_sources) {
  Hello hello;
  hello.model = card_.manifest.model;
  EXPECT_EQ(refusal(hello, card_), std::nullopt);
  hello.model->rope_theta = 500'000;
  EXPECT_EQ(refusal(hello, card_), TransferError::kModel);
  hello.features |= kFeatureCalibration;
  EXPECT_EQ(refusal(hello, card_), std::nullopt);
}

// TRF-6
TEST_P(Greeting, with_codecs_is_obeyed_by_sources) {
  Hello hello;
  hello.codecs = {1, 64};
  EXPECT_EQ(refusal(hello, card_), TransferError::kCodec);
  hello.codecs = {0};
  EXPECT_EQ(refusal(hello, card_), std::nullopt);
}

// TRF-6
TEST_P(Greeting, or_a_request_with_a_least_quality_is_obeyed_by_sources) {
  RequestMessage request;
  request.options.min_quality = 0.9;
  EXPECT_EQ(refusal({}, card_, request), TransferError::kQuality);  // never measured
  Card measured = card_;
  measured.manifest.divergence = Divergence{0.1, 0.89, 10};
  EXPECT_EQ(refusal({}, measured, request), TransferError::kQuality);
  measured.manifest.divergence->top1 = 0.9;
  EXPECT_EQ(refusal({}, measured, request), std::nullopt);
  request.options.min_quality = 1.5;
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.send(request);
  EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
}

// TRF-6: this card and no other.
TEST_P(Greeting, or_a_request_for_one_card_is_answered_with_no_other) {
  RequestMessage request;
  request.options.card = sha256(as_bytes("another"));
  EXPECT_EQ(refusal({}, card_, request), TransferError::kNotHere);
  request.options.card = card_.digest();
  EXPECT_EQ(refusal({}, card_, request), std::nullopt);
}

// TRF-6: after OFFER a source CANCELs.
TEST_P(Greeting, that_an_offer_does_not_fit_is_found_when_it_is_accepted) {
  RawPeer peer(config(Role::kServer));
  Hello hello;
  hello.codecs = {1};
  peer.greet(hello);
  peer.connection.offer(peer.now, "notes", std::make_shared<CardSource>(card_));
  peer.drain();
  peer.send(AcceptMessage{1, {}, {}, false, {}, {}});
  auto cancels = peer.seen_messages<CancelMessage>();
  ASSERT_EQ(cancels.size(), 1u);
  EXPECT_EQ(cancels[0].code, TransferError::kCodec);
  EXPECT_TRUE(peer.seen_messages<ManifestMessage>().empty());
}

// TRF-5: a source that does not obey is found out.
TEST_P(Greeting, that_a_source_does_not_obey_is_found_by_the_receiver) {
  struct Case {
    TransferError code;
    std::function<void(Hello&)> change;
  };
  const Case cases[] = {
      {TransferError::kOther, [](Hello& h) { h.limits.max_root_bytes = 100; }},
      {TransferError::kOther, [](Hello& h) { h.limits.max_chunks = 9; }},
      {TransferError::kOther, [](Hello& h) { h.limits.max_chunk_bytes = 999; }},
      {TransferError::kOther, [](Hello& h) { h.limits.max_card_bytes = 9'999; }},
      {TransferError::kModel, [](Hello& h) { h.model = sample_model(), h.model->kv_heads = 4; }},
      {TransferError::kCodec, [](Hello& h) { h.codecs = {1}; }},
  };
  for (const Case& one : cases) {
    ConnectionConfig strict = config(Role::kClient);
    one.change(strict.hello);
    RawPeer peer(strict);
    KeepingSink sink;
    TransferId id = peer.connection.request(peer.now, {}, sink);
    peer.greet();
    send_manifest(peer, id, card_);
    auto rejects = peer.seen_messages<RejectMessage>();
    ASSERT_EQ(rejects.size(), 1u);
    EXPECT_TRUE(rejects[0].code == one.code ||
                (one.code == TransferError::kOther && rejects[0].code == TransferError::kLimits))
        << rejects[0].reason;
    EXPECT_FALSE(sink.abandoned.empty());
    EXPECT_TRUE(sink.card.chunks.empty());  // it was never begun
    EXPECT_TRUE(peer.connection.is_established());
  }
}

// TRF-5
TEST_P(Greeting, or_another_card_than_was_asked_for_is_rejected) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  RequestOptions wish;
  wish.card = sha256(as_bytes("another"));
  TransferId id = peer.connection.request(peer.now, wish, sink);
  peer.greet();
  send_manifest(peer, id, card_);
  ASSERT_EQ(peer.seen_messages<RejectMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<RejectMessage>()[0].code, TransferError::kNotHere);
}

// TRF-2
TEST_P(Greeting, with_a_limit_of_transfers_is_kept_to) {
  ConnectionConfig few = config(Role::kServer);
  few.hello.limits.max_transfers = 2;
  RawPeer peer(few);
  peer.greet();
  for (TransferId id : {0u, 2u, 4u}) {
    RequestMessage request;
    request.transfer = id;
    peer.send(request);
  }
  OfferMessage offer;
  offer.transfer = 6;
  peer.send(offer);
  auto refusals = peer.seen_messages<RefuseMessage>();
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_EQ(refusals[0].transfer, 4u);
  EXPECT_EQ(refusals[1].transfer, 6u);
  EXPECT_EQ(refusals[0].code, TransferError::kBusy);
  EXPECT_TRUE(peer.connection.is_established());
}

// TRF-1
TEST_P(Greeting, is_followed_by_transfers_whose_numbers_are_used_once_and_in_order) {
  for (std::vector<TransferId> ids : {std::vector<TransferId>{2}, {0, 0}, {0, 4}, {1}}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    for (TransferId id : ids) {
      RequestMessage request;
      request.transfer = id;
      peer.send(request);
    }
    EXPECT_EQ(peer.fault(), ErrorCode::kUnexpected);
  }
}

// ERR-1
TEST_P(Greeting, may_be_followed_by_codes_of_later_versions) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  peer.send(RefuseMessage{id, "why", static_cast<TransferError>(9'999), {}});
  ASSERT_NE(peer.find<event::Refused>(), nullptr);
  EXPECT_TRUE(peer.connection.is_established());
  peer.send(ErrorMessage{9'999, "why", {}});
  ASSERT_NE(peer.find<event::Closed>(), nullptr);
  EXPECT_TRUE(peer.find<event::Closed>()->by_peer);
}

}  // namespace
}  // namespace kvferry::test
