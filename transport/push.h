// SPDX-License-Identifier: MIT
//
// The errand of who has a card: offer it, send it, and hear that it was applied.
#pragma once

#include <functional>

#include "transport/client.h"

namespace kvferry {

struct PushOptions : ClientOptions {
  std::string document;  // what the card is called
  // After each chunk that has left: payload bytes so far.
  std::function<void(std::uint64_t payload_bytes)> progress;
};

struct PushReport : ClientReport {
  std::uint64_t chunks = 0;  // that the receiver has, those that it had before included
};

[[nodiscard]] PushReport push_card(const HostPort& where, const PushOptions& options,
                                   std::shared_ptr<ChunkSource> source);

}  // namespace kvferry
