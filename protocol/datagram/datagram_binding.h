// SPDX-License-Identifier: MIT
//
// The datagram binding: packets with numbers and acknowledgements over
// datagrams that may be lost, repeated, reordered or damaged.
//
// Timers: kLoss (a packet is late, or a probe timeout: RFC 9002 §6), kAck (an
// acknowledgement may wait no longer), kPacing (the next packet may leave).
#pragma once

#include "protocol/connection/binding.h"
#include "protocol/datagram/control_stream.h"
#include "protocol/datagram/pacer.h"
#include "protocol/datagram/received_packets.h"
#include "protocol/datagram/sent_packets.h"

namespace kvferry {

enum class DatagramTimer : std::uint8_t { kLoss, kAck, kPacing, kCount };

class DatagramBinding final : public BindingLayer {
 public:
  DatagramBinding(const ConnectionConfig& config, Session& session, Ledger& ledger, Time now);

  void handle_bytes(Time now, ByteView datagram) override;
  void handle_timeout(Time now) override;
  std::optional<Outgoing> poll_transmit(Time now) override;
  std::optional<Time> next_timeout() const override { return timers_.next(); }
  void describe(PathStats& stats) const override;
  std::optional<std::uint64_t> connection_id() const override { return connection_id_; }

 private:
  // A packet being filled, and how its bytes are to be booked.
  struct Draft {
    Bytes frames;
    std::size_t room = 0;  // for frames, all together
    SentPacket record;
    ByteClasses bytes;
    bool eliciting = false;
    [[nodiscard]] std::size_t left() const { return room - frames.size(); }
  };

  // In
  enum class Verdict : std::uint8_t { kAccepted, kNotNow, kFault };
  Verdict read_frames(Time now, ByteView frames, ByteClasses& bytes, bool& eliciting);
  Verdict read_frame(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_ack(Time now, ByteView body);
  Verdict read_control(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_data(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_close(Time now, ByteView body);
  void on_lost(Time now, const SentPackets::Lost& lost);
  void forget_or_resend(Time now, const std::vector<SentPiece>& pieces, bool arrived);

  // Out
  void move_control();
  [[nodiscard]] bool may_send(Time now);
  [[nodiscard]] bool has_something() const;
  void put_ack(Time now, Draft& draft);
  void put_control(Draft& draft);
  void put_data(Time now, Draft& draft);
  void put_probe(Draft& draft);
  void put_close(Draft& draft);
  [[nodiscard]] Outgoing seal(Time now, Draft draft);
  [[nodiscard]] Outgoing close_packet(Time now);
  void arm_loss_timer();
  void on_probe_timeout(Time now);

  Session& session_;
  Ledger& ledger_;
  Rng rng_;
  std::size_t max_datagram_bytes_;
  std::optional<std::uint64_t> connection_id_;
  TimerTable<DatagramTimer> timers_;

  std::uint64_t next_number_ = 0;
  ReceivedPackets received_;
  SentPackets sent_;
  RttEstimator rtt_;
  std::unique_ptr<CongestionController> congestion_;
  Pacer pacer_;
  ControlSender control_out_;
  ControlReceiver control_in_;
  int probes_ = 0;          // packets that may leave beyond the window
  int probe_timeouts_ = 0;  // in a row
  int bare_acks_ = 0;       // packets in a row that nobody will acknowledge
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_lost_ = 0;
  std::uint64_t packets_received_ = 0;
};

}  // namespace kvferry
