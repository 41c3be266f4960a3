// SPDX-License-Identifier: MIT
#include "tests/fuzz/protocol_corpus.h"

#include "protocol/card/chunk_ranges.h"
#include "protocol/datagram/address_token.h"
#include "protocol/datagram/packet.h"
#include "protocol/datagram/retry_packet.h"
#include "tests/fuzz/sessions.h"

namespace kvferry::fuzz {
namespace {

Bytes with_tag(std::uint8_t tag, ByteView bytes) {
  Bytes out = {tag};
  append(out, bytes);
  return out;
}

ChunkRanges some_chunks() {
  ChunkRanges chunks;
  for (std::uint32_t chunk : {0, 1, 5, 200}) chunks.add(chunk);
  return chunks;
}

Bytes varints(std::initializer_list<std::uint64_t> values) {
  Bytes out;
  for (std::uint64_t value : values) put_varint(out, value);
  return out;
}

RequestMessage full_request() {
  RequestMessage request;
  request.options.card = Digest{};
  request.options.document = "document";
  request.options.preset = "int4";
  request.options.question_tokens = {1, 300, 70'000};
  request.options.held = some_chunks();
  request.options.byte_budget = 1000;
  request.options.min_quality = 0.5;
  request.options.bases = DigestList({Digest{}});
  request.options.manifest_first = true;
  request.partial = ChunkPrefixes({{3, Slice(Bytes(5))}});
  request.deadline_us = 1'000'000;
  request.options.urgency = 1;
  return request;
}

// One of each message, in the order that the target `message` knows; and each as a frame of a stream.
class Messages {
 public:
  explicit Messages(const Corpus& corpus) : corpus_(corpus) {}

  template <typename Message>
  void add(const Message& message) {
    const Bytes body = encode_map(message);
    corpus_.add("message", Message::kName, with_tag(which_++, body));
    Bytes frame;
    put_stream_frame_head(frame, static_cast<std::uint64_t>(Message::kType), body);
    append(frame, body);
    append(asks_, frame);
  }
  void add_all();
  void add_streams() const;

 private:
  const Corpus& corpus_;
  std::uint8_t which_ = 0;
  Bytes asks_;
};

void Messages::add_all() {
  const EncodedManifest manifest = encode_manifest(small_source()->manifest());
  HelloMessage hello;
  hello.hello.model = test::sample_model();
  add(hello);
  add(full_request());
  add(OfferMessage{0, {Digest{}, "document", 1, 2, Digest{}}, {}});
  add(AcceptMessage{1, some_chunks(), ChunkPrefixes({{3, Slice(Bytes(5))}}), true, 2, {}});
  add(ManifestMessage{0, manifest.root, some_chunks(), {}});
  add(PageMessage{0, 0, manifest.pages[0], {}});
  add(ConfirmMessage{0, 3, manifest.digest(), {}});
  add(RejectMessage{0, "reason", TransferError::kOther, {}});
  add(StopMessage{0, 3, {}});
  add(EndMessage{0, 3, {}});
  add(CancelMessage{0, "reason", TransferError::kOther, {}});
  add(RefuseMessage{0, "reason", TransferError::kOther, {}});
  add(ResendMessage{0, some_chunks(), {}});
  add(PingMessage{7, {}});
  add(PongMessage{7, {}});
  add(ErrorMessage{1, "reason", {}});
  add(GoodbyeMessage{0, "reason", {}});
  add(HaveMessage{0, some_chunks(), {}});
  add(CreditMessage{0, 1 << 25, {}});
  add(SkipMessage{0, some_chunks(), SkipReason::kChoice, {}});
  add(LevelMessage{0, 3, {}});
  add(PreferMessage{0, some_chunks(), {}});
  add(ProgressMessage{7, 7, {}});
}

template <typename Message>
void put_frame(Bytes& out, const Message& message) {
  const Bytes body = encode_map(message);
  put_stream_frame_head(out, static_cast<std::uint64_t>(Message::kType), body);
  append(out, body);
}

void put_data(Bytes& out, std::uint64_t chunk) {
  Bytes place;
  put_data_place(place, {0, chunk, 0});
  const Bytes bytes(small_source()->chunk(static_cast<std::uint32_t>(chunk))->view().begin(),
                    small_source()->chunk(static_cast<std::uint32_t>(chunk))->view().end());
  put_stream_frame_head(out, static_cast<std::uint64_t>(FrameType::kData), place, bytes);
  append(out, place);
  append(out, bytes);
}

void Messages::add_streams() const {
  corpus_.add("stream", "one-of-each", with_tag(0, asks_));
  Bytes source;  // of the peer of a source
  RequestMessage request;
  put_frame(source, request);
  put_frame(source, PreferMessage{0, some_chunks(), {}});
  put_frame(source, CreditMessage{0, 1 << 25, {}});
  put_frame(source, LevelMessage{0, 1, {}});
  put_frame(source, ResendMessage{0, some_chunks(), {}});
  put_frame(source, StopMessage{0, 1, {}});
  put_frame(source, ConfirmMessage{0, 1, encode_manifest(small_source()->manifest()).digest(), {}});
  corpus_.add("stream", "to-a-source", with_tag(193, source));
  Bytes receiver;  // of the peer of a receiver
  put_data(receiver, 0);
  put_frame(receiver, SkipMessage{0, some_chunks(), SkipReason::kLevel, {}});
  put_data(receiver, 1);
  put_data(receiver, 2);
  corpus_.add("stream", "to-a-receiver", with_tag(195, receiver));
}

void put_packet_frame(Bytes& out, FrameType type, ByteView body) {
  put_packet_frame_head(out, type, body.size());
  append(out, body);
}

void put_packet(Bytes& out, std::uint8_t step, ByteView frames) {
  put_le(out, static_cast<std::uint16_t>(frames.size()));
  out.push_back(step);
  append(out, frames);
}

template <typename Message>
void put_control(Bytes& stream, const Message& message) {
  const Bytes body = encode_map(message);
  put_varint(stream, static_cast<std::uint64_t>(Message::kType));
  put_varint(stream, body.size());
  append(stream, body);
}

Bytes control_frame(ByteView stream) {
  Bytes body = varints({0});
  append(body, stream);
  Bytes frame;
  put_packet_frame(frame, FrameType::kControl, body);
  return frame;
}

// A frame of each type, each in a packet of its own.
Bytes one_of_each_frame() {
  Bytes out;
  const std::pair<FrameType, Bytes> frames[] = {
      {FrameType::kAck, varints({1, 720, 0, 0, 0})},
      {FrameType::kRecovered, varints({1, 0, 0})},
      {FrameType::kData, varints({0, 0, 0, 1})},
      {FrameType::kToken, Bytes(8, 1)},
      {FrameType::kChallenge, Bytes(8, 1)},
      {FrameType::kResponse, Bytes(8, 1)},
      {FrameType::kRepair, {3, 2, 0, 4, 0, 2, 1, 0, 0}},
      {FrameType::kProbe, Bytes(4)},
      {FrameType::kPadding, Bytes(4)},
      {FrameType::kClose, encode_map(ErrorMessage{1, "reason", {}})}};
  for (const auto& [type, body] : frames) {
    Bytes frame;
    put_packet_frame(frame, type, body);
    put_packet(out, 0x20, frame);
  }
  return out;
}

void add_packets(const Corpus& corpus) {
  Bytes asks, gives;
  put_control(asks, HelloMessage{"kvferry", stream_config(Role::kClient).hello, {}});
  gives = asks;
  put_control(asks, RequestMessage{});
  const EncodedManifest manifest = encode_manifest(small_source()->manifest());
  put_control(gives, ManifestMessage{0, manifest.root, {}, {}});
  put_control(gives, PageMessage{0, 0, manifest.pages[0], {}});
  Bytes to_server = {0}, to_client = {1};
  put_packet(to_server, 0, control_frame(asks));
  put_packet(to_client, 0, control_frame(gives));
  for (std::uint64_t chunk = 0; chunk < 3; ++chunk) {
    Bytes body = varints({0, chunk, 0});
    append(body, small_source()->chunk(static_cast<std::uint32_t>(chunk))->view());
    Bytes frame;
    put_packet_frame(frame, FrameType::kData, body);
    put_packet(to_client, static_cast<std::uint8_t>(chunk), frame);
  }
  append(to_server, one_of_each_frame());
  corpus.add("packet", "to-a-source", to_server);
  corpus.add("packet", "to-a-receiver", to_client);
}

void add_stateless(const Corpus& corpus) {
  corpus.add("retry_versions_token", "retry", with_tag(0, seal_retry({5, Bytes(20, 1)})));
  corpus.add("retry_versions_token", "versions", with_tag(1, seal_versions({5, {0xA1, 0xA2}})));
  const AddressTokens tokens({1, 2, 3});  // as the target has it
  corpus.add("retry_versions_token", "token",
             with_tag(2, tokens.make_retry(kNow, as_bytes("192.0.2.1:7"), 5)));
}

void add_sets(const Corpus& corpus) {
  Bytes chunks, prefixes;
  some_chunks().serialize(chunks);
  ChunkPrefixes({{3, Slice(Bytes(5))}, {9, Slice(Bytes(70))}}).serialize(prefixes);
  corpus.add("ranges", "chunks", with_tag(0, chunks));
  corpus.add("ranges", "prefixes", with_tag(1, prefixes));
  corpus.add("ranges", "positions", with_tag(2, chunks));
  corpus.add("ranges", "digests", with_tag(3, Bytes(64, 1)));
  corpus.add("varint", "all-sizes", varints({0, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30, kVarintMax}));
  corpus.add("ack", "three-ranges", varints({11, 2000, 2, 0, 2, 1, 2}));
  const Manifest& manifest = small_source()->manifest();
  corpus.add("page", "three-entries", with_tag(2, serialize_page(manifest.chunks)));
}

void put_all(Bytes& out, std::initializer_list<int> bytes) {
  for (int byte : bytes) out.push_back(static_cast<std::uint8_t>(byte));
}

// Operations of session_pair.h: a transfer each way, then faults; one whose checks are late, stopped
// meanwhile.
void add_operations(const Corpus& corpus) {
  constexpr int kAdvance = 0, kMove = 4, kDeliver = 8, kDeliverAll = 12, kDrop = 20, kRepeat = 24, kSwap = 28;
  constexpr int kRequest = 1, kOffer = 5, kAnswer = 9, kStop = 17, kConfirm = 21, kCancel = 29,
                kDelayChecks = 49;
  Bytes plain;
  for (const int from : {0, 1}) {
    put_all(plain, {kRequest, from, kDeliverAll, 0, kDeliverAll, 1, kAnswer, 1 - from, kDeliverAll, 0});
    put_all(plain, {kDeliverAll, 1, kAdvance, 20, kDeliverAll, 0, kDeliverAll, 1, kConfirm, from});
  }
  Bytes faulty = plain;
  put_all(faulty,
          {kOffer, 1, kDeliver, 9, kDrop, 1, kRepeat, 0, kSwap, 1, kAdvance, 31, kMove, 0, kCancel, 0});
  Bytes late = {kDelayChecks, 100};
  put_all(late, {kRequest, 0, kDeliverAll, 0, kDeliverAll, 1, kAnswer, 1, kDeliverAll, 1, kStop, 0});
  put_all(late, {kDeliverAll, 0, kDeliverAll, 1, kAdvance, 20, kConfirm, 0});
  for (const char* target : {"session_stream", "session_datagram"}) {
    corpus.add(target, "both-ways", plain);
    corpus.add(target, "late-checks", late);
    corpus.add(target, "with-faults", faulty);
  }
}

}  // namespace

void add_protocol(const Corpus& corpus) {
  Messages messages(corpus);
  messages.add_all();
  messages.add_streams();
  add_packets(corpus);
  add_stateless(corpus);
  add_sets(corpus);
  add_operations(corpus);
}

}  // namespace kvferry::fuzz
