// SPDX-License-Identifier: MIT
//
// The datagram binding: packets with numbers and acknowledgements over
// datagrams that may be lost, repeated, reordered or damaged, between addresses
// that may change.
//
//   datagram_input.cc     packets and frames in
//   datagram_recovery.cc  acknowledgement, loss, timers, changes of path
//   datagram_output.cc    what goes into the next packet
//   datagram_frames.cc    how each frame is put, and its bytes booked
//   datagram_repair.cc    which packets are protected, and how well
//
// Timers: kLoss (a packet is late, or a probe timeout: RFC 9002 §6), kAck (an
// acknowledgement may wait no longer), kPacing (the next packet may leave),
// kPath (a challenge was not answered), kMtu (a larger datagram may be tried).
#pragma once

#include <algorithm>
#include <deque>

#include "protocol/connection/binding.h"
#include "protocol/datagram/control_stream.h"
#include "protocol/datagram/mtu_search.h"
#include "protocol/datagram/pacer.h"
#include "protocol/datagram/paths.h"
#include "protocol/datagram/received_packets.h"
#include "protocol/datagram/repair_decoder.h"
#include "protocol/datagram/repair_encoder.h"
#include "protocol/datagram/repair_need.h"
#include "protocol/datagram/repair_rate.h"
#include "protocol/datagram/sent_packets.h"

namespace kvferry {

enum class DatagramTimer : std::uint8_t { kLoss, kAck, kPacing, kPath, kMtu, kCount };

class DatagramBinding final : public BindingLayer {
 public:
  DatagramBinding(const ConnectionConfig& config, Session& session, Ledger& ledger);

  void handle_datagram(Time now, ByteView datagram, PathId path) override;
  void handle_timeout(Time now) override;
  std::optional<Outgoing> poll_transmit(Time now) override;
  std::optional<Time> next_timeout() const override { return timers_.next(); }
  void describe(PathStats& stats) const override;
  std::optional<std::uint64_t> connection_id() const override { return connection_id_; }
  const Bytes& token() const override { return given_token_; }

 private:
  // A packet being filled, and how its bytes are to be booked.
  struct Draft {
    PathId path = 0;
    Bytes frames;
    std::size_t room = 0;  // for frames, all together
    SentPacket record;
    ByteClasses bytes;
    bool eliciting = false;
    [[nodiscard]] std::size_t left() const { return room - std::min(room, frames.size()); }
  };
  struct Response {
    PathId path = 0;
    std::uint64_t challenge = 0;
    bool operator==(const Response&) const = default;
  };

  // In
  enum class Verdict : std::uint8_t { kAccepted, kNotNow, kFault };
  [[nodiscard]] bool is_mine(const PacketHeader& header, std::size_t size_bytes, PathId path) const;
  void open_path(const PacketHeader& header, PathId path);
  bool handle_stateless(Time now, ByteView datagram);
  void on_retry(Time now, Bytes token);
  void book_received(ByteClasses bytes, std::size_t datagram_bytes);
  void accept_packet(Time now, const OpenedPacket& packet, std::size_t size_bytes, PathId path,
                     bool eliciting);
  Verdict fault(Time now, ErrorCode code, const std::string& reason);
  Verdict read_frames(Time now, ByteView frames, ByteClasses& bytes, bool& eliciting);
  Verdict read_frame(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_ack(Time now, ByteView body);
  Verdict read_recovered(Time now, ByteView body);
  Verdict read_control(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_data(Time now, const PacketFrame& frame, ByteClasses& bytes);
  Verdict read_close(Time now, ByteView body);
  Verdict read_token(Time now, ByteView body);
  Verdict read_path_frame(Time now, FrameType type, ByteView body);
  void respond(const Response& response);
  Verdict read_repair(Time now, ByteView body);
  void process_recovered(Time now, const std::vector<RecoveredPacket>& packets);
  void process_recovered(Time now, const RecoveredPacket& packet);

  // Recovery
  void on_acked(Time now, SentPackets::Acked acked);
  void on_lost(Time now, SentPackets::Lost lost);
  void forget_or_resend(Time now, const std::vector<SentPiece>& pieces, bool arrived);
  void note_manifests();
  void remember_lost(SentPacket packet);
  void send_all_again(Time now);
  void restart_path(Time now);
  void arm_loss_timer();
  void on_loss_timer(Time now);
  void on_path_timer(Time now);
  void arm_mtu_timer();

  // Out
  void move_control();
  [[nodiscard]] bool may_send(Time now);
  [[nodiscard]] bool has_room_for_flight(double rate_bytes_per_s) const;
  [[nodiscard]] bool muted() const;  // until more is heard from the peer's address
  [[nodiscard]] bool server_may_be_mute() const;
  [[nodiscard]] bool has_something(Time now) const;
  [[nodiscard]] bool challenge_due(Time now) const;
  [[nodiscard]] Draft new_draft() const;
  void fill(Time now, Draft& draft);
  void note_app_limited(Time now);
  void put_frame(Draft& draft, FrameType type, ByteView body, std::uint64_t& booked);
  void put_ack(Time now, Draft& draft);
  void put_recovered(Draft& draft);
  bool put_control(Draft& draft);  // true: some of it was sent before
  void put_data(Time now, Draft& draft);
  void put_path_frames(Time now, Draft& draft);
  void put_challenge(Draft& draft, std::uint64_t challenge);
  void put_response(Draft& draft, const Response& response);
  void put_tokens(Draft& draft);
  void put_probe(Draft& draft, std::size_t size_bytes = 0);
  void put_padding(Draft& draft);
  void put_close(Draft& draft);
  [[nodiscard]] std::optional<Outgoing> answer_elsewhere(Time now);
  [[nodiscard]] std::optional<Outgoing> mtu_probe(Time now);
  [[nodiscard]] std::optional<Outgoing> usual_packet(Time now);
  [[nodiscard]] std::optional<Outgoing> close_packet(Time now);
  void skip_number();
  [[nodiscard]] Outgoing seal(Time now, Draft draft);

  // Repair
  [[nodiscard]] bool repairing() const;
  [[nodiscard]] double worth_packets(Time now, const Stake& stake) const;
  [[nodiscard]] std::optional<TransferId> manifest_behind(std::uint64_t offset) const;
  [[nodiscard]] double steady_bytes_per_s() const;
  [[nodiscard]] Time after_open_block(Time now) const;
  void add_need(Time now, const SentPiece& piece, RepairNeed& need) const;
  void protect(Time now, std::uint64_t number, const Draft& draft);
  void close_repair_block();
  [[nodiscard]] std::optional<Outgoing> repair_packet(Time now);

  Session& session_;
  Ledger& ledger_;
  ConnectionConfig config_;
  Rng rng_;     // what peers may guess: skipped numbers
  Rng secret_;  // challenges: nothing of it shows anywhere else
  std::optional<std::uint64_t> connection_id_;
  TimerTable<DatagramTimer> timers_;

  Paths paths_;
  PathId arriving_path_ = 0;        // of the datagram being handled
  bool heard_ = false;              // a packet of the peer
  bool proved_ = false;             // client: the server knows that it is where it says
  bool retried_ = false;            // client: one RETRY was followed
  Bytes token_;                     // client: to be shown
  Bytes given_token_;               // client: for a later connection
  bool new_token_due_ = false;      // server
  std::deque<Response> responses_;  // to be sent
  std::optional<std::uint64_t> challenge_to_send_;

  std::uint64_t next_number_ = 0;
  std::uint64_t skip_at_ = 0;  // the next number that is not used
  std::uint64_t skip_one_in_ = 0;
  ReceivedPackets received_;
  SentPackets sent_;
  RttEstimator rtt_;
  std::unique_ptr<CongestionController> congestion_;
  Pacer pacer_;
  bool window_full_ = false;
  MtuSearch mtu_;
  ControlSender control_out_;
  ControlReceiver control_in_;
  std::deque<std::pair<std::uint64_t, TransferId>> manifests_;  // not yet acknowledged: where they end
  int probes_ = 0;                                              // packets that may leave beyond the window
  int probe_timeouts_ = 0;                                      // in a row
  int idle_timeouts_ = 0;  // with nothing in flight: of a client that wakes a server that may be mute
  int bare_acks_ = 0;      // packets in a row that nobody will acknowledge

  RepairEncoder repair_out_;
  RepairNeed repair_need_;  // of the packets in it
  RepairRate repair_rate_;
  std::deque<RepairFrame> repairs_;  // to be sent
  RepairDecoder repair_in_;
  bool reading_recovered_ = false;
  RangeSet recovered_;                                           // to be told
  std::map<std::uint64_t, std::vector<SentPiece>> lost_lately_;  // the peer may still solve for them

  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_lost_ = 0;
  std::uint64_t packets_received_ = 0;
  std::uint64_t packets_recovered_ = 0;
};

}  // namespace kvferry
