// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/malformed.h"

#include <algorithm>

namespace kvferry::conform {
namespace {

constexpr std::uint8_t kFixedMap = 0x80;
constexpr std::uint8_t kFixedText = 0xA0;

Bytes request(const Bytes& document, const Bytes& held, RawMap more) {
  Bytes out{static_cast<std::uint8_t>(kFixedMap + 5 + more.size()), 0x00, 0x00, 0x01};
  append(out, document);
  append(out, Bytes{0x02, kFixedText, 0x03, 0x90, 0x04});
  append(out, held);
  for (const auto& [key, value] : more) {
    out.push_back(key);
    append(out, value);
  }
  return out;
}

}  // namespace

Bytes raw_map(RawMap entries) {
  Bytes out{static_cast<std::uint8_t>(kFixedMap + entries.size())};
  for (const auto& [key, value] : entries) {
    out.push_back(key);
    append(out, value);
  }
  return out;
}

Bytes raw_bytes(ByteView bytes) {
  Bytes out{0xC4, static_cast<std::uint8_t>(bytes.size())};
  if (bytes.size() > 0xFF)
    out = {0xC5, static_cast<std::uint8_t>(bytes.size() >> 8), static_cast<std::uint8_t>(bytes.size())};
  append(out, bytes);
  return out;
}

Bytes raw_text(std::string_view text) {
  Bytes out{static_cast<std::uint8_t>(kFixedText + text.size())};
  if (text.size() > 0xFF) {
    out = {0xDA, static_cast<std::uint8_t>(text.size() >> 8), static_cast<std::uint8_t>(text.size())};
  } else if (text.size() > 0x1F) {
    out = {0xD9, static_cast<std::uint8_t>(text.size())};
  }
  append(out, as_bytes(text));
  return out;
}

Bytes raw_request(RawMap more) { return request(raw_text("card"), raw_bytes({}), more); }

Bytes raw_request_with_document(ByteView document) {
  return request(Bytes(document.begin(), document.end()), raw_bytes({}), {});
}

Bytes raw_request_with_held(ByteView held) {
  return request(raw_text("card"), raw_bytes(held), {{5, raw_bytes(Digest{}.view())}});
}

Check ends(const char* id, std::string what, FrameType type, Bytes body, ErrorCode code) {
  return {id, std::move(what), On::kBoth, [type, body = std::move(body), code](Trial& trial) {
            auto peer = trial.greeted();
            peer->send({out_frame(static_cast<std::uint64_t>(type), body)});
            expect_end(*peer, code);
          }};
}

Check ignored(const char* id, std::string what, std::uint64_t type, Bytes body) {
  return {id, std::move(what), On::kBoth, [type, body = std::move(body)](Trial& trial) {
            auto peer = trial.greeted();
            peer->send({out_frame(type, body)});
            expect_alive(*peer);
          }};
}

Check hello_ends(const char* id, std::string what, const HelloMessage& hello, ErrorCode code) {
  return {id, std::move(what), On::kBoth, [hello, code](Trial& trial) {
            auto peer = trial.connect();
            peer->send(hello);
            expect_end(*peer, code);
          }};
}

}  // namespace kvferry::conform
