// SPDX-License-Identifier: MIT
//
// Whole transfers over UDP on loopback.
#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

constexpr TransportKind kUdp = TransportKind::kUdp;

struct Size {
  std::uint32_t chunks;
  std::uint32_t max_chunk_bytes;
};

class UdpTransfer : public testing::TestWithParam<Size> {};

TEST_P(UdpTransfer, DeliversTheCardByteForByte) {
  const Card card = sample_card(7, GetParam().chunks, GetParam().max_chunk_bytes);
  ServerThread server(serving(card), UdpServerOptions());
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), quick_options(kUdp), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(sink.whole());
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(*report.card, card.digest());
  EXPECT_EQ(report.chunks.size(), card.chunks.size());
  EXPECT_EQ(report.ledger.received.payload, card.manifest.payload_bytes());
}

INSTANTIATE_TEST_SUITE_P(Sizes, UdpTransfer,
                         testing::Values(Size{1, 1}, Size{3, 100}, Size{300, 5000}, Size{6, 12u << 20}));

TEST(UdpTransferDamage, IsFoundAndTheChunkAskedForAgain) {
  const Card card = card_of_large_chunks(8);
  ServerThread server(damaging(card, 3, 2), UdpServerOptions());
  expect_served(server.where(), card, kUdp);
}

TEST(UdpTransferOptions, WorksWithDatagramsOfEverySize) {
  const Card card = sample_card(8, 20, 40000);
  for (std::size_t size : {256u, 1200u, 9000u, 16383u}) {
    UdpServerOptions options;
    options.connection.max_datagram_bytes = size;
    ServerThread server(serving(card), options);
    expect_served(server.where(), card, kUdp);
  }
}

TEST(UdpTransferOptions, FindsTheServerByName) {
  const Card card = sample_card(9, 3, 1000);
  ServerThread server(serving(card), UdpServerOptions());
  expect_served({"localhost", server.where().port}, card, kUdp);
}

TEST(UdpTransferOptions, FollowsAClientWhosePortChanges) {
  const Card card = sample_card(16, 40, 100000);
  ServerThread server(serving(card), UdpServerOptions());
  UdpRelay relay(server.where(), 25);
  CardSink sink;
  const FetchReport report = fetch_card(relay.where(), quick_options(kUdp), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_GT(relay.recorded().size(), 25u);
  EXPECT_EQ(server.handlers(), 1);
}

TEST(UdpTransferOutcome, TellsTheReasonOfARefusal) {
  ServerThread server(
      [](ConnectionDriver&, const RequestOptions& options) -> Result<std::shared_ptr<ChunkSource>> {
        return Error{"no document '" + options.document + "' here"};
      },
      UdpServerOptions());
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), quick_options(kUdp), sink);
  EXPECT_EQ(report.status, ClientStatus::kRefused);
  EXPECT_EQ(report.message, server.where().text() + " refused: no document 'document' here");
}

TEST(UdpTransferOutcome, EndsWithTheReceiversReasonWhenItCannotApplyTheCard) {
  const Card card = sample_card(10, 2, 100);
  ServerThread server(serving(card), UdpServerOptions());
  FetchOptions options = quick_options(kUdp);
  options.apply = []() -> Result<void> { return Error{"the disk is full"}; };
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_EQ(report.status, ClientStatus::kFailed);
  EXPECT_EQ(report.message, "the disk is full");
}

TEST(UdpTransferOutcome, LeavesAtOnceWhenAllIsSaid) {
  const Card card = sample_card(11, 2, 100);
  ServerThread server(serving(card), UdpServerOptions());
  const Time begun = steady_now();
  for (int i = 0; i < 10; ++i) expect_served(server.where(), card, kUdp);
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(2));
}

TEST(UdpTransferResume, BringsOnlyWhatWasMissingAfterThePeerDied) {
  const Card card = sample_card(12, 40, 200000);
  std::atomic<std::uint32_t> asked{0};
  std::atomic<bool> dies{true};
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions&) {
        const auto die_at_25 = [&](std::uint32_t index) {
          if (index == 25 && dies) connection.drop();
        };
        return Result<std::shared_ptr<ChunkSource>>(std::make_shared<CountingSource>(card, asked, die_at_25));
      },
      UdpServerOptions());
  FetchOptions options = quick_options(kUdp);
  options.connection.progress_timeout = milliseconds(300);
  CardSink sink;
  const FetchReport first = fetch_card(server.where(), options, sink);
  EXPECT_EQ(first.status, ClientStatus::kStalled) << first.message;
  EXPECT_FALSE(sink.whole());
  ASSERT_LT(first.chunks.size(), 40u);

  CardSink resumed;
  for (std::uint32_t i = 0; i < 40; ++i) {
    if (first.chunks.contains(i)) resumed.hold(i, card.chunks[i]);
  }
  asked = 0;
  dies = false;
  options = quick_options(kUdp);
  options.request.card = card.digest();
  options.request.held = first.chunks;
  const FetchReport second = fetch_card(server.where(), options, resumed);
  ASSERT_EQ(second.status, ClientStatus::kApplied) << second.message;
  EXPECT_TRUE(same_bytes(resumed.card(), card));
  server.stop();
  EXPECT_EQ(asked.load() + first.chunks.size(), 40u);
}

TEST(UdpTransferConcurrent, ServesThirtyPeersAtOnce) {
  const Card card = sample_card(14, 30, 50000);
  ServerThread server(serving(card), UdpServerOptions());
  std::vector<std::thread> clients;
  for (int i = 0; i < 30; ++i) {
    clients.emplace_back([&] { expect_served(server.where(), card, kUdp); });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(server.handlers(), 30);
}

TEST(UdpTransferConcurrent, AnswersThroughAWorker) {
  const Card card = sample_card(15, 5, 5000);
  std::vector<std::thread> workers;
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
        workers.emplace_back([&connection, card] {
          auto source = std::make_shared<CardSource>(card);
          connection.post([source](Connection& c, Time now) { c.provide(now, 0, source); });
        });
        return std::shared_ptr<ChunkSource>();
      },
      UdpServerOptions());
  expect_served(server.where(), card, kUdp);
  server.stop();
  for (auto& worker : workers) worker.join();
}

}  // namespace
}  // namespace kvferry::test
