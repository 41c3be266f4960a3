// SPDX-License-Identifier: MIT
#include "transport/quic/session.h"

#include "transport/quic/session_impl.h"

namespace kvferry {

QuicSession::QuicSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QuicSession::~QuicSession() = default;
QuicSession::QuicSession(QuicSession&&) noexcept = default;
QuicSession& QuicSession::operator=(QuicSession&&) noexcept = default;

Result<QuicSession> QuicSession::client(const QuicConfig& config, Time now) {
  auto impl = std::make_unique<Impl>(config, now);
  if (auto begun = impl->begin_client(now); !begun) return begun.error();
  return QuicSession(std::move(impl));
}

Result<QuicSession> QuicSession::server(const QuicConfig& config, const QuicOpening& opening, Time now,
                                        PathId path) {
  auto impl = std::make_unique<Impl>(config, now);
  if (auto begun = impl->begin_server(opening, now, path); !begun) return begun.error();
  return QuicSession(std::move(impl));
}

void QuicSession::handle_datagram(Time now, ByteView datagram, PathId path) {
  impl_->handle_datagram(now, datagram, path);
}
void QuicSession::handle_timeout(Time now) { impl_->handle_timeout(now); }
std::optional<QuicDatagram> QuicSession::poll_transmit(Time now) { return impl_->poll_transmit(now); }
std::optional<Event> QuicSession::poll_event() { return impl_->poll_event(); }
std::optional<Time> QuicSession::poll_timeout() const { return impl_->poll_timeout(); }
Connection& QuicSession::connection() { return impl_->core_; }
const Connection& QuicSession::connection() const { return impl_->core_; }
bool QuicSession::is_authenticated() const { return impl_->authenticated_; }
bool QuicSession::is_refused() const { return impl_->refused_; }
bool QuicSession::is_over() const { return impl_->phase_ == Impl::Phase::kOver; }
bool QuicSession::may_leave() const { return impl_->may_leave(); }
PathStats QuicSession::path() const { return impl_->path(); }
QuicSession::Ids QuicSession::take_ids() { return std::exchange(impl_->ids_, {}); }
const Bytes& QuicSession::token() const { return impl_->token_; }

}  // namespace kvferry
