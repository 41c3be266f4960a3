// SPDX-License-Identifier: MIT
#include "protocol/connection/stream_writer.h"

namespace kvferry {

Outgoing StreamWriter::control(ControlFrame frame) {
  Outgoing out;
  put_stream_frame_head(out.head, frame.type, frame.body);
  append(out.head, frame.body);
  bool progress = frame.type == static_cast<std::uint64_t>(FrameType::kProgress);
  (progress ? sent_.acks : sent_.signalling) += out.head.size();
  return out;
}

Outgoing StreamWriter::data(DataPiece piece) {
  Outgoing out;
  Bytes place;
  put_data_place(place, piece.place);
  put_stream_frame_head(out.head, static_cast<std::uint64_t>(FrameType::kData), place, piece.bytes.view());
  append(out.head, place);
  sent_.framing += out.head.size();
  (piece.again ? sent_.retransmitted : sent_.payload) += piece.bytes.size();
  out.payload = std::move(piece.bytes);
  out.stream = piece.stream;
  return out;
}

Outgoing StreamWriter::datagram(DataPiece piece, std::uint64_t number) {
  Outgoing out;
  put_data_place(out.head, piece.place);
  sent_.framing += out.head.size();
  sent_.payload += piece.bytes.size();
  out.payload = std::move(piece.bytes);
  out.datagram = number;
  return out;
}

void StreamWriter::put_after(Bytes& out, std::uint64_t control_frames) {
  Bytes body;
  put_varint(body, control_frames);
  std::size_t before = out.size();
  put_stream_frame_head(out, static_cast<std::uint64_t>(FrameType::kAfter), body);
  append(out, body);
  sent_.framing += out.size() - before;
}

}  // namespace kvferry
