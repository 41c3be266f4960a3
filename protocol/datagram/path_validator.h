// SPDX-License-Identifier: MIT
//
// One path's address: not believed before the peer has answered from it. Until
// then at most three times what came from there may be sent there (RFC 9000 §8),
// and challenges go out whose answer only a reader of that address can know (§8.2).
//
//   unvalidated ─response─► validated ─challenge() again─► validated, still asking
//        └────────   challenges time out: failed   ◄───────┘
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace kvferry {

using PathChallenge = std::array<std::uint8_t, 8>;

class PathValidator {
 public:
  static constexpr std::uint64_t kAmplification = 3;
  static constexpr std::size_t kMaxChallenges =
      20;  // in a row, unanswered: a third of all packets may be lost, both ways
  static constexpr Duration kMinChallengeTimeout = milliseconds(200);
  static constexpr Duration kMaxChallengeTimeout = milliseconds(1500);  // 20 outlast an outage of 25 s

  // validated: something else has proved the address, a token or our own choice of it.
  explicit PathValidator(bool validated = false) : validated_(validated) {}

  // Whole datagrams on this path, whatever they hold.
  void on_received(std::uint64_t size_bytes) { received_bytes_ += size_bytes; }
  void on_sent(std::uint64_t size_bytes) { sent_bytes_ += size_bytes; }
  [[nodiscard]] bool may_send(std::uint64_t size_bytes) const { return size_bytes <= allowance_bytes(); }
  [[nodiscard]] std::uint64_t allowance_bytes() const;

  // What to send as a challenge now; another one every time. At most kMaxChallenges, until one is answered.
  // The first waits for the longer of kMinChallengeTimeout and the probe timeout, each other twice as long as
  // the one before, up to kMaxChallengeTimeout or the probe timeout.
  [[nodiscard]] PathChallenge challenge(Time now, Duration probe_timeout, Rng& rng);
  // True when it answers a challenge of ours: the path is validated.
  bool on_response(const PathChallenge& response);

  // When the challenge under way times out: then the path has failed(), or is challenged again.
  [[nodiscard]] std::optional<Time> next_challenge_at() const { return challenge_ends_at_; }
  [[nodiscard]] bool failed(Time now) const;
  [[nodiscard]] bool validated() const { return validated_; }

 private:
  bool validated_;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::vector<PathChallenge> challenges_;  // unanswered, oldest first
  Duration timeout_{};                     // of the newest
  std::optional<Time> challenge_ends_at_;
};

}  // namespace kvferry
