// SPDX-License-Identifier: MIT
//
// What the library calls: its own helpers for the handshake and the ciphers, and
// ours, which only hand on.
#include "transport/quic/session_impl.h"

namespace kvferry::quic {
namespace {

QuicSession::Impl& session_of(void* user) { return *static_cast<QuicSession::Impl*>(user); }

int on_stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t stream_id, std::uint64_t,
                   const std::uint8_t* data, std::size_t size, void* user, void*) {
  session_of(user).on_stream_bytes(stream_id, {data, size}, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
  return 0;
}
int on_acknowledged(ngtcp2_conn*, std::int64_t stream_id, std::uint64_t offset, std::uint64_t size,
                    void* user, void*) {
  session_of(user).on_acknowledged(stream_id, offset + size);
  return 0;
}
int on_datagram(ngtcp2_conn*, std::uint32_t, const std::uint8_t* data, std::size_t size, void* user) {
  session_of(user).on_datagram({data, size});
  return 0;
}
int on_datagram_acknowledged(ngtcp2_conn*, std::uint64_t number, void* user) {
  session_of(user).on_datagram_fate(number, true);
  return 0;
}
int on_datagram_lost(ngtcp2_conn*, std::uint64_t number, void* user) {
  session_of(user).on_datagram_fate(number, false);
  return 0;
}
int on_stream_close(ngtcp2_conn*, std::uint32_t, std::int64_t, std::uint64_t, void* user, void*) {
  session_of(user).on_stream_broken();
  return 0;
}
int on_stream_reset(ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t, void* user, void*) {
  session_of(user).on_stream_broken();
  return 0;
}
int on_stop_sending(ngtcp2_conn*, std::int64_t, std::uint64_t, void* user, void*) {
  session_of(user).on_stream_broken();
  return 0;
}
int on_authenticated(ngtcp2_conn*, void* user) {
  session_of(user).on_authenticated();
  return 0;
}
int on_stateless_reset(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user) {
  session_of(user).on_reset();
  return 0;
}
int on_new_id(ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size, void* user) {
  return session_of(user).make_id(id, token, size) ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}
int on_id_retired(ngtcp2_conn*, const ngtcp2_cid* id, void* user) {
  session_of(user).on_id_retired(*id);
  return 0;
}
int on_challenge(ngtcp2_conn*, std::uint8_t* data, void* user) {
  session_of(user).fill_random({data, NGTCP2_PATH_CHALLENGE_DATALEN});
  return 0;
}
void on_token(void* user, ByteView token) { session_of(user).on_token(token); }
void on_random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
  session_of(context->native_handle).fill_random({out, size});
}

}  // namespace

ngtcp2_callbacks callbacks(Role role) {
  ngtcp2_callbacks table{};
  if (role == Role::kClient) {
    table.client_initial = ngtcp2_crypto_client_initial_cb;
    table.recv_retry = ngtcp2_crypto_recv_retry_cb;
    table.recv_new_token = on_new_token<on_token>;
    table.handshake_confirmed = on_authenticated;  // not when it is completed: the server may still refuse
  } else {
    table.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    table.handshake_completed = on_authenticated;
  }
  table.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  table.encrypt = ngtcp2_crypto_encrypt_cb;
  table.decrypt = ngtcp2_crypto_decrypt_cb;
  table.hp_mask = ngtcp2_crypto_hp_mask_cb;
  table.update_key = ngtcp2_crypto_update_key_cb;
  table.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  table.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  table.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  table.get_path_challenge_data = on_challenge;
  table.rand = on_random;
  table.get_new_connection_id = on_new_id;
  table.remove_connection_id = on_id_retired;
  table.recv_stateless_reset = on_stateless_reset;
  table.recv_stream_data = on_stream_data;
  table.acked_stream_data_offset = on_acknowledged;
  table.stream_close = on_stream_close;
  table.stream_reset = on_stream_reset;
  table.stream_stop_sending = on_stop_sending;
  table.recv_datagram = on_datagram;
  table.ack_datagram = on_datagram_acknowledged;
  table.lost_datagram = on_datagram_lost;
  return table;
}

int verify_peer(gnutls_session_t session) {
  auto* reference = static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session));
  return session_of(reference->user_data).judge_peer(session) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

}  // namespace kvferry::quic
