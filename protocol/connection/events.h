// SPDX-License-Identifier: MIT
//
// What a connection tells its application: plain records, in the order in
// which things happened.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "protocol/wire/error_code.h"
#include "protocol/wire/hello.h"
#include "protocol/wire/request_options.h"
#include "protocol/wire/transfer_error.h"

namespace kvferry {

using TransferId = std::uint64_t;

// What is known of an offered card before it is accepted.
struct OfferInfo {
  Digest card;
  std::string document;  // a name for people and selectors
  std::uint64_t payload_bytes = 0;
  std::uint64_t raw_bytes = 0;   // the full cache in FP16
  std::optional<Digest> base{};  // the card is a delta of this one
  bool eager = false;            // manifest and chunks follow at once, as far as they may
  bool operator==(const OfferInfo&) const = default;
};

// Why a source does not send a chunk. kLost: it may be dropped, and the network has lost a part of it, or of
// one that it refines.
enum class SkipReason : std::uint8_t { kLevel = 0, kDeadline = 1, kBudget = 2, kChoice = 3, kLost = 4 };

namespace event {

struct Connected {
  Hello peer;
};
// Source side: answer with provide() or refuse().
struct Requested {
  TransferId id;
  RequestOptions options;
};
// Receiver side: answer with accept() or refuse().
struct Offered {
  TransferId id;
  OfferInfo offer;
};
// Receiver: the manifest is verified and the sink has begun.
struct ManifestArrived {
  TransferId id;
  Digest card;
};
// Receiver: a verified chunk is in the sink.
struct ChunkArrived {
  TransferId id;
  std::uint32_t index;
  std::uint64_t size_bytes;
};
// Receiver: the source will not send these any more: they came too late, exceed the budget or the level, or
// were lost.
struct Skipped {
  TransferId id;
  ChunkRanges chunks;
  SkipReason reason;
};
// Either side: the highest level wanted (at the source) or being sent (at the receiver) has changed.
struct LevelChanged {
  TransferId id;
  std::uint8_t level;
};
// Receiver: nothing is missing but what was skipped, and the sink has finished. Apply it, then confirm() or
// reject().
struct Complete {
  TransferId id;
  std::uint64_t chunks_skipped = 0;
};
// Receiver: the source has obeyed stop(). Use what came, then confirm() or reject().
struct Stopped {
  TransferId id;
  std::uint64_t chunks_verified;
};
// Source: every chunk has been handed out or skipped; what is lost is still repeated. The path has room for
// the next transfer.
struct Sent {
  TransferId id;
};
// Source: the receiver verified and applied the card. chunks: how many it had.
struct Confirmed {
  TransferId id;
  std::uint64_t chunks;
};
// Either side: the transfer has failed after it began; by_peer says who gave up.
struct Rejected {
  TransferId id;
  std::string reason;
  bool by_peer;
  TransferError code = TransferError::kOther;
};
// The side that asked or offered: the peer would not begin.
struct Refused {
  TransferId id;
  std::string reason;
  TransferError code = TransferError::kOther;
};
// Either side: the peer withdrew.
struct Cancelled {
  TransferId id;
  std::string reason;
  TransferError code = TransferError::kOther;
};
// A transfer stood still for the progress timeout. It is still open: wait, stop or cancel; after the give-up
// timeout it is Rejected.
struct Stalled {
  TransferId id;
  std::string reason;
};
// The last event. Open transfers have ended; sinks have been abandoned.
struct Closed {
  ErrorCode code;
  std::string reason;
  bool by_peer;
};

}  // namespace event

using Event = std::variant<event::Connected, event::Requested, event::Offered, event::ManifestArrived,
                           event::ChunkArrived, event::Skipped, event::LevelChanged, event::Complete,
                           event::Stopped, event::Sent, event::Confirmed, event::Rejected, event::Refused,
                           event::Cancelled, event::Stalled, event::Closed>;

}  // namespace kvferry
