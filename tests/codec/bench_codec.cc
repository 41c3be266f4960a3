// SPDX-License-Identifier: MIT
//
// Throughput of encoding and decoding, in bytes of the FP16 cache, beside memcpy of the
// same bytes. One thread; 4 layers x 4 heads x 128, 1024 tokens: 8 MiB.
#include <benchmark/benchmark.h>

#include <cstring>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "tests/codec/caches.h"
#include "tests/codec/progressive_cards.h"

namespace kvferry {
namespace {

const KvCache& cache() {
  static const KvCache kCache = testing::gaussian_cache({4, 4, 128}, 1024);
  return kCache;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(cache().bytes_fp16()));
}

void copy(benchmark::State& state) {
  const Bytes from(cache().bytes_fp16(), 1);
  Bytes to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}

void encode_cache(benchmark::State& state, const char* preset) {
  const EncodeOptions options = testing::options_for(cache(), preset);
  std::uint64_t card_bytes = 0;
  for (auto _ : state) {
    EncodeStats stats;
    auto card = encode(cache(), options, &stats);
    benchmark::DoNotOptimize(card->chunks.data());
    card_bytes = stats.card_bytes;
  }
  count_bytes(state);
  state.counters["ratio"] = static_cast<double>(cache().bytes_fp16()) / static_cast<double>(card_bytes);
}

void decode_card(benchmark::State& state, const char* preset) {
  const Card card = testing::encode_as(cache(), preset);
  for (auto _ : state) {
    auto decoded = decode(card);
    benchmark::DoNotOptimize(decoded->key_data(0).data());
  }
  count_bytes(state);
}

// A progressive card of a cache with structure, up to so many levels.
struct ProgressiveSubject {
  KvCache cache = testing::structured_cache({4, 4, 128}, 1024);
  std::shared_ptr<const LoadedCalibration> calibration = testing::calibration_for({4, 4, 128});
  [[nodiscard]] EncodeOptions options(int levels) const {
    return testing::progressive_options(cache, calibration, testing::progressive(levels));
  }
  static const ProgressiveSubject& get() {
    static const ProgressiveSubject kSubject;
    return kSubject;
  }
};

void count_progressive(benchmark::State& state, const ProgressiveSubject& subject, const Card& card) {
  const auto fp16 = static_cast<double>(subject.cache.bytes_fp16());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(subject.cache.bytes_fp16()));
  state.counters["bits a value"] = 16 * static_cast<double>(card.file_bytes()) / fp16;
}

void encode_progressive(benchmark::State& state, int levels) {
  const auto& subject = ProgressiveSubject::get();
  const auto options = subject.options(levels);
  Card card;
  for (auto _ : state) {
    card = *encode(subject.cache, options);
    benchmark::DoNotOptimize(card.chunks.data());
  }
  count_progressive(state, subject, card);
}

void decode_progressive(benchmark::State& state, int levels) {
  const auto& subject = ProgressiveSubject::get();
  const Card card = *encode(subject.cache, subject.options(levels));
  for (auto _ : state) {
    auto decoded = decode(card, {{}, subject.calibration});
    benchmark::DoNotOptimize(decoded->key_data(0).data());
  }
  count_progressive(state, subject, card);
}

constexpr const char* kPresets[] = {"fp16",       "int8",
                                    "int4",       "int2",
                                    "quant=int8", "quant=int4",
                                    "quant=int2", "polykv",
                                    "cachegen-2", "transform=rope | quant=int4 | entropy=rans:adaptive"};

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("memcpy", kvferry::copy);
  for (const char* preset : kvferry::kPresets) {
    const std::string name = preset;
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), kvferry::encode_cache, preset);
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), kvferry::decode_card, preset);
  }
  for (const int levels : {2, 4, 6, 8, 10, 12, 16}) {
    const std::string name = "progressive/" + std::to_string(levels);
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), kvferry::encode_progressive, levels);
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), kvferry::decode_progressive, levels);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
