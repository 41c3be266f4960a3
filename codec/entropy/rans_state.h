// SPDX-License-Identifier: MIT
//
// The step of a state that static and adaptive coding share, and how a stream begins and ends:
// the states' last values (32 bits, state 0 first), then 16-bit words in the order of reading,
// all little-endian. Step i belongs to state i mod S.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry::rans {

inline constexpr std::uint32_t kInitial = 1U << 16;  // a state's least value, and its first
inline constexpr std::size_t kMaxStates = 16;

// The most that so many steps make: a word each.
[[nodiscard]] constexpr std::size_t max_coded_bytes(std::size_t steps, std::size_t states) {
  return 4 * states + 2 * steps;
}

// Takes steps last to first; what it writes is read first to last.
class Writer {
 public:
  // Makes room at the end of `out`. states: a power of two, at most kMaxStates.
  Writer(Bytes& out, std::size_t steps, std::size_t states) : out_(out), begin_(out.size()), states_(states) {
    out_.resize(begin_ + max_coded_bytes(steps, states));
    at_ = out_.data() + out_.size();
    state_.fill(kInitial);
  }

  // Step `index` has [start, start + frequency) of 2^bits; frequency is at least 1, bits at most 16.
  void put(std::size_t index, std::uint32_t start, std::uint32_t frequency, unsigned bits) {
    std::uint32_t& state = state_[index & (states_ - 1)];
    if (state >= (std::uint64_t{frequency} << (32 - bits))) {
      *--at_ = static_cast<std::uint8_t>(state >> 8);
      *--at_ = static_cast<std::uint8_t>(state);
      state >>= 16;
    }
    state = ((state / frequency) << bits) + state % frequency + start;
  }

  // Puts the states before the words and closes the gap before them.
  void finish() {
    std::uint8_t* to = out_.data() + begin_;
    for (std::size_t i = 0; i < states_; ++i, to += 4) {
      for (unsigned byte = 0; byte < 4; ++byte) to[byte] = static_cast<std::uint8_t>(state_[i] >> (8 * byte));
    }
    const auto gap = out_.begin() + static_cast<std::ptrdiff_t>(begin_ + 4 * states_);
    out_.erase(gap, out_.begin() + (at_ - out_.data()));
  }

 private:
  Bytes& out_;
  std::size_t begin_, states_;
  std::uint8_t* at_;
  std::array<std::uint32_t, kMaxStates> state_{};
};

// Where a decoder stands in its words.
struct Reader {
  std::size_t states = 0;
  std::array<std::uint32_t, kMaxStates> state{};
  const std::uint8_t* next = nullptr;
  const std::uint8_t* end = nullptr;

  // Checks the size against what so many steps can make, and the states' range.
  [[nodiscard]] static Result<Reader> open(ByteView coded, std::size_t steps, std::size_t states) {
    const std::size_t most = max_coded_bytes(steps, states);
    if (coded.size() < 4 * states || coded.size() > most || coded.size() % 2 != 0) {
      return Error{"rans: coded size is " + std::to_string(coded.size()) + " bytes, expected even, " +
                   std::to_string(4 * states) + " to " + std::to_string(most)};
    }
    Reader reader{states, {}, coded.data() + 4 * states, coded.data() + coded.size()};
    for (std::size_t i = 0; i < states; ++i) {
      reader.state[i] = load_le<std::uint32_t>(coded.data() + 4 * i);
      if (reader.state[i] < kInitial) {
        return Error{"rans: state " + std::to_string(i) + " is " + std::to_string(reader.state[i]) +
                     ", expected at least " + std::to_string(kInitial)};
      }
    }
    return reader;
  }

  // Moves a state past a step whose slot stood `offset` into its range. False when a word is missing.
  [[nodiscard]] bool advance(std::uint32_t& x, std::uint32_t frequency, std::uint32_t offset, unsigned bits) {
    x = frequency * (x >> bits) + offset;
    if (x >= kInitial) return true;
    if (next == end) return false;
    x = x << 16 | load_le<std::uint16_t>(next);
    next += 2;
    return true;
  }

  [[nodiscard]] static Error missing_word(std::size_t index) {
    return {"rans: words end at symbol " + std::to_string(index) + ", expected one more"};
  }

  // Whether symbols and words ended together.
  [[nodiscard]] Result<void> close() const {
    if (next != end) {
      return Error{"rans: " + std::to_string(end - next) + " bytes after the last symbol, expected none"};
    }
    for (std::size_t i = 0; i < states; ++i) {
      if (state[i] != kInitial) {
        return Error{"rans: state " + std::to_string(i) + " ends at " + std::to_string(state[i]) +
                     ", expected " + std::to_string(kInitial)};
      }
    }
    return {};
  }
};

}  // namespace kvferry::rans
