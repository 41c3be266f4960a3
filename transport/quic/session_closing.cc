// SPDX-License-Identifier: MIT
//
// How a QUIC session ends: what QUIC says becomes a code and a line of kvferry,
// and the other way round.
#include <algorithm>

#include "transport/quic/session_impl.h"

namespace kvferry {
namespace {

constexpr auto kFlushTimeout = std::chrono::seconds(3);
constexpr std::uint64_t kCryptoError = 0x100;  // and the TLS alert; RFC 9001 section 4.8
constexpr std::size_t kMaxReasonBytes = 256;

bool is_crypto_error(std::uint64_t code) { return code >= kCryptoError && code < kCryptoError + 0x100; }

std::string alert_name(unsigned alert) {
  const char* name = gnutls_alert_get_name(static_cast<gnutls_alert_description_t>(alert));
  return name ? name : "alert " + std::to_string(alert);
}

std::string reason_of(const quic::CloseError& error) {
  return {reinterpret_cast<const char*>(error.reason),
          std::min<std::size_t>(error.reasonlen, kMaxReasonBytes)};
}

}  // namespace

std::string QuicSession::Impl::handshake_failure() const {
  if (!objection_.empty()) return objection_;
  const std::uint8_t alert = ngtcp2_conn_get_tls_alert(conn_.get());
  return "TLS: " + (alert != 0 ? alert_name(alert) : "the handshake failed");
}

// To a peer whose handshake is in order.
void QuicSession::Impl::refuse(Time now, std::uint8_t alert, const std::string& reason) {
  refused_ = true;
  quic::CloseError error{};
  quic::set_tls_alert(error, alert, {});
  fail(now, error, ErrorCode::kHandshake, reason);
}

void QuicSession::Impl::on_library_error(Time now, int code) {
  quic::CloseError error{};
  switch (code) {
    case NGTCP2_ERR_DRAINING:
      return on_peer_closed(now);
    case NGTCP2_ERR_CRYPTO:
      refused_ = true;
      quic::set_tls_alert(error, ngtcp2_conn_get_tls_alert(conn_.get()), {});
      return fail(now, error, ErrorCode::kHandshake, handshake_failure());
    case NGTCP2_ERR_IDLE_CLOSE:
      core_.handle_transport_closed(now, ErrorCode::kIdle, "nothing heard within the idle timeout", false);
      phase_ = Phase::kOver;
      return;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      core_.handle_transport_closed(now, ErrorCode::kHandshake, "no handshake within the timeout", false);
      phase_ = Phase::kOver;
      return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
      core_.handle_transport_closed(now, ErrorCode::kHandshake, "no beginning of a connection", true);
      phase_ = Phase::kOver;
      return;
    default:
      quic::set_library_error(error, code, {});
      return fail(now, error, authenticated_ ? ErrorCode::kInternal : ErrorCode::kHandshake,
                  std::string("QUIC: ") + ngtcp2_strerror(code));
  }
}

void QuicSession::Impl::fail(Time now, const quic::CloseError& error, ErrorCode code,
                             const std::string& reason) {
  core_.handle_transport_closed(now, code, reason, false);
  begin_closing(now, error);
}

void QuicSession::Impl::on_peer_closed(Time now) {
  const quic::CloseError error = quic::peers_close_error(conn_.get());
  if (reset_) {
    core_.handle_transport_closed(now, ErrorCode::kEndOfStream, "the peer does not know this connection",
                                  true);
  } else if (quic::is_application_error(error)) {
    core_.handle_transport_closed(now, static_cast<ErrorCode>(error.error_code), reason_of(error), true);
  } else if (is_crypto_error(error.error_code)) {
    refused_ = true;
    const auto alert = static_cast<unsigned>(error.error_code - kCryptoError);
    core_.handle_transport_closed(now, ErrorCode::kHandshake,
                                  "the peer refuses the handshake: " + alert_name(alert), true);
  } else {
    core_.handle_transport_closed(now, ErrorCode::kEndOfStream,
                                  "the peer ends QUIC with code " + std::to_string(error.error_code), true);
  }
  begin_draining(now);
}

std::optional<Event> QuicSession::Impl::poll_event() {
  take_events();
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void QuicSession::Impl::take_events() {
  while (auto event = core_.poll_event()) {
    if (const auto* closed = std::get_if<event::Closed>(&*event)) closed_ = *closed;
    events_.push_back(std::move(*event));
  }
}

// The connection is closed: its last frame goes out, with the streams, before QUIC closes.
void QuicSession::Impl::begin_flushing(Time now) {
  phase_ = Phase::kFlushing;
  datagrams_out_.clear();
  phase_end_ = now + kFlushTimeout;
}

// What kvferry has said is said again to QUIC: its own frame may have been lost. That a stream of the peer's
// has ended is said here only (SPEC.md, SMS-7).
void QuicSession::Impl::end_flushing(Time now) {
  take_events();
  quic::CloseError error{};
  const bool own = closed_ && (!closed_->by_peer || closed_->code == ErrorCode::kEndOfStream);
  const std::string reason = own ? closed_->reason.substr(0, kMaxReasonBytes) : std::string();
  quic::set_application_error(error, own ? static_cast<std::uint64_t>(closed_->code) : 0, as_bytes(reason));
  begin_closing(now, error);
}

void QuicSession::Impl::begin_closing(Time now, const quic::CloseError& error) {
  const auto patience = static_cast<std::int64_t>(3 * ngtcp2_conn_get_pto(conn_.get()));
  farewell_.bytes.resize(ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get()));
  ngtcp2_path_storage storage;
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_pkt_info info{};
  const ngtcp2_ssize written =
      ngtcp2_conn_write_connection_close(conn_.get(), &storage.path, &info, farewell_.bytes.data(),
                                         farewell_.bytes.size(), &error, quic::timestamp(now));
  if (written <= 0) {
    phase_ = Phase::kOver;
    return;
  }
  farewell_.bytes.resize(static_cast<std::size_t>(written));
  farewell_.path = quic::PathAddress::id_of(storage.path);
  farewell_due_ = true;
  phase_ = Phase::kClosing;
  phase_end_ = now + Duration(patience);
}

void QuicSession::Impl::begin_draining(Time now) {
  phase_ = Phase::kDraining;
  phase_end_ = now + Duration(static_cast<std::int64_t>(3 * ngtcp2_conn_get_pto(conn_.get())));
}

std::optional<QuicDatagram> QuicSession::Impl::closing_datagram() {
  if (!std::exchange(farewell_due_, false)) return std::nullopt;
  return farewell_;
}

}  // namespace kvferry
