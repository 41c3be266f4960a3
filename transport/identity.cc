// SPDX-License-Identifier: MIT
#include "transport/identity.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "protocol/base/digest.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "ed25519:";
// SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING of 32 bytes }
constexpr std::array<std::uint8_t, 12> kSpkiHead = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                                    0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};

Error not_readable(const fs::path& file) { return Error{file.string() + ": cannot be read"}; }

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view text) {
  const Error wrong{"'" + std::string(text) +
                    "': no public key, expected ed25519: and 64 hexadecimal digits"};
  if (!text.starts_with(kPrefix)) return wrong;
  const auto digits = Digest::from_hex(text.substr(kPrefix.size()));
  if (!digits) return wrong;
  return PublicKey{digits->bytes};
}

std::optional<PublicKey> PublicKey::from_spki(ByteView der) {
  PublicKey key;
  if (der.size() != kSpkiHead.size() + key.bytes.size()) return std::nullopt;
  if (!std::equal(kSpkiHead.begin(), kSpkiHead.end(), der.begin())) return std::nullopt;
  std::copy(der.begin() + kSpkiHead.size(), der.end(), key.bytes.begin());
  return key;
}

std::string PublicKey::text() const { return std::string(kPrefix) + Digest{bytes}.hex(); }

Result<Identity> Identity::read(const fs::path& file) {
  std::error_code failed;
  const fs::perms mode = fs::status(file, failed).permissions();
  if (failed) return Error{file.string() + ": " + failed.message()};
  if ((mode & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
    return Error{file.string() + ": others may read this private key, expected mode 600"};
  std::ifstream in(file, std::ios::binary);
  Identity identity{{std::istreambuf_iterator<char>(in), {}}};
  if (!in) return not_readable(file);
  return identity;
}

bool PeerTrust::pins(const PublicKey& key) const {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Result<std::vector<PublicKey>> read_peer_keys(const std::string& key_or_file) {
  std::vector<PublicKey> keys;
  if (key_or_file.starts_with(kPrefix)) {
    const auto key = PublicKey::parse(key_or_file);
    if (!key) return key.error();
    return std::vector{*key};
  }
  std::ifstream in(key_or_file);
  if (!in) return not_readable(key_or_file);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::string word;
    if (!(std::istringstream(line) >> word) || word.front() == '#') continue;
    const auto key = PublicKey::parse(word);
    if (!key) return key.error().in(key_or_file + ":" + std::to_string(number));
    keys.push_back(*key);
  }
  if (keys.empty()) return Error{key_or_file + ": no public key in it"};
  return keys;
}

}  // namespace kvferry
