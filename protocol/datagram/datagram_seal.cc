// SPDX-License-Identifier: MIT
#include "protocol/datagram/datagram_seal.h"

#include "protocol/base/crc32c.h"

namespace kvferry {

Bytes seal_datagram(Bytes head, Bytes body) {
  put_le(head, crc32c(body, crc32c(head)));
  body.insert(body.begin(), head.begin(), head.end());
  return body;
}

std::optional<ByteView> take_sealed_body(ByteReader& in, ByteView datagram) {
  ByteView head = datagram.first(in.position());
  auto checksum = in.take_le<std::uint32_t>();
  if (!checksum || crc32c(in.rest(), crc32c(head)) != *checksum) return std::nullopt;
  return in.rest();
}

}  // namespace kvferry
