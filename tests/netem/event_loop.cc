// SPDX-License-Identifier: MIT
#include "tests/netem/event_loop.h"

#include <sys/epoll.h>

#include <array>

namespace kvferry::netem {

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void EventLoop::watch(const Descriptor& descriptor, std::function<void()> on_readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor.number();
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor.number(), &event);
  on_readable_[descriptor.number()] = std::move(on_readable);
}

void EventLoop::run() {
  std::array<epoll_event, 8> events;
  while (!stopped_) {
    const int count = epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count && !stopped_; ++i)
      on_readable_.at(events[static_cast<std::size_t>(i)].data.fd)();
  }
}

}  // namespace kvferry::netem
