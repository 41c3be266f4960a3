// SPDX-License-Identifier: MIT
#include "protocol/datagram/address_token.h"

#include <gtest/gtest.h>

#include <numeric>

#include "protocol/datagram/retry_packet.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kId = 0x0123456789abcdef;
constexpr Time kNow = time_from_ns(5'000'000'000);
const Bytes kAddress = {127, 0, 0, 1, 0x13, 0x35};

std::array<std::uint8_t, 32> counting_key() {
  std::array<std::uint8_t, 32> key{};
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

class AddressToken : public testing::Test {
 protected:
  AddressTokens tokens_{counting_key()};
  Bytes retry_ = tokens_.make_retry(kNow, kAddress, kId);
  Bytes new_ = tokens_.make_new(kNow, kAddress);
};

// Python: h = bytes([1, purpose]) + struct.pack("<q", expiry); h + hmac.new(bytes(range(32)), h + address +
// (struct.pack("<Q", id) if purpose == 0 else b""), hashlib.sha256).digest()[:16]
TEST_F(AddressToken, has_the_bytes_that_another_hmac_gives) {
  EXPECT_EQ(retry_, *from_hex("010000d6117e030000008e05f4838a218de8ebe9720fa246788a"));
  EXPECT_EQ(new_, *from_hex("010100f254bb954e00002674db6790f3d6912da868042f677f97"));
  EXPECT_LE(retry_.size(), kMaxTokenBytes);
}

TEST_F(AddressToken, is_accepted_until_it_expires) {
  EXPECT_TRUE(tokens_.accepts(kNow, kAddress, kId, retry_));
  EXPECT_TRUE(tokens_.accepts(kNow + AddressTokens::kRetryLife - Duration(1), kAddress, kId, retry_));
  EXPECT_FALSE(tokens_.accepts(kNow + AddressTokens::kRetryLife, kAddress, kId, retry_));
  EXPECT_TRUE(tokens_.accepts(kNow + AddressTokens::kNewLife - Duration(1), kAddress, kId, new_));
  EXPECT_FALSE(tokens_.accepts(kNow + AddressTokens::kNewLife, kAddress, kId, new_));
}

TEST_F(AddressToken, is_bound_to_its_address) {
  for (const Bytes& other : {Bytes{127, 0, 0, 1, 0x13, 0x36}, Bytes{127, 0, 0, 1, 0x13}, Bytes{}}) {
    EXPECT_FALSE(tokens_.accepts(kNow, other, kId, retry_));
    EXPECT_FALSE(tokens_.accepts(kNow, other, kId, new_));
  }
}

TEST_F(AddressToken, of_a_retry_is_bound_to_its_connection_and_a_new_one_is_not) {
  EXPECT_FALSE(tokens_.accepts(kNow, kAddress, kId + 1, retry_));
  EXPECT_TRUE(tokens_.accepts(kNow, kAddress, kId + 1, new_));
}

TEST_F(AddressToken, is_refused_with_any_bit_flipped) {
  for (const Bytes& token : {retry_, new_}) {
    for (std::size_t bit = 0; bit < 8 * token.size(); ++bit) {
      Bytes flipped = token;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << bit % 8);
      EXPECT_FALSE(tokens_.accepts(kNow, kAddress, kId, flipped)) << "bit " << bit;
    }
  }
}

TEST_F(AddressToken, is_refused_cut_or_longer) {
  for (std::size_t size = 0; size < retry_.size(); ++size) {
    EXPECT_FALSE(tokens_.accepts(kNow, kAddress, kId, ByteView(retry_).first(size)));
  }
  Bytes longer = retry_;
  longer.push_back(0);
  EXPECT_FALSE(tokens_.accepts(kNow, kAddress, kId, longer));
}

TEST_F(AddressToken, of_another_key_is_refused) {
  auto key = counting_key();
  key[31] ^= 1;
  EXPECT_FALSE(AddressTokens(key).accepts(kNow, kAddress, kId, retry_));
}

}  // namespace
}  // namespace kvferry::test
