// SPDX-License-Identifier: MIT
#include "protocol/datagram/path_validator.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "protocol/base/digest.h"

namespace kvferry {

std::uint64_t PathValidator::allowance_bytes() const {
  if (validated_) return std::numeric_limits<std::uint64_t>::max();
  return kAmplification * received_bytes_ - std::min(sent_bytes_, kAmplification * received_bytes_);
}

PathChallenge PathValidator::challenge(Time now, Duration probe_timeout, Rng& rng) {
  assert(challenges_.size() < kMaxChallenges);
  // Digested, so that a challenge read at one address does not tell the next one, sent to another.
  Bytes drawn;
  for (int i = 0; i < 4; ++i) put_le(drawn, rng.next());
  const Digest digest = sha256(drawn);
  PathChallenge challenge;
  std::copy_n(digest.bytes.begin(), challenge.size(), challenge.begin());
  challenges_.push_back(challenge);
  Duration longest = std::max(kMaxChallengeTimeout, probe_timeout);
  timeout_ = challenges_.size() == 1 ? std::max(kMinChallengeTimeout, probe_timeout) : timeout_ * 2;
  timeout_ = std::clamp(timeout_, probe_timeout, longest);
  challenge_ends_at_ = now + timeout_;
  return challenge;
}

bool PathValidator::on_response(const PathChallenge& response) {
  if (std::find(challenges_.begin(), challenges_.end(), response) == challenges_.end()) return false;
  validated_ = true;
  challenges_.clear();
  challenge_ends_at_.reset();
  return true;
}

bool PathValidator::failed(Time now) const {
  return challenges_.size() == kMaxChallenges && challenge_ends_at_ && *challenge_ends_at_ <= now;
}

}  // namespace kvferry
