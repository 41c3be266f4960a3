// SPDX-License-Identifier: MIT
//
// Another application protocol in the place of kvferry's, on the same QUIC
// session: for tests with implementations of QUIC that know nothing of kvferry.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"

namespace kvferry {

// Streams have kvferry's numbers: 0 is the client's first bidirectional one, the unidirectional ones of
// either side begin at 1.
class OtherProtocol {
 public:
  virtual ~OtherProtocol() = default;
  // Takes everything. last: the stream has ended.
  virtual void handle_bytes(std::uint32_t stream, ByteView bytes, bool last) = 0;
  struct Output {
    std::uint32_t stream = 0;
    Bytes bytes;
  };
  [[nodiscard]] virtual std::optional<Output> poll_transmit() = 0;
};

struct OtherProtocolChoice {
  std::string name;  // as TLS negotiates it
  std::function<std::unique_ptr<OtherProtocol>()> make;
};

}  // namespace kvferry
