// SPDX-License-Identifier: MIT
//
// Whole transfers over QUIC on loopback.
#include "tests/transport/quic/test_identity.h"
#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

const TestIdentity& client_identity() {
  static const TestIdentity kIdentity;
  return kIdentity;
}
const TestIdentity& server_identity() {
  static const TestIdentity kIdentity;
  return kIdentity;
}

QuicServerOptions server_options() {
  QuicServerOptions options;
  options.quic.credentials = credentials(server_identity(), client_identity().pinned());
  return options;
}

FetchOptions fetch_options() {
  FetchOptions options = quick_options(TransportKind::kQuic);
  options.quic = credentials(client_identity(), server_identity().pinned());
  return options;
}

void expect_served_by_quic(const HostPort& server, const Card& card) {
  CardSink sink;
  const FetchReport report = fetch_card(server, fetch_options(), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

TEST(QuicLoopback, delivers_cards_byte_for_byte) {
  for (auto [chunks, max_chunk_bytes] :
       {std::pair{1u, 1u}, std::pair{3u, 100u}, std::pair{300u, 5'000u}, std::pair{6u, 12u << 20}}) {
    const Card card = sample_card(7, chunks, max_chunk_bytes);
    ServerThread server(serving(card), server_options());
    CardSink sink;
    const FetchReport report = fetch_card(server.where(), fetch_options(), sink);
    ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
    EXPECT_TRUE(same_bytes(sink.card(), card));
    EXPECT_EQ(*report.card, card.digest());
    EXPECT_EQ(report.ledger.received.payload, card.manifest.payload_bytes());
    EXPECT_TRUE(report.path.rtt.has_value());
    EXPECT_FALSE(report.token.empty());
  }
}

TEST(QuicLoopback, asks_for_a_damaged_chunk_again) {
  const Card card = card_of_large_chunks(8);
  ServerThread server(damaging(card, 3, 2), server_options());
  expect_served_by_quic(server.where(), card);
}

TEST(QuicLoopback, follows_a_client_whose_port_changes) {
  const Card card = sample_card(16, 40, 100'000);
  ServerThread server(serving(card), server_options());
  UdpRelay relay(server.where(), 20);
  expect_served_by_quic(relay.where(), card);
  EXPECT_GT(relay.recorded().size(), 20u);
  EXPECT_EQ(server.handlers(), 1);
}

TEST(QuicLoopback, many_clients_share_a_socket) {
  const Card card = sample_card(3, 20, 40'000);
  ServerThread server(serving(card), server_options());
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back([&] { expect_served_by_quic(server.where(), card); });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(server.handlers(), 8);
}

TEST(QuicLoopback, a_server_under_load_lets_in_who_comes_back_with_a_token) {
  const Card card = sample_card(4, 3, 1'000);
  QuicServerOptions options = server_options();
  options.max_half_open = 0;
  ServerThread server(serving(card), options);
  expect_served_by_quic(server.where(), card);
}

TEST(QuicLoopback, a_stranger_is_refused_and_told_why) {
  const Card card = sample_card(5, 3, 1'000);
  ServerThread server(serving(card), server_options());
  FetchOptions options = fetch_options();
  options.quic = credentials(TestIdentity(), server_identity().pinned());
  CardSink sink;
  FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_EQ(report.status, ClientStatus::kInsecure);
  EXPECT_NE(report.message.find("the peer refuses the handshake"), std::string::npos) << report.message;
  options.quic = credentials(client_identity(), TestIdentity().pinned());
  report = fetch_card(server.where(), options, sink);
  EXPECT_EQ(report.status, ClientStatus::kInsecure);
  EXPECT_NE(report.message.find("is not among the trusted ones"), std::string::npos) << report.message;
  EXPECT_EQ(report.ledger.received.total() + report.ledger.sent.total(), 0u);
  expect_served_by_quic(server.where(), card);
}

TEST(QuicLoopback, nobody_there_is_unreachable) {
  HostPort nobody;
  {
    ServerThread server(serving(sample_card(1, 1, 1)), server_options());
    nobody = server.where();
  }
  CardSink sink;
  const FetchReport report = fetch_card(nobody, fetch_options(), sink);
  EXPECT_EQ(report.status, ClientStatus::kUnreachable) << report.message;
}

TEST(QuicLoopback, garbage_does_not_disturb_others) {
  const Card card = sample_card(6, 10, 10'000);
  ServerThread server(serving(card), server_options());
  RawUdp stranger(server.where());
  Rng rng(1);
  for (int i = 0; i < 500; ++i) stranger.send(random_bytes(rng, rng.below(1'400)));
  expect_served_by_quic(server.where(), card);
}

TEST(QuicLoopback, a_finished_session_that_is_said_again_gets_no_request_through) {
  const Card card = sample_card(8, 10, 1'000);
  std::atomic<int> requests = 0;
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions& request) {
        ++requests;
        return serving(card)(connection, request);
      },
      server_options());
  UdpRelay relay(server.where());
  expect_served_by_quic(relay.where(), card);
  RawUdp replayer(server.where());
  for (int times = 0; times < 3; ++times) {
    for (const Bytes& datagram : relay.recorded()) replayer.send(datagram);
  }
  expect_served_by_quic(server.where(), card);
  EXPECT_EQ(requests, 2) << "one for each fetch";
}

TEST(QuicLoopback, a_server_that_stops_says_goodbye) {
  const Card card = sample_card(7, 10, 1'000);
  std::atomic<bool> asked = false;
  auto server = std::make_unique<ServerThread>(
      [&](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
        asked = true;
        return std::shared_ptr<ChunkSource>();  // does not answer
      },
      server_options());
  std::thread stopper([&] {
    while (!asked) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server->stop();
  });
  CardSink sink;
  const FetchReport report = fetch_card(server->where(), fetch_options(), sink);
  stopper.join();
  EXPECT_EQ(report.status, ClientStatus::kLost);
  EXPECT_NE(report.message.find("the server is stopping"), std::string::npos) << report.message;
}

TEST(QuicLoopback, credentials_are_needed) {
  CardSink sink;
  FetchOptions options = quick_options(TransportKind::kQuic);
  const FetchReport report = fetch_card({"127.0.0.1", 9}, options, sink);
  EXPECT_EQ(report.status, ClientStatus::kUnreachable);
  EXPECT_NE(report.message.find("no credentials"), std::string::npos) << report.message;
  const auto server = QuicServer::listen({}, [] { return std::unique_ptr<ConnectionHandler>(); });
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, "127.0.0.1:0: QUIC without credentials");
}

}  // namespace
}  // namespace kvferry::test
