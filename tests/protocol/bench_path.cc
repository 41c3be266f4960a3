// SPDX-License-Identifier: MIT
//
// What the congestion controllers make of 50 Mbit/s, 40 ms and a queue of one
// bandwidth-delay product, in virtual time: goodput under loss, what is sent
// again, the queue, and how two flows share. bench_path [--seeds N]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/protocol/goodput.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kPayload_mib = 48;
constexpr Duration kSharedTime = std::chrono::seconds(60);

const char* name(Congestion controller) { return controller == Congestion::kModel ? "model" : "cubic"; }

struct Column {
  std::vector<double> values;
  [[nodiscard]] double least() const { return *std::min_element(values.begin(), values.end()); }
  [[nodiscard]] double most() const { return *std::max_element(values.begin(), values.end()); }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

void goodput_line(Congestion controller, double loss, std::uint32_t burst, std::uint64_t seeds) {
  Column goodput, ceiling, resent, mean_queue, most_queue;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Outcome outcome = transfer(lossy_wan(loss, burst), controller, kPayload_mib, seed);
    goodput.values.push_back(outcome.goodput);
    ceiling.values.push_back(outcome.ceiling);
    resent.values.push_back(outcome.resent);
    mean_queue.values.push_back(outcome.mean_queue);
    most_queue.values.push_back(outcome.most_queue);
  }
  std::printf("| %s | %.0f %%%s | %.3f / %.3f / %.3f | %.3f | %.3f | %.2f / %.2f |\n", name(controller),
              loss * 100, burst > 1 ? " in bursts of 4" : "", goodput.least(), goodput.median(),
              goodput.most(), ceiling.median(), resent.median(), mean_queue.median(), most_queue.most());
}

void goodput_table(std::uint64_t seeds) {
  std::printf(
      "Payload's share of the link from the manifest on, %zu MiB, %llu seeds. Ceiling: (1 - loss) x the "
      "share\n"
      "of payload in the same packets. Resent: of the payload. Queue: in bandwidth-delay products.\n\n"
      "| controller | loss | goodput min / median / max | ceiling | resent | queue mean / most |\n"
      "|---|---|---|---|---|---|\n",
      kPayload_mib, static_cast<unsigned long long>(seeds));
  for (Congestion controller : {Congestion::kModel, Congestion::kCubic}) {
    for (double loss : {0.0, 0.01, 0.02, 0.05}) goodput_line(controller, loss, 1, seeds);
    goodput_line(controller, 0.05, 4, seeds);
  }
}

void sharing_line(Congestion first, Congestion second, Duration stagger, std::uint64_t seeds) {
  Column jain, first_share, second_share, queue;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Sharing sharing = share(lossy_wan(0), first, second, stagger, kSharedTime, seed);
    jain.values.push_back(sharing.jain());
    first_share.values.push_back(sharing.first);
    second_share.values.push_back(sharing.second);
    queue.values.push_back(sharing.mean_queue);
  }
  std::printf("| %s, then %s | %.0f s | %.3f / %.3f | %.3f, %.3f | %.2f |\n", name(first), name(second),
              to_seconds(stagger), jain.least(), jain.median(), first_share.median(), second_share.median(),
              queue.median());
}

void sharing_table(std::uint64_t seeds) {
  std::printf(
      "\nTwo flows on that link for %.0f s, from 5 s after the second began on, %llu seeds.\n\n"
      "| flows | apart by | Jain's index min / median | median shares of the link | mean queue |\n"
      "|---|---|---|---|---|\n",
      to_seconds(kSharedTime), static_cast<unsigned long long>(seeds));
  for (Duration stagger : {milliseconds(0), milliseconds(3000), milliseconds(10000)}) {
    sharing_line(Congestion::kModel, Congestion::kModel, stagger, seeds);
  }
  sharing_line(Congestion::kCubic, Congestion::kCubic, milliseconds(3000), seeds);
  sharing_line(Congestion::kModel, Congestion::kCubic, milliseconds(3000), seeds);
  sharing_line(Congestion::kCubic, Congestion::kModel, milliseconds(3000), seeds);
}

int run(int count, char** arguments) {
  std::uint64_t seeds = 5;
  if (count == 3 && std::strcmp(arguments[1], "--seeds") == 0) {
    seeds = std::strtoull(arguments[2], nullptr, 10);
  } else if (count != 1) {
    seeds = 0;
  }
  if (seeds == 0) {
    std::fprintf(stderr, "usage: bench_path [--seeds N]\n");
    return 2;
  }
  goodput_table(seeds);
  sharing_table(seeds);
  return 0;
}

}  // namespace
}  // namespace kvferry::test

int main(int count, char** arguments) { return kvferry::test::run(count, arguments); }
