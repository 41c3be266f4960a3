// SPDX-License-Identifier: MIT
#include "codec/entropy/rans_adaptive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "tests/codec/symbols.h"

namespace kvferry {
namespace {

using testing::laplace_symbols;
using testing::Symbols;
using testing::uniform_symbols;

Bytes code(const Symbols& symbols, std::size_t columns, std::size_t alphabet) {
  Bytes coded;
  rans_encode_adaptive(alphabet, symbols, columns, coded);
  return coded;
}

std::string decode_error(std::size_t alphabet, const Bytes& coded, std::size_t columns, std::size_t n) {
  Symbols back(n);
  const auto decoded = rans_decode_adaptive(alphabet, coded, columns, back);
  return decoded ? "no error" : decoded.error().message;
}

long floor_div(long a, long b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// FORMAT.md's text again, in other data structures and with divisions for shifts.
class PlainDecoder {
 public:
  PlainDecoder(long alphabet, const Bytes& in) : a_(alphabet), in_(in) {
    while (a_ - 1 >= 32L << low_) ++low_;
    high_values_ = (a_ - 1) / (1L << low_) + 1;
    for (std::size_t b = 0; b < 4; ++b) state_ += static_cast<long>(in.at(b)) << (8 * b);
    at_ = 4;
  }

  Symbols decode(std::size_t columns, std::size_t n) {
    std::vector<long> mean(columns, 128 * (a_ - 1)), deviation(columns, 34 * a_);
    Symbols symbols;
    for (std::size_t i = 0; i < n; ++i) {
      long& m = mean[i % columns];
      long& d = deviation[i % columns];
      const long row = static_cast<long>(i / columns);
      long spread = 0;
      for (const long from : {85, 121, 170, 241, 341, 482, 682, 964, 1363}) spread += from <= (d >> low_);
      const long high = take(high_[spread], high_values_, spread);
      const long distance = (high << low_) + (low_ > 0 ? take(low_parts_[high], 1L << low_, -1) : 0);
      const long q = (distance + floor_div(m + 128, 256) - a_ / 2 + 2 * a_) % a_;
      symbols.push_back(static_cast<std::uint8_t>(q));
      const long e = 256 * q - m;
      const long rate = row < 2 ? 2 : row < 4 ? 4 : row < 12 ? 8 : 16;
      if (row > 0) d += floor_div(std::abs(e) - d, rate);
      m = row == 0 ? 256 * q : m + floor_div(e, rate);
    }
    return symbols;
  }

  bool ended_well() const { return state_ == 65536 && at_ == in_.size(); }

 private:
  struct Distribution {
    std::vector<long> c;
    long steps = 0;
  };

  static std::vector<long> first_starts(long values, long spread) {
    constexpr long kDecay[] = {5, 15, 35, 62, 94, 126, 155, 179, 199, 214};
    std::vector<long> w(values, 1);
    if (spread >= 0) {
      w[values / 2] = 65536;
      for (long i = values / 2 + 1; i < values; ++i) w[i] = w[i - 1] * kDecay[spread] / 256;
      for (long i = values / 2 - 1; i >= 0; --i) w[i] = w[i + 1] * kDecay[spread] / 256;
    }
    long sum = 0, so_far = 0;
    for (const long x : w) sum += x;
    std::vector<long> c;
    for (long i = 0; i < values; ++i) {
      c.push_back(32 * i + so_far * (32768 - 32 * values) / sum);
      so_far += w[i];
    }
    c.push_back(32768);
    return c;
  }

  long take(Distribution& of, long values, long spread) {
    if (of.c.empty()) of.c = first_starts(values, spread);
    const long slot = state_ % 32768;
    long v = 0;
    while (of.c[v + 1] <= slot) ++v;
    EXPECT_GE(of.c[v + 1] - of.c[v], 32);
    state_ = (of.c[v + 1] - of.c[v]) * (state_ / 32768) + slot - of.c[v];
    if (state_ < 65536) {
      state_ = state_ * 65536 + in_.at(at_) + 256 * in_.at(at_ + 1);
      at_ += 2;
    }
    const long rate = of.steps <= 64 ? 64 : of.steps <= 512 ? 128 : 256;
    ++of.steps;
    for (long i = 1; i < values; ++i) {
      const long target = i <= v ? 32 * i : 32768 - 32 * (values - i);
      of.c[i] += floor_div(target - of.c[i], rate);
    }
    return v;
  }

  long a_, low_ = 0, high_values_ = 0, state_ = 0;
  const Bytes& in_;
  std::size_t at_ = 0;
  std::map<long, Distribution> high_, low_parts_;
};

void expect_round_trip(const Symbols& symbols, std::size_t columns, std::size_t alphabet) {
  const std::string what = "alphabet " + std::to_string(alphabet) + ", " + std::to_string(symbols.size()) +
                           " symbols, " + std::to_string(columns) + " columns";
  const Bytes coded = code(symbols, columns, alphabet);
  Symbols back(symbols.size());
  const auto decoded = rans_decode_adaptive(alphabet, coded, columns, back);
  ASSERT_TRUE(decoded.ok()) << what << ": " << decoded.error().message;
  ASSERT_EQ(back, symbols) << what;
  PlainDecoder plain(static_cast<long>(alphabet), coded);
  ASSERT_EQ(plain.decode(columns, symbols.size()), symbols) << what;
  ASSERT_TRUE(plain.ended_well()) << what;
}

TEST(RansAdaptive, every_alphabet_comes_back_by_both_decoders) {
  for (std::size_t alphabet = 2; alphabet <= 256; ++alphabet) {
    expect_round_trip(laplace_symbols(20, 30, alphabet), 30, alphabet);
    expect_round_trip(uniform_symbols(300, alphabet), 7, alphabet);
  }
}

TEST(RansAdaptive, every_shape_comes_back_by_both_decoders) {
  for (const std::size_t columns : {1U, 2U, 17U, 256U, 300U}) {
    for (const std::size_t n : {0U, 1U, 2U, 300U, 4097U}) {
      expect_round_trip(uniform_symbols(n, 23), columns, 23);
      expect_round_trip(Symbols(n, 22), columns, 23);
      expect_round_trip(uniform_symbols(n, 256), columns, 256);
    }
  }
}

TEST(RansAdaptive, a_constant_block_costs_next_to_nothing) {
  EXPECT_LT(code(Symbols(16384, 3), 256, 16).size(), 16384U * 5 / 100 / 8 + 64);
}

// Mean bits of a symbol, with a table for every column that costs nothing: what no table can beat.
double entropy_by_column(const Symbols& symbols, std::size_t columns) {
  double bits = 0;
  const auto rows = static_cast<double>(symbols.size() / columns);
  for (std::size_t column = 0; column < columns; ++column) {
    std::map<int, double> count;
    for (std::size_t i = column; i < symbols.size(); i += columns) ++count[symbols[i]];
    for (const auto& [symbol, times] : count) bits -= times * std::log2(times / rows);
  }
  return bits / static_cast<double>(symbols.size());
}

double entropy(const Symbols& symbols) { return entropy_by_column(symbols, 1); }

TEST(RansAdaptive, columns_of_different_place_and_spread_cost_less_than_one_table_for_all) {
  for (const std::size_t alphabet : {16U, 31U, 255U}) {
    Symbols symbols = laplace_symbols(64, 256, alphabet);
    const Symbols place = uniform_symbols(256, alphabet);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      symbols[i] = static_cast<std::uint8_t>(
          std::min<std::size_t>(symbols[i] / 2U + place[i % 256] / 2U, alphabet - 1));
    }
    const double bits = static_cast<double>(code(symbols, 256, alphabet).size()) * 8 / 16384;
    EXPECT_LT(bits, 0.9 * entropy(symbols)) << alphabet;
  }
}

TEST(RansAdaptive, columns_that_are_all_alike_lose_little) {
  for (const std::size_t alphabet : {16U, 31U}) {
    const Symbols symbols = laplace_symbols(64, 256, alphabet);
    const double bits = static_cast<double>(code(symbols, 256, alphabet).size()) * 8 / 16384;
    EXPECT_LT(bits, 1.03 * entropy(symbols)) << alphabet;
  }
}

TEST(RansAdaptive, columns_with_places_of_their_own_come_near_tables_of_their_own) {
  Symbols symbols;
  Rng rng(6);
  const Symbols place = uniform_symbols(256, 29, 7);
  for (std::size_t i = 0; i < std::size_t{1024} * 256; ++i) {
    symbols.push_back(static_cast<std::uint8_t>(place[i % 256] + rng.below(3)));
  }
  const double bits = static_cast<double>(code(symbols, 256, 31).size()) * 8 / (1024 * 256);
  EXPECT_LT(bits, 1.1 * entropy_by_column(symbols, 256));
  EXPECT_GT(entropy(symbols), 2 * bits);
}

TEST(RansAdaptive, the_documented_example_is_these_bytes) {
  EXPECT_EQ(code({2, 1, 2, 1, 3, 1, 2, 0, 4, 4}, 2, 5), (Bytes{0xda, 0x28, 0x77, 0xec, 0x24, 0x00}));
}

TEST(RansAdaptive, lies_about_sizes_and_states_are_named) {
  const Bytes coded = code(uniform_symbols(100, 200), 10, 200);
  EXPECT_EQ(decode_error(200, {}, 10, 100), "rans: coded size is 0 bytes, expected even, 4 to 404");
  EXPECT_EQ(decode_error(20, Bytes(206, 1), 10, 100),
            "rans: coded size is 206 bytes, expected even, 4 to 204");
  EXPECT_EQ(decode_error(200, {255, 255, 0, 0}, 10, 100), "rans: state 0 is 65535, expected at least 65536");
  Bytes longer = coded;
  longer.insert(longer.end(), {0, 0});
  EXPECT_EQ(decode_error(200, longer, 10, 100), "rans: 2 bytes after the last symbol, expected none");
  EXPECT_NE(
      decode_error(200, Bytes(coded.begin(), coded.end() - 2), 10, 100).find("rans: words end at symbol "),
      std::string::npos);
}

TEST(RansAdaptive, damage_gives_an_error_or_other_symbols_of_the_alphabet) {
  Rng rng(4);
  for (const std::size_t alphabet : {2U, 31U, 33U, 250U}) {
    const Bytes coded = code(laplace_symbols(20, 50, alphabet), 50, alphabet);
    int errors = 0;
    for (int time = 0; time < 200; ++time) {
      Bytes damaged = coded;
      if (time % 4 == 0) damaged.resize(rng.below(damaged.size() / 2) * 2);
      for (int i = 0; i < 3 && !damaged.empty(); ++i) {
        damaged[rng.below(damaged.size())] = static_cast<std::uint8_t>(rng.next());
      }
      damaged.shrink_to_fit();
      Symbols back(1000);
      errors += !rans_decode_adaptive(alphabet, damaged, 50, back).ok();
      for (const std::uint8_t symbol : back) ASSERT_LT(symbol, alphabet);
    }
    EXPECT_GT(errors, 195) << alphabet;
  }
}

}  // namespace
}  // namespace kvferry
