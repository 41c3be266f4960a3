// SPDX-License-Identifier: MIT
#include "protocol/base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace kvferry {

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) {
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // the library's length is an int
  std::uint32_t state = ~before;
  while (!bytes.empty()) {
    std::size_t size = std::min(bytes.size(), kPiece);
    // The library reads only, but its parameter is not const.
    state = crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(size), state);
    bytes = bytes.subspan(size);
  }
  return ~state;
}

}  // namespace kvferry
