// SPDX-License-Identifier: MIT
//
// Whole transfers over loopback sockets.
#include <condition_variable>
#include <mutex>

#include "tests/transport/harness.h"

namespace kvferry::test {
namespace {

struct Size {
  std::uint32_t chunks;
  std::uint32_t max_chunk_bytes;
};

class TcpTransfer : public testing::TestWithParam<std::tuple<TransportKind, Size>> {};

TEST_P(TcpTransfer, DeliversTheCardByteForByte) {
  const auto [transport, size] = GetParam();
  const Card card = sample_card(7, size.chunks, size.max_chunk_bytes);
  TcpServerOptions options;
  options.tcp = tcp_options(transport, Role::kServer);
  ServerThread server(serving(card), options);
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), quick_options(transport), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(sink.whole());
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(*report.card, card.digest());
  EXPECT_EQ(report.chunks.size(), card.chunks.size());
  EXPECT_EQ(report.ledger.received.payload, card.manifest.payload_bytes());
  EXPECT_EQ(report.ledger.received.retransmitted, 0u);
}

// The last is larger than every buffer on the way.
INSTANTIATE_TEST_SUITE_P(Sizes, TcpTransfer,
                         testing::Combine(testing::Values(TransportKind::kTcp, TransportKind::kTls),
                                          testing::Values(Size{1, 1}, Size{3, 100}, Size{300, 5000},
                                                          Size{6, 12u << 20})));

class TcpTransferDamage : public testing::TestWithParam<TransportKind> {
 protected:
  static FetchReport fetch(const Card& card, int times, CardSink& sink) {
    TcpServerOptions options;
    options.tcp = tcp_options(GetParam(), Role::kServer);
    ServerThread server(damaging(card, 3, times), options);
    return fetch_card(server.where(), quick_options(GetParam()), sink);
  }
};

INSTANTIATE_TEST_SUITE_P(Transports, TcpTransferDamage,
                         testing::Values(TransportKind::kTcp, TransportKind::kTls));

TEST_P(TcpTransferDamage, IsFoundAndTheChunkAskedForAgain) {
  const Card card = card_of_large_chunks(8);
  CardSink sink;
  const FetchReport report = fetch(card, 2, sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(report.ledger.received.payload, 10u * 300'000);
}

TEST_P(TcpTransferDamage, EndsTheTransferTheThirdTime) {
  const Card card = card_of_large_chunks(8);
  CardSink sink;
  const FetchReport report = fetch(card, 3, sink);
  EXPECT_EQ(report.status, ClientStatus::kFailed);
  EXPECT_EQ(report.message, "chunk 3: its digest is not the one that the manifest names");
  EXPECT_FALSE(report.chunks.contains(3));
}

TEST(TcpTransferOptions, WorksWithTheSmallestBuffers) {
  const Card card = sample_card(8, 20, 40000);
  TcpServerOptions options;
  options.tcp.pending_bytes = 1;
  options.tcp.notsent_lowat_bytes = 1;
  options.connection.max_data_bytes = 700;
  ServerThread server(serving(card), options);
  expect_served(server.where(), card);
}

TEST(TcpTransferOptions, CarriesWhatTheReceiverAsksFor) {
  RequestOptions seen;
  const Card card = sample_card(9, 2, 100);
  ServerThread server([&](ConnectionDriver& connection, const RequestOptions& options) {
    seen = options;
    return serving(card)(connection, options);
  });
  FetchOptions options = quick_options();
  options.request.question_tokens = {1, 2, 300};
  options.request.preset = "quant=int4";
  CardSink sink;
  ASSERT_EQ(fetch_card(server.where(), options, sink).status, ClientStatus::kApplied);
  server.stop();
  EXPECT_EQ(seen, options.request);
}

TEST(TcpTransferOutcome, TellsTheReasonOfARefusal) {
  ServerThread server(
      [](ConnectionDriver&, const RequestOptions& options) -> Result<std::shared_ptr<ChunkSource>> {
        return Error{"no document '" + options.document + "' here"};
      });
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), quick_options(), sink);
  EXPECT_EQ(report.status, ClientStatus::kRefused);
  EXPECT_EQ(report.message, server.where().text() + " refused: no document 'document' here");
}

TEST(TcpTransferOutcome, EndsWithTheReceiversReasonWhenItCannotApplyTheCard) {
  const Card card = sample_card(10, 2, 100);
  ServerThread server(serving(card));
  FetchOptions options = quick_options();
  options.apply = []() -> Result<void> { return Error{"the disk is full"}; };
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_EQ(report.status, ClientStatus::kFailed);
  EXPECT_EQ(report.message, "the disk is full");
}

TEST(TcpTransferOutcome, EndsWithAReasonWhenTheModelsDiffer) {
  const Card card = sample_card(11, 2, 100);
  ServerThread server(serving(card));
  FetchOptions options = quick_options();
  options.connection.hello.model = sample_model();
  options.connection.hello.model->layers = 5;
  CardSink sink;
  const FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_TRUE(report.status == ClientStatus::kFailed || report.status == ClientStatus::kRefused);
  EXPECT_NE(report.message.find("layers"), std::string::npos) << report.message;
  EXPECT_FALSE(sink.whole());
}

TEST(TcpTransferOutcome, StallsWithinTheProgressTimeoutWhenNothingComes) {
  ServerThread server([](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
    return std::shared_ptr<ChunkSource>();  // never answers
  });
  FetchOptions options = quick_options();
  options.connection.progress_timeout = milliseconds(200);
  CardSink sink;
  const Time begun = steady_now();
  const FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_EQ(report.status, ClientStatus::kStalled) << report.message;
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
}

TEST(TcpTransferResume, BringsOnlyWhatWasMissingAfterThePeerDied) {
  const Card card = sample_card(12, 40, 200000);
  std::atomic<std::uint32_t> asked{0};
  CardSink sink;
  FetchReport first;
  {
    ServerThread server([&](ConnectionDriver& connection, const RequestOptions&) {
      const auto die_at_25 = [&connection](std::uint32_t index) {
        if (index == 25) connection.drop();
      };
      return Result<std::shared_ptr<ChunkSource>>(std::make_shared<CountingSource>(card, asked, die_at_25));
    });
    const Time begun = steady_now();
    first = fetch_card(server.where(), quick_options(), sink);
    EXPECT_LT(steady_now() - begun, milliseconds(1500));  // a dead socket is not lingered for
    EXPECT_EQ(first.status, ClientStatus::kLost);
    EXPECT_EQ(first.code, ErrorCode::kEndOfStream);
    EXPECT_EQ(first.message.find(server.where().text() + ": the connection was lost: "), 0u) << first.message;
  }
  EXPECT_FALSE(sink.whole());
  ASSERT_LT(first.chunks.size(), 40u);

  CardSink resumed;
  for (std::uint32_t i = 0; i < 40; ++i) {
    if (first.chunks.contains(i)) resumed.hold(i, card.chunks[i]);
  }
  asked = 0;
  ServerThread server([&](ConnectionDriver&, const RequestOptions&) {
    return Result<std::shared_ptr<ChunkSource>>(std::make_shared<CountingSource>(card, asked));
  });
  FetchOptions options = quick_options();
  options.request.card = card.digest();
  options.request.held = first.chunks;
  const FetchReport second = fetch_card(server.where(), options, resumed);
  ASSERT_EQ(second.status, ClientStatus::kApplied) << second.message;
  EXPECT_TRUE(same_bytes(resumed.card(), card));
  EXPECT_EQ(second.chunks.size() + first.chunks.size(), 40u);
  server.stop();
  EXPECT_EQ(asked.load() + first.chunks.size(), 40u);
}

// Keeps what is here in part.
class PartialSink final : public ChunkSink {
 public:
  explicit PartialSink(std::vector<PartialChunk>& partial) : partial_(partial) {}
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice) override { return {}; }
  Result<void> finish(bool) override { return {}; }
  void keep(const std::vector<PartialChunk>& partial) override { partial_ = partial; }
  void abandon(const std::string&) override {}

 private:
  std::vector<PartialChunk>& partial_;
};

// Checks are under way when the connection is gone.
TEST(TcpTransferResume, GoesOnAfterManyDeathsOfThePeer) {
  const Card card = card_of_large_chunks(40);
  ChunkRanges here;
  std::uint64_t received_bytes = 0;
  FetchOptions options = quick_options();
  options.request.card = card.digest();
  for (int attempt = 0; attempt <= 20; ++attempt) {
    std::atomic<std::uint32_t> asked{0};
    ServerThread server([&](ConnectionDriver& connection, const RequestOptions&) {
      const auto die = [&connection, &asked, attempt](std::uint32_t) {
        if (asked > 3 && attempt < 20) connection.drop();
      };
      return Result<std::shared_ptr<ChunkSource>>(std::make_shared<CountingSource>(card, asked, die));
    });
    std::vector<PartialChunk> partial;
    PartialSink sink(partial);
    options.request.held = here;
    const FetchReport report = fetch_card(server.where(), options, sink);
    report.chunks.for_each([&](std::uint32_t chunk) { here.add(chunk); });
    options.request.partial = partial;
    received_bytes += report.ledger.received.payload;
  }
  EXPECT_EQ(here.size(), 40u);
  EXPECT_GE(received_bytes, 40u * 300'000);
  EXPECT_LE(received_bytes, 40u * 300'000 + 20 * 16'384);  // frames that broke off
}

TEST(TcpTransferFlow, ASlowReceiverHoldsTheSenderBack) {
  const std::uint32_t chunk_bytes = 1u << 20;
  Card card = sample_card(13, 0, 1);
  Rng rng(1);
  for (int i = 0; i < 48; ++i) {
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
  }
  std::atomic<std::uint32_t> asked{0};
  ServerThread server([&](ConnectionDriver&, const RequestOptions&) {
    return Result<std::shared_ptr<ChunkSource>>(std::make_shared<CountingSource>(card, asked));
  });
  FetchOptions options = quick_options();
  std::uint32_t asked_while_asleep = 0;
  options.progress = [&](std::uint64_t chunks, std::uint64_t) {
    if (chunks != 1) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    asked_while_asleep = asked.load();
  };
  CardSink sink;
  ASSERT_EQ(fetch_card(server.where(), options, sink).status, ClientStatus::kApplied);
  // The kernel's buffers hold some; the connection has handed out hardly more than they took.
  EXPECT_LT(asked_while_asleep, 24u);
}

TEST(TcpTransferConcurrent, ServesManyPeersAtOnce) {
  const Card card = sample_card(14, 30, 50000);
  ServerThread server(serving(card));
  std::vector<std::thread> clients;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] { expect_served(server.where(), card); });
  }
  for (auto& client : clients) client.join();
}

TEST(TcpTransferConcurrent, AnswersThroughAWorker) {
  const Card card = sample_card(15, 5, 5000);
  std::vector<std::thread> workers;
  std::mutex mutex;
  TcpServerOptions options;

  class DeferringHandler final : public ConnectionHandler {
   public:
    DeferringHandler(const Card& card, std::vector<std::thread>& workers, std::mutex& mutex)
        : card_(card), workers_(workers), mutex_(mutex) {}
    void on_event(ConnectionDriver& connection, const Event& event) override {
      const auto* requested = std::get_if<event::Requested>(&event);
      if (!requested) return;
      const std::lock_guard lock(mutex_);
      workers_.emplace_back([&connection, id = requested->id, card = card_] {
        auto source = std::make_shared<CardSource>(card);
        connection.post([id, source](Connection& c, Time now) { c.provide(now, id, source); });
      });
    }

   private:
    const Card& card_;
    std::vector<std::thread>& workers_;
    std::mutex& mutex_;
  };

  auto server =
      TcpServer::listen(options, [&] { return std::make_unique<DeferringHandler>(card, workers, mutex); });
  ASSERT_TRUE(server);
  std::thread thread([&] { (*server)->run(); });
  expect_served((*server)->local(), card);
  (*server)->stop();
  thread.join();
  for (auto& worker : workers) worker.join();
}

// A source that takes its time for every chunk from `slow_from` on.
Answer serving_slowly(const Card& card, std::atomic<std::uint32_t>& asked, std::uint32_t slow_from,
                      Duration time) {
  return [&card, &asked, slow_from, time](ConnectionDriver&,
                                          const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
    const auto dawdle = [slow_from, time](std::uint32_t index) {
      if (index >= slow_from) std::this_thread::sleep_for(time);
    };
    return std::shared_ptr<ChunkSource>(std::make_shared<CountingSource>(card, asked, dawdle));
  };
}

class FrozenFetch : public testing::TestWithParam<TransportKind> {
 protected:
  FetchReport fetch(FetchOptions options, std::uint32_t slow_from,
                    Duration time = std::chrono::milliseconds(60)) {
    if (GetParam() == TransportKind::kTcp) {
      TcpServerOptions at_once;  // nothing is gathered before it is sent
      at_once.tcp.pending_bytes = 1;
      ServerThread server(serving_slowly(card_, asked_, slow_from, time), at_once);
      return fetch_card(server.where(), options, sink_);
    }
    ServerThread server(serving_slowly(card_, asked_, slow_from, time), UdpServerOptions{});
    return fetch_card(server.where(), options, sink_);
  }
  std::size_t chunks_here() const {
    std::size_t count = 0;
    for (const Slice& chunk : sink_.card().chunks) count += chunk.size() > 0 ? 1 : 0;
    return count;
  }

  const Card card_ = sample_card(12, 60, 3000);
  std::atomic<std::uint32_t> asked_{0};
  CardSink sink_;
};

TEST_P(FrozenFetch, uses_what_is_here_and_tells_the_source_to_stop) {
  FetchOptions options = quick_options(GetParam());
  options.accept_part = true;
  options.freeze_after = std::chrono::milliseconds(700);
  int applied = 0;
  options.apply = [&]() -> Result<void> {
    ++applied;
    return {};
  };
  const FetchReport report = fetch(options, 5);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_EQ(applied, 1);
  EXPECT_GE(report.chunks.size(), 5u);
  EXPECT_LT(report.chunks.size(), 40u);
  EXPECT_EQ(chunks_here(), report.chunks.size());
  EXPECT_LT(asked_, 60u);
}

TEST_P(FrozenFetch, does_not_wait_for_what_is_still_under_way) {
  FetchOptions options = quick_options(GetParam());
  options.accept_part = true;
  options.freeze_after = std::chrono::milliseconds(500);
  const Time begun = steady_now();
  Duration used_after{};
  options.apply = [&]() -> Result<void> {
    used_after = steady_now() - begun;
    return {};
  };
  const FetchReport report = fetch(options, 58, std::chrono::seconds(2));  // the source is deaf meanwhile
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_LT(used_after, std::chrono::milliseconds(1500));
  EXPECT_GE(report.chunks.size(), 20u);
}

TEST_P(FrozenFetch, looks_at_what_is_here_and_lets_the_rest_come) {
  FetchOptions options = quick_options(GetParam());
  options.freeze_after = std::chrono::milliseconds(500);
  std::size_t seen = 0;
  options.look = [&] { seen = chunks_here(); };
  const FetchReport report = fetch(options, 50);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_GE(seen, 50u);
  EXPECT_LT(seen, 60u);
  EXPECT_TRUE(same_bytes(sink_.card(), card_));
}

TEST_P(FrozenFetch, is_too_late_when_nothing_has_come) {
  FetchOptions options = quick_options(GetParam());
  options.accept_part = true;
  options.freeze_after = std::chrono::milliseconds(1);
  bool applied = false;
  options.apply = [&]() -> Result<void> {
    applied = true;
    return {};
  };
  const FetchReport report = fetch(options, 0);
  EXPECT_EQ(report.status, ClientStatus::kTooLate);
  EXPECT_NE(report.message.find("nothing of the card had come in time"), std::string::npos) << report.message;
  EXPECT_FALSE(applied);
}

TEST_P(FrozenFetch, does_not_wait_for_a_deadline_that_it_does_not_need) {
  FetchOptions options = quick_options(GetParam());
  options.freeze_after = std::chrono::seconds(60);
  const Time begun = steady_now();
  EXPECT_EQ(fetch(options, 60).status, ClientStatus::kApplied);
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(30));
}

TEST_P(FrozenFetch, takes_no_more_than_the_budget) {
  FetchOptions options = quick_options(GetParam());
  options.accept_part = true;
  options.request.byte_budget = card_.manifest.payload_bytes() / 3;
  const FetchReport report = fetch(options, 60);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_LE(report.ledger.received.payload, *options.request.byte_budget);
  EXPECT_GT(report.ledger.received.payload, *options.request.byte_budget - 3000);
}

INSTANTIATE_TEST_SUITE_P(Transports, FrozenFetch, testing::Values(TransportKind::kTcp, TransportKind::kUdp),
                         [](const auto& transport) {
                           return transport.param == TransportKind::kTcp ? "tcp" : "udp";
                         });

}  // namespace
}  // namespace kvferry::test
