// SPDX-License-Identifier: MIT
//
// The streams binding: a control stream and several data streams beside it, each
// reliable and ordered, none ordered with another (QUIC). Signalling goes before
// data; AFTER keeps data from overtaking what it depends on. SPEC.md, 5.2.
#include <algorithm>
#include <vector>

#include "protocol/connection/binding.h"
#include "protocol/connection/stream_reader.h"
#include "protocol/connection/stream_writer.h"

namespace kvferry {
namespace {

class StreamsBinding final : public BindingLayer {
 public:
  StreamsBinding(const ConnectionConfig& config, Session& session, Ledger& ledger);

  std::size_t handle_bytes(Time now, ByteView bytes, std::uint64_t stream) override;
  void handle_timeout(Time) override {}
  void set_writable(std::uint32_t stream, bool takes_bytes) override { writable_.set(stream, takes_bytes); }
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
  std::optional<Outgoing> next_control(Time now);
  [[nodiscard]] StreamSet data_streams_that_take() const;

  Session& session_;
  StreamWriter writer_;
  StreamReader control_;
  std::vector<StreamReader> data_;  // stream 1 first
  std::size_t max_data_;
  std::uint32_t data_streams_;
  StreamSet writable_ = StreamSet::range(0, kMaxDataStreams + 1);
  std::uint64_t control_sent_ = 0;         // frames
  std::uint64_t data_depends_on_ = 0;      // so many of them
  std::vector<std::uint64_t> after_sent_;  // the last one on each data stream, stream 1 first
  Bytes no_token_;
};

StreamsBinding::StreamsBinding(const ConnectionConfig& config, Session& session, Ledger& ledger)
    : session_(session),
      writer_(ledger.sent),
      control_(session, ledger.received, StreamKind::kControl),
      max_data_(std::clamp<std::size_t>(config.max_data_bytes, 1, kMaxDataBodyBytes - kMaxDataPlaceBytes)),
      data_streams_(std::clamp<std::uint32_t>(config.data_streams, 1, kMaxDataStreams)),
      after_sent_(data_streams_, 0) {
  data_.reserve(kMaxDataStreams);
  for (std::uint32_t stream = 1; stream <= kMaxDataStreams; ++stream)
    data_.emplace_back(session, ledger.received, StreamKind::kData, stream, &control_);
}

std::size_t StreamsBinding::handle_bytes(Time now, ByteView bytes, std::uint64_t stream) {
  if (stream > kMaxDataStreams) {
    session_.fault(now, ErrorCode::kLimit, "more data streams than " + std::to_string(kMaxDataStreams));
    return bytes.size();
  }
  return stream == 0 ? control_.read(now, bytes) : data_[stream - 1].read(now, bytes);
}

std::optional<Outgoing> StreamsBinding::poll_transmit(Time now) {
  if (session_.has_control()) return next_control(now);
  if (auto piece = session_.next_data(now, max_data_, data_streams_that_take())) {
    std::uint64_t& told = after_sent_[piece->stream - 1];
    Outgoing out = writer_.data(std::move(*piece));
    if (told == data_depends_on_) return out;
    told = data_depends_on_;
    Bytes head;
    writer_.put_after(head, told);
    append(head, out.head);
    out.head = std::move(head);
    return out;
  }
  return next_control(now);  // of a source that failed
}

// What a source says goes before the data that it sends from then on; answers, questions and wishes do not
// matter to it.
std::optional<Outgoing> StreamsBinding::next_control(Time now) {
  if (!writable_.has(0)) return std::nullopt;
  auto frame = session_.next_control();
  if (!frame) return std::nullopt;
  ++control_sent_;
  if (frame->source_of) data_depends_on_ = control_sent_;
  Outgoing out = writer_.control(std::move(*frame));
  if (session_.state() == SessionState::kClosing && !session_.has_control()) session_.on_flushed(now);
  return out;
}

StreamSet StreamsBinding::data_streams_that_take() const {
  StreamSet streams;
  for (std::uint32_t stream = 1; stream <= data_streams_; ++stream)
    streams.set(stream, writable_.has(stream));
  return streams;
}

}  // namespace

std::unique_ptr<BindingLayer> make_streams_binding(const ConnectionConfig& config, Session& session,
                                                   Ledger& ledger) {
  return std::make_unique<StreamsBinding>(config, session, ledger);
}

}  // namespace kvferry
