// SPDX-License-Identifier: MIT
#include "transport/quic/random_source.h"

#include <gnutls/crypto.h>

#include <cstdlib>

namespace kvferry {

void RandomSource::fill(std::span<std::uint8_t> out) {
  if (fixed_) {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(fixed_->next());
  } else if (gnutls_rnd(GNUTLS_RND_RANDOM, out.data(), out.size()) != 0) {
    std::abort();  // no system without randomness is safe to go on with
  }
}

}  // namespace kvferry
