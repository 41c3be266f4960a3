// SPDX-License-Identifier: MIT
//
// How fast the core moves payload on the stream binding, one thread, beside what
// it cannot do without: copying, CRC32C and SHA-256 of the same bytes. Sender
// and receiver are timed together (a pair on one core) and apart.
#include <benchmark/benchmark.h>

#include <cstring>

#include "protocol/base/crc32c.h"
#include "protocol/connection/connection.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::size_t kChunks = 256;           // 64 MiB
constexpr std::size_t kReadBytes = 64 * 1024;  // of the receiver's socket

const Card& the_card() {
  static const Card card = [] {
    Card made;
    made.manifest = sample_card(1, 0, 1).manifest;
    Rng rng(1);
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    for (std::size_t i = 0; i < kChunks; ++i) add_chunk(made, info, Slice(random_bytes(rng, kChunkBytes)));
    return made;
  }();
  return card;
}

// Takes chunks and forgets them.
class DropSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice payload) override {
    benchmark::DoNotOptimize(payload.data());
    return {};
  }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
};

class StreamPair {
 public:
  explicit StreamPair(bool digests)
      : client_(config(Role::kClient, digests), now_), server_(config(Role::kServer, digests), now_) {
    client_.request(now_, {}, sink_);
    source_ = std::make_shared<CardSource>(the_card());
    while (!sending_) step();
  }

  // Moves everything that either side has to say once; the source's bytes go through one buffer, as they
  // would through a socket.
  void step() {
    while (auto out = client_.poll_transmit(now_)) server_.handle_bytes(now_, out->head);
    buffer_.clear();
    while (buffer_.size() < kReadBytes) {
      auto out = server_.poll_transmit(now_);
      if (!out) break;
      append(buffer_, out->head);
      append(buffer_, out->payload.view());
    }
    if (!buffer_.empty()) client_.handle_bytes(now_, buffer_);
    events();
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  static ConnectionConfig config(Role role, bool digests) {
    ConnectionConfig out;
    out.role = role;
    if (!digests) out.verification = Verification::kBySink;
    out.grease = false;
    return out;
  }
  void events() {
    while (auto event = server_.poll_event()) {
      auto* wanted = std::get_if<event::Requested>(&*event);
      if (!wanted) continue;
      server_.provide(now_, wanted->id, source_);
      sending_ = true;
    }
    while (auto event = client_.poll_event())
      complete_ = complete_ || std::holds_alternative<event::Complete>(*event);
  }

  Time now_ = time_from_ns(0);
  DropSink sink_;
  std::shared_ptr<CardSource> source_;
  Connection client_;
  Connection server_;
  Bytes buffer_;
  bool sending_ = false;
  bool complete_ = false;
};

void count_payload(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kChunks * kChunkBytes));
}

void pair_on_one_core(benchmark::State& state) {
  for (auto _ : state) {
    StreamPair pair(state.range(0) != 0);
    while (!pair.complete()) pair.step();
  }
  count_payload(state);
}
BENCHMARK(pair_on_one_core)->ArgName("digests")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->MinTime(0.5);

// The source alone: frames with checksums; the payload is not copied.
void sender(benchmark::State& state) {
  for (auto _ : state) {
    Connection server = [] {
      ConnectionConfig config;
      config.role = Role::kServer;
      return Connection(config, time_from_ns(0));
    }();
    Connection client{ConnectionConfig{}, time_from_ns(0)};
    DropSink sink;
    Time now = time_from_ns(0);
    client.request(now, {}, sink);
    while (auto out = client.poll_transmit(now)) server.handle_bytes(now, out->head);
    while (auto event = server.poll_event()) {
      if (auto* wanted = std::get_if<event::Requested>(&*event))
        server.provide(now, wanted->id, std::make_shared<CardSource>(the_card()));
    }
    std::uint64_t sent_bytes = 0;  // as far as the credit goes
    while (auto out = server.poll_transmit(now)) sent_bytes += out->payload.size();
    state.counters["bytes"] = static_cast<double>(sent_bytes);
    benchmark::DoNotOptimize(sent_bytes);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * sent_bytes));
  }
}
BENCHMARK(sender)->Unit(benchmark::kMillisecond)->MinTime(0.5);

template <typename Work>
void over_the_payload(benchmark::State& state, Work&& work) {
  for (auto _ : state) {
    for (const Slice& chunk : the_card().chunks) work(chunk.view());
  }
  count_payload(state);
}

void memcpy_of_it(benchmark::State& state) {
  Bytes to(kChunkBytes);
  over_the_payload(state, [&](ByteView chunk) {
    std::memcpy(to.data(), chunk.data(), chunk.size());
    benchmark::ClobberMemory();
  });
}
BENCHMARK(memcpy_of_it)->Unit(benchmark::kMillisecond);

void crc32c_of_it(benchmark::State& state) {
  over_the_payload(state, [](ByteView chunk) { benchmark::DoNotOptimize(crc32c(chunk)); });
}
BENCHMARK(crc32c_of_it)->Unit(benchmark::kMillisecond);

void sha256_of_it(benchmark::State& state) {
  over_the_payload(state, [](ByteView chunk) { benchmark::DoNotOptimize(sha256(chunk)); });
}
BENCHMARK(sha256_of_it)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvferry::test

BENCHMARK_MAIN();
