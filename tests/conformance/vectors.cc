// SPDX-License-Identifier: MIT
//
// The vectors themselves: good ones, and each fault by a change to a good one.
#include "protocol/base/varint.h"
#include "protocol/card/card_layout.h"
#include "protocol/datagram/packet.h"
#include "protocol/wire/messages.h"
#include "tests/conformance/vector_file.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

class Collection {
 public:
  void accept(const std::string& name, const std::string& kind, const std::string& what, Bytes bytes) {
    vectors_.push_back({name, what, kind, "accept", std::move(bytes)});
  }
  void reject(const std::string& name, const std::string& kind, const std::string& what,
              const std::string& reason, Bytes bytes) {
    vectors_.push_back({name, what, kind, "reject " + reason, std::move(bytes)});
  }
  std::vector<Vector> take() { return std::move(vectors_); }

 private:
  std::vector<Vector> vectors_;
};

Bytes joined(Bytes a, const Bytes& b) {
  append(a, b);
  return a;
}

Bytes without_last(Bytes bytes) {
  bytes.pop_back();
  return bytes;
}

Bytes with_flip(Bytes bytes, std::size_t at) {
  bytes[at] ^= 1;
  return bytes;
}

void add_varints(Collection& c) {
  c.accept("varint-0", "varint", "the least value", {0x00});
  c.accept("varint-63", "varint", "the most in one byte", {0x3f});
  c.accept("varint-64", "varint", "the least in two bytes", {0x40, 0x40});
  c.accept("varint-16384", "varint", "the least in four bytes", {0x80, 0x00, 0x40, 0x00});
  c.accept("varint-max", "varint", "the greatest value", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  c.reject("varint-long-0", "varint", "zero in two bytes", "shortest", {0x40, 0x00});
  c.reject("varint-long-63", "varint", "63 in four bytes", "shortest", {0x80, 0x00, 0x00, 0x3f});
  c.reject("varint-cut", "varint", "the first of two bytes", "truncated", {0x40});
}

template <typename Message>
void add_message(Collection& c, const std::string& name, const std::string& what, Message message) {
  c.accept(name, std::string("message ") + Message::kName, what, encode_map(std::move(message)));
}

RequestMessage sample_request() {
  RequestMessage request;
  request.transfer = 2;
  request.options.document = "handbook";
  request.options.preset = "int4";
  request.options.question_tokens = {1, 300, 70000};
  request.options.card = sha256(as_bytes("card"));
  request.options.held.add(0);
  request.options.held.add(1);
  request.options.held.add(9);
  request.options.byte_budget = 1 << 20;
  request.options.min_quality = 0.5;
  request.deadline_us = 1'500'000;
  return request;
}

void add_messages(Collection& c) {
  HelloMessage hello;
  hello.hello.agent = "kvferry/0.1";
  hello.hello.codecs = {0, 1};
  add_message(c, "hello", "a greeting without a model", hello);
  hello.hello.model = sample_model();
  add_message(c, "hello-model", "a greeting with a model identity", hello);
  add_message(c, "request", "every option at once", sample_request());
  add_message(c, "request-bare", "no option at all", RequestMessage{});
  add_message(c, "offer", "a card is offered",
              OfferMessage{1, {sha256(as_bytes("card")), "notes", 5000, 20000, {}}, {}});
  add_message(c, "accept", "an offer is accepted, nothing held", AcceptMessage{});
  add_message(c, "stop", "enough after 5 chunks", StopMessage{2, 5, {}});
  add_message(c, "end", "the source has stopped after 7", EndMessage{2, 7, {}});
  add_message(c, "confirm", "40 chunks verified and applied",
              ConfirmMessage{2, 40, sha256(as_bytes("card")), {}});
  add_message(c, "refuse", "a refusal with its reason",
              RefuseMessage{2, "no such document", TransferError::kNotHere, {}});
  add_message(c, "goodbye", "an orderly end", GoodbyeMessage{});
  const char* ping = "message PING";
  c.accept("ping-unknown-key", ping, "a key of a later version is kept", {0x82, 0x00, 0x07, 0x01, 0xc0});
  c.reject("ping-no-key", ping, "the required key is missing", "key 0 (nonce): missing", {0x80});
  c.reject("ping-long-integer", ping, "7 in two bytes", "longer form than needed", {0x81, 0x00, 0xcc, 0x07});
  c.reject("ping-key-twice", ping, "the same key twice", "map keys not ascending",
           {0x82, 0x00, 0x07, 0x00, 0x07});
  c.reject("ping-trailing", ping, "a byte after the map", "trailing bytes", {0x81, 0x00, 0x07, 0x00});
  c.reject("ping-text", ping, "text where a number is expected", "expected an unsigned integer",
           {0x81, 0x00, 0xa1, 0x37});
  c.reject("ping-array", ping, "an array instead of a map", "expected a map", {0x91, 0x07});
  c.reject("ping-deep", ping, "nested seven deep", "nested too deeply",
           {0x82, 0x00, 0x07, 0x01, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x00});
  c.reject("ping-extension", ping, "an extension type", "not allowed",
           {0x82, 0x00, 0x07, 0x01, 0xd4, 0x01, 0x00});
  c.reject("refuse-control-character", "message REFUSE", "a line end in a reason", "control character",
           {0x82, 0x00, 0x02, 0x01, 0xa2, 0x61, 0x0a});
  c.reject("accept-touching-ranges", "message ACCEPT", "two ranges that are one", "touching",
           {0x82, 0x00, 0x01, 0x01, 0xc4, 0x04, 0x00, 0x01, 0x00, 0x01});
}

Bytes frame(std::uint64_t type, const Bytes& body) {
  Bytes out;
  put_stream_frame_head(out, type, body);
  append(out, body);
  return out;
}

template <typename Message>
Bytes frame(Message message) {
  return frame(static_cast<std::uint64_t>(Message::kType), encode_map(std::move(message)));
}

void add_streams(Collection& c) {
  Bytes hello = frame(HelloMessage{});
  Bytes ping = frame(PingMessage{7, {}});
  c.accept("stream-hello", "stream", "a greeting", hello);
  c.accept("stream-ping", "stream", "a greeting and a ping", joined(hello, ping));
  c.accept("stream-unknown-type", "stream", "an unknown type without the critical bit is skipped",
           joined(hello, frame(0x40, {1, 2, 3})));
  c.accept("stream-reserved-type", "stream", "a reserved type is skipped",
           joined(hello, frame(reserved_type(0), {9})));
  c.accept("stream-cut", "stream", "half a frame: more may come", without_last(joined(hello, ping)));
  c.reject("stream-critical-type", "stream", "an unknown type with the critical bit", "frame type 65",
           joined(hello, frame(0x41, {1, 2, 3})));
  c.reject("stream-no-hello", "stream", "a ping before the greeting", "a message before HELLO", ping);
  c.reject("stream-two-hellos", "stream", "a second greeting", "a second HELLO", joined(hello, hello));
  c.reject("stream-bad-checksum", "stream", "a flipped bit in the body", "CRC32C differs",
           with_flip(hello, hello.size() - 1));
  c.reject("stream-bad-head", "stream", "a flipped bit in the checksum", "CRC32C differs",
           with_flip(hello, 3));
  c.reject("stream-huge-length", "stream", "a length of 2^62 - 1", "limit",
           {0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  c.reject("stream-long-type", "stream", "the type in two bytes", "shortest form",
           {0x40, 0x01, 0x00, 0, 0, 0, 0});
  c.reject("stream-other-protocol", "stream", "a line of HTTP", "",
           Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1', '\r', '\n'});
  Bytes place;
  put_data_place(place, {0, 0, 0});
  c.reject("stream-data-unasked", "stream", "data for a transfer that never was", "never was",
           joined(hello, frame(static_cast<std::uint64_t>(FrameType::kData), joined(place, {1, 2}))));
}

void add_cards(Collection& c) {
  Card card = sample_card(1, 3, 40);
  EncodedManifest encoded = encode_manifest(card.manifest);
  c.accept("manifest", "manifest", "a root of three chunks", encoded.root);
  c.reject("manifest-trailing", "manifest", "a byte after the root", "trailing bytes",
           joined(encoded.root, {0}));
  c.reject("manifest-cut", "manifest", "the last byte is missing", "truncated", without_last(encoded.root));
  Card other = card;
  other.manifest.layer_sets[3] = 2;
  c.reject("manifest-no-such-set", "manifest", "a layer with a position set that does not exist",
           "does not exist", encode_manifest(other.manifest).root);
  other = card;
  other.manifest.calibration = sha256(as_bytes("calibration"));
  other.manifest.summary = "bako lives in north deru .";
  c.accept("manifest-summary", "manifest", "a root with a calibration and a summary",
           encode_manifest(other.manifest).root);
  Manifest one = card.manifest;
  one.chunks.resize(1);
  Bytes page = encode_manifest(one).pages[0];
  c.accept("page", "page", "one entry", page);
  ChunkInfo tables;
  tables.size_bytes = 10;
  tables.tensor = TensorPart::kTables;
  c.accept("page-tables", "page", "an entry of tables", serialize_page({&tables, 1}));
  c.reject("page-cut", "page", "the last byte is missing", "malformed", without_last(page));
  c.reject("page-trailing", "page", "a byte after the entry", "bytes after entry", joined(page, {0}));
  Bytes file = card_preamble(encoded);
  for (const Slice& chunk : card.chunks) append(file, chunk.view());
  c.accept("card", "card", "a card of three chunks", file);
  c.reject("card-flipped-payload", "card", "a flipped bit in the last chunk", "chunk 2 has digest",
           with_flip(file, file.size() - 1));
  c.reject("card-flipped-magic", "card", "a flipped bit in the magic", "no card file", with_flip(file, 0));
  c.reject("card-flipped-root", "card", "a flipped bit in the root", "root: damaged", with_flip(file, 60));
  c.reject("card-cut", "card", "the last byte is missing", "end of file", without_last(file));
  c.reject("card-longer", "card", "a byte too many", "end of file", joined(file, {0}));
  c.reject("card-other-version", "card", "version 0", "expected 1", with_flip(file, 8));
}

void add_packets(Collection& c) {
  Bytes ack;
  AckFrame{{{9, 12}, {5, 8}, {0, 3}}, milliseconds(2)}.serialize(ack);
  c.accept("ack", "ack", "three ranges", ack);
  c.reject("ack-below-zero", "ack", "a range that reaches below 0", "below number 0", {0x02, 0x00, 0x05});
  c.reject("ack-empty", "ack", "no range", "below number 0", {0x02, 0x00});
  Bytes probe;
  put_packet_frame_head(probe, FrameType::kProbe, 0);
  Bytes packet = seal_packet({0x0123456789abcdef, 70}, probe);
  c.accept("packet", "packet", "a probe", packet);
  c.reject("packet-flipped", "packet", "a flipped bit", "damaged", with_flip(packet, packet.size() - 1));
  c.reject("packet-cut", "packet", "the last byte is missing", "damaged", without_last(packet));
}

}  // namespace

std::vector<Vector> make_vectors() {
  Collection c;
  add_varints(c);
  add_messages(c);
  add_streams(c);
  add_cards(c);
  add_packets(c);
  return c.take();
}

}  // namespace kvferry::test
