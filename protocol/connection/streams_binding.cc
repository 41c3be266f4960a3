// SPDX-License-Identifier: MIT
//
// The streams binding: a control stream and several data streams beside it, each
// reliable and ordered, none ordered with another (QUIC). Signalling goes before
// data; AFTER keeps data from overtaking what it depends on. SPEC.md, 5.2.
// Refinements that may be dropped go in datagrams beside the streams. 5.3.
#include <algorithm>
#include <map>
#include <vector>

#include "protocol/connection/binding.h"
#include "protocol/connection/stream_reader.h"
#include "protocol/connection/stream_writer.h"

namespace kvferry {
namespace {

class StreamsBinding final : public BindingLayer {
 public:
  StreamsBinding(const ConnectionConfig& config, Session& session, Ledger& ledger);

  std::size_t handle_bytes(Time now, ByteView bytes, std::uint32_t stream) override;
  void handle_datagram(Time now, ByteView datagram, PathId) override;
  void handle_datagram_fate(Time now, std::uint64_t number, bool arrived) override;
  void handle_timeout(Time) override {}
  void set_writable(std::uint32_t stream, bool takes_bytes) override { writable_.set(stream, takes_bytes); }
  void set_max_datagram_bytes(std::size_t bytes) override {
    writable_.set(kDatagrams, bytes >= kMinDatagramBytes);
    max_datagram_bytes_ = bytes;
  }
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
  // A piece in a datagram whose fate is not known.
  struct UnderWay {
    DataPlace place;
    std::size_t size_bytes = 0;
  };

  std::optional<Outgoing> next_control(Time now);
  [[nodiscard]] Outgoing on_stream(DataPiece piece);
  [[nodiscard]] Outgoing in_datagram(DataPiece piece);
  [[nodiscard]] StreamSet data_streams_that_take() const;

  Session& session_;
  ByteClasses& received_;
  StreamWriter writer_;
  StreamReader control_;
  std::vector<StreamReader> data_;  // stream 1 first
  std::size_t max_data_;
  std::uint32_t data_streams_;
  StreamSet writable_ = StreamSet::range(0, kMaxDataStreams + 1);
  std::uint64_t control_sent_ = 0;         // frames
  std::uint64_t data_depends_on_ = 0;      // so many of them
  std::vector<std::uint64_t> after_sent_;  // the last one on each data stream, stream 1 first
  std::size_t max_datagram_bytes_ = 0;
  std::uint64_t datagrams_sent_ = 0;
  std::map<std::uint64_t, UnderWay> under_way_;  // by number
  Bytes no_token_;
};

StreamsBinding::StreamsBinding(const ConnectionConfig& config, Session& session, Ledger& ledger)
    : session_(session),
      received_(ledger.received),
      writer_(ledger.sent),
      control_(session, ledger.received, StreamKind::kControl),
      max_data_(std::clamp<std::size_t>(config.max_data_bytes, 1, kMaxDataBodyBytes - kMaxDataPlaceBytes)),
      data_streams_(std::clamp<std::uint32_t>(config.data_streams, 1, kMaxDataStreams)),
      after_sent_(data_streams_, 0) {
  data_.reserve(kMaxDataStreams);
  for (std::uint32_t stream = 1; stream <= kMaxDataStreams; ++stream)
    data_.emplace_back(session, ledger.received, StreamKind::kData, stream, &control_);
}

std::size_t StreamsBinding::handle_bytes(Time now, ByteView bytes, std::uint32_t stream) {
  if (stream > kMaxDataStreams) {
    session_.fault(now, ErrorCode::kLimit, "more data streams than " + std::to_string(kMaxDataStreams));
    return bytes.size();
  }
  return stream == 0 ? control_.read(now, bytes) : data_[stream - 1].read(now, bytes);
}

// The body of DATA, and nothing else. SPEC.md, 5.3.
void StreamsBinding::handle_datagram(Time now, ByteView datagram, PathId) {
  if (session_.state() == SessionState::kClosed || session_.closing_by_fault()) return;
  ByteReader in(datagram);
  const auto place = take_data_place(in);
  if (!place) return session_.fault(now, ErrorCode::kMalformed, "a datagram that is no DATA");
  session_.on_heard(now);
  received_.framing += in.position();
  const DataVerdict verdict = session_.on_data(now, *place, in.rest(), kDatagrams);
  (verdict == DataVerdict::kTaken ? received_.payload : received_.retransmitted) += in.rest().size();
}

void StreamsBinding::handle_datagram_fate(Time now, std::uint64_t number, bool arrived) {
  const auto found = under_way_.extract(number);
  if (found.empty()) return;
  const UnderWay& piece = found.mapped();
  arrived ? session_.data_acknowledged(now, piece.place, piece.size_bytes)
          : session_.data_lost(now, piece.place, piece.size_bytes);
}

std::optional<Outgoing> StreamsBinding::poll_transmit(Time now) {
  if (session_.has_control()) return next_control(now);
  if (auto piece = session_.next_data(now, max_data_, data_streams_that_take(), max_datagram_bytes_))
    return piece->stream == kDatagrams ? in_datagram(std::move(*piece)) : on_stream(std::move(*piece));
  return next_control(now);  // of a source that failed
}

Outgoing StreamsBinding::on_stream(DataPiece piece) {
  std::uint64_t& told = after_sent_[piece.stream - 1];
  Outgoing out = writer_.data(std::move(piece));
  if (told == data_depends_on_) return out;
  told = data_depends_on_;
  Bytes head;
  writer_.put_after(head, told);
  append(head, out.head);
  out.head = std::move(head);
  return out;
}

// Without AFTER: it is sent once the receiver has said that it has the manifest.
Outgoing StreamsBinding::in_datagram(DataPiece piece) {
  const std::uint64_t number = datagrams_sent_++;
  under_way_.emplace(number, UnderWay{piece.place, piece.bytes.size()});
  return writer_.datagram(std::move(piece), number);
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
  streams.set(kDatagrams, writable_.has(kDatagrams));
  return streams;
}

}  // namespace

std::unique_ptr<BindingLayer> make_streams_binding(const ConnectionConfig& config, Session& session,
                                                   Ledger& ledger) {
  return std::make_unique<StreamsBinding>(config, session, ledger);
}

}  // namespace kvferry
