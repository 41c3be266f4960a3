// SPDX-License-Identifier: MIT
//
// Datagrams out. Little is taken from the connection before it can leave, so
// that its decisions still matter when they are taken.
#include <algorithm>

#include "transport/quic/session_impl.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kUnsentBytes = 64 * 1024;  // taken from the connection, not yet sent
constexpr std::uint64_t kUnsentControlBytes = 256 * 1024;

}  // namespace

std::uint64_t QuicSession::Impl::window_left(const Stream& stream) const {
  return stream.send_id ? ngtcp2_conn_get_max_stream_data_left(conn_.get(), *stream.send_id) : 0;
}

// What the streams' windows let through.
std::uint64_t QuicSession::Impl::sendable_bytes() const {
  std::uint64_t total = 0;
  for (const Stream& stream : streams_) {
    if (stream.out.unsent_bytes() > 0) total += std::min(stream.out.unsent_bytes(), window_left(stream));
  }
  return total;
}

void QuicSession::Impl::tell_writable() {
  core_.set_writable(0, streams_[0].send_id && streams_[0].out.unsent_bytes() < kUnsentControlBytes);
  for (std::uint32_t number = 1; number <= config_.connection.data_streams; ++number) {
    const Stream& stream = streams_[number];
    core_.set_writable(number, window_left(stream) > stream.out.unsent_bytes());
  }
}

// The connection says nothing; when it is closed, so is QUIC.
void QuicSession::Impl::pull_from_other(Time now) {
  while (streams_open_ && sendable_bytes() < kUnsentBytes) {
    auto out = other_->poll_transmit();
    if (!out) break;
    streams_[out->stream].out.push(Slice(std::move(out->bytes)));
  }
  while (core_.is_closing() && core_.poll_transmit(now)) {
  }
}

void QuicSession::Impl::pull(Time now) {
  if (other_) pull_from_other(now);
  while (!other_ && streams_open_ && sendable_bytes() < kUnsentBytes) {
    tell_writable();
    auto out = core_.poll_transmit(now);
    if (!out) break;
    Stream& stream = streams_[out->stream];
    stream.out.push(Slice(std::move(out->head)));
    stream.out.push(std::move(out->payload));
  }
  if (core_.is_closed() && phase_ == Phase::kOpen) begin_flushing(now);
}

// The control stream first, then the data streams in turn.
std::optional<std::uint32_t> QuicSession::Impl::next_stream(
    const std::array<bool, kMaxDataStreams + 1>& done) {
  const auto has_more = [&](std::uint32_t number) {
    return !done[number] && streams_[number].send_id && streams_[number].out.unsent_bytes() > 0;
  };
  if (has_more(0)) return 0;
  for (std::uint32_t i = 0; i < kMaxDataStreams; ++i) {
    const std::uint32_t number = (last_sent_stream_ + i) % kMaxDataStreams + 1;
    if (has_more(number)) return number;
  }
  return std::nullopt;
}

std::optional<QuicDatagram> QuicSession::Impl::poll_transmit(Time now) {
  if (phase_ == Phase::kOpen) pull(now);
  if (phase_ == Phase::kFlushing && streams_[0].out.all_acknowledged()) end_flushing(now);
  if (phase_ == Phase::kClosing) return closing_datagram();
  if (phase_ != Phase::kOpen && phase_ != Phase::kFlushing) return std::nullopt;
  return write_packet(now);
}

std::optional<QuicDatagram> QuicSession::Impl::write_packet(Time now) {
  QuicDatagram datagram;
  datagram.bytes.resize(ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get()));
  ngtcp2_path_storage storage;
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_pkt_info info{};
  std::array<bool, kMaxDataStreams + 1> done{};
  for (;;) {
    const auto number = next_stream(done);
    ngtcp2_vec parts[quic::SendStream::kMaxParts];
    const std::size_t count = number ? streams_[*number].out.next(parts) : 0;
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize written = ngtcp2_conn_writev_stream(
        conn_.get(), &storage.path, &info, datagram.bytes.data(), datagram.bytes.size(), &taken,
        number ? NGTCP2_WRITE_STREAM_FLAG_MORE : NGTCP2_WRITE_STREAM_FLAG_NONE,
        number ? *streams_[*number].send_id : -1, parts, count, quic::timestamp(now));
    if (number && taken >= 0) {
      streams_[*number].out.sent(static_cast<std::uint64_t>(taken));
      datagram.new_stream_bytes += static_cast<std::uint64_t>(taken);
      last_sent_stream_ = *number == 0 ? last_sent_stream_ : *number - 1;
    }
    if (written == NGTCP2_ERR_WRITE_MORE) continue;
    if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED || written == NGTCP2_ERR_STREAM_SHUT_WR ||
        written == NGTCP2_ERR_STREAM_NOT_FOUND) {
      done[*number] = true;
      continue;
    }
    if (written < 0) {
      on_library_error(now, static_cast<int>(written));
      return phase_ == Phase::kClosing ? closing_datagram() : std::nullopt;
    }
    note_sent(now, static_cast<std::size_t>(written));
    if (written == 0) return std::nullopt;
    datagram.bytes.resize(static_cast<std::size_t>(written));
    datagram.path = quic::PathAddress::id_of(storage.path);
    datagram.is_mtu_probe =
        datagram.bytes.size() > ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
    return datagram;
  }
}

// The library paces from burst to burst: it has to know when one has ended.
void QuicSession::Impl::note_sent(Time now, std::size_t size_bytes) {
  burst_bytes_ += size_bytes;
  packets_sent_ += size_bytes > 0;
  const bool ends = size_bytes == 0 || burst_bytes_ >= ngtcp2_conn_get_send_quantum(conn_.get());
  if (!ends || burst_bytes_ == 0) return;
  burst_bytes_ = 0;
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), quic::timestamp(now));
}

PathStats QuicSession::Impl::path() const {
  PathStats stats = core_.path();
  const quic::PathFigures figures = quic::path_figures(conn_.get());
  stats.rtt = Duration(static_cast<std::int64_t>(figures.smoothed_rtt_ns));
  if (figures.min_rtt_ns != UINT64_MAX)
    stats.min_rtt = Duration(static_cast<std::int64_t>(figures.min_rtt_ns));
  stats.congestion_window_bytes = figures.congestion_window;
  stats.bytes_in_flight = figures.bytes_in_flight;
  stats.datagram_bytes = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
  stats.packets_sent = packets_sent_;
  stats.packets_received = packets_received_;
  for (const Stream& stream : streams_) {
    if (stream.send_id) stats.packets_lost += ngtcp2_conn_get_stream_loss_count(conn_.get(), *stream.send_id);
  }
  return stats;
}

}  // namespace kvferry
