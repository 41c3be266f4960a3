// SPDX-License-Identifier: MIT
//
// The errand of who wants a card: request it, apply it, confirm.
#pragma once

#include <functional>

#include "transport/client.h"

namespace kvferry {

struct FetchReport : ClientReport {
  std::optional<Digest> card;
  ChunkRanges chunks;               // verified when the transfer ended: what a later request need not ask for
  std::uint64_t payload_bytes = 0;  // of those that came
  std::uint64_t dropped = 0;        // chunks: refinements that were lost, and those that build on them
  Duration manifest{};  // from the connection until the manifest is here: handshake, and the peer's work for
                        // the card
  Duration chunk_data{};  // from the manifest to the last chunk
};

struct FetchOptions : ClientOptions {
  RequestOptions request;
  // When all chunks are in the sink, or all that will come: uses the card. An error rejects the transfer.
  std::function<Result<void>()> apply;
  // Whether a card will do of which a deadline, a budget or freeze_after left something out. What the network
  // took of request.droppable_from may always be missing.
  bool accept_part = false;
  // So long after the request what is here has to do: apply() uses it at once, whatever is still under way,
  // and the source is told to stop.
  std::optional<Duration> freeze_after;
  // Instead, if it is set: looks at what is here, and the rest may come.
  std::function<void()> look;
  // Follows the document, over the same connection: after each card that was applied, where the next one
  // goes, of which what that one shares with it is not sent; nullptr: enough. The report's ledger is of all
  // so far. Only the first may resume, or have a deadline.
  std::function<ChunkSink*(const FetchReport& so_far)> next;
  // After each chunk: how many there are, and their payload bytes.
  std::function<void(std::uint64_t chunks, std::uint64_t payload_bytes)> progress;
};

[[nodiscard]] FetchReport fetch_card(const HostPort& where, const FetchOptions& options, ChunkSink& sink);

}  // namespace kvferry
