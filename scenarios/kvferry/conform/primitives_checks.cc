// SPDX-License-Identifier: MIT
//
// Sections 3 and 7: varints, ranges and maps that are wrong in one place.
#include "scenarios/kvferry/conform/malformed.h"

namespace kvferry::conform {
namespace {

constexpr FrameType kPing = FrameType::kPing;
constexpr FrameType kRequest = FrameType::kRequest;

Bytes ping(const Bytes& nonce) { return raw_map({{0, nonce}}); }

Bytes real(std::uint64_t bits) {
  Bytes out{0xCB};
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(bits >> shift));
  return out;
}

// A PING whose head is written longer than needed.
Check long_head(std::string what, Bytes head) {
  return {"PRM-1", std::move(what), On::kBoth, [head = std::move(head)](Trial& trial) {
            auto peer = trial.greeted();
            peer->send({OutFrame{head, ping({0x07})}});
            expect_end(*peer, ErrorCode::kMalformed);
          }};
}

void served_despite(Trial& trial, const UnknownFields& unknown) {
  HelloMessage hello = usual_hello();
  hello.unknown = unknown;
  auto peer = trial.greeted(hello);
  RequestMessage request = trial.wanted();
  request.unknown = unknown;
  expect_manifest(*peer, peer->request(request));
}

void greater_keys(Trial& trial) {
  // 19: nil, 20: [{1: "x"}], 100: 64-bit float, 200: -3
  served_despite(trial, {4, {0x13, 0xC0, 0x14, 0x91, 0x81, 0x01, 0xA1, 0x78, 0x64, 0xCB, 0x3F,
                             0xF0, 0,    0,    0,    0,    0,    0,    0xCC, 0xC8, 0xFD}});
}

void greater_limits(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.limits.unknown = {1, {0x14, 0x91, 0xC0}};
  expect_alive(*trial.greeted(hello));
}

// The model's map, with one key more than there are.
void greater_key_of_the_model(Trial& trial) {
  Bytes model = encode_map(ModelIdentity{"LlamaForCausalLM", 4, 2, 16, 10'000, true, {}, {}, {}});
  ++model.front();
  append(model, Bytes{0x14, 0xC0});
  HelloMessage hello = usual_hello();
  hello.unknown = {1, {0x07}};
  append(hello.unknown.raw, model);
  auto peer = trial.connect();
  peer->send(hello);
  expect_end(*peer, ErrorCode::kMalformed);
}

std::vector<Check> ranges() {
  return {
      ends("PRM-2", "a gap of 0 between ranges ends the connection", kRequest,
           raw_request_with_held(Bytes{0x00, 0x01, 0x00, 0x01})),
      ends("PRM-2", "a range of length 0 ends the connection", kRequest,
           raw_request_with_held(Bytes{0x00, 0x00})),
      ends("PRM-2", "half a range ends the connection", kRequest, raw_request_with_held(Bytes{0x00})),
      ends("PRM-1", "a varint in ranges that is longer than needed ends the connection", kRequest,
           raw_request_with_held(Bytes{0x40, 0x00, 0x01})),
  };
}

std::vector<Check> maps() {
  return {
      ends("PRM-3", "a key twice ends the connection", kPing, {0x82, 0x00, 0x07, 0x00, 0x07}),
      ends("PRM-3", "keys that do not ascend end the connection", kPing, {0x82, 0x07, 0xC0, 0x00, 0x07}),
      ends("PRM-3", "a text as key ends the connection", kPing, {0x82, 0x00, 0x07, 0xA1, 0x61, 0x07}),
      ends("PRM-3", "an integer longer than needed ends the connection", kPing, ping({0xCC, 0x07})),
      ends("PRM-3", "a length longer than needed ends the connection", kRequest,
           raw_request_with_document(Bytes{0xD9, 0x01, 0x61})),
      ends("PRM-3", "an extension type ends the connection", kPing,
           {0x82, 0x00, 0x07, 0x07, 0xD4, 0x01, 0x00}),
      ends("PRM-3", "a seventh level ends the connection", kPing,
           {0x82, 0x00, 0x07, 0x07, 0x91, 0x91, 0x91, 0x91, 0x91, 0x90}),
      ends("PRM-3", "a byte after the map ends the connection", kPing, {0x81, 0x00, 0x07, 0x00}),
      ends("PRM-3", "a map that is cut ends the connection", kPing, {0x82, 0x00, 0x07}),
      ends("PRM-3", "an array in place of the map ends the connection", kPing, {0x91, 0x07}),
      ignored("PRM-3", "six levels are read", 0x1D, {0x82, 0x00, 0x07, 0x07, 0x91, 0x91, 0x91, 0x91, 0x90}),
  };
}

std::vector<Check> values() {
  return {
      ends("PRM-4", "a 32-bit float ends the connection", kRequest,
           raw_request({{8, {0xCA, 0x3F, 0x00, 0x00, 0x00}}})),
      ends("PRM-4", "a float that is no number ends the connection", kRequest,
           raw_request({{8, real(0x7FF8'0000'0000'0000)}})),
      ends("PRM-4", "a byte below 0x20 in a text ends the connection", kRequest,
           raw_request_with_document(raw_text("a\nb"))),
      ends("PRM-4", "the byte 0x7F in a text ends the connection", kRequest,
           raw_request_with_document(raw_text("a\x7F"))),
      ends("PRM-4", "a digest of 31 bytes ends the connection", kRequest,
           raw_request({{5, raw_bytes(Bytes(31))}})),
      ends("PRM-4", "a text in place of a number ends the connection", kPing, ping(raw_text("7"))),
      ends("PRM-4", "a byte string in place of a text ends the connection", kRequest,
           raw_request_with_document(raw_bytes(Bytes{0x61}))),
      ends("PRM-4", "an urgency of 8 ends the connection", kRequest, raw_request({{12, {0x08}}})),
      ends("PRM-4", "a minimum quality above 1 ends the connection", kRequest,
           raw_request({{8, real(0x3FF8'0000'0000'0000)}})),
      ends("PRM-4", "a text longer than 1,024 bytes ends the connection", kRequest,
           raw_request_with_document(raw_text(std::string(1025, 'a')))),
      ends("PRM-4", "a negative number ends the connection", kPing, ping({0xFF})),
  };
}

std::vector<Check> keys() {
  return {
      ends("PRM-5", "a message without one of its keys ends the connection", kPing, {0x80}),
      ends("PRM-5", "a negative integer of two bytes ends the connection, even as an unknown value", kPing,
           {0x82, 0x00, 0x07, 0x07, 0xD0, 0x80}),
      ignored("PRM-5", "a greater key is ignored", 0x1D, {0x82, 0x00, 0x07, 0x01, 0xC0}),
      {"PRM-5", "greater keys in HELLO and REQUEST are ignored, whatever their values", On::kBoth,
       greater_keys},
      ends("IGN-1", "held chunks without the card's digest end the connection", kRequest,
           {0x85, 0x00, 0x00, 0x01, 0xA1, 0x61, 0x02, 0xA0, 0x03, 0x90, 0x04, 0xC4, 0x02, 0x00, 0x01}),
      ends("IGN-1", "partial chunks without the card's digest end the connection", kRequest,
           raw_request({{9, raw_bytes(Bytes{0x00, 0x01})}})),
      ends("IGN-1", "a partial chunk of no bytes ends the connection", kRequest,
           raw_request({{5, raw_bytes(Digest{}.view())}, {9, raw_bytes(Bytes{0x01, 0x00})}})),
      ends("IGN-1", "partial chunks that do not ascend end the connection", kRequest,
           raw_request({{5, raw_bytes(Digest{}.view())}, {9, raw_bytes(Bytes{0x01, 0x01, 0x00, 0x01})}})),
      {"PRM-5", "greater keys of the limits in HELLO are ignored", On::kBoth, greater_limits},
      {"PRM-5", "a greater key of the model in HELLO ends the connection", On::kBoth,
       greater_key_of_the_model},
      ends("PRM-5", "manifest first said to be false ends the connection", kRequest,
           raw_request({{11, {0xC2}}})),
      ends("PRM-5", "the usual urgency written out ends the connection", kRequest,
           raw_request({{12, {0x03}}})),
      ends("PRM-5", "no bases written out end the connection", kRequest, raw_request({{10, raw_bytes({})}})),
      ends("IGN-1", "bases that are not whole digests end the connection", kRequest,
           raw_request({{10, raw_bytes(Bytes(33))}})),
  };
}

}  // namespace

std::vector<Check> primitives_checks() {
  std::vector<Check> checks = {
      long_head("a type longer than needed ends the connection", {0x40, 0x1D, 0x03}),
      long_head("a length longer than needed ends the connection", {0x1D, 0x40, 0x03}),
  };
  for (auto more : {ranges(), maps(), values(), keys()})
    checks.insert(checks.end(), more.begin(), more.end());
  return checks;
}

}  // namespace kvferry::conform
