// SPDX-License-Identifier: MIT
//
// The stream binding: frames one after the other on a reliable stream (TCP,
// TLS). Signalling goes before data; one call yields one frame, so that a
// decision still matters when it is taken.
#include <algorithm>

#include "protocol/connection/binding.h"
#include "protocol/connection/stream_reader.h"
#include "protocol/connection/stream_writer.h"

namespace kvferry {
namespace {

class StreamBinding final : public BindingLayer {
 public:
  StreamBinding(const ConnectionConfig& config, Session& session, Ledger& ledger)
      : session_(session),
        writer_(ledger.sent),
        reader_(session, ledger.received, StreamKind::kOnly),
        max_data_(std::clamp<std::size_t>(config.max_data_bytes, 1, kMaxDataBodyBytes - kMaxDataPlaceBytes)) {
  }

  std::size_t handle_bytes(Time now, ByteView bytes, std::uint32_t) override {
    return reader_.read(now, bytes);
  }
  void handle_timeout(Time) override {}
  std::optional<Outgoing> poll_transmit(Time now) override;
  std::optional<Time> next_timeout() const override { return std::nullopt; }
  void describe(PathStats& stats) const override {
    stats.rtt = session_.ping_rtt();
    stats.delivery_rate_bytes_per_s = session_.progress_rate();
    stats.delivered_bytes = session_.peer_received_bytes();
  }
  std::optional<std::uint64_t> connection_id() const override { return std::nullopt; }
  const Bytes& token() const override { return no_token_; }

 private:
  Session& session_;
  StreamWriter writer_;
  StreamReader reader_;
  std::size_t max_data_;
  Bytes no_token_;
};

std::optional<Outgoing> StreamBinding::poll_transmit(Time now) {
  if (auto frame = session_.next_control()) {
    Outgoing out = writer_.control(std::move(*frame));
    // The last words are out: the driver sends what it holds and then closes.
    if (session_.state() == SessionState::kClosing && !session_.has_control()) session_.on_flushed(now);
    return out;
  }
  if (auto piece = session_.next_data(now, max_data_)) return writer_.data(std::move(*piece));
  if (auto frame = session_.next_control())
    return writer_.control(std::move(*frame));  // a source that failed
  return std::nullopt;
}

}  // namespace

std::unique_ptr<BindingLayer> make_stream_binding(const ConnectionConfig& config, Session& session,
                                                  Ledger& ledger) {
  return std::make_unique<StreamBinding>(config, session, ledger);
}

}  // namespace kvferry
