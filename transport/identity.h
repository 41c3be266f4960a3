// SPDX-License-Identifier: MIT
//
// Who a peer is: an Ed25519 key, known beforehand as with SSH, or a certificate that an authority signed. No
// TLS library here: TLS and QUIC bring their own.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};  // Ed25519, RFC 8032

  // "ed25519:" and 64 hexadecimal digits.
  [[nodiscard]] static Result<PublicKey> parse(std::string_view text);
  // Out of a DER SubjectPublicKeyInfo (RFC 8410); nothing if the key is of another kind.
  [[nodiscard]] static std::optional<PublicKey> from_spki(ByteView der);
  [[nodiscard]] std::string text() const;
  bool operator==(const PublicKey&) const = default;
};

// What one side shows: a private key and its certificate, PEM, as `kvferry keygen` writes them into one file.
struct Identity {
  std::string pem;

  // The error names the file. A file that others may read is refused.
  [[nodiscard]] static Result<Identity> read(const std::filesystem::path& file);
};

// Whom one side believes. With neither, nobody.
struct PeerTrust {
  std::vector<PublicKey> keys;
  std::string authorities_pem;  // certificates; those that they signed are believed, within their dates
  std::string server_name;  // a client's: the name that an authority has to have signed for; keys need none

  [[nodiscard]] bool empty() const { return keys.empty() && authorities_pem.empty(); }
  [[nodiscard]] bool pins(const PublicKey& key) const;
};

// One key, or those of a file: a key a line, then anything; empty lines and those with # are skipped.
[[nodiscard]] Result<std::vector<PublicKey>> read_peer_keys(const std::string& key_or_file);

}  // namespace kvferry
