// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "transport/clock.h"

namespace kvferry::conform {
namespace {

bool wait_for(int number, short events, Time until) {
  for (;;) {
    const std::int64_t left_us = std::max<std::int64_t>(0, to_us(until - steady_now()));
    pollfd entry{number, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>((left_us + 999) / 1000));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

bool Descriptor::readable(Time until) const { return wait_for(number_, POLLIN, until); }
bool Descriptor::writable(Time until) const { return wait_for(number_, POLLOUT, until); }

Descriptor udp_socket(const tcp::endpoint& peer) {
  const auto fail = [](const char* what) { throw std::system_error(errno, std::generic_category(), what); };
  Descriptor made(::socket(peer.data()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.number() < 0) fail("socket");
  if (::connect(made.number(), peer.data(), static_cast<socklen_t>(peer.size())) < 0) fail("connect");
  return made;
}

}  // namespace kvferry::conform
