// SPDX-License-Identifier: MIT
//
// Messages made by hand, to be wrong in one place.
#pragma once

#include <initializer_list>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {

// Keys and values, as they stand.
using RawMap = std::initializer_list<std::pair<std::uint8_t, Bytes>>;
[[nodiscard]] Bytes raw_map(RawMap entries);
[[nodiscard]] Bytes raw_bytes(ByteView bytes);  // as a byte string below 64 KiB
[[nodiscard]] Bytes raw_text(std::string_view text);

// REQUEST of transfer 0 with these greater keys; or with another document or held chunks.
[[nodiscard]] Bytes raw_request(RawMap more);
[[nodiscard]] Bytes raw_request_with_document(ByteView document);
[[nodiscard]] Bytes raw_request_with_held(ByteView held);

// After HELLO, this message ends the connection.
[[nodiscard]] Check ends(const char* id, std::string what, FrameType type, Bytes body,
                         ErrorCode code = ErrorCode::kMalformed);
// After HELLO, this message changes nothing.
[[nodiscard]] Check ignored(const char* id, std::string what, std::uint64_t type, Bytes body);
// The connection ends after this HELLO.
[[nodiscard]] Check hello_ends(const char* id, std::string what, const HelloMessage& hello, ErrorCode code);

}  // namespace kvferry::conform
