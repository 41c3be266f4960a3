// SPDX-License-Identifier: MIT
//
// One connection between two peers, on any binding, without any I/O: bytes
// and time in, bytes and time out.
//
// The law: after every call that changes the connection, or several datagrams
// that came together, drain poll_transmit() and poll_event() until neither has
// anything (each may give rise to the other), then arm one timer at
// poll_timeout(), before the next call. On the stream binding the driver may
// stop polling poll_transmit() while its socket is full, and goes on when the
// socket takes bytes again. On the streams binding it says by set_writable()
// which streams take bytes; nothing goes before what waits for the control
// stream. By set_max_datagram_bytes() it says that there are datagrams beside the
// streams, which may be lost, and tells what became of each.
//
// With Verification::kDeferred the driver also takes checks by poll_check(), as
// many at a time as it likes, and answers each by handle_checked(), in any order.
// Until then the chunk is not in the sink, and its credit not given back.
//
// `now` never goes backwards. Sinks and sources live until their transfer ends
// (Confirmed, Rejected, Refused, Cancelled, confirm(), reject(), cancel(),
// Closed) or the connection is destroyed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocol/base/slice.h"
#include "protocol/base/time.h"
#include "protocol/card/chunk_flow.h"
#include "protocol/connection/config.h"
#include "protocol/connection/events.h"
#include "protocol/connection/ledger.h"

namespace kvferry {

// Which address a datagram came from, or is to go to: numbers that the driver gives out. 0 is the first.
using PathId = std::uint64_t;

// Stream and streams binding: write head, then payload (shared, not copied), on
// that stream, or both as one datagram. Datagram binding: one whole datagram in
// head.
struct Outgoing {
  Bytes head;
  Slice payload;
  PathId path = 0;           // datagram binding: where to
  std::uint32_t stream = 0;  // streams binding: 0 is the control stream, the data streams begin at 1
  std::optional<std::uint64_t> datagram{};  // streams binding: its number, and no stream
  [[nodiscard]] std::size_t size() const { return head.size() + payload.size(); }
};

// A chunk that is whole: does it have the digest that the manifest names? The payload may be looked at by
// another thread.
struct ChunkCheck {
  TransferId id = 0;
  std::uint32_t chunk = 0;
  Slice payload;
  Digest digest;
};

struct PathStats {
  std::optional<Duration> rtt;  // smoothed; datagram: from acknowledgements, otherwise from PING
  std::optional<Duration> min_rtt;
  std::optional<double> delivery_rate_bytes_per_s;  // payload, latest sample; on streams: from PROGRESS
  std::uint64_t delivered_bytes = 0;          // payload known to have arrived; on streams: from PROGRESS
  std::uint64_t congestion_window_bytes = 0;  // datagram binding, as the next four
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_lost = 0;       // declared lost
  std::uint64_t packets_received = 0;   // valid and new
  std::uint64_t packets_recovered = 0;  // solved for from repair packets
  std::size_t datagram_bytes = 0;       // the largest that is sent now
  PathId path = 0;
};

// What a receiver has of an offered card.
struct AcceptOptions {
  ChunkRanges held;
  std::vector<PartialChunk> partial;  // beginnings of chunks, ascending
  bool manifest_first = false;        // the sink knows which chunks it has once it sees the manifest
  std::optional<std::uint8_t> droppable_from{};  // as in RequestOptions
};

class Connection {
 public:
  Connection(const ConnectionConfig& config, Time now);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // Network and time in. Inputs are borrowed for the call.
  // Stream and streams binding: any split of the stream. Returns how many bytes were taken. Those of a data
  // stream that is ahead of the control stream are left: the driver keeps them, bounded by its flow control,
  // and brings them again once more of the control stream came.
  std::size_t handle_bytes(Time now, ByteView bytes, std::uint32_t stream = 0);
  // Streams binding: whether a stream takes what is sent; at first all do.
  void set_writable(std::uint32_t stream, bool takes_bytes);
  // Streams binding: the most bytes of a datagram, 512 or more once it is more than 0 (at first, and always
  // to a peer that takes none).
  void set_max_datagram_bytes(std::size_t bytes);
  // Streams binding: whether the datagram of that number has arrived at the peer or is lost; once each, but
  // one that was lost may have arrived all the same.
  void handle_datagram_fate(Time now, std::uint64_t number, bool arrived);
  // Datagram and streams binding: one whole datagram. On the datagram binding a server follows its client
  // from address to address.
  void handle_datagram(Time now, ByteView datagram, PathId path = 0);
  void handle_timeout(Time now);  // at or after poll_timeout()
  // Answers a check. Ignored once its transfer has ended.
  void handle_checked(Time now, TransferId id, std::uint32_t chunk, bool matches);
  void handle_end_of_stream(Time now);  // any stream of the peer's has ended
  // The transport below is gone, and says why: the peer has closed it, or it has failed on this side.
  void handle_transport_closed(Time now, ErrorCode code, const std::string& reason, bool by_peer);

  // Commands of the receiver. An id that is not open is ignored, as is a verdict before Complete or Stopped.
  TransferId request(Time now, const RequestOptions& options, ChunkSink& sink);
  void accept(Time now, TransferId id, ChunkSink& sink,
              const AcceptOptions& options = {});  // answers Offered
  void stop(Time now, TransferId id);              // enough: answered by Stopped
  void confirm(Time now, TransferId id);           // after Complete or Stopped: verified and applied
  void reject(Time now, TransferId id, const std::string& reason, TransferError code = TransferError::kOther);
  void prefer(Time now, TransferId id, const ChunkRanges& chunks);  // after ManifestArrived: these first
  // CreditPolicy::kWhenReleased: the chunk takes no memory any more.
  void release(Time now, TransferId id, std::uint32_t chunk);

  // Commands of the source.
  // Answers Requested. known: chunks that the receiver has by one of the bases that it named.
  void provide(Time now, TransferId id, std::shared_ptr<ChunkSource> source, const ChunkRanges& known = {});
  // eager: does not wait for the answer, as far as the peer's limits let it; only once both have greeted.
  TransferId offer(Time now, const std::string& document, std::shared_ptr<ChunkSource> source,
                   bool eager = false);
  void skip(Time now, TransferId id, const ChunkRanges& chunks);  // will not be sent, or not the rest

  // Commands of both.
  // Chunks above the level are not wanted, or will be skipped.
  void set_level(Time now, TransferId id, std::uint8_t level);
  // Answers Requested or Offered.
  void refuse(Time now, TransferId id, const std::string& reason, TransferError code = TransferError::kOther);
  void cancel(Time now, TransferId id, const std::string& reason, TransferError code = TransferError::kOther);
  // Flushes what was promised (confirmations), says goodbye; Closed follows when it is done or has timed out.
  void close(Time now, ErrorCode code = ErrorCode::kNone, const std::string& reason = {});

  // Outputs.
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Outgoing> poll_transmit(Time now);
  [[nodiscard]] std::optional<ChunkCheck> poll_check();  // each once, in the order in which they became whole
  [[nodiscard]] std::optional<Time> poll_timeout() const;

  // Getters.
  [[nodiscard]] bool is_established() const;  // both HELLOs are here, not closing
  [[nodiscard]] bool is_closing() const;      // has last words to say, or waits until they were heard
  [[nodiscard]] bool is_closed() const;       // nothing more will come; drop the transport
  [[nodiscard]] const Ledger& ledger() const;
  [[nodiscard]] PathStats path() const;
  // Receiver: chunks of an open transfer that the sink has, to resume with later.
  [[nodiscard]] ChunkRanges chunks_verified(TransferId id) const;
  // Datagram binding: the identifier in every packet; a server has none before the first.
  [[nodiscard]] std::optional<std::uint64_t> connection_id() const;
  // Client, datagram binding: what the server gave for a later connection; empty if nothing.
  [[nodiscard]] const Bytes& token() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The connection identifier in a datagram, to find its connection, which checks the rest; nothing if it is
// none of ours.
[[nodiscard]] std::optional<std::uint64_t> datagram_connection_id(ByteView datagram);

}  // namespace kvferry
