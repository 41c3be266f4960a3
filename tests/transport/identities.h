// SPDX-License-Identifier: MIT
//
// Two peers, and an authority that signs certificates of any dates.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "transport/tls/keygen.h"
#include "transport/tls/openssl.h"

namespace kvferry::test {

inline const Identity& alice() {
  static const Identity identity = make_identity();
  return identity;
}
inline const Identity& bob() {
  static const Identity identity = make_identity();
  return identity;
}
inline PublicKey key_of(const Identity& identity) { return *public_key_of(identity); }

enum class Validity { kPast, kNow, kFuture };

class Authority {
 public:
  explicit Authority(const char* name)
      : key_(new_key()), certificate_(make(name, key_.get(), Validity::kNow)) {
    add(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    X509_sign(certificate_.get(), key_.get(), nullptr);
  }

  [[nodiscard]] std::string pem() const { return pem_of(nullptr, certificate_.get()); }

  [[nodiscard]] Identity issue(const std::string& name, Validity validity) const {
    const openssl::Key key = new_key();
    const auto certificate = make(name.c_str(), key.get(), validity);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    add(certificate.get(), NID_subject_alt_name, "DNS:" + name);
    X509_sign(certificate.get(), key_.get(), nullptr);
    return {pem_of(key.get(), certificate.get())};
  }

 private:
  static openssl::Key new_key() { return openssl::Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

  static openssl::Certificate make(const char* name, EVP_PKEY* key, Validity validity) {
    constexpr long kDay_s = 24 * 3600;
    const long begin = validity == Validity::kPast ? -20 : validity == Validity::kNow ? -10 : 10;
    openssl::Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begin * kDay_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), (begin + 15) * kDay_s);
    const auto* text = reinterpret_cast<const unsigned char*>(name);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
  }

  static void add(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static std::string pem_of(EVP_PKEY* key, X509* certificate) {
    const openssl::Bio out(BIO_new(BIO_s_mem()));
    if (key) PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_bio_X509(out.get(), certificate);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  openssl::Key key_;
  openssl::Certificate certificate_;
};

}  // namespace kvferry::test
