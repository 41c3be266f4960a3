// SPDX-License-Identifier: MIT
#include <functional>
#include <map>

#include "protocol/base/varint.h"
#include "protocol/card/card.h"
#include "protocol/card/card_layout.h"
#include "protocol/card/manifest_root.h"
#include "protocol/connection/connection.h"
#include "protocol/datagram/packet.h"
#include "protocol/datagram/repair_frame.h"
#include "protocol/datagram/retry_packet.h"
#include "protocol/wire/messages.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {
namespace {

using Replay = std::function<Result<Bytes>(ByteView)>;

Result<Bytes> replay_varint(ByteView bytes) {
  VarintRead read = read_varint(bytes);
  if (read.error == VarintError::kTruncated) return Error{"truncated"};
  if (read.error == VarintError::kNotShortest) return Error{"not the shortest form"};
  Bytes again;
  put_varint(again, read.value);
  return again;
}

Result<Bytes> replay_ranges(ByteView bytes) {
  auto ranges = ChunkRanges::parse(bytes);
  if (!ranges) return ranges.error();
  Bytes again;
  ranges->serialize(again);
  return again;
}

template <typename T>
Result<Bytes> replay_map(ByteView bytes, const char* name) {
  auto value = decode_map<T>(bytes, name);
  if (!value) return value.error();
  return encode_map(std::move(*value));
}

template <typename Message>
std::pair<const std::string, Replay> message() {
  return {std::string("message ") + Message::kName,
          [](ByteView bytes) { return replay_map<Message>(bytes, Message::kName); }};
}

Result<Bytes> replay_manifest(ByteView bytes) {
  if (auto checked = ManifestAssembler::from_root(bytes, {}); !checked) return checked.error();
  return replay_map<ManifestRoot>(bytes, "manifest root");
}

Result<Bytes> replay_page(ByteView bytes) {
  std::vector<ChunkInfo> entries;
  if (auto parsed = parse_page(bytes, 1, entries); !parsed) return parsed.error();
  return serialize_page(entries);
}

Result<Bytes> replay_card(ByteView bytes) {
  auto preamble = parse_card_preamble(bytes, {});
  if (!preamble) return preamble.error();
  Card card;
  card.manifest = preamble->manifest;
  auto at = static_cast<std::size_t>(preamble->size_bytes);
  for (const ChunkInfo& chunk : card.manifest.chunks) {
    card.chunks.push_back(Slice::copy_of(bytes.subspan(at, chunk.size_bytes)));
    at += chunk.size_bytes;
  }
  if (auto verified = card.verify(); !verified) return verified.error();
  Bytes again = card_preamble(encode_manifest(card.manifest));
  for (const Slice& chunk : card.chunks) append(again, chunk.view());
  return again;
}

// What a server makes of the beginning of a stream: nothing to encode again, only whether it stays.
Result<Bytes> replay_stream(ByteView bytes) {
  ConnectionConfig config;
  config.role = Role::kServer;
  Connection server(config, time_from_ns(0));
  server.handle_bytes(time_from_ns(1), bytes);
  while (server.poll_transmit(time_from_ns(1))) {
  }
  while (auto event = server.poll_event()) {
    if (auto* closed = std::get_if<event::Closed>(&*event)) return Error{closed->reason};
  }
  return Bytes(bytes.begin(), bytes.end());
}

// Frames of a data stream.
Result<Bytes> replay_data_stream(ByteView bytes) {
  Bytes again;
  for (ByteReader in(bytes); !in.at_end();) {
    auto type = in.take_varint();
    auto size = in.take_varint();
    (void)in.take_le<std::uint32_t>();
    auto body = size ? in.take(*size) : std::nullopt;
    if (!body) return Error{"truncated"};
    ByteReader parts(*body);
    const bool data = type == static_cast<std::uint64_t>(FrameType::kData);
    if (data ? !take_data_place(parts) || parts.at_end() : !parts.take_varint() || !parts.at_end())
      return Error{"no DATA and no AFTER"};
    put_stream_frame_head(again, *type, *body);
    append(again, *body);
  }
  return again;
}

// What goes in one DATAGRAM frame beside streams.
Result<Bytes> replay_datagram(ByteView bytes) {
  ByteReader in(bytes);
  const auto place = take_data_place(in);
  if (!place) return Error{"no place"};
  if (in.at_end()) return Error{"no bytes"};
  Bytes again;
  put_data_place(again, *place);
  append(again, in.rest());
  return again;
}

Result<Bytes> replay_ack(ByteView bytes) {
  auto ack = AckFrame::parse(bytes);
  if (!ack) return ack.error();
  Bytes again;
  ack->serialize(again);
  return again;
}

Result<Bytes> replay_retry(ByteView bytes) {
  auto retry = open_retry(bytes);
  if (!retry) return Error{"damaged, or no RETRY"};
  return seal_retry(*retry);
}

Result<Bytes> replay_versions(ByteView bytes) {
  auto versions = open_versions(bytes);
  if (!versions) return Error{"damaged, or no VERSIONS"};
  return seal_versions(*versions);
}

Result<Bytes> replay_repair(ByteView bytes) {
  auto frame = RepairFrame::parse(bytes);
  if (!frame) return frame.error();
  Bytes again;
  frame->serialize(again);
  return again;
}

Result<Bytes> replay_packet(ByteView bytes) {
  auto packet = open_packet(bytes);
  if (!packet) return Error{"damaged, or not a packet"};
  return seal_packet(packet->header, packet->frames);
}

const std::map<std::string, Replay>& kinds() {
  static const std::map<std::string, Replay> table = {
      {"varint", replay_varint},     {"retry", replay_retry},
      {"versions", replay_versions}, {"repair", replay_repair},
      {"ranges", replay_ranges},     {"manifest", replay_manifest},
      {"page", replay_page},         {"card", replay_card},
      {"stream", replay_stream},     {"data-stream", replay_data_stream},
      {"ack", replay_ack},           {"packet", replay_packet},
      {"datagram", replay_datagram}, message<HelloMessage>(),
      message<RequestMessage>(),     message<OfferMessage>(),
      message<AcceptMessage>(),      message<ManifestMessage>(),
      message<PageMessage>(),        message<ResendMessage>(),
      message<StopMessage>(),        message<EndMessage>(),
      message<ConfirmMessage>(),     message<RejectMessage>(),
      message<CancelMessage>(),      message<RefuseMessage>(),
      message<PingMessage>(),        message<PongMessage>(),
      message<ProgressMessage>(),    message<ErrorMessage>(),
      message<GoodbyeMessage>(),     message<HaveMessage>(),
      message<CreditMessage>(),      message<SkipMessage>(),
      message<LevelMessage>(),       message<PreferMessage>(),
  };
  return table;
}

}  // namespace

Result<Bytes> replay(const std::string& kind, ByteView bytes) {
  auto found = kinds().find(kind);
  if (found == kinds().end()) return Error{"unknown kind '" + kind + "'"};
  return found->second(bytes);
}

}  // namespace kvferry::test
