// SPDX-License-Identifier: MIT
#include "codec/entropy/table_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace kvferry {
namespace {

constexpr int kRefinements = 6;  // more gain below a thousandth of the size

std::array<std::uint32_t, SymbolModel::kProbabilityOne> make_costs() {
  std::array<std::uint32_t, SymbolModel::kProbabilityOne> costs{};
  for (std::size_t frequency = 1; frequency < costs.size(); ++frequency) {
    const double bits = SymbolModel::kProbabilityBits - std::log2(static_cast<double>(frequency));
    costs[frequency] = static_cast<std::uint32_t>(std::lround(bits * 65536));
  }
  return costs;
}

// One table of the search: its frequencies as costs.
std::vector<std::uint32_t> costs_of(std::span<const std::uint64_t> counts) {
  std::vector<std::uint32_t> costs;
  for (const std::uint16_t frequency : normalise(counts)) costs.push_back(cost_of_frequency(frequency));
  return costs;
}

std::uint64_t cost(std::span<const std::uint32_t> counts, const std::vector<std::uint32_t>& costs) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) sum += std::uint64_t{counts[i]} * costs[i];
  return sum;
}

// About what a context costs in a table of its own.
std::uint64_t cost_alone(std::span<const std::uint32_t> counts) {
  const std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) {
    if (count == 0) continue;
    const std::uint64_t share = (count << SymbolModel::kProbabilityBits) / total;
    sum += count * cost_of_frequency(static_cast<std::uint16_t>(std::clamp<std::uint64_t>(share, 1, 4095)));
  }
  return sum;
}

class Search {
 public:
  explicit Search(const SymbolCounts& counts)
      : counts_(counts), table_of_(counts.contexts(), 0), cost_(counts.contexts()), own_(counts.contexts()) {
    for (std::size_t context = 0; context < counts_.contexts(); ++context) {
      const auto row = counts_.of(context);
      own_[context] = cost_alone(row);
    }
    tables_.resize(1);
    place_tables();
  }

  // A table of its own for the context that loses most by sharing; others follow where it is cheaper for
  // them. False when nobody loses anything.
  bool split() {
    std::size_t worst = 0;
    std::uint64_t loss = 0;
    for (std::size_t context = 0; context < own_.size(); ++context) {
      if (cost_[context] > own_[context] + loss) {
        worst = context;
        loss = cost_[context] - own_[context];
      }
    }
    if (loss == 0) return false;
    const auto row = counts_.of(worst);
    tables_.push_back(costs_of(std::vector<std::uint64_t>(row.begin(), row.end())));
    move_to(tables_.size() - 1);
    return true;
  }

  // One round of k-means: tables from their contexts, then every context to its cheapest table.
  void refine() {
    place_tables();
    for (std::size_t table = 0; table < tables_.size(); ++table) move_to(table);
  }

  TableSearch take() {
    TableSearch result;
    std::vector<int> number(tables_.size(), -1);
    int used = 0;
    for (const std::size_t table : table_of_) {
      if (number[table] < 0) number[table] = used++;
      result.table_of.push_back(static_cast<std::uint8_t>(number[table]));
    }
    result.frequencies.resize(static_cast<std::size_t>(used) * counts_.alphabet());
    const auto sums = sum_tables();
    for (std::size_t table = 0; table < tables_.size(); ++table) {
      if (number[table] < 0) continue;
      const auto frequencies = normalise(sums[table]);
      std::copy(frequencies.begin(), frequencies.end(),
                result.frequencies.begin() + number[table] * static_cast<std::ptrdiff_t>(counts_.alphabet()));
    }
    return result;
  }

 private:
  std::vector<std::vector<std::uint64_t>> sum_tables() const {
    std::vector<std::vector<std::uint64_t>> sums(tables_.size(),
                                                 std::vector<std::uint64_t>(counts_.alphabet()));
    for (std::size_t context = 0; context < table_of_.size(); ++context) {
      const auto row = counts_.of(context);
      auto& sum = sums[table_of_[context]];
      std::transform(row.begin(), row.end(), sum.begin(), sum.begin(),
                     [](std::uint32_t count, std::uint64_t so_far) { return so_far + count; });
    }
    return sums;
  }

  void place_tables() {
    const auto sums = sum_tables();
    for (std::size_t table = 0; table < tables_.size(); ++table) tables_[table] = costs_of(sums[table]);
    for (std::size_t context = 0; context < table_of_.size(); ++context) {
      cost_[context] = cost(counts_.of(context), tables_[table_of_[context]]);
    }
  }

  void move_to(std::size_t table) {
    for (std::size_t context = 0; context < table_of_.size(); ++context) {
      const std::uint64_t there = cost(counts_.of(context), tables_[table]);
      if (there >= cost_[context]) continue;
      cost_[context] = there;
      table_of_[context] = table;
    }
  }

  const SymbolCounts& counts_;
  std::vector<std::vector<std::uint32_t>> tables_;  // costs, [table][symbol]
  std::vector<std::size_t> table_of_;               // [context]
  std::vector<std::uint64_t> cost_, own_;           // [context]: in its table, in a table of its own
};

// The symbol whose frequency gains most, or loses least, by one more (step 1) or one less (-1).
std::size_t best_step(std::span<const std::uint64_t> counts, const std::vector<std::uint16_t>& frequencies,
                      int step) {
  std::size_t best = counts.size();
  std::uint64_t best_slope = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (step < 0 && frequencies[i] == 1) continue;
    const int middle = 2 * frequencies[i] + step;  // d log f, at the middle
    const std::uint64_t slope = (counts[i] << 12) / static_cast<unsigned>(middle);
    if (best == counts.size() || (step > 0 ? slope > best_slope : slope < best_slope)) {
      best = i;
      best_slope = slope;
    }
  }
  return best;
}

}  // namespace

std::uint32_t cost_of_frequency(std::uint16_t frequency) {
  static const auto kCosts = make_costs();
  return kCosts[frequency];
}

std::vector<std::uint16_t> normalise(std::span<const std::uint64_t> counts) {
  const std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  std::vector<std::uint16_t> frequencies(counts.size(), 1);
  int left = static_cast<int>(SymbolModel::kProbabilityOne);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::uint64_t share = total == 0 ? SymbolModel::kProbabilityOne / counts.size()
                                           : (counts[i] << SymbolModel::kProbabilityBits) / total;
    frequencies[i] = static_cast<std::uint16_t>(std::max<std::uint64_t>(share, 1));
    left -= frequencies[i];
  }
  for (; left > 0; --left) ++frequencies[best_step(counts, frequencies, 1)];
  for (; left < 0; ++left) --frequencies[best_step(counts, frequencies, -1)];
  return frequencies;
}

TableSearch search_tables(const SymbolCounts& counts, std::size_t max_tables) {
  Search search(counts);
  for (std::size_t tables = 1; tables < max_tables && tables < counts.contexts() && search.split();) ++tables;
  if (max_tables > 1) {
    for (int i = 0; i < kRefinements; ++i) search.refine();
  }
  return search.take();
}

}  // namespace kvferry
