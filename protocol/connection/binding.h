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

  // Streams. Returns how many bytes were taken.
  virtual std::size_t handle_bytes(Time, ByteView bytes, std::uint32_t) { return bytes.size(); }
  virtual void handle_datagram(Time, ByteView, PathId) {}
  virtual void handle_timeout(Time now) = 0;
  [[nodiscard]] virtual std::optional<Outgoing> poll_transmit(Time now) = 0;
  [[nodiscard]] virtual std::optional<Time> next_timeout() const = 0;
  // Whether the driver takes what is sent on a stream; streams binding.
  virtual void set_writable(std::uint32_t, bool) {}
  virtual void set_max_datagram_bytes(std::size_t) {}
  virtual void handle_datagram_fate(Time, std::uint64_t, bool) {}
  // Adds what the binding measures.
  virtual void describe(PathStats& stats) const = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> connection_id() const = 0;
  [[nodiscard]] virtual const Bytes& token() const = 0;
};

[[nodiscard]] std::unique_ptr<BindingLayer> make_stream_binding(const ConnectionConfig& config,
                                                                Session& session, Ledger& ledger);
[[nodiscard]] std::unique_ptr<BindingLayer> make_streams_binding(const ConnectionConfig& config,
                                                                 Session& session, Ledger& ledger);
[[nodiscard]] std::unique_ptr<BindingLayer> make_datagram_binding(const ConnectionConfig& config,
                                                                  Session& session, Ledger& ledger);

}  // namespace kvferry
