// SPDX-License-Identifier: MIT
//
// What is lost with a chunk that is not whole at the deadline: its benefit
// (importance times size) and that of the levels that refine it. It is told in
// bytes of the last payload that still leaves in time, for that is what a repair
// packet displaces.
#pragma once

#include <vector>

#include "protocol/base/time.h"
#include "protocol/card/chunk_info.h"

namespace kvferry {

struct Stake {
  double bytes = 0;
  Time leave_by{};        // the last moment at which something can leave and still arrive in time
  bool displaces = true;  // repair displaces payload: more waits than can leave by then
};

class ChunkStakes {
 public:
  explicit ChunkStakes(const std::vector<ChunkInfo>& table);

  // What still leaves: so many bytes of the chunks from `first` on.
  struct Rest {
    std::uint32_t first = 0;
    double bytes = 0;
  };
  [[nodiscard]] double of_chunk(std::uint32_t chunk, const Rest& rest) const;
  [[nodiscard]] double of_all(const Rest& rest) const;  // the chunks up to its end
  [[nodiscard]] double bytes_from(std::uint32_t first) const;

 private:
  [[nodiscard]] std::size_t last_of(const Rest& rest) const;

  std::vector<double> density_;        // benefit per byte of each chunk
  std::vector<double> benefit_;        // of each, with what refines it
  std::vector<double> bytes_before_;   // each, and the end
  std::vector<double> benefit_up_to_;  // each, of those before it and its own
};

}  // namespace kvferry
