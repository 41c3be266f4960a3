// SPDX-License-Identifier: MIT
//
// What decides how much may be in flight, and how fast it leaves. Bytes are
// whole packets that ask for acknowledgement.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "protocol/base/time.h"
#include "protocol/connection/config.h"

namespace kvferry {

struct AckSample {
  Time now{};
  std::uint64_t acked_bytes = 0;          // by this ACK
  std::uint64_t bytes_in_flight = 0;      // after it
  Time newest_sent_at{};                  // of the newest packet acknowledged
  std::uint64_t delivered_bytes = 0;      // so far, after this ACK
  std::uint64_t delivered_when_sent = 0;  // so far, when that newest packet left
  std::optional<Duration> rtt;
  std::optional<double> rate_bytes_per_s;  // delivery rate sample
  bool app_limited = false;                // the sample was taken while there was too little to send
};

struct LossSample {
  Time now{};
  std::uint64_t lost_bytes = 0;  // found by this detection
  std::uint64_t lost_packets = 0;
  std::uint64_t bytes_in_flight = 0;  // before they were taken off
  Time newest_sent_at{};              // of the newest packet lost
  bool persistent = false;            // persistent congestion, RFC 9002 §7.6
};

class CongestionController {
 public:
  virtual ~CongestionController() = default;
  virtual void on_acked(const AckSample& sample) = 0;
  virtual void on_lost(const LossSample& sample) = 0;
  // Packets have another size from now on: the path carries larger ones, or no longer does.
  virtual void set_packet_bytes(std::size_t packet_bytes) = 0;
  [[nodiscard]] virtual std::uint64_t window_bytes() const = 0;
  [[nodiscard]] virtual double pacing_bytes_per_s() const = 0;
};

[[nodiscard]] std::unique_ptr<CongestionController> make_congestion_controller(
    const CongestionOptions& options, std::size_t packet_bytes, std::uint64_t seed);

}  // namespace kvferry
