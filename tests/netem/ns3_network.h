// SPDX-License-Identifier: GPL-2.0-only
//
// A point-to-point link of ns-3's in real time, between two routers of ns-3's with a TAP device each.
//
//   client's TAP ─► router ─► queue, rate ─► delay ─► loss ─► router ─► server's TAP
//
// Both directions are alike. ns-3 has a thread of its own, and one a TAP device that reads it. An event that
// comes late does not move those after it: the simulation catches up.
#pragma once

#include <future>
#include <thread>

#include "tests/netem/link_end.h"
#include "tests/netem/link_report.h"

namespace kvferry::netem {

class Ns3Network {
 public:
  // Returns when packets are carried. Of the options, rate, delay, queue, loss and seed count. One at a time.
  Ns3Network(const LinkEnds& ends, const LinkOptions& options);
  ~Ns3Network();
  Ns3Network(const Ns3Network&) = delete;
  Ns3Network& operator=(const Ns3Network&) = delete;

  void stop();
  // After stop(). A packet is late that leaves the link after its time in the simulation.
  [[nodiscard]] const LinkReport& report() const { return report_; }

 private:
  void simulate(const LinkEnds& ends, const LinkOptions& options, std::promise<void> running);

  LinkReport report_;
  std::thread thread_;
};

}  // namespace kvferry::netem
