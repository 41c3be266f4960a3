// SPDX-License-Identifier: MIT
//
// What dropping refinements buys over QUIC, in virtual time: a progressive card
// of 634,469 bytes over a lossy link, its levels from some one on droppable or
// none. Medians. bench_droppable [--seeds N]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/protocol/progressive_table.h"
#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

constexpr std::uint8_t kBaseLevels = 4;
constexpr std::uint8_t kLevels = 16;

struct Trial {
  double rate_bits_per_s = 0;
  double loss = 0;
  std::uint8_t droppable_from = kLevels;
  std::uint64_t seed = 0;
};

struct Reached {
  double base_s = 0;   // until every chunk below kBaseLevels is here
  double end_s = 0;    // until nothing is missing
  double skipped = 0;  // chunks
  double levels = 0;   // that can be used, mean over blocks
  double payload = 0;  // bytes sent
};

class CountingSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest& manifest) override {
    manifest_ = manifest;
    here_.resize(manifest.chunks.size());
    return {};
  }
  Result<void> chunk(std::uint32_t index, Slice) override {
    here_[index] = true;
    base_left_ -= manifest_.chunks[index].level < kBaseLevels;
    return {};
  }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}

  [[nodiscard]] bool has_base() const { return base_left_ == 0; }
  // Levels up to the first that is not here, mean over the four blocks.
  [[nodiscard]] double usable_levels() const {
    std::map<std::uint32_t, std::uint32_t> next;  // by the block's first row
    for (std::size_t i = 0; i < here_.size(); ++i) {
      std::uint32_t& level = next[manifest_.chunks[i].row_begin];
      if (here_[i] && manifest_.chunks[i].level == level) ++level;
    }
    double sum = 0;
    for (const auto& [row, level] : next) sum += level;
    return sum / static_cast<double>(next.size());
  }

 private:
  Manifest manifest_;
  std::vector<bool> here_;
  int base_left_ = 4 * kBaseLevels;
};

Reached reach(const Trial& trial) {
  LinkOptions link;
  link.rate_bits_per_s = trial.rate_bits_per_s;
  link.delay = milliseconds(20);
  link.queue_bytes = static_cast<std::size_t>(trial.rate_bits_per_s / 8 * 0.08);  // two round trips
  link.loss = trial.loss;
  QuicPair pair(quic_options(link, trial.seed));
  serve(pair.server, std::make_shared<CardSource>(progressive_card(1)));
  pair.run([&] { return pair.client.connection().is_established(); });
  Reached reached;
  CountingSink sink;
  const Time begin = pair.now;
  pair.client.on_event = [&](Time now, const Event& event) {
    if (sink.has_base() && reached.base_s == 0) reached.base_s = to_seconds(now - begin);
    if (const auto* complete = std::get_if<event::Complete>(&event)) {
      reached.end_s = to_seconds(now - begin);
      reached.skipped = static_cast<double>(complete->chunks_skipped);
      pair.client.connection().confirm(now, complete->id);
    }
  };
  RequestOptions wish;
  if (trial.droppable_from < kLevels) wish.droppable_from = trial.droppable_from;
  pair.client.connection().request(pair.now, wish, sink);
  if (!pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; })) std::abort();
  reached.levels = sink.usable_levels();
  reached.payload = static_cast<double>(pair.server.connection().ledger().sent.payload);
  return reached;
}

double median(std::vector<Reached> all, double Reached::*figure) {
  std::sort(all.begin(), all.end(),
            [&](const Reached& a, const Reached& b) { return a.*figure < b.*figure; });
  return all[all.size() / 2].*figure;
}

void compare(Trial trial, std::uint64_t seeds) {
  for (std::uint8_t from : {kLevels, std::uint8_t{1}, std::uint8_t{8}, std::uint8_t{12}}) {
    trial.droppable_from = from;
    std::vector<Reached> all;
    for (trial.seed = 1; trial.seed <= seeds; ++trial.seed) all.push_back(reach(trial));
    std::printf("| %.0f | %.0f %% | %s | %.0f | %.0f | %.0f | %.2f | %.0f |\n", trial.rate_bits_per_s / 1e6,
                trial.loss * 100, from == kLevels ? "none" : (std::to_string(from) + " up").c_str(),
                1e3 * median(all, &Reached::base_s), 1e3 * median(all, &Reached::end_s),
                median(all, &Reached::skipped), median(all, &Reached::levels),
                median(all, &Reached::payload) / 1e3);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  using kvferry::test::Trial;
  std::uint64_t seeds = 5;
  if (argc == 3 && std::strcmp(argv[1], "--seeds") == 0) seeds = std::strtoull(argv[2], nullptr, 10);
  if (seeds == 0 || (argc != 1 && argc != 3)) {
    std::fprintf(stderr, "usage: bench_droppable [--seeds N], N at least 1\n");
    return 2;
  }
  std::printf(
      "| Mbit/s | loss | droppable levels | base, ms | end, ms | chunks skipped | usable levels | payload, "
      "kB |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (double rate : {10e6, 50e6}) {
    for (double loss : {0.0, 0.02, 0.05}) kvferry::test::compare({rate, loss}, seeds);
  }
  return 0;
}
