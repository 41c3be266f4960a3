// SPDX-License-Identifier: MIT
//
// The best that any way of sending could do which knows beforehand how many bytes will get through: no
// headers, no handshake, no losses, no time to decode caches. Policies are measured against it; it sends
// nothing.
#pragma once

#include <cstddef>
#include <vector>

namespace kvferry {

struct OracleOption {
  double bytes = 0;
  double f1 = 0;
  bool words = false;  // the receiver has to read them
};

class Oracle {
 public:
  // beginnings: of the one card that can be cut anywhere. documents[i]: ways to send document i alone, any
  // mix of which is possible; f1 is the document's own. The mean over documents is what counts.
  Oracle(std::vector<OracleOption> beginnings, const std::vector<std::vector<OracleOption>>& documents);

  // words: as many documents as the receiver has the time to read.
  [[nodiscard]] double best_f1(double bytes, std::size_t words) const;

 private:
  void mix(const std::vector<std::vector<OracleOption>>& documents);

  std::vector<OracleOption> beginnings_;  // ascending in bytes, f1 the best up to there
  double unit_bytes_ = 1;
  std::vector<std::vector<double>> mixes_;  // [words][units]: the best mix of at most so many
};

}  // namespace kvferry
