// SPDX-License-Identifier: MIT
//
// The client's whole errand on one thread: connect, request one card, apply it,
// confirm, part. Whatever goes wrong ends as a status and one line.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "protocol/connection/connection.h"
#include "transport/host_port.h"
#include "transport/quic/credentials.h"
#include "transport/tcp_connection.h"
#include "transport/transport_kind.h"
#include "transport/udp_connection.h"

namespace kvferry {

enum class FetchStatus : std::uint8_t {
  kApplied,      // every chunk verified, apply() succeeded
  kUnreachable,  // nobody listens there, or there is no way to them
  kNotKvferry,   // the connection ended before a greeting
  kRefused,      // the peer would not begin
  kFailed,       // the transfer was rejected, by either side, or withdrawn by the peer
  kStalled,      // no progress for the connection's progress timeout
  kLost,         // the connection ended early
  kInterrupted,  // SIGINT or SIGTERM
  kTooLate,      // nothing of the card had come when it was to be frozen
};

struct FetchOptions {
  RequestOptions request;
  ConnectionConfig connection;  // role and binding are set
  TransportKind transport = TransportKind::kTcp;
  TcpOptions tcp;
  UdpOptions udp;
  std::shared_ptr<const QuicCredentials> quic;         // who this side is, and whom it believes
  Duration connect_timeout = std::chrono::seconds(5);  // TCP; and for the name, if it is one
  // When all chunks are in the sink, or all that will come: uses the card. An error rejects the transfer.
  std::function<Result<void>()> apply;
  // Whether a card will do of which a deadline, a budget or freeze_after left something out.
  bool accept_part = false;
  // So long after the request what is here has to do: apply() uses it at once, whatever is still under way,
  // and the source is told to stop.
  std::optional<Duration> freeze_after;
  // Instead, if it is set: looks at what is here, and the rest may come.
  std::function<void()> look;
  // After each chunk: how many there are, and their payload bytes.
  std::function<void(std::uint64_t chunks, std::uint64_t payload_bytes)> progress;
  bool obey_signals = false;  // SIGINT and SIGTERM end the transfer cleanly
};

struct FetchReport {
  FetchStatus status = FetchStatus::kLost;
  std::string message;                // one line that names the peer; empty when applied
  ErrorCode code = ErrorCode::kNone;  // of a connection that ended
  std::optional<Digest> card;
  ChunkRanges chunks;  // verified when the transfer ended: what a later request need not ask for
  Ledger ledger;
  PathStats path;
  Bytes token;         // UDP and QUIC: for the connection's configuration next time; may be empty
  Duration connect{};  // until TCP is connected; UDP and QUIC: until the address is known
  Duration
      manifest{};  // from then until the manifest is here: handshake, and the peer's work to make the card
  Duration chunk_data{};  // from the manifest to the last chunk
};

[[nodiscard]] FetchReport fetch_card(const HostPort& where, const FetchOptions& options, ChunkSink& sink);

}  // namespace kvferry
