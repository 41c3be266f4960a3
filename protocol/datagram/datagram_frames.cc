// SPDX-License-Identifier: MIT
//
// How each frame is put into a packet, and how its bytes are booked.
#include <algorithm>

#include "protocol/datagram/datagram_binding.h"

namespace kvferry {
namespace {

constexpr std::size_t kDataHeadBytes = 1 + 2 + 3 * 4;  // type, length, and place: each below 2^30
constexpr std::size_t kControlHeadBytes = 1 + 2 + 8;
constexpr std::size_t kPathFrameBytes = 1 + 1 + 8;
constexpr std::size_t kTokenHeadBytes = 1 + 2;
constexpr std::size_t kLeastPiece = 32;  // smaller leftovers of a packet stay unused

}  // namespace

void DatagramBinding::put_frame(Draft& draft, FrameType type, ByteView body, std::uint64_t& booked) {
  std::size_t before = draft.frames.size();
  put_packet_frame_head(draft.frames, type, body.size());
  append(draft.frames, body);
  booked += draft.frames.size() - before;
}

void DatagramBinding::put_ack(Time now, Draft& draft) {
  AckFrame ack = received_.make_ack(now);
  timers_.stop(DatagramTimer::kAck);
  Bytes body;
  ack.serialize(body);
  while (body.size() + 8 > draft.left() && ack.ranges.size() > 1) {  // tiny datagrams: the newest ones
    ack.ranges.resize(ack.ranges.size() / 2);
    body.clear();
    ack.serialize(body);
  }
  put_frame(draft, FrameType::kAck, body, draft.bytes.acks);
  draft.record.acked_up_to = ack.ranges.front().end - 1;
}

void DatagramBinding::put_recovered(Draft& draft) {
  AckFrame told;
  told.ranges.assign(recovered_.ranges().rbegin(), recovered_.ranges().rend());
  Bytes body;
  told.serialize(body);
  if (body.size() + 8 > draft.left()) return;  // the next packet
  recovered_ = {};
  put_frame(draft, FrameType::kRecovered, body, draft.bytes.acks);
}

bool DatagramBinding::put_control(Draft& draft) {
  bool again = false;
  while (draft.left() > kControlHeadBytes + kLeastPiece) {
    auto piece = control_out_.next(draft.left() - kControlHeadBytes);
    if (!piece) break;
    again = again || piece->again;
    Bytes offset;
    put_varint(offset, piece->offset);
    std::size_t before = draft.frames.size();
    put_packet_frame_head(draft.frames, FrameType::kControl, offset.size() + piece->bytes.size());
    append(draft.frames, offset);
    draft.bytes.framing += draft.frames.size() - before;
    append(draft.frames, piece->bytes);
    (piece->again ? draft.bytes.retransmitted : draft.bytes.signalling) += piece->bytes.size();
    draft.record.pieces.push_back({SentPiece::Kind::kControl, {0, 0, piece->offset}, piece->bytes.size()});
    draft.eliciting = true;
  }
  return again;
}

void DatagramBinding::put_data(Time now, Draft& draft) {
  while (draft.left() > kDataHeadBytes + kLeastPiece) {
    auto piece = session_.next_data(now, draft.left() - kDataHeadBytes);
    if (!piece) return;
    std::size_t size = piece->bytes.size();
    std::size_t before = draft.frames.size();
    put_packet_frame_head(draft.frames, FrameType::kData, data_place_bytes(piece->place) + size);
    put_data_place(draft.frames, piece->place);
    draft.bytes.framing += draft.frames.size() - before;
    append(draft.frames, piece->bytes.view());
    (piece->again ? draft.bytes.retransmitted : draft.bytes.payload) += size;
    draft.record.pieces.push_back({SentPiece::Kind::kData, piece->place, size});
    draft.eliciting = true;
  }
}

void DatagramBinding::put_path_frames(Time now, Draft& draft) {
  while (!responses_.empty() && draft.left() >= kPathFrameBytes) {
    put_response(draft, responses_.front());
    responses_.pop_front();
  }
  if (challenge_due(now) && !paths_.current().failed(now)) {
    auto challenge = paths_.current().challenge(now, rtt_.probe_timeout(kMaxAckDelay), secret_);
    challenge_to_send_ = load_le<std::uint64_t>(challenge.data());
    timers_.arm(DatagramTimer::kPath, *paths_.current().next_challenge_at());
  }
  if (!challenge_to_send_ || draft.left() < kPathFrameBytes) return;
  put_challenge(draft, *std::exchange(challenge_to_send_, std::nullopt));
}

void DatagramBinding::put_challenge(Draft& draft, std::uint64_t challenge) {
  Bytes body;
  put_le(body, challenge);
  put_frame(draft, FrameType::kChallenge, body, draft.bytes.signalling);
  draft.record.pieces.push_back({SentPiece::Kind::kChallenge, {challenge, draft.path, 0}, body.size()});
  draft.eliciting = true;
}

void DatagramBinding::put_response(Draft& draft, const Response& response) {
  Bytes body;
  put_le(body, response.challenge);
  put_frame(draft, FrameType::kResponse, body, draft.bytes.signalling);
  draft.record.pieces.push_back(
      {SentPiece::Kind::kResponse, {response.challenge, response.path, 0}, body.size()});
  draft.eliciting = true;
}

// A client shows its token until it is heard; a server gives one for the next time.
void DatagramBinding::put_tokens(Draft& draft) {
  if (config_.role == Role::kClient) {
    if (heard_ || token_.empty()) return;
    put_frame(draft, FrameType::kToken, token_, draft.bytes.signalling);
    draft.eliciting = true;
  } else if (new_token_due_ && paths_.current().validated() &&
             draft.left() >= config_.new_token.size() + kTokenHeadBytes) {
    new_token_due_ = false;
    put_frame(draft, FrameType::kToken, config_.new_token, draft.bytes.signalling);
    draft.record.pieces.push_back({SentPiece::Kind::kToken, {}, config_.new_token.size()});
    draft.eliciting = true;
  }
}

// size_bytes: of the whole frame; 0: as small as it can be.
void DatagramBinding::put_probe(Draft& draft, std::size_t size_bytes) {
  constexpr std::size_t kHead = 1 + 2;  // of sizes from 64 bytes on
  Bytes body(size_bytes > kHead ? size_bytes - kHead : 0);
  put_frame(draft, FrameType::kProbe, body, draft.bytes.framing);
  draft.eliciting = true;
}

// Up to the size that a first datagram has to have.
void DatagramBinding::put_padding(Draft& draft) {
  std::size_t header = PacketHeader{*connection_id_, next_number_}.size_bytes();
  while (header + draft.frames.size() < MtuSearch::kBaseBytes) {
    std::size_t missing = MtuSearch::kBaseBytes - header - draft.frames.size();
    std::size_t head = missing > 66 ? 3 : 2;
    Bytes body(missing == 66 || missing < head ? 0 : missing - head);
    put_frame(draft, FrameType::kPadding, body, draft.bytes.framing);
  }
}

void DatagramBinding::put_close(Draft& draft) {
  const GoodbyeMessage& farewell = session_.farewell();
  Bytes body = encode_map(ErrorMessage{farewell.code, farewell.reason.substr(0, 128), {}});
  if (body.size() + 3 > draft.left()) body = encode_map(ErrorMessage{farewell.code, {}, {}});
  if (body.size() + 3 > draft.left()) return;
  put_frame(draft, FrameType::kClose, body, draft.bytes.signalling);
}

}  // namespace kvferry
