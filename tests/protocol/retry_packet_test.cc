// SPDX-License-Identifier: MIT
#include "protocol/datagram/retry_packet.h"

#include <gtest/gtest.h>

#include "protocol/datagram/datagram_seal.h"
#include "protocol/datagram/packet.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kId = 0x0123456789abcdef;

Bytes bytes_of(std::string_view text) {
  ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

TEST(RetryPacket, stands_as_kind_id_checksum_token) {
  Bytes sealed = seal_retry({kId, bytes_of("token")});
  EXPECT_EQ(sealed, *from_hex("a3efcdab89674523019347400b746f6b656e"));
  auto opened = open_retry(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->connection_id, kId);
  EXPECT_EQ(opened->token, bytes_of("token"));
}

TEST(VersionsPacket, stands_as_kind_id_checksum_kinds) {
  Bytes sealed = seal_versions({kId, {kPacketKind}});
  EXPECT_EQ(sealed, *from_hex("a0efcdab89674523012381750da1"));
  auto opened = open_versions(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->connection_id, kId);
  EXPECT_EQ(opened->kinds, Bytes{kPacketKind});
}

TEST(RetryPacket, is_taken_for_no_other_kind) {
  Bytes retry = seal_retry({kId, bytes_of("token")});
  Bytes versions = seal_versions({kId, {kPacketKind}});
  Bytes packet = seal_packet({kId, 0}, bytes_of("\x35\x00"));
  EXPECT_FALSE(open_versions(retry) || open_packet(retry));
  EXPECT_FALSE(open_retry(versions) || open_packet(versions));
  EXPECT_FALSE(open_retry(packet) || open_versions(packet));
}

TEST(RetryPacket, is_refused_cut_or_with_any_bit_flipped) {
  for (const Bytes& sealed : {seal_retry({kId, bytes_of("token")}), seal_versions({kId, {0xA1, 0xA2}})}) {
    for (std::size_t size = 0; size < sealed.size(); ++size) {
      ByteView cut = ByteView(sealed).first(size);
      EXPECT_FALSE(open_retry(cut) || open_versions(cut)) << size << " bytes";
    }
    for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
      Bytes flipped = sealed;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << bit % 8);
      EXPECT_FALSE(open_retry(flipped) || open_versions(flipped)) << "bit " << bit;
    }
  }
}

// A stranger's datagram with a good checksum and a body of any size.
Bytes with_body(std::uint8_t kind, std::size_t body_bytes) {
  Bytes head{kind};
  put_le(head, kId);
  return seal_datagram(std::move(head), Bytes(body_bytes, 0xA1));
}

TEST(RetryPacket, has_a_token_of_1_to_64_bytes) {
  EXPECT_FALSE(open_retry(with_body(kRetryKind, 0)));
  EXPECT_TRUE(open_retry(with_body(kRetryKind, 1)));
  EXPECT_TRUE(open_retry(with_body(kRetryKind, kMaxTokenBytes)));
  EXPECT_FALSE(open_retry(with_body(kRetryKind, kMaxTokenBytes + 1)));
}

TEST(VersionsPacket, has_1_to_8_kinds) {
  EXPECT_FALSE(open_versions(with_body(kVersionsKind, 0)));
  EXPECT_TRUE(open_versions(with_body(kVersionsKind, 1)));
  EXPECT_TRUE(open_versions(with_body(kVersionsKind, kMaxVersions)));
  EXPECT_FALSE(open_versions(with_body(kVersionsKind, kMaxVersions + 1)));
}

TEST(VersionsPacket, answers_large_datagrams_of_a_later_version_only) {
  Bytes datagram(1200, 0xA2);
  for (int kind = 0; kind <= 0xFF; ++kind) {
    datagram[0] = static_cast<std::uint8_t>(kind);
    bool later = kind >= 0xA2 && kind <= 0xAF && kind != kRetryKind;
    EXPECT_EQ(answer_unknown_kind(datagram).has_value(), later) << kind;
  }
  datagram[0] = 0xA2;
  auto answer = open_versions(*answer_unknown_kind(datagram));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->connection_id, 0xA2A2A2A2A2A2A2A2u);
  EXPECT_EQ(answer->kinds, Bytes{kPacketKind});
  datagram.resize(1199);
  EXPECT_FALSE(answer_unknown_kind(datagram));
  EXPECT_FALSE(answer_unknown_kind({}));
}

}  // namespace
}  // namespace kvferry::test
