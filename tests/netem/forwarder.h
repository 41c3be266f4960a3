// SPDX-License-Identifier: MIT
//
// Carries IPv4 packets between the two ends of a link, as the models say. Timers: one, at the next packet's
// arrival in either direction.
//
//   client's TUN ─► rebinding ─► up ───► server's TUN
//   client's TUN ◄─ rebinding ◄─ down ◄─ server's TUN
#pragma once

#include <array>
#include <optional>

#include "tests/netem/event_loop.h"
#include "tests/netem/link_report.h"
#include "tests/netem/rebinding.h"
#include "tests/netem/timer.h"

namespace kvferry::netem {

struct PathOptions {
  LinkOptions up;           // from the client
  LinkOptions down;         // to the client
  Duration rebind_every{};  // 0: never
};

class Forwarder {
 public:
  // Watches both devices, which outlive this.
  Forwarder(EventLoop& loop, const Descriptor& server_tun, const Descriptor& client_tun,
            const PathOptions& options, Time start);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  [[nodiscard]] LinkReport report() const { return {up_.counts(), down_.counts(), first_packet_, lateness_}; }

 private:
  void on_client_packets();
  void on_server_packets();
  void deliver_due();

  const Descriptor& server_tun_;
  const Descriptor& client_tun_;
  LinkModel up_;
  LinkModel down_;
  std::optional<Rebinding> rebinding_;
  Timer timer_;
  Time start_;
  std::optional<Duration> first_packet_;  // from the client
  Lateness lateness_;
  std::array<std::uint8_t, 65536> input_;
};

}  // namespace kvferry::netem
