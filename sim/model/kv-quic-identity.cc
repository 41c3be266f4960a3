// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-quic-identity.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <ns3/fatal-error.h>

#include <string>

namespace kvferry::sim {
namespace {

constexpr std::time_t kBegin_s = 946'684'800;  // 2000
constexpr std::time_t kEnd_s = 4'102'444'800;  // 2100

void Check(int code) {
  if (code < 0) NS_FATAL_ERROR("an identity for QUIC: " << gnutls_strerror(code));
}

std::string TakeText(gnutls_datum_t text) {
  std::string out(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  return out;
}

void SignItself(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key) {
  const std::string name = "kvferry";
  Check(gnutls_x509_crt_set_version(certificate, 3));
  Check(gnutls_x509_crt_set_serial(certificate, "\1", 1));
  Check(gnutls_x509_crt_set_activation_time(certificate, kBegin_s));
  Check(gnutls_x509_crt_set_expiration_time(certificate, kEnd_s));
  Check(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(),
                                      static_cast<unsigned>(name.size())));
  Check(gnutls_x509_crt_set_key(certificate, key));
  Check(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA512, 0));
}

PublicKey KeyOf(gnutls_x509_crt_t certificate) {
  gnutls_pubkey_t key = nullptr;
  gnutls_datum_t der{};
  Check(gnutls_pubkey_init(&key));
  Check(gnutls_pubkey_import_x509(key, certificate, 0));
  Check(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der));
  gnutls_pubkey_deinit(key);
  const auto text = TakeText(der);
  const auto found = PublicKey::from_spki({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (!found) NS_FATAL_ERROR("an identity for QUIC: its key is of another kind");
  return *found;
}

std::shared_ptr<const QuicCredentials> MakeCredentials() {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
  gnutls_datum_t keyText{}, certificateText{};
  Check(gnutls_x509_privkey_init(&key));
  Check(gnutls_x509_crt_init(&certificate));
  Check(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0));
  SignItself(certificate, key);
  Check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificateText));
  Check(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, &keyText));
  PeerTrust trust;
  trust.keys = {KeyOf(certificate)};
  auto loaded =
      QuicCredentials::load(Identity{TakeText(certificateText) + TakeText(keyText)}, std::move(trust));
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
  if (!loaded) NS_FATAL_ERROR("an identity for QUIC: " << loaded.error().message);
  return *loaded;
}

}  // namespace

std::shared_ptr<const QuicCredentials> GetSimulationCredentials() {
  static const auto kCredentials = MakeCredentials();
  return kCredentials;
}

}  // namespace kvferry::sim
