// SPDX-License-Identifier: MIT
//
// How a session's frames travel. A binding owns no transfers and no messages;
// it turns them into bytes or packets and back.
#pragma once

#include "protocol/connection/session.h"

namespace kvferry {

class BindingLayer {
 public:
  virtual ~BindingLayer() = default;

  virtual void handle_bytes(Time now, ByteView bytes, PathId path) = 0;
  virtual void handle_timeout(Time now) = 0;
  [[nodiscard]] virtual std::optional<Outgoing> poll_transmit(Time now) = 0;
  [[nodiscard]] virtual std::optional<Time> next_timeout() const = 0;
  // Adds what the binding measures.
  virtual void describe(PathStats& stats) const = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> connection_id() const = 0;
  [[nodiscard]] virtual const Bytes& token() const = 0;
};

[[nodiscard]] std::unique_ptr<BindingLayer> make_stream_binding(const ConnectionConfig& config,
                                                                Session& session, Ledger& ledger);
[[nodiscard]] std::unique_ptr<BindingLayer> make_datagram_binding(const ConnectionConfig& config,
                                                                  Session& session, Ledger& ledger);

}  // namespace kvferry
