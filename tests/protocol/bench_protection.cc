// SPDX-License-Identifier: MIT
//
// What repair by benefit buys near a deadline, beside none, equal protection, and
// equal protection that assumes so much more loss that it has as many repair
// bytes. bench_protection [--seeds N]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/protocol/near_deadline.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kWarmUp_mib = 2;

struct Cards {
  std::shared_ptr<ChunkSource> card = std::make_shared<CardSource>(progressive_card(1));
  std::shared_ptr<ChunkSource> warm_up = card_of(kWarmUp_mib, 1);
};

struct Summary {
  double benefit = 0, bytes = 0, headless = 0, repair = 0;  // means
  std::vector<double> decibels;
};

Summary summarise(NearDeadline trial, std::uint64_t seeds, const Cards& cards) {
  Summary sum;
  const auto n = static_cast<double>(seeds);
  for (trial.seed = 1; trial.seed <= seeds; ++trial.seed) {
    const Reached reached = reach(trial, cards.warm_up, cards.card);
    sum.benefit += reached.benefit / n;
    sum.bytes += reached.bytes / n;
    sum.repair += static_cast<double>(reached.repair_bytes) / static_cast<double>(reached.sent_bytes) / n;
    sum.headless += (reached.head ? 0 : 1) / n;
    sum.decibels.push_back(10 * std::log10(std::max(1 - reached.benefit, 1e-12)));
  }
  std::sort(sum.decibels.begin(), sum.decibels.end());
  return sum;
}

void print(const NearDeadline& trial, const char* name, const Summary& sum) {
  std::printf("| %.0f %%%s | %.1f | %s | %.4f | %.1f / %.1f | %.1f | %.1f | %.2f |\n", trial.loss * 100,
              trial.burst > 1 ? " in bursts of 4" : "", trial.round_trips, name, 100 * sum.benefit,
              sum.decibels[sum.decibels.size() / 2], sum.decibels[sum.decibels.size() * 95 / 100],
              100 * sum.bytes, 100 * sum.repair, 100 * sum.headless);
  std::fflush(stdout);
}

// The least loss for which equal protection has no fewer repair bytes than that.
double as_many(NearDeadline trial, double repair, const Cards& cards) {
  trial.repair = Repair::kFollowLoss;
  for (trial.floor = trial.loss; trial.floor < 0.3; trial.floor *= 1.2) {
    if (summarise(trial, 20, cards).repair >= repair) break;
  }
  return trial.floor;
}

void cell(NearDeadline trial, std::uint64_t seeds, const Cards& cards) {
  trial.repair = Repair::kOff;
  print(trial, "none", summarise(trial, seeds, cards));
  trial.repair = Repair::kFollowLoss;
  print(trial, "equal", summarise(trial, seeds, cards));
  trial.repair = Repair::kByBenefit;
  const Summary by_benefit = summarise(trial, seeds, cards);
  NearDeadline more = trial;
  more.repair = Repair::kFollowLoss;
  more.floor = as_many(trial, by_benefit.repair, cards);
  print(more, "equal, as much", summarise(more, seeds, cards));
  print(trial, "by benefit", by_benefit);
}

int run(int count, char** arguments) {
  std::uint64_t seeds = 200;
  if (count == 3 && std::strcmp(arguments[1], "--seeds") == 0) {
    seeds = std::strtoull(arguments[2], nullptr, 10);
  } else if (count != 1) {
    seeds = 0;
  }
  if (seeds == 0) {
    std::fprintf(stderr, "usage: bench_protection [--seeds N]\n");
    return 2;
  }
  const Cards cards;
  std::printf(
      "A progressive card over 50 Mbit/s and 40 ms at its deadline: so many round trips and a fifth of its\n"
      "serialisation after the request, %llu seeds. Benefit and bytes: what is usable, shares of the "
      "card's.\n"
      "Distortion left: median / 95th percentile. Repair: of the bytes sent. Headless: runs that lack some "
      "of\n"
      "the first tenth of the card's bytes.\n\n"
      "| loss | deadline | repair | benefit %% | distortion left, dB | bytes %% | repair %% | headless %% |\n"
      "|---|---|---|---|---|---|---|---|\n",
      static_cast<unsigned long long>(seeds));
  for (std::uint32_t burst : {1, 4}) {
    for (double loss : {0.01, 0.02, 0.05}) {
      for (double round_trips : {1.0, 1.5, 2.0, 3.0})
        cell({loss, burst, round_trips, Repair::kOff, 0, 0, {}}, seeds, cards);
    }
  }
  return 0;
}

}  // namespace
}  // namespace kvferry::test

int main(int count, char** arguments) { return kvferry::test::run(count, arguments); }
