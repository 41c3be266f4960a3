// SPDX-License-Identifier: MIT
//
// Throughput of the block kernels on one core, in bytes of the blocks' FP16 numbers, beside
// memcpy of the same bytes in the same run. 64 MiB, far beyond L2, in blocks of 64 rows of
// 8 heads x 128. `ratio` is to the memcpy that ran just before, both in processor time.
#include <benchmark/benchmark.h>

#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "codec/half.h"
#include "codec/quant/bitpack.h"
#include "codec/quant/block.h"
#include "protocol/base/rng.h"

namespace kvferry {
namespace {

constexpr BlockShape kShape{64, 8, 128};
constexpr std::size_t kBlocks = 512;
constexpr std::size_t kNumbers = kBlocks * 64 * 8 * 128;

double memcpy_bytes_per_second = 0;

const std::vector<std::uint16_t>& numbers() {
  static const std::vector<std::uint16_t> kValues = [] {
    std::vector<std::uint16_t> values(kNumbers);
    Rng rng(1);
    for (std::uint16_t& value : values) {
      const double sum = rng.uniform() + rng.uniform() + rng.uniform() + rng.uniform() - 2.0;
      value = float_to_half(static_cast<float>(sum));
    }
    return values;
  }();
  return kValues;
}

KvView block_at(std::size_t block) {
  return {numbers().data() + block * kShape.elements(),
          DType::kF16,
          Device::kCpu,
          kShape.rows,
          kShape.heads,
          kShape.head_dim,
          kShape.columns(),
          kShape.head_dim};
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Runs one pass over all bytes for each iteration, and counts.
template <typename Pass>
double measure(benchmark::State& state, const Pass& pass) {
  pass();  // every page is there
  const double begin = processor_seconds();
  for (auto _ : state) {
    pass();
    benchmark::ClobberMemory();
  }
  const double elapsed = processor_seconds() - begin;
  const auto bytes = static_cast<double>(state.iterations()) * 2.0 * static_cast<double>(kNumbers);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  const double rate = bytes / elapsed;
  if (memcpy_bytes_per_second > 0) state.counters["ratio"] = rate / memcpy_bytes_per_second;
  return rate;
}

void copy(benchmark::State& state) {
  std::vector<std::uint16_t> to(kNumbers, 1);
  memcpy_bytes_per_second = 0;
  const double rate = measure(state, [&] { std::memcpy(to.data(), numbers().data(), 2 * kNumbers); });
  memcpy_bytes_per_second = rate;
}

void encode(benchmark::State& state, QuantSpec spec) {
  const std::size_t bytes = block_bytes(spec, kShape);
  std::vector<std::uint8_t> out(kBlocks * bytes, 1);
  BlockScratch scratch;
  measure(state, [&] {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      auto encoded = encode_block(spec, block_at(i), 0, scratch, out.data() + i * bytes);
      benchmark::DoNotOptimize(encoded.ok());
    }
  });
}

void decode(benchmark::State& state, QuantSpec spec) {
  const std::size_t bytes = block_bytes(spec, kShape);
  std::vector<std::uint8_t> in(kBlocks * bytes);
  std::vector<std::uint16_t> out(kNumbers, 1);
  BlockScratch scratch;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    static_cast<void>(encode_block(spec, block_at(i), 0, scratch, in.data() + i * bytes));
  }
  measure(state, [&] {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      auto decoded =
          decode_block(spec, kShape, in.data() + i * bytes, scratch, out.data() + i * kShape.elements());
      benchmark::DoNotOptimize(decoded.ok());
    }
  });
}

struct Case {
  const char* name;
  QuantSpec spec;
};

constexpr Case kCases[] = {
    {"int4_channel", {QuantKind::kAffine, Along::kChannel, 16, 64}},
    {"int4_group", {QuantKind::kAffine, Along::kGroup, 16, 64}},
    {"int2_channel", {QuantKind::kAffine, Along::kChannel, 4, 64}},
    {"int2_group", {QuantKind::kAffine, Along::kGroup, 4, 64}},
    {"int8_channel", {QuantKind::kAffine, Along::kChannel, 256, 64}},
    {"int8_group", {QuantKind::kAffine, Along::kGroup, 256, 64}},
    {"int3_group", {QuantKind::kAffine, Along::kGroup, 8, 64}},
    {"int5_group", {QuantKind::kAffine, Along::kGroup, 32, 64}},
    {"q8_0", {QuantKind::kSymmetric, Along::kGroup, 255, 32}},
    {"bins16_token", {QuantKind::kSymmetric, Along::kToken, 15, 0}},
    {"sign_group", {QuantKind::kSymmetric, Along::kGroup, 2, 64}},
    {"int4_tensor", {QuantKind::kAffine, Along::kTensor, 16, 0}},
    {"fwht3", {QuantKind::kRotated, Along::kTensor, 8, 0}},
    {"fwht4", {QuantKind::kRotated, Along::kTensor, 16, 0}},
    {"fwht6", {QuantKind::kRotated, Along::kTensor, 64, 0}},
    {"fp16", {}},
};

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  for (const kvferry::Case& c : kvferry::kCases) {
    const std::string name = c.name;
    benchmark::RegisterBenchmark(("memcpy/" + name).c_str(), kvferry::copy);
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), kvferry::encode, c.spec);
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), kvferry::decode, c.spec);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
