// SPDX-License-Identifier: MIT
#include "transport/tls/tls_session.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cassert>

#include "transport/tls/openssl.h"

namespace kvferry {
namespace {

constexpr std::size_t kRecordBytes = 16384;       // at most
constexpr std::size_t kRecordOverheadBytes = 22;  // head, content type and tag

std::string explain(long verdict, unsigned long error) {
  if (verdict == X509_V_ERR_CERT_REJECTED) return "the peer's key is not one of those that are believed";
  if (verdict != X509_V_OK)
    return std::string("the peer's certificate: ") + X509_verify_cert_error_string(verdict);
  switch (ERR_GET_REASON(error)) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "the peer does not believe our certificate";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "no certificate was shown";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the other side does not speak kvferry/1";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "the other side does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the other side does not speak TLS 1.3";
    default:
      return "TLS: " + openssl::take_error("the connection was broken off");
  }
}

}  // namespace

struct TlsSession::Io {
  static Network& network(BIO* bio) { return *static_cast<Network*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, std::size_t room, std::size_t* taken) {
    ByteView& input = network(bio).input;
    BIO_clear_retry_flags(bio);
    *taken = std::min(room, input.size());
    if (*taken == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::copy_n(input.begin(), *taken, to);
    input = input.subspan(*taken);
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(from);
    append(network(bio).output, ByteView(bytes, size));
    *taken = size;
    return 1;
  }

  // A client's, when its server wants a certificate.
  static int note_question(SSL*, void* asked) {
    *static_cast<bool*>(asked) = true;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kvferry");
      BIO_meth_set_read_ex(fresh, read);
      BIO_meth_set_write_ex(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

void TlsSession::Free::operator()(SSL* session) const { SSL_free(session); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), session_(SSL_new(context_->get())) {
  BIO* const bio = BIO_new(Io::method());
  BIO_set_data(bio, &network_);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
  const std::string& name = context_->trust().server_name;
  if (context_->role() == Role::kServer) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
    SSL_set_cert_cb(session_.get(), Io::note_question, &asked_);
    if (!name.empty()) SSL_set_tlsext_host_name(session_.get(), name.c_str());
  }
}

bool TlsSession::is_open() const {
  if (!failure_.empty() || SSL_is_init_finished(session_.get()) == 0) return false;
  return context_->role() == Role::kServer || heard_;
}

void TlsSession::handle_bytes(ByteView bytes) {
  network_.input = bytes;
  if (SSL_is_init_finished(session_.get()) == 0) handshake();
}

void TlsSession::handshake() {
  if (!failure_.empty()) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result != 1) return fail(result);
  failure_ = objection();
}

// To a peer whose handshake is in order.
std::string TlsSession::objection() const {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_.get(), &protocol, &size);
  if (size == 0) return "the peer does not speak kvferry/1";
  const bool nobody_asked = context_->role() == Role::kClient && !asked_;
  return nobody_asked ? "the server does not ask who this is" : "";
}

std::size_t TlsSession::read(std::span<std::uint8_t> plain) {
  if (!failure_.empty() || SSL_is_init_finished(session_.get()) == 0) return 0;
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(session_.get(), plain.data(), plain.size(), &size);
  if (result != 1) {
    fail(result);
    return 0;
  }
  heard_ = true;
  return size;
}

void TlsSession::write(ByteView plain) {
  assert(is_open());
  Bytes& output = network_.output;
  output.reserve(output.size() + plain.size() + kRecordOverheadBytes * (plain.size() / kRecordBytes + 1));
  std::size_t written = 0;
  ERR_clear_error();
  const int result = plain.empty() ? 1 : SSL_write_ex(session_.get(), plain.data(), plain.size(), &written);
  if (result != 1) fail(result);
}

void TlsSession::close() {
  if (failure_.empty() && SSL_is_init_finished(session_.get()) != 0) (void)SSL_shutdown(session_.get());
}

Bytes TlsSession::take_output() { return std::exchange(network_.output, {}); }

// Waiting for more, and a peer that has ended its side, are no failures.
void TlsSession::fail(int result) {
  const int error = SSL_get_error(session_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) return;
  failure_ = explain(SSL_get_verify_result(session_.get()), ERR_peek_error());
  ERR_clear_error();
}

}  // namespace kvferry
