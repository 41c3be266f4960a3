// SPDX-License-Identifier: MIT
#include "tests/transport/quic/test_identity.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include <cstdlib>
#include <iostream>

namespace kvferry::test {
namespace {

void must(int code) {
  if (code >= 0) return;
  std::cerr << "GnuTLS: " << gnutls_strerror(code) << '\n';
  std::abort();
}

std::string taken(gnutls_datum_t text) {
  std::string out(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  return out;
}

gnutls_datum_t datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

PublicKey public_key(gnutls_x509_crt_t certificate) {
  gnutls_pubkey_t key = nullptr;
  must(gnutls_pubkey_init(&key));
  must(gnutls_pubkey_import_x509(key, certificate, 0));
  gnutls_datum_t der{};
  must(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der));
  const PublicKey found = *PublicKey::from_spki({der.data, der.size});
  gnutls_free(der.data);
  gnutls_pubkey_deinit(key);
  return found;
}

void describe(gnutls_x509_crt_t certificate, const CertificateWish& wish) {
  must(gnutls_x509_crt_set_version(certificate, 3));
  must(gnutls_x509_crt_set_serial(certificate, "\1\2\3", 3));
  must(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, wish.name.data(),
                                     static_cast<unsigned>(wish.name.size())));
  must(gnutls_x509_crt_set_activation_time(certificate, wish.begins_s));
  must(gnutls_x509_crt_set_expiration_time(certificate, wish.ends_s));
  must(gnutls_x509_crt_set_basic_constraints(certificate, wish.is_authority, wish.is_authority ? 1 : -1));
  must(gnutls_x509_crt_set_key_usage(
      certificate, wish.is_authority ? GNUTLS_KEY_KEY_CERT_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE));
  if (!wish.dns.empty())
    must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, wish.dns.data(),
                                              static_cast<unsigned>(wish.dns.size()), GNUTLS_FSAN_SET));
}

void sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const TestIdentity* authority) {
  if (!authority) return must(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA512, 0));
  gnutls_x509_crt_t issuer = nullptr;
  gnutls_x509_privkey_t issuer_key = nullptr;
  must(gnutls_x509_crt_init(&issuer));
  must(gnutls_x509_privkey_init(&issuer_key));
  const gnutls_datum_t issuer_pem = datum(authority->certificate_pem());
  const gnutls_datum_t key_pem = datum(authority->key_pem());
  must(gnutls_x509_crt_import(issuer, &issuer_pem, GNUTLS_X509_FMT_PEM));
  must(gnutls_x509_privkey_import(issuer_key, &key_pem, GNUTLS_X509_FMT_PEM));
  must(gnutls_x509_crt_sign2(certificate, issuer, issuer_key, GNUTLS_DIG_SHA512, 0));
  gnutls_x509_crt_deinit(issuer);
  gnutls_x509_privkey_deinit(issuer_key);
}

}  // namespace

TestIdentity::TestIdentity(const CertificateWish& wish, const TestIdentity* authority) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
  must(gnutls_x509_privkey_init(&key));
  must(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0));
  must(gnutls_x509_crt_init(&certificate));
  must(gnutls_x509_crt_set_key(certificate, key));
  describe(certificate, wish);
  sign(certificate, key, authority);
  gnutls_datum_t text{};
  must(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text));
  certificate_pem_ = taken(text);
  must(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, &text));
  key_pem_ = taken(text);
  key_ = public_key(certificate);
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
}

std::shared_ptr<const QuicCredentials> credentials(const TestIdentity& own, const PeerTrust& trust) {
  auto loaded = QuicCredentials::load(own.identity(), trust);
  if (!loaded) std::cerr << loaded.error().message << '\n';
  return *loaded;
}

std::shared_ptr<const QuicCredentials> thief(const TestIdentity& victim, const TestIdentity& own,
                                             const PeerTrust& trust) {
  gnutls_certificate_credentials_t loaded = nullptr;
  must(gnutls_certificate_allocate_credentials(&loaded));
  gnutls_certificate_set_flags(loaded, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  const gnutls_datum_t certificate = datum(victim.certificate_pem());
  const gnutls_datum_t key = datum(own.key_pem());
  must(gnutls_certificate_set_x509_key_mem2(loaded, &certificate, &key, GNUTLS_X509_FMT_PEM, nullptr, 0));
  return std::make_shared<QuicCredentials>(loaded, trust);
}

std::shared_ptr<const QuicCredentials> nobody(const PeerTrust& trust) {
  gnutls_certificate_credentials_t loaded = nullptr;
  must(gnutls_certificate_allocate_credentials(&loaded));
  return std::make_shared<QuicCredentials>(loaded, trust);
}

}  // namespace kvferry::test
