// SPDX-License-Identifier: MIT
//
// A QUIC server's door: what to do with a datagram that belongs to no session.
// It keeps nothing about who knocks.
#pragma once

#include "transport/quic/random_source.h"
#include "transport/quic/session.h"

namespace kvferry {

class QuicGate {
 public:
  QuicGate(const QuicSecret& secret, std::optional<std::uint64_t> fixed_seed)
      : secret_(secret), random_(fixed_seed) {}

  enum class Verdict : std::uint8_t {
    kDrop,
    kOpen,    // a session, by `opening`, that then gets the datagram
    kAnswer,  // send `answer` to where it came from
  };
  struct Decision {
    Verdict verdict = Verdict::kDrop;
    QuicOpening opening{};
    Bytes answer{};
  };
  // address: of who sent it, in any form that is always the same. under_load: many sessions are not yet
  // authenticated, so strangers have to prove first that they receive there.
  [[nodiscard]] Decision judge(Time now, ByteView datagram, ByteView address, bool under_load);

 private:
  [[nodiscard]] Decision reset(ByteView datagram, const QuicId& destination);

  QuicSecret secret_;
  RandomSource random_;
};

}  // namespace kvferry
