// SPDX-License-Identifier: MIT
#include "transport/identity.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

// RFC 8410 §10.1.
const std::string kKeyText = "ed25519:19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

TEST(PublicKeys, are_read_as_they_are_written) {
  const auto key = PublicKey::parse(kKeyText);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->text(), kKeyText);
  for (const std::string wrong : {"", "ed25519:", "19bf", "ed25519:19bf", "rsa:00"}) {
    EXPECT_EQ(PublicKey::parse(wrong).error().message,
              "'" + wrong + "': no public key, expected ed25519: and 64 hexadecimal digits");
  }
}

TEST(PublicKeys, come_out_of_the_form_that_certificates_hold) {
  Bytes der{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  const auto key = PublicKey::parse(kKeyText);
  append(der, key->bytes);
  EXPECT_EQ(PublicKey::from_spki(der), *key);
  for (std::size_t i = 0; i < 12; ++i) {
    Bytes other = der;
    other[i] ^= 1;
    EXPECT_EQ(PublicKey::from_spki(other), std::nullopt) << i;
  }
  der.push_back(0);
  EXPECT_EQ(PublicKey::from_spki(der), std::nullopt);
}

TEST(PeerKeys, of_a_file_are_one_a_line) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "peers";
  std::ofstream(file) << "# the lab\n\n" << kKeyText << " alice\n  " << kKeyText << "\n";
  const auto keys = read_peer_keys(file);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->size(), 2u);
  std::ofstream(file) << kKeyText << "\nbob\n";
  EXPECT_EQ(read_peer_keys(file).error().message,
            file + ":2: 'bob': no public key, expected ed25519: and 64 hexadecimal digits");
  std::ofstream(file) << "# nobody\n";
  EXPECT_EQ(read_peer_keys(file).error().message, file + ": no public key in it");
  EXPECT_EQ(read_peer_keys("/nowhere").error().message, "/nowhere: cannot be read");
  EXPECT_EQ(read_peer_keys(kKeyText)->size(), 1u);
}

TEST(PeerTrust, believes_nobody_by_itself) {
  PeerTrust trust;
  EXPECT_TRUE(trust.empty());
  const auto key = *PublicKey::parse(kKeyText);
  EXPECT_FALSE(trust.pins(key));
  trust.keys.push_back(key);
  EXPECT_TRUE(trust.pins(key));
  EXPECT_FALSE(trust.pins(PublicKey{}));
}

TEST(Identities, that_others_may_read_are_refused) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "key.pem";
  std::ofstream(file) << "pem";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  EXPECT_EQ(Identity::read(file).error().message,
            file.string() + ": others may read this private key, expected mode 600");
  fs::permissions(file, fs::perms::owner_read);
  EXPECT_EQ(Identity::read(file)->pem, "pem");
  EXPECT_EQ(Identity::read(folder.path() / "none").error().message,
            (folder.path() / "none").string() + ": No such file or directory");
}

}  // namespace
}  // namespace kvferry
