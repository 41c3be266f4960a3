// SPDX-License-Identifier: MIT
//
// Keys, certificates and authorities that tests make for themselves.
#pragma once

#include <gnutls/gnutls.h>

#include <ctime>
#include <memory>
#include <string>

#include "transport/quic/credentials.h"

namespace kvferry::test {

struct CertificateWish {
  std::string name = "kvferry";
  std::string dns{};
  bool is_authority = false;
  std::time_t begins_s = 1'600'000'000;
  std::time_t ends_s = 4'000'000'000;
};

class TestIdentity {
 public:
  // Signed by itself, or by an authority.
  explicit TestIdentity(const CertificateWish& wish = {}, const TestIdentity* authority = nullptr);

  [[nodiscard]] Identity identity() const { return {certificate_pem_ + key_pem_}; }
  [[nodiscard]] const std::string& certificate_pem() const { return certificate_pem_; }
  [[nodiscard]] const std::string& key_pem() const { return key_pem_; }
  [[nodiscard]] const PublicKey& key() const { return key_; }
  [[nodiscard]] PeerTrust pinned() const { return {{key_}, {}, {}}; }

 private:
  std::string certificate_pem_;
  std::string key_pem_;
  PublicKey key_;
};

[[nodiscard]] std::shared_ptr<const QuicCredentials> credentials(const TestIdentity& own,
                                                                 const PeerTrust& trust);
// Shows somebody's certificate with a key of its own.
[[nodiscard]] std::shared_ptr<const QuicCredentials> thief(const TestIdentity& victim,
                                                           const TestIdentity& own, const PeerTrust& trust);
// Shows nothing.
[[nodiscard]] std::shared_ptr<const QuicCredentials> nobody(const PeerTrust& trust);

}  // namespace kvferry::test
