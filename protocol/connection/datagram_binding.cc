// SPDX-License-Identifier: MIT
#include "protocol/connection/binding.h"

namespace kvferry {
std::unique_ptr<BindingLayer> make_datagram_binding(const ConnectionConfig& config, Session& session,
                                                    Ledger& ledger, Time) {
  return make_stream_binding(config, session, ledger);
}
std::optional<std::uint64_t> datagram_connection_id(ByteView) { return std::nullopt; }
}  // namespace kvferry
