// SPDX-License-Identifier: MIT
//
// Datagrams and time in.
#include <utility>

#include "transport/quic/session_impl.h"

namespace kvferry {

void QuicSession::Impl::handle_datagram(Time now, ByteView datagram, PathId path_id) {
  if (phase_ == Phase::kClosing) {
    // To who goes on, the last word is repeated, ever more seldom.
    const std::uint64_t heard = ++heard_since_closing_;
    farewell_due_ = farewell_due_ || (heard & (heard - 1)) == 0;
  }
  if (datagram.empty() || (phase_ != Phase::kOpen && phase_ != Phase::kFlushing)) return;
  quic::PathAddress address(path_id);
  const ngtcp2_path path = address.path();
  ngtcp2_pkt_info info{};
  const int code =
      ngtcp2_conn_read_pkt(conn_.get(), &path, &info, datagram.data(), datagram.size(), quic::timestamp(now));
  if (code != 0) return on_library_error(now, code);
  ++packets_received_;
  settle(now);
}

void QuicSession::Impl::handle_timeout(Time now) {
  if (phase_end_ && *phase_end_ <= now) {
    phase_end_.reset();
    if (phase_ == Phase::kFlushing) return end_flushing(now);
    phase_ = Phase::kOver;
    return;
  }
  if (const auto due = core_.poll_timeout(); due && *due <= now) core_.handle_timeout(now);
  if (phase_ != Phase::kOpen && phase_ != Phase::kFlushing) return;
  if (ngtcp2_conn_get_expiry(conn_.get()) <= quic::timestamp(now)) {
    const int code = ngtcp2_conn_handle_expiry(conn_.get(), quic::timestamp(now));
    if (code != 0) return on_library_error(now, code);
  }
  settle(now);
}

std::optional<Time> QuicSession::Impl::poll_timeout() const {
  std::optional<Time> next = phase_end_;
  const auto consider = [&](std::optional<Time> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (phase_ == Phase::kOver) return std::nullopt;
  consider(core_.poll_timeout());
  if (phase_ != Phase::kOpen && phase_ != Phase::kFlushing) return next;
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(conn_.get());
  if (expiry != UINT64_MAX) consider(time_from_ns(static_cast<std::int64_t>(expiry)));
  return next;
}

void QuicSession::Impl::on_stream_bytes(std::int64_t stream_id, ByteView bytes, bool last) {
  const std::uint32_t number = quic::stream_number(stream_id);
  if (number > kMaxDataStreams) return;  // above what we let the peer open
  Stream& stream = streams_[number];
  stream.receive_id = stream_id;
  if (number == 0) stream.send_id = stream_id;
  append(stream.in, bytes);
  stream.has_news = true;
  stream.has_ended = last;
  stream_ended_ = stream_ended_ || last;
}

void QuicSession::Impl::on_acknowledged(std::int64_t stream_id, std::uint64_t end_offset) {
  const std::uint32_t number = quic::stream_number(stream_id);
  if (number <= kMaxDataStreams) streams_[number].out.acknowledged_up_to(end_offset);
}

// After everything that came from the library.
void QuicSession::Impl::settle(Time now) {
  tell_fates(now);
  if (authenticated_ && !streams_open_) begin_talking(now);
  if (streams_open_ && other_) {
    take_streams_of_other();
  } else if (streams_open_) {
    // A data stream that is ahead of the control stream is looked at again when that has moved.
    const bool control_moved = take_stream(now, 0);
    take_datagrams(now);
    for (std::uint32_t number = 1; number <= kMaxDataStreams; ++number) {
      if (std::exchange(streams_[number].has_news, false) || control_moved) take_stream(now, number);
    }
    if (stream_ended_) core_.handle_end_of_stream(now);
  }
  datagrams_in_.clear();
  if (core_.is_closed() && phase_ == Phase::kOpen) begin_flushing(now);
}

// After what the control stream has brought.
void QuicSession::Impl::take_datagrams(Time now) {
  for (const Bytes& datagram : datagrams_in_) core_.handle_datagram(now, datagram);
}

void QuicSession::Impl::tell_fates(Time now) {
  for (const Fate& fate : std::exchange(fates_, {})) {
    datagrams_lost_ += !fate.arrived;
    core_.handle_datagram_fate(now, fate.number, fate.arrived);
  }
}

void QuicSession::Impl::begin_talking(Time now) {
  if (!quic::speaks(tls_.get(), application_protocol()))
    return refuse(now, GNUTLS_A_NO_APPLICATION_PROTOCOL, "the peer does not speak " + application_protocol());
  const bool client = config_.connection.role == Role::kClient;
  if (client && !other_ && gnutls_certificate_client_get_request_status(tls_.get()) == 0)
    return refuse(now, GNUTLS_A_CERTIFICATE_REQUIRED, "the server does not ask who this is");
  open_streams();
  if (config_.connection.role == Role::kServer) give_token(now);
}

bool QuicSession::Impl::take_stream(Time now, std::uint32_t number) {
  Stream& stream = streams_[number];
  if (stream.in.empty()) return false;
  const std::size_t taken = core_.handle_bytes(now, stream.in, number);
  if (taken == 0) return false;
  make_room(stream, taken);
  return true;
}

void QuicSession::Impl::take_streams_of_other() {
  for (std::uint32_t number = 0; number <= kMaxDataStreams; ++number) {
    Stream& stream = streams_[number];
    if (!std::exchange(stream.has_news, false)) continue;
    other_->handle_bytes(number, stream.in, stream.has_ended);
    make_room(stream, stream.in.size());
  }
}

// For as much again as was taken.
void QuicSession::Impl::make_room(Stream& stream, std::size_t size_bytes) {
  stream.in.erase(stream.in.begin(), stream.in.begin() + static_cast<std::ptrdiff_t>(size_bytes));
  ngtcp2_conn_extend_max_stream_offset(conn_.get(), *stream.receive_id, size_bytes);
  ngtcp2_conn_extend_max_offset(conn_.get(), size_bytes);
}

}  // namespace kvferry
