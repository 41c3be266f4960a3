// SPDX-License-Identifier: MIT
//
// Packets and their frames, as they come in.
#include <algorithm>
#include <iterator>

#include "protocol/datagram/datagram_binding.h"
#include "protocol/datagram/retry_packet.h"

namespace kvferry {
namespace {

constexpr std::size_t kMaxResponses = 4;         // that wait to be sent
constexpr std::size_t kMaxRecoveredRanges = 64;  // that wait to be told

std::optional<PathChallenge> path_challenge(ByteView body) {
  PathChallenge bytes{};
  if (body.size() != bytes.size()) return std::nullopt;
  std::copy(body.begin(), body.end(), bytes.begin());
  return bytes;
}

}  // namespace

bool DatagramBinding::is_mine(const PacketHeader& header, std::size_t size_bytes, PathId path) const {
  if (config_.role == Role::kClient) return header.connection_id == *connection_id_ && path == paths_.id();
  if (connection_id_) return header.connection_id == *connection_id_;
  return size_bytes >= MtuSearch::kBaseBytes;  // a smaller first one would let others be flooded
}

void DatagramBinding::open_path(const PacketHeader& header, PathId path) {
  if (!connection_id_) paths_.begin(path);
  connection_id_ = header.connection_id;
  heard_ = true;
  arriving_path_ = path;
}

void DatagramBinding::handle_datagram(Time now, ByteView datagram, PathId path) {
  if (config_.role == Role::kClient && !heard_ && handle_stateless(now, datagram)) return;
  auto packet = open_packet(datagram);
  if (!packet || !is_mine(packet->header, datagram.size(), path)) {
    ledger_.received.framing += datagram.size();
    return;
  }
  open_path(packet->header, path);
  if (!received_.is_new(packet->header.number)) {
    ledger_.received.retransmitted += datagram.size();
    return;
  }
  paths_.on_received(path, datagram.size());
  ByteClasses bytes;
  bool eliciting = false;
  Verdict verdict = read_frames(now, packet->frames, bytes, eliciting);
  (eliciting ? bytes.framing : bytes.acks) += packet->header.size_bytes();
  book_received(bytes, datagram.size());
  session_.on_heard(now);
  if (verdict == Verdict::kAccepted) accept_packet(now, *packet, datagram.size(), path, eliciting);
  arm_loss_timer();
}

// What no frame has claimed is framing.
void DatagramBinding::book_received(ByteClasses bytes, std::size_t datagram_bytes) {
  bytes.framing += datagram_bytes - std::min<std::uint64_t>(datagram_bytes, bytes.total());
  ledger_.received.payload += bytes.payload;
  ledger_.received.framing += bytes.framing;
  ledger_.received.signalling += bytes.signalling;
  ledger_.received.acks += bytes.acks;
  ledger_.received.retransmitted += bytes.retransmitted;
  ledger_.received.fec += bytes.fec;
}

void DatagramBinding::accept_packet(Time now, const OpenedPacket& packet, std::size_t size_bytes, PathId path,
                                    bool eliciting) {
  std::uint64_t number = packet.header.number;
  bool newest = number >= received_.expected();
  received_.add(now, number, eliciting);
  ++packets_received_;
  if (auto due = received_.due_at()) timers_.arm(DatagramTimer::kAck, *due);
  if (newest && paths_.follow(path, size_bytes)) restart_path(now);
  if ((config_.hello.features & kFeatureRepair) != 0)
    process_recovered(now, repair_in_.on_packet(number, packet.frames));
}

// RETRY and VERSIONS: only before anything else was heard.
bool DatagramBinding::handle_stateless(Time now, ByteView datagram) {
  if (auto retry = open_retry(datagram); retry && retry->connection_id == *connection_id_) {
    ledger_.received.signalling += datagram.size();
    if (!std::exchange(retried_, true)) on_retry(now, std::move(retry->token));
    return true;
  }
  auto versions = open_versions(datagram);
  if (!versions || versions->connection_id != *connection_id_) return false;
  ledger_.received.signalling += datagram.size();
  bool common =
      std::find(versions->kinds.begin(), versions->kinds.end(), kPacketKind) != versions->kinds.end();
  if (!common)
    session_.on_peer_close(now, static_cast<std::uint64_t>(ErrorCode::kVersion),
                           "the peer speaks no packets of version 1");
  return true;
}

void DatagramBinding::on_retry(Time now, Bytes token) {
  token_ = std::move(token);
  probe_timeouts_ = idle_timeouts_ = 0;
  send_all_again(now);
}

DatagramBinding::Verdict DatagramBinding::fault(Time now, ErrorCode code, const std::string& reason) {
  session_.fault(now, code, reason);
  return Verdict::kFault;
}

DatagramBinding::Verdict DatagramBinding::read_frames(Time now, ByteView frames, ByteClasses& bytes,
                                                      bool& eliciting) {
  Verdict verdict = Verdict::kAccepted;
  ByteReader in(frames);
  while (!in.at_end()) {
    auto frame = take_packet_frame(in);
    if (!frame) return fault(now, ErrorCode::kMalformed, "packet: a frame does not parse");
    eliciting = eliciting || asks_for_acknowledgement(frame->type);
    Verdict one = read_frame(now, *frame, bytes);
    if (one == Verdict::kFault) return one;
    if (one == Verdict::kNotNow) verdict = one;
  }
  return verdict;
}

DatagramBinding::Verdict DatagramBinding::read_frame(Time now, const PacketFrame& frame, ByteClasses& bytes) {
  std::uint64_t size = frame.head_bytes + frame.body.size();
  auto type = static_cast<FrameType>(frame.type);
  switch (type) {
    case FrameType::kAck:
      bytes.acks += size;
      return read_ack(now, frame.body);
    case FrameType::kRecovered:
      bytes.acks += size;
      return read_recovered(now, frame.body);
    case FrameType::kControl:
      return read_control(now, frame, bytes);
    case FrameType::kData:
      return read_data(now, frame, bytes);
    case FrameType::kClose:
      bytes.signalling += size;
      return read_close(now, frame.body);
    case FrameType::kToken:
      bytes.signalling += size;
      return read_token(now, frame.body);
    case FrameType::kChallenge:
    case FrameType::kResponse:
      bytes.signalling += size;
      return read_path_frame(now, type, frame.body);
    case FrameType::kRepair:
      bytes.fec += size;
      return read_repair(now, frame.body);
    case FrameType::kProbe:
    case FrameType::kPadding:
      bytes.framing += size;
      return Verdict::kAccepted;
    default:
      bytes.signalling += size;
      if (!is_critical(frame.type)) return Verdict::kAccepted;
      return fault(now, ErrorCode::kUnknownCritical, "packet: frame type " + std::to_string(frame.type));
  }
}

DatagramBinding::Verdict DatagramBinding::read_control(Time now, const PacketFrame& frame,
                                                       ByteClasses& bytes) {
  ByteReader in(frame.body);
  auto offset = in.take_varint();
  if (!offset) return fault(now, ErrorCode::kMalformed, "CONTROL: no offset");
  auto outcome = control_in_.add(*offset, in.rest());
  bytes.framing += frame.head_bytes + in.position();
  (outcome == ControlReceiver::Outcome::kTaken ? bytes.signalling : bytes.retransmitted) += in.rest().size();
  if (outcome == ControlReceiver::Outcome::kNoRoom) return Verdict::kNotNow;
  auto found =
      control_in_.deliver([&](std::uint64_t type, ByteView body) { session_.on_frame(now, type, body); });
  if (found) return fault(now, found->code, found->reason);
  return Verdict::kAccepted;
}

DatagramBinding::Verdict DatagramBinding::read_data(Time now, const PacketFrame& frame, ByteClasses& bytes) {
  ByteReader in(frame.body);
  auto place = take_data_place(in);
  if (!place) return fault(now, ErrorCode::kMalformed, "DATA: transfer, chunk and offset do not parse");
  bytes.framing += frame.head_bytes + in.position();
  DataVerdict verdict = session_.on_data(now, *place, in.rest());
  (verdict == DataVerdict::kTaken ? bytes.payload : bytes.retransmitted) += in.rest().size();
  return verdict == DataVerdict::kNotNow ? Verdict::kNotNow : Verdict::kAccepted;
}

DatagramBinding::Verdict DatagramBinding::read_close(Time now, ByteView body) {
  auto message = decode_map<ErrorMessage>(body, "CLOSE");
  if (!message) return fault(now, ErrorCode::kMalformed, message.error().message);
  session_.on_peer_close(now, message->code, message->reason);
  return Verdict::kAccepted;
}

// A server's driver has judged the client's token before there was a connection.
DatagramBinding::Verdict DatagramBinding::read_token(Time now, ByteView body) {
  if (body.empty() || body.size() > kMaxTokenBytes)
    return fault(now, ErrorCode::kMalformed, "TOKEN: expected 1 to 64 bytes");
  if (config_.role == Role::kClient) given_token_.assign(body.begin(), body.end());
  return Verdict::kAccepted;
}

DatagramBinding::Verdict DatagramBinding::read_path_frame(Time now, FrameType type, ByteView body) {
  auto bytes = path_challenge(body);
  if (!bytes) return fault(now, ErrorCode::kMalformed, "CHALLENGE or RESPONSE: expected 8 bytes");
  if (type == FrameType::kResponse) {
    paths_.on_response(arriving_path_, *bytes);
  } else {
    respond({arriving_path_, load_le<std::uint64_t>(bytes->data())});
  }
  return Verdict::kAccepted;
}

// Once, however often it was asked for or lost.
void DatagramBinding::respond(const Response& response) {
  bool waits = std::find(responses_.begin(), responses_.end(), response) != responses_.end();
  if (!waits && responses_.size() < kMaxResponses) responses_.push_back(response);
}

DatagramBinding::Verdict DatagramBinding::read_repair(Time now, ByteView body) {
  auto frame = RepairFrame::parse(body);
  if (!frame) return fault(now, ErrorCode::kMalformed, frame.error().message);
  if (!reading_recovered_) process_recovered(now, repair_in_.on_repair(std::move(*frame)));
  return Verdict::kAccepted;
}

// As if they had arrived, but for the acknowledgement: that would hide a loss from congestion control. REPAIR
// in them is not followed: nobody protects repair packets, and a peer could nest them as deep as it liked.
void DatagramBinding::process_recovered(Time now, const std::vector<RecoveredPacket>& packets) {
  reading_recovered_ = true;
  for (const RecoveredPacket& packet : packets) process_recovered(now, packet);
  reading_recovered_ = false;
}

void DatagramBinding::process_recovered(Time now, const RecoveredPacket& packet) {
  if (!received_.is_new(packet.number) || session_.state() == SessionState::kClosed) return;
  ByteClasses bytes;
  bool eliciting = false;
  if (read_frames(now, packet.frames, bytes, eliciting) != Verdict::kAccepted) return;
  ++packets_recovered_;
  recovered_.add(packet.number, packet.number + 1);
  while (recovered_.ranges().size() > kMaxRecoveredRanges)
    recovered_.forget_below(recovered_.ranges()[0].end);
}

}  // namespace kvferry
