// SPDX-License-Identifier: MIT
#include "protocol/connection/connection.h"

#include <algorithm>

#include "protocol/connection/binding.h"

namespace kvferry {
namespace {

std::unique_ptr<BindingLayer> make_binding(const ConnectionConfig& config, Session& session, Ledger& ledger) {
  switch (config.binding) {
    case Binding::kStream:
      return make_stream_binding(config, session, ledger);
    case Binding::kStreams:
      return make_streams_binding(config, session, ledger);
    case Binding::kDatagram:
      break;
  }
  return make_datagram_binding(config, session, ledger);
}

}  // namespace

class Connection::Impl {
 public:
  Impl(const ConnectionConfig& config, Time now)
      : session(config, now), binding(make_binding(config, session, ledger)) {}

  Ledger ledger;
  Session session;
  std::unique_ptr<BindingLayer> binding;
};

Connection::Connection(const ConnectionConfig& config, Time now)
    : impl_(std::make_unique<Impl>(config, now)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

std::size_t Connection::handle_bytes(Time now, ByteView bytes, std::uint32_t stream) {
  return impl_->binding->handle_bytes(now, bytes, stream);
}
void Connection::set_writable(std::uint32_t stream, bool takes_bytes) {
  impl_->binding->set_writable(stream, takes_bytes);
}
void Connection::handle_datagram(Time now, ByteView datagram, PathId path) {
  impl_->binding->handle_datagram(now, datagram, path);
}
void Connection::set_max_datagram_bytes(std::size_t bytes) { impl_->binding->set_max_datagram_bytes(bytes); }
void Connection::handle_datagram_fate(Time now, std::uint64_t number, bool arrived) {
  impl_->binding->handle_datagram_fate(now, number, arrived);
}
void Connection::handle_checked(Time now, TransferId id, std::uint32_t chunk, bool matches) {
  impl_->session.on_checked(now, id, chunk, matches);
}
void Connection::handle_end_of_stream(Time now) {
  handle_transport_closed(now, ErrorCode::kEndOfStream, "the stream ended early", true);
}

void Connection::handle_transport_closed(Time now, ErrorCode code, const std::string& reason, bool by_peer) {
  impl_->session.on_end(now, {static_cast<std::uint64_t>(code), reason, {}}, by_peer);
}

void Connection::handle_timeout(Time now) {
  impl_->binding->handle_timeout(now);
  impl_->session.handle_timeout(now);
}

TransferId Connection::request(Time now, const RequestOptions& options, ChunkSink& sink) {
  return impl_->session.request(now, options, sink);
}
void Connection::accept(Time now, TransferId id, ChunkSink& sink, const AcceptOptions& options) {
  impl_->session.accept(now, id, sink, options);
}
void Connection::stop(Time now, TransferId id) { impl_->session.stop(now, id); }
void Connection::confirm(Time now, TransferId id) { impl_->session.confirm(now, id); }
void Connection::reject(Time now, TransferId id, const std::string& reason, TransferError code) {
  impl_->session.reject(now, id, {code, reason});
}
void Connection::prefer(Time now, TransferId id, const ChunkRanges& chunks) {
  impl_->session.prefer(now, id, chunks);
}
void Connection::release(Time now, TransferId id, std::uint32_t chunk) {
  impl_->session.release(now, id, chunk);
}
void Connection::provide(Time now, TransferId id, std::shared_ptr<ChunkSource> source,
                         const ChunkRanges& known) {
  impl_->session.provide(now, id, std::move(source), known);
}
TransferId Connection::offer(Time now, const std::string& document, std::shared_ptr<ChunkSource> source,
                             bool eager) {
  return impl_->session.offer(now, document, std::move(source), eager);
}
void Connection::skip(Time now, TransferId id, const ChunkRanges& chunks) {
  impl_->session.skip(now, id, chunks);
}
void Connection::set_level(Time now, TransferId id, std::uint8_t level) {
  impl_->session.set_level(now, id, level);
}
void Connection::refuse(Time now, TransferId id, const std::string& reason, TransferError code) {
  impl_->session.refuse(now, id, {code, reason});
}
void Connection::cancel(Time now, TransferId id, const std::string& reason, TransferError code) {
  impl_->session.cancel(now, id, {code, reason});
}
void Connection::close(Time now, ErrorCode code, const std::string& reason) {
  impl_->session.close(now, code, reason);
}

std::optional<Event> Connection::poll_event() { return impl_->session.poll_event(); }
std::optional<ChunkCheck> Connection::poll_check() { return impl_->session.poll_check(); }
std::optional<Outgoing> Connection::poll_transmit(Time now) { return impl_->binding->poll_transmit(now); }

std::optional<Time> Connection::poll_timeout() const {
  auto a = impl_->session.next_timeout();
  auto b = impl_->binding->next_timeout();
  if (a && b) return std::min(*a, *b);
  return a ? a : b;
}

bool Connection::is_established() const { return impl_->session.state() == SessionState::kOpen; }
bool Connection::is_closing() const { return impl_->session.state() == SessionState::kClosing; }
bool Connection::is_closed() const { return impl_->session.state() == SessionState::kClosed; }
const Ledger& Connection::ledger() const { return impl_->ledger; }
ChunkRanges Connection::chunks_verified(TransferId id) const { return impl_->session.chunks_verified(id); }
std::optional<std::uint64_t> Connection::connection_id() const { return impl_->binding->connection_id(); }

const Bytes& Connection::token() const { return impl_->binding->token(); }

PathStats Connection::path() const {
  PathStats stats;
  impl_->binding->describe(stats);
  return stats;
}

}  // namespace kvferry
