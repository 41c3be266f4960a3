// SPDX-License-Identifier: MIT
#include "transport/tls/keygen.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "transport/tls/openssl.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

// Peers know the key, not the dates: RFC 5280 §4.1.2.5 for certificates without an end.
constexpr const char* kBegin = "20000101000000Z";
constexpr const char* kNever = "99991231235959Z";

openssl::Certificate sign_itself(EVP_PKEY* key) {
  openssl::Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), kBegin);
  ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), kNever);
  const auto* name = reinterpret_cast<const unsigned char*>("kvferry");
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key);
  X509_sign(certificate.get(), key, nullptr);
  return certificate;
}

}  // namespace

Identity make_identity() {
  const openssl::Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const auto certificate = sign_itself(key.get());
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(out.get(), certificate.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {std::string(text, static_cast<std::size_t>(size))};
}

Result<PublicKey> public_key_of(const Identity& identity) {
  const auto pem = openssl::bio_of(identity.pem);
  const openssl::Key key(PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr));
  if (!key) return Error{"no private key: " + openssl::take_error("empty")};
  PublicKey out;
  std::size_t size = out.bytes.size();
  if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), out.bytes.data(), &size) != 1)
    return Error{"no Ed25519 key: peers can know it only through an authority"};
  return out;
}

Result<void> write_identity(const fs::path& file, const Identity& identity) {
  std::error_code ignored;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), ignored);
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (out < 0) return Error{file.string() + ": " + std::strerror(errno)};
  const auto written = ::write(out, identity.pem.data(), identity.pem.size());
  const bool whole = written == static_cast<ssize_t>(identity.pem.size()) && ::fsync(out) == 0;
  const int error = errno;
  ::close(out);
  if (whole) return {};
  fs::remove(file, ignored);
  return Error{file.string() + ": " + std::strerror(error)};
}

}  // namespace kvferry
