// SPDX-License-Identifier: MIT
//
// The peer's addresses. A client knows one, its server's. A server sends to
// where its client was heard last, and returns to the last address that was
// validated when a new one does not answer. SPEC.md, ADR-2, ADR-3 and ADR-6.
#pragma once

#include <optional>
#include <utility>

#include "protocol/connection/connection.h"
#include "protocol/datagram/path_validator.h"

namespace kvferry {

class Paths {
 public:
  // validated: the first address needs no proof.
  explicit Paths(bool validated) : current_{0, PathValidator(validated)} {}

  void begin(PathId id) { current_.id = id; }
  [[nodiscard]] PathId id() const { return current_.id; }
  [[nodiscard]] PathValidator& current() { return current_.validator; }
  [[nodiscard]] const PathValidator& current() const { return current_.validator; }

  // A valid packet.
  void on_received(PathId id, std::size_t size_bytes) {
    if (Path* path = find(id)) path->validator.on_received(size_bytes);
  }

  // The newest packet came from there. True: that is another address than before.
  [[nodiscard]] bool follow(PathId id, std::size_t size_bytes) {
    if (id == current_.id) return false;
    Path next{id, PathValidator()};
    if (validated_ && validated_->id == id) {
      next = *std::exchange(validated_, std::nullopt);
    } else {
      next.validator.on_received(size_bytes);
    }
    if (current_.validator.validated()) validated_ = current_;
    current_ = next;
    return true;
  }

  void on_response(PathId from, const PathChallenge& response) {
    if (Path* path = find(from)) (void)path->validator.on_response(response);
  }

  // An address to return to.
  [[nodiscard]] bool has_other() const { return validated_.has_value(); }
  // The present address does not answer. False: there is no other.
  [[nodiscard]] bool give_up() {
    if (!validated_) return false;
    current_ = *std::exchange(validated_, std::nullopt);
    return true;
  }

 private:
  struct Path {
    PathId id = 0;
    PathValidator validator;
  };
  [[nodiscard]] Path* find(PathId id) {
    if (id == current_.id) return &current_;
    return validated_ && validated_->id == id ? &*validated_ : nullptr;
  }

  Path current_;
  std::optional<Path> validated_;  // the last one before the current
};

}  // namespace kvferry
