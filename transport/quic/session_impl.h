// SPDX-License-Identifier: MIT
//
// What a QUIC session is made of. The library calls back only into the on_*
// functions, which book what happened; everything else follows after its call
// has returned.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "protocol/connection/stream_set.h"
#include "transport/quic/datagram_queue.h"
#include "transport/quic/path_address.h"
#include "transport/quic/random_source.h"
#include "transport/quic/send_stream.h"
#include "transport/quic/session.h"
#include "transport/quic/tls.h"

namespace kvferry {

class QuicSession::Impl {
 public:
  Impl(const QuicConfig& config, Time now);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Result<void> begin_client(Time now);
  [[nodiscard]] Result<void> begin_server(const QuicOpening& opening, Time now, PathId path);

  void handle_datagram(Time now, ByteView datagram, PathId path);
  void handle_timeout(Time now);
  [[nodiscard]] std::optional<QuicDatagram> poll_transmit(Time now);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Time> poll_timeout() const;
  [[nodiscard]] PathStats path() const;
  [[nodiscard]] bool may_leave() const {
    return phase_ == Phase::kDraining || phase_ == Phase::kOver ||
           (phase_ == Phase::kClosing && !farewell_due_);
  }

  // From the library.
  void on_stream_bytes(std::int64_t stream_id, ByteView bytes, bool last);
  void on_acknowledged(std::int64_t stream_id, std::uint64_t end_offset);
  void on_datagram(ByteView bytes) { datagrams_in_.emplace_back(bytes.begin(), bytes.end()); }
  void on_datagram_fate(std::uint64_t number, bool arrived) { fates_.push_back({number, arrived}); }
  void on_stream_broken() { stream_ended_ = true; }
  void on_authenticated() { authenticated_ = true; }
  void on_reset() { reset_ = true; }
  void on_token(ByteView token) { token_.assign(token.begin(), token.end()); }
  void on_id_retired(const ngtcp2_cid& id) { ids_.retired.push_back(QuicId::of({id.data, id.datalen})); }
  [[nodiscard]] bool make_id(ngtcp2_cid* id, std::uint8_t* reset_token, std::size_t size_bytes);
  [[nodiscard]] bool judge_peer(gnutls_session_t session);
  void fill_random(std::span<std::uint8_t> out) { random_.fill(out); }

  enum class Phase : std::uint8_t { kOpen, kFlushing, kClosing, kDraining, kOver };

  QuicConfig config_;
  RandomSource random_;
  Connection core_;
  Phase phase_ = Phase::kOpen;
  bool authenticated_ = false;
  bool refused_ = false;
  Ids ids_;
  Bytes token_;

 private:
  // One stream, or the two directions of a data stream's number.
  struct Stream {
    std::optional<std::int64_t> send_id{};
    std::optional<std::int64_t> receive_id{};
    quic::SendStream out;
    Bytes in;  // arrived and not taken: at most the stream's window
    bool has_news = false;
    bool has_ended = false;
  };
  // What became of a datagram.
  struct Fate {
    std::uint64_t number = 0;
    bool arrived = false;
  };
  // A packet that is being filled.
  struct Packet {
    QuicDatagram datagram;
    ngtcp2_path_storage storage{};
    ngtcp2_pkt_info info{};
  };
  using Numbers = std::array<bool, kDatagrams + 1>;  // of streams, and kDatagrams
  struct FreeConnection {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };

  // session_setup.cc
  [[nodiscard]] std::string application_protocol() const;
  [[nodiscard]] Result<void> begin_tls();
  [[nodiscard]] ngtcp2_settings settings(Time now);
  [[nodiscard]] ngtcp2_transport_params transport_params() const;
  [[nodiscard]] ngtcp2_cid random_id();
  void open_streams();
  void give_token(Time now);

  // session_input.cc
  void settle(Time now);
  void begin_talking(Time now);
  void take_datagrams(Time now);
  void tell_fates(Time now);
  bool take_stream(Time now, std::uint32_t number);  // whether anything was taken
  void take_streams_of_other();
  void make_room(Stream& stream, std::size_t size_bytes);

  // session_output.cc
  void pull(Time now);
  void pull_from_other(Time now);
  void tell_writable();
  [[nodiscard]] std::uint64_t sendable_bytes() const;
  [[nodiscard]] std::uint64_t window_left(const Stream& stream) const;
  [[nodiscard]] std::size_t max_datagram_bytes() const;
  void give_up_too_large(Time now);
  [[nodiscard]] std::optional<std::uint32_t> next_number(const Numbers& done);
  [[nodiscard]] std::optional<QuicDatagram> write_packet(Time now);
  [[nodiscard]] ngtcp2_ssize write_stream(Time now, Packet& packet, std::optional<std::uint32_t> number);
  [[nodiscard]] ngtcp2_ssize write_datagram(Time now, Packet& packet);
  void note_sent(Time now, std::size_t size_bytes);

  // session_closing.cc
  void refuse(Time now, std::uint8_t alert, const std::string& reason);
  void on_library_error(Time now, int code);
  void fail(Time now, const quic::CloseError& error, ErrorCode code, const std::string& reason);
  void on_peer_closed(Time now);
  void take_events();
  void begin_flushing(Time now);
  void end_flushing(Time now);
  void begin_closing(Time now, const quic::CloseError& error);
  void begin_draining(Time now);
  [[nodiscard]] std::optional<QuicDatagram> closing_datagram();
  [[nodiscard]] std::string handshake_failure() const;

  std::unique_ptr<OtherProtocol> other_;
  quic::TlsSession tls_;
  ngtcp2_crypto_conn_ref reference_{};
  std::unique_ptr<ngtcp2_conn, FreeConnection> conn_;
  std::array<Stream, kMaxDataStreams + 1> streams_{};
  std::uint32_t last_sent_ = 0;
  quic::DatagramQueue datagrams_out_;
  std::vector<Bytes> datagrams_in_;
  std::vector<Fate> fates_;
  std::uint64_t datagrams_lost_ = 0;
  bool streams_open_ = false;
  bool stream_ended_ = false;
  bool reset_ = false;
  Bytes peer_address_;     // server: that a token is bound to
  std::string objection_;  // to the peer's certificate
  std::size_t burst_bytes_ = 0;
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_received_ = 0;

  std::deque<Event> events_;
  std::optional<event::Closed> closed_;
  std::optional<Time> phase_end_;
  QuicDatagram farewell_;  // CONNECTION_CLOSE, repeated to who goes on
  bool farewell_due_ = false;
  std::uint64_t heard_since_closing_ = 0;
};

namespace quic {

// Flow control. A stream of 2.4 MB has fewer than 1,000 gaps, which the library does not survive.
inline constexpr std::uint64_t kDataWindowBytes = 2'400'000;
inline constexpr std::uint64_t kControlWindowBytes = 1'000'000;

[[nodiscard]] inline ngtcp2_tstamp timestamp(Time now) {
  return static_cast<ngtcp2_tstamp>(now.time_since_epoch().count());
}
// Of streams by the library's number: 0 is the control stream, then the data streams of either side.
[[nodiscard]] inline std::uint32_t stream_number(std::int64_t id) {
  const bool is_unidirectional = (id & 2) != 0;
  return is_unidirectional ? static_cast<std::uint32_t>(id >> 2) + 1 : 0;
}

[[nodiscard]] ngtcp2_callbacks callbacks(Role role);
// The verdict on a peer's certificate, as TLS asks for it.
int verify_peer(gnutls_session_t session);

}  // namespace quic
}  // namespace kvferry
