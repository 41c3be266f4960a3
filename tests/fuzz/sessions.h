// SPDX-License-Identifier: MIT
//
// What targets begin a session with: a greeting, a small card, sinks that take anything.
#pragma once

#include "protocol/card/card.h"
#include "protocol/connection/session.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::fuzz {

inline constexpr Time kNow = time_from_ns(1'000'000'000);

class NullSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice) override { return {}; }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
};

[[nodiscard]] inline const std::shared_ptr<CardSource>& small_source() {
  static const auto source = std::make_shared<CardSource>(test::sample_card(1, 3, 40));
  return source;
}

[[nodiscard]] inline const ConnectionConfig& stream_config(Role role) {
  static const auto make = [](Role of) {
    ConnectionConfig config;
    config.role = of;
    config.grease = false;
    config.hello.limits.max_chunk_bytes = 1 << 16;
    config.hello.limits.initial_credit_bytes = 1 << 20;
    return config;
  };
  static const ConnectionConfig server = make(Role::kServer);
  static const ConnectionConfig client = make(Role::kClient);
  return role == Role::kServer ? server : client;
}

[[nodiscard]] inline const Bytes& hello_body() {
  static const Bytes body = encode_map(HelloMessage{"kvferry", stream_config(Role::kServer).hello, {}});
  return body;
}

// The manifest of the small card, for transfer 0.
inline void give_manifest(Session& session) {
  static const EncodedManifest encoded = encode_manifest(small_source()->manifest());
  static const Bytes root = encode_map(ManifestMessage{0, encoded.root, {}, {}});
  static const Bytes page = encode_map(PageMessage{0, 0, encoded.pages[0], {}});
  session.on_frame(kNow, static_cast<std::uint64_t>(FrameType::kManifest), root);
  session.on_frame(kNow, static_cast<std::uint64_t>(FrameType::kPage), page);
}

}  // namespace kvferry::fuzz
