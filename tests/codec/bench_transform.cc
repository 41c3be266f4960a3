// SPDX-License-Identifier: MIT
//
// Throughput of the transforms, in bytes of the FP16 block they belong to, beside memcpy of as many
// bytes. One thread; blocks of 64 rows.
#include <benchmark/benchmark.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "codec/transform/transform.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr std::size_t kRows = 64;
constexpr std::size_t kHeadDim = 128;

std::vector<float> block(std::size_t rows, std::size_t columns) {
  Rng rng(1);
  std::vector<float> values(rows * columns);
  for (float& value : values) value = testing::gaussian(rng);
  return values;
}

void count_bytes(benchmark::State& state, std::size_t rows, std::size_t columns) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(2 * rows * columns));
}

void copy(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  const Bytes from(2 * kRows * columns, 1);
  Bytes to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state, kRows, columns);
}

// Arguments: columns, rank.
struct Projection {
  explicit Projection(const benchmark::State& state)
      : columns(static_cast<std::size_t>(state.range(0))),
        rank(static_cast<std::size_t>(state.range(1))),
        values(block(kRows, columns)),
        coefficients(kRows * rank, 1.0F) {
    basis.columns = columns;
    basis.mean.assign(columns, 1.0F);
    basis.vectors = block(rank, columns);
    basis.variance.assign(rank, 1.0F);
  }
  std::size_t columns, rank;
  std::vector<float> values, coefficients;
  LinearBasis basis;
};

void project_block(benchmark::State& state) {
  Projection p(state);
  for (auto _ : state) {
    project(p.basis, p.rank, p.values.data(), kRows, p.coefficients.data());
    benchmark::DoNotOptimize(p.coefficients.data());
  }
  count_bytes(state, kRows, p.columns);
}

void reconstruct_block(benchmark::State& state) {
  Projection p(state);
  for (auto _ : state) {
    reconstruct(p.basis, p.rank, p.coefficients.data(), kRows, p.values.data());
    benchmark::DoNotOptimize(p.values.data());
  }
  count_bytes(state, kRows, p.columns);
}

void redo_rope_block(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  auto key = block(kRows, columns);
  std::vector<std::int32_t> positions(kRows);
  std::iota(positions.begin(), positions.end(), 1000);
  for (auto _ : state) {
    redo_rope(key.data(), positions, columns / kHeadDim, kHeadDim, 1e6);
    benchmark::DoNotOptimize(key.data());
  }
  count_bytes(state, kRows, columns);
}

void redo_rope_with_a_table(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  auto key = block(kRows, columns);
  std::vector<std::int32_t> positions(kRows);
  std::iota(positions.begin(), positions.end(), 1000);
  const RopeTable table(positions, kHeadDim, 1e6);
  for (auto _ : state) {
    table.redo(key.data(), 0, kRows, columns / kHeadDim);
    benchmark::DoNotOptimize(key.data());
  }
  count_bytes(state, kRows, columns);
}

void add_anchors_to_block(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  auto values = block(kRows, columns);
  const auto anchors = block(anchor_count(kRows, 10), columns);
  for (auto _ : state) {
    add_anchors(values.data(), kRows, columns, 10, anchors.data());
    benchmark::DoNotOptimize(values.data());
  }
  count_bytes(state, kRows, columns);
}

// How fast calibration takes caches in.
void add_to_covariance(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  const auto values = block(kRows, columns);
  Covariance covariance(columns);
  for (auto _ : state) covariance.add(values.data(), kRows);
  count_bytes(state, kRows, columns);
}

void find_basis(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  const auto values = block(2 * columns, columns);
  Covariance covariance(columns);
  covariance.add(values.data(), 2 * columns);
  for (auto _ : state) benchmark::DoNotOptimize(covariance.basis(columns, true).vectors.data());
}

void allocate(benchmark::State& state) {
  const auto components = static_cast<std::size_t>(state.range(0));
  std::vector<float> variance(components);
  for (std::size_t i = 0; i < components; ++i) variance[i] = 1.0F / static_cast<float>(1 + i * i);
  for (auto _ : state) benchmark::DoNotOptimize(allocate_bits(variance, 2 * components).data());
}

BENCHMARK(copy)->Arg(256)->Arg(1024);
BENCHMARK(project_block)->Args({256, 256})->Args({256, 64})->Args({1024, 1024})->Args({1024, 256});
BENCHMARK(reconstruct_block)->Args({256, 256})->Args({256, 64})->Args({1024, 1024})->Args({1024, 256});
BENCHMARK(redo_rope_block)->Arg(256)->Arg(1024);
BENCHMARK(redo_rope_with_a_table)->Arg(256)->Arg(1024);
BENCHMARK(add_anchors_to_block)->Arg(256)->Arg(1024);
BENCHMARK(add_to_covariance)->Arg(256)->Arg(1024);
BENCHMARK(find_basis)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(allocate)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvferry

BENCHMARK_MAIN();
