// SPDX-License-Identifier: MIT
//
// Packets in flight: acknowledgement, loss detection by packet and time
// threshold (RFC 9002 §6.1), and delivery-rate samples
// (draft-cheng-iccrg-delivery-rate-estimation).
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/datagram/congestion.h"
#include "protocol/datagram/packet.h"
#include "protocol/datagram/rtt.h"

namespace kvferry {

// Something in a packet that is sent again when the packet is lost.
struct SentPiece {
  enum class Kind : std::uint8_t { kData, kControl, kToken, kChallenge, kResponse };
  Kind kind = Kind::kData;
  // Control: only the offset; challenge and response: the 8 bytes, as transfer, and the path, as chunk.
  DataPlace place;
  std::uint64_t size_bytes = 0;
};

struct SentPacket {
  std::uint64_t number = 0;
  Time sent_at{};
  std::uint64_t size_bytes = 0;
  bool mtu_probe = false;  // its loss is no congestion
  std::vector<SentPiece> pieces;
  std::optional<std::uint64_t> acked_up_to;  // it carried an ACK whose newest number was this
  // Of the connection when it left:
  std::uint64_t delivered_bytes = 0;
  Time delivered_at{};
  Time flight_began_at{};
  bool app_limited = false;
};

class SentPackets {
 public:
  static constexpr std::uint64_t kPacketThreshold = 3;

  // The packet asks for acknowledgement; others are not remembered.
  void add(std::uint64_t number, SentPacket packet);
  void skip(std::uint64_t number);  // never sent: acknowledging it is a lie

  struct Acked {
    std::vector<SentPacket> packets;
    std::optional<AckSample> sample;
  };
  // An error: acknowledged what was never sent. next_number: the first one not yet used.
  [[nodiscard]] Result<Acked> on_ack(Time now, const AckFrame& ack, std::uint64_t next_number,
                                     RttEstimator& rtt);

  struct Lost {
    std::vector<SentPacket> packets;
    LossSample sample;
  };
  [[nodiscard]] Lost detect_lost(Time now, const RttEstimator& rtt);

  // Packets that the receiver solved for from repair packets: lost, but for their contents.
  [[nodiscard]] Lost take_recovered(Time now, const AckFrame& recovered);
  // Everything in flight, on a path that is no longer used.
  [[nodiscard]] std::vector<SentPacket> take_all();

  // When a packet will be late enough to be lost.
  [[nodiscard]] std::optional<Time> loss_time() const { return loss_time_; }
  [[nodiscard]] std::optional<Time> last_sent_at() const { return last_sent_at_; }
  // The oldest packets in flight, for probes.
  [[nodiscard]] std::vector<SentPiece> oldest_pieces(std::size_t packets) const;

  // There is too little to send: packets added from now on say so until what is in flight has been delivered;
  // where nothing is, until something has.
  void note_app_limited() {
    app_limited_until_bytes_ = delivered_bytes_ + std::max<std::uint64_t>(bytes_in_flight_, 1);
  }
  [[nodiscard]] std::uint64_t bytes_in_flight() const { return bytes_in_flight_; }
  [[nodiscard]] bool empty() const { return packets_.empty(); }
  [[nodiscard]] std::size_t size() const { return packets_.size(); }
  [[nodiscard]] std::optional<double> rate_bytes_per_s() const { return rate_; }

 private:
  void count_lost(Lost& lost, SentPacket packet);
  [[nodiscard]] bool names_skipped(const AckFrame& ack) const;
  [[nodiscard]] std::uint64_t take_named(const AckFrame& ack, std::vector<SentPacket>& taken);
  void sample_rate(Time now, const SentPacket& newest, AckSample& sample, const RttEstimator& rtt);
  [[nodiscard]] bool is_persistent(const std::vector<SentPacket>& lost, const RttEstimator& rtt) const;

  std::map<std::uint64_t, SentPacket> packets_;
  std::deque<std::uint64_t> skipped_;  // the latest ones, ascending
  std::optional<std::uint64_t> largest_acked_;
  std::vector<Time> acked_sent_at_;  // of the packets that the latest ACK was the first to name, ascending
  std::optional<Time> loss_time_;
  std::optional<Time> last_sent_at_;
  std::uint64_t bytes_in_flight_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  Time delivered_at_{};
  Time flight_began_at_{};
  std::uint64_t app_limited_until_bytes_ = 0;
  std::optional<double> rate_;
};

}  // namespace kvferry
