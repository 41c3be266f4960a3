// SPDX-License-Identifier: MIT
//
// Repair of blocks of 48 symbols of 1400 bytes, in source bytes a second, beside a copy of them.
// The argument is the number of repair symbols; to decode, as many sources are missing.
#include <benchmark/benchmark.h>

#include "tests/protocol/repair_blocks.h"

namespace kvferry {
namespace {

constexpr std::size_t kSources = 48;
constexpr std::size_t kSymbolBytes = 1400;

std::vector<Bytes> random_sources() {
  Rng rng(1);
  std::vector<Bytes> sources;
  for (std::size_t i = 0; i < kSources; ++i) sources.push_back(test::random_bytes(rng, kSymbolBytes));
  return sources;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSources * kSymbolBytes));
}

void copy(benchmark::State& state) {
  const auto sources = random_sources();
  auto copies = sources;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kSources; ++i) std::memcpy(copies[i].data(), sources[i].data(), kSymbolBytes);
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}

void encode(benchmark::State& state) {
  const auto sources = random_sources();
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(encode_repair(sources, count));
  count_bytes(state);
}

void decode(benchmark::State& state) {
  auto sources = random_sources();
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto symbols = encode_repair(sources, count);
  std::vector<RepairSymbol> repairs;
  for (std::size_t j = 0; j < count; ++j) {
    repairs.push_back({j, symbols[j]});
    sources[j * kSources / count].clear();
  }
  for (auto _ : state) benchmark::DoNotOptimize(solve_missing(sources, repairs));
  count_bytes(state);
}

BENCHMARK(copy);
BENCHMARK(encode)->Arg(4)->Arg(12);
BENCHMARK(decode)->Arg(4)->Arg(12);

}  // namespace
}  // namespace kvferry

BENCHMARK_MAIN();
