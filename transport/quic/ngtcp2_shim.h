// SPDX-License-Identifier: MIT
//
// ngtcp2, and all that differs between its versions 0.12 and 1.x. Nothing else
// here asks for the version.
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include "protocol/base/bytes.h"

namespace kvferry::quic {

#if NGTCP2_VERSION_NUM >= 0x010000

using CloseError = ngtcp2_ccerr;

inline constexpr ngtcp2_cc_algo kBbr2 = NGTCP2_CC_ALGO_BBR;  // its only BBR is version 2

inline void set_application_error(CloseError& error, std::uint64_t code, ByteView reason) {
  ngtcp2_ccerr_set_application_error(&error, code, reason.data(), reason.size());
}
inline void set_library_error(CloseError& error, int code, ByteView reason) {
  ngtcp2_ccerr_set_liberr(&error, code, reason.data(), reason.size());
}
inline void set_tls_alert(CloseError& error, std::uint8_t alert, ByteView reason) {
  ngtcp2_ccerr_set_tls_alert(&error, alert, reason.data(), reason.size());
}
inline CloseError peers_close_error(ngtcp2_conn* conn) { return *ngtcp2_conn_get_ccerr(conn); }
inline bool is_application_error(const CloseError& error) {
  return error.type == NGTCP2_CCERR_TYPE_APPLICATION;
}
inline void set_token(ngtcp2_settings& settings, ByteView token) {
  settings.token = token.data();
  settings.tokenlen = token.size();
}
inline void set_original_dcid(ngtcp2_transport_params& params, const ngtcp2_cid& id) {
  params.original_dcid = id;
  params.original_dcid_present = 1;
}
inline ByteView token_of(const ngtcp2_pkt_hd& head) { return {head.token, head.tokenlen}; }

struct PathFigures {
  std::uint64_t smoothed_rtt_ns, min_rtt_ns, congestion_window, bytes_in_flight;
};
inline PathFigures path_figures(ngtcp2_conn* conn) {
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn, &info);
  return {info.smoothed_rtt, info.min_rtt, info.cwnd, info.bytes_in_flight};
}

template <void (*kFunction)(void*, ByteView)>
int on_new_token(ngtcp2_conn*, const std::uint8_t* token, size_t size, void* user) {
  kFunction(user, {token, size});
  return 0;
}

#else

using CloseError = ngtcp2_connection_close_error;

inline constexpr ngtcp2_cc_algo kBbr2 = NGTCP2_CC_ALGO_BBR2;

// The library reads reasons only.
inline std::uint8_t* unconst(ByteView bytes) { return const_cast<std::uint8_t*>(bytes.data()); }

inline void set_application_error(CloseError& error, std::uint64_t code, ByteView reason) {
  ngtcp2_connection_close_error_set_application_error(&error, code, unconst(reason), reason.size());
}
inline void set_library_error(CloseError& error, int code, ByteView reason) {
  ngtcp2_connection_close_error_set_transport_error_liberr(&error, code, unconst(reason), reason.size());
}
inline void set_tls_alert(CloseError& error, std::uint8_t alert, ByteView reason) {
  ngtcp2_connection_close_error_set_transport_error_tls_alert(&error, alert, unconst(reason), reason.size());
}
inline CloseError peers_close_error(ngtcp2_conn* conn) {
  CloseError error{};
  ngtcp2_conn_get_connection_close_error(conn, &error);
  return error;
}
inline bool is_application_error(const CloseError& error) {
  return error.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
}
inline void set_token(ngtcp2_settings& settings, ByteView token) {
  settings.token = {unconst(token), token.size()};
}
inline void set_original_dcid(ngtcp2_transport_params& params, const ngtcp2_cid& id) {
  params.original_dcid = id;
}
inline ByteView token_of(const ngtcp2_pkt_hd& head) { return {head.token.base, head.token.len}; }

struct PathFigures {
  std::uint64_t smoothed_rtt_ns, min_rtt_ns, congestion_window, bytes_in_flight;
};
inline PathFigures path_figures(ngtcp2_conn* conn) {
  ngtcp2_conn_stat stat;
  ngtcp2_conn_get_conn_stat(conn, &stat);
  return {stat.smoothed_rtt, stat.min_rtt, stat.cwnd, stat.bytes_in_flight};
}

// The callback for a token, told as bytes.
template <void (*kFunction)(void*, ByteView)>
int on_new_token(ngtcp2_conn*, const ngtcp2_vec* token, void* user) {
  kFunction(user, {token->base, token->len});
  return 0;
}

#endif

}  // namespace kvferry::quic
