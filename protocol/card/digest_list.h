// SPDX-License-Identifier: MIT
//
// A few digests, one after the other: the cards that a receiver has.
#pragma once

#include <algorithm>
#include <vector>

#include "protocol/base/digest.h"

namespace kvferry {

class DigestList {
 public:
  static constexpr std::size_t kMaxCount = 16;

  DigestList() = default;
  DigestList(std::vector<Digest> digests) : digests_(std::move(digests)) {}

  [[nodiscard]] bool empty() const { return digests_.empty(); }
  [[nodiscard]] const std::vector<Digest>& digests() const { return digests_; }
  [[nodiscard]] bool contains(const Digest& digest) const {
    return std::find(digests_.begin(), digests_.end(), digest) != digests_.end();
  }

  void serialize(Bytes& out) const {
    for (const Digest& digest : digests_) append(out, digest.view());
  }
  [[nodiscard]] static Result<DigestList> parse(ByteView in) {
    if (in.size() % Digest::kBytes != 0 || in.size() > kMaxCount * Digest::kBytes)
      return Error{std::to_string(in.size()) + " bytes, expected up to 16 digests of 32"};
    DigestList out;
    for (; !in.empty(); in = in.subspan(Digest::kBytes))
      out.digests_.push_back(Digest::from_bytes(in.first(Digest::kBytes)));
    return out;
  }

  bool operator==(const DigestList&) const = default;

 private:
  std::vector<Digest> digests_;
};

}  // namespace kvferry
