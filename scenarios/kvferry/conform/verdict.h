// SPDX-License-Identifier: MIT
//
// How a check ends when it does not end well. A check that returns has passed.
#pragma once

#include <stdexcept>
#include <string>

namespace kvferry::conform {

// The peer did something else: what happened, what was expected.
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No kvferry peer has answered: no connection, no HELLO, or garbage in its place.
class GreetingFailed : public CheckFailed {
 public:
  using CheckFailed::CheckFailed;
};

// Not even that: no address, nobody listens.
class Unreachable : public GreetingFailed {
 public:
  using GreetingFailed::GreetingFailed;
};

// Nothing can be said about this peer, and why.
class CheckSkipped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void expect(bool holds, const std::string& otherwise) {
  if (!holds) throw CheckFailed(otherwise);
}
inline void skip_unless(bool holds, const std::string& why) {
  if (!holds) throw CheckSkipped(why);
}

}  // namespace kvferry::conform
