// SPDX-License-Identifier: MIT
//
// How a QUIC session begins: identifiers, settings, limits, streams.
#include <algorithm>

#include "transport/quic/session_impl.h"
#include "transport/quic/token_address.h"
#include "transport/quic/verify.h"

namespace kvferry {
namespace {

constexpr auto kInitialRtt = std::chrono::milliseconds(150);

constexpr std::uint64_t kAnyDatagramFrame = 65535;  // RFC 9221 section 3

// Of the streams binding. The library's own handshake timeout comes first, and says why.
ConnectionConfig core_config(const QuicConfig& quic) {
  ConnectionConfig config = quic.connection;
  config.binding = Binding::kStreams;
  if (quic.takes_datagrams) config.hello.features |= kFeatureDatagrams;
  config.data_streams = std::clamp<std::uint32_t>(config.data_streams, 1, kMaxDataStreams);
  config.handshake_timeout *= 2;
  return config;
}

ngtcp2_cid cid_of(const QuicId& id) {
  ngtcp2_cid cid;
  ngtcp2_cid_init(&cid, id.bytes.data(), id.size_bytes);
  return cid;
}

}  // namespace

QuicSession::Impl::Impl(const QuicConfig& config, Time now)
    : config_(config), random_(config.fixed_seed), core_(core_config(config), now) {
  config_.connection = core_config(config);
  config_.connection.handshake_timeout = config.connection.handshake_timeout;
  if (config_.other) other_ = config_.other->make();
  reference_.user_data = this;
  reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
    return static_cast<Impl*>(reference->user_data)->conn_.get();
  };
}

ngtcp2_cid QuicSession::Impl::random_id() {
  ngtcp2_cid id{};
  id.datalen = QuicId::kOurBytes;
  random_.fill({id.data, id.datalen});
  return id;
}

bool QuicSession::Impl::make_id(ngtcp2_cid* id, std::uint8_t* reset_token, std::size_t size_bytes) {
  id->datalen = size_bytes;
  random_.fill({id->data, size_bytes});
  ids_.added.push_back(QuicId::of({id->data, size_bytes}));
  return ngtcp2_crypto_generate_stateless_reset_token(reset_token, config_.secret.data(),
                                                      config_.secret.size(), id) == 0;
}

ngtcp2_settings QuicSession::Impl::settings(Time now) {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = quic::timestamp(now);
  settings.initial_rtt = static_cast<ngtcp2_duration>(Duration(kInitialRtt).count());
  settings.rand_ctx.native_handle = this;
  settings.cc_algo =
      config_.connection.congestion.controller == Congestion::kCubic ? NGTCP2_CC_ALGO_CUBIC : quic::kBbr2;
  settings.max_tx_udp_payload_size =
      std::max<std::size_t>(config_.connection.max_datagram_bytes, NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  settings.handshake_timeout = static_cast<ngtcp2_duration>(config_.connection.handshake_timeout.count());
  return settings;
}

// All streams together may hold as much as each of them: data held back leaves room for the control stream
// (SPEC.md, SMS-4).
ngtcp2_transport_params QuicSession::Impl::transport_params() const {
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  const std::uint64_t streams = config_.connection.data_streams;
  params.initial_max_stream_data_bidi_local = quic::kControlWindowBytes;
  params.initial_max_stream_data_bidi_remote = quic::kControlWindowBytes;
  params.initial_max_stream_data_uni = quic::kDataWindowBytes;
  params.initial_max_data = quic::kControlWindowBytes + streams * quic::kDataWindowBytes;
  params.initial_max_streams_bidi = config_.connection.role == Role::kServer ? 1 : 0;
  params.initial_max_streams_uni = streams;
  if (config_.takes_datagrams && !config_.other) params.max_datagram_frame_size = kAnyDatagramFrame;
  params.max_idle_timeout = static_cast<ngtcp2_duration>(config_.connection.idle_timeout.count());
  return params;
}

std::string QuicSession::Impl::application_protocol() const {
  return config_.other ? config_.other->name : quic::kApplicationProtocol;
}

Result<void> QuicSession::Impl::begin_tls() {
  if (!config_.credentials) return Error{"QUIC: no credentials"};
  auto tls = quic::make_tls(config_.connection.role, *config_.credentials, application_protocol(),
                            quic::verify_peer, &reference_);
  if (!tls) return tls.error();
  tls_ = std::move(*tls);
  return {};
}

Result<void> QuicSession::Impl::begin_client(Time now) {
  if (auto begun = begin_tls(); !begun) return begun;
  const ngtcp2_cid own = random_id();
  const ngtcp2_cid first = random_id();
  ids_.added.push_back(QuicId::of({own.data, own.datalen}));
  quic::PathAddress address(0);
  const ngtcp2_path path = address.path();
  const ngtcp2_callbacks table = quic::callbacks(Role::kClient);
  ngtcp2_settings chosen = settings(now);
  quic::set_token(chosen, config_.connection.token);
  const ngtcp2_transport_params params = transport_params();
  ngtcp2_conn* made = nullptr;
  if (const int code = ngtcp2_conn_client_new(&made, &first, &own, &path, NGTCP2_PROTO_VER_V1, &table,
                                              &chosen, &params, nullptr, this))
    return Error{std::string("QUIC: ") + ngtcp2_strerror(code)};
  conn_.reset(made);
  ngtcp2_conn_set_tls_native_handle(made, tls_.get());
  return {};
}

Result<void> QuicSession::Impl::begin_server(const QuicOpening& opening, Time now, PathId path_id) {
  if (auto begun = begin_tls(); !begun) return begun;
  peer_address_ = opening.address;
  const ngtcp2_cid own = random_id();
  ids_.added.push_back(QuicId::of({own.data, own.datalen}));
  ids_.added.push_back(opening.destination);
  quic::PathAddress address(path_id);
  const ngtcp2_path path = address.path();
  const ngtcp2_callbacks table = quic::callbacks(Role::kServer);
  ngtcp2_settings chosen = settings(now);
  quic::set_token(chosen, opening.token);
  ngtcp2_transport_params params = transport_params();
  quic::set_original_dcid(params, cid_of(opening.original.value_or(opening.destination)));
  params.retry_scid_present = opening.original.has_value();
  if (opening.original) params.retry_scid = cid_of(opening.destination);
  params.stateless_reset_token_present = 1;
  if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token, config_.secret.data(),
                                                   config_.secret.size(), &own) != 0)
    return Error{"QUIC: no stateless reset token"};
  const ngtcp2_cid peer = cid_of(opening.peer);
  ngtcp2_conn* made = nullptr;
  if (const int code = ngtcp2_conn_server_new(&made, &peer, &own, &path, opening.version, &table, &chosen,
                                              &params, nullptr, this))
    return Error{std::string("QUIC: ") + ngtcp2_strerror(code)};
  conn_.reset(made);
  ngtcp2_conn_set_tls_native_handle(made, tls_.get());
  return {};
}

// As many data streams as the peer lets us open, all at once, so that numbers and order agree.
void QuicSession::Impl::open_streams() {
  streams_open_ = true;
  std::int64_t id = -1;
  if (config_.connection.role == Role::kClient &&
      ngtcp2_conn_open_bidi_stream(conn_.get(), &id, nullptr) == 0)
    streams_[0].send_id = streams_[0].receive_id = id;
  for (std::uint32_t number = 1; number <= config_.connection.data_streams; ++number) {
    if (ngtcp2_conn_open_uni_stream(conn_.get(), &id, nullptr) != 0) break;
    streams_[number].send_id = id;
  }
}

// With which the client proves its address next time.
void QuicSession::Impl::give_token(Time now) {
  if (peer_address_.empty()) return;
  const quic::TokenAddress address(peer_address_);
  std::uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
  const ngtcp2_ssize size =
      ngtcp2_crypto_generate_regular_token(token, config_.secret.data(), config_.secret.size(), address.get(),
                                           quic::TokenAddress::size_bytes(), quic::timestamp(now));
  if (size > 0) ngtcp2_conn_submit_new_token(conn_.get(), token, static_cast<std::size_t>(size));
}

bool QuicSession::Impl::judge_peer(gnutls_session_t session) {
  auto objection = quic::objection_to_peer(session, config_.credentials->trust(), config_.connection.role);
  if (objection) objection_ = std::move(*objection);
  return objection_.empty();
}

}  // namespace kvferry
