// SPDX-License-Identifier: MIT
//
// A socket that blocks until a time and no longer.
#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/time.h"
#include "transport/asio.h"

namespace kvferry::conform {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool readable(Time until) const;
  [[nodiscard]] bool writable(Time until) const;

 private:
  int number_ = -1;
};

// A UDP socket of its own port, connected to the peer. Throws what socket() says.
[[nodiscard]] Descriptor udp_socket(const tcp::endpoint& peer);

}  // namespace kvferry::conform
