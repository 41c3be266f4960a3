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
constexpr std::size_t kTagBytes = 16;                // of an AEAD
constexpr std::uint64_t kDatagramHeadBytes = 1 + 2;  // type and length. RFC 9221 section 4

}  // namespace

std::uint64_t QuicSession::Impl::window_left(const Stream& stream) const {
  return stream.send_id ? ngtcp2_conn_get_max_stream_data_left(conn_.get(), *stream.send_id) : 0;
}

// What the streams' windows let through, and datagrams, which have none.
std::uint64_t QuicSession::Impl::sendable_bytes() const {
  std::uint64_t total = datagrams_out_.unsent_bytes();
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
  core_.set_max_datagram_bytes(max_datagram_bytes());
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
  give_up_too_large(now);
  if (other_) pull_from_other(now);
  while (!other_ && streams_open_ && sendable_bytes() < kUnsentBytes) {
    tell_writable();
    auto out = core_.poll_transmit(now);
    if (!out) break;
    if (out->datagram) {
      datagrams_out_.push({*out->datagram, std::move(out->head), std::move(out->payload)});
      continue;
    }
    Stream& stream = streams_[out->stream];
    stream.out.push(Slice(std::move(out->head)));
    stream.out.push(std::move(out->payload));
  }
  if (core_.is_closed() && phase_ == Phase::kOpen) begin_flushing(now);
}

// The control stream first, then the data streams and the datagrams in turn.
std::optional<std::uint32_t> QuicSession::Impl::next_number(const Numbers& done) {
  const auto has_more = [&](std::uint32_t number) {
    if (number == kDatagrams) return !datagrams_out_.empty();
    return !done[number] && streams_[number].send_id && streams_[number].out.unsent_bytes() > 0;
  };
  if (has_more(0)) return 0;
  for (std::uint32_t i = 0; i < kDatagrams; ++i) {
    const std::uint32_t number = (last_sent_ + i) % kDatagrams + 1;
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

// As much of streams and datagrams as there is room for.
std::optional<QuicDatagram> QuicSession::Impl::write_packet(Time now) {
  Packet packet;
  packet.datagram.bytes.resize(ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get()));
  ngtcp2_path_storage_zero(&packet.storage);
  Numbers done{};
  for (;;) {
    const auto number = next_number(done);
    const ngtcp2_ssize written =
        number == kDatagrams ? write_datagram(now, packet) : write_stream(now, packet, number);
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
    packet.datagram.bytes.resize(static_cast<std::size_t>(written));
    packet.datagram.path = quic::PathAddress::id_of(packet.storage.path);
    packet.datagram.is_mtu_probe =
        packet.datagram.bytes.size() > ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
    return std::move(packet.datagram);
  }
}

// Without a number: what the library has to say itself.
ngtcp2_ssize QuicSession::Impl::write_stream(Time now, Packet& packet, std::optional<std::uint32_t> number) {
  Bytes& out = packet.datagram.bytes;
  ngtcp2_vec parts[quic::SendStream::kMaxParts];
  const std::size_t count = number ? streams_[*number].out.next(parts) : 0;
  ngtcp2_ssize taken = -1;
  const ngtcp2_ssize written = ngtcp2_conn_writev_stream(
      conn_.get(), &packet.storage.path, &packet.info, out.data(), out.size(), &taken,
      number ? NGTCP2_WRITE_STREAM_FLAG_MORE : NGTCP2_WRITE_STREAM_FLAG_NONE,
      number ? *streams_[*number].send_id : -1, parts, count, quic::timestamp(now));
  if (number && taken >= 0) {
    streams_[*number].out.sent(static_cast<std::uint64_t>(taken));
    packet.datagram.new_bytes += static_cast<std::uint64_t>(taken);
    last_sent_ = *number == 0 ? last_sent_ : *number - 1;
  }
  return written;
}

ngtcp2_ssize QuicSession::Impl::write_datagram(Time now, Packet& packet) {
  Bytes& out = packet.datagram.bytes;
  ngtcp2_vec parts[quic::DatagramQueue::kMaxParts];
  const std::size_t count = datagrams_out_.next(parts);
  int taken = 0;
  const ngtcp2_ssize written = ngtcp2_conn_writev_datagram(
      conn_.get(), &packet.storage.path, &packet.info, out.data(), out.size(), &taken,
      NGTCP2_WRITE_DATAGRAM_FLAG_MORE, datagrams_out_.front().number, parts, count, quic::timestamp(now));
  if (taken != 0) {
    for (std::size_t i = 0; i < count; ++i) packet.datagram.new_bytes += parts[i].len;
    datagrams_out_.pop();
    last_sent_ = kDatagrams - 1;
  }
  return written;
}

// The most bytes that a packet has room for, and the peer takes.
std::size_t QuicSession::Impl::max_datagram_bytes() const {
  const std::size_t packet_head =
      1 + ngtcp2_conn_get_dcid(conn_.get())->datalen + 4;  // RFC 9000 section 17.3
  const std::uint64_t room =
      ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get()) - packet_head - kTagBytes;
  const std::uint64_t peers = ngtcp2_conn_get_remote_transport_params(conn_.get())->max_datagram_frame_size;
  return std::max(std::min(room, peers), kDatagramHeadBytes) - kDatagramHeadBytes;
}

// On another path packets may be smaller than they were.
void QuicSession::Impl::give_up_too_large(Time now) {
  if (datagrams_out_.empty()) return;
  const std::size_t most = max_datagram_bytes();
  for (; !datagrams_out_.empty() && datagrams_out_.front().size() > most; datagrams_out_.pop())
    fates_.push_back({datagrams_out_.front().number, false});
  tell_fates(now);
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
  stats.packets_lost = datagrams_lost_;
  for (const Stream& stream : streams_) {
    if (stream.send_id) stats.packets_lost += ngtcp2_conn_get_stream_loss_count(conn_.get(), *stream.send_id);
  }
  return stats;
}

}  // namespace kvferry
