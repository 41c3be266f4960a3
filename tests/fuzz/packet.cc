// SPDX-License-Identifier: MIT
//
// how (8 bits) | packets, each size (16 bits) | step in numbers (8) | frames: sealed with the right checksum
// and given to a connection that asks or is asked. Every byte is booked, datagrams keep to their size, timers
// let time go by.
#include "protocol/datagram/packet.h"
#include "tests/fuzz/sessions.h"
#include "tests/fuzz/target.h"
#include "tests/protocol/checked_end.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

namespace {

class Attacked {
 public:
  explicit Attacked(std::uint8_t how) : end_(findings_, config(how), now_) {
    if (how % 2 == 1) (void)end_.request(now_, {}, sink_);
    drain();
    const auto id = end_.connection().connection_id();
    id_ = id.value_or(7);
  }

  void take(std::uint8_t step, ByteView frames) {
    number_ += step % 16;
    Bytes padded(frames.begin(), frames.end());
    while (first_ && padded.size() < 1200) padded.insert(padded.end(), 2, 0);  // PADDING
    first_ = false;
    end_.handle(now_, seal_packet({id_, number_++}, padded), step / 128);
    drain();
    now_ += milliseconds(1 << (step / 16 % 8));
    while (end_.handle_timeout(now_)) drain();
    fuzz::require(findings_.first().empty(), findings_.first().c_str());
  }

 private:
  static ConnectionConfig config(std::uint8_t how) {
    ConnectionConfig config = fuzz::stream_config(how % 2 == 1 ? Role::kClient : Role::kServer);
    config.binding = Binding::kDatagram;
    config.repair = how % 4 < 2 ? Repair::kOff : Repair::kFollowLoss;
    config.repair_loss_floor = 0.1;
    config.max_datagram_bytes = how % 8 < 4 ? 1452 : 256;
    return config;
  }
  void drain() {
    end_.drain(now_, {[] { return true; }, [](const Bytes&, PathId) {},
                      [this](const Event& event) { react(event); }});
  }
  void react(const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      end_.call([&](Connection& c) { c.provide(now_, wanted->id, fuzz::small_source()); });
    if (auto* offered = std::get_if<event::Offered>(&event))
      end_.call([&](Connection& c) { c.accept(now_, offered->id, sink_); });
    if (auto* complete = std::get_if<event::Complete>(&event))
      end_.call([&](Connection& c) { c.confirm(now_, complete->id); });
  }

  test::Findings findings_;
  fuzz::NullSink sink_;
  Time now_ = fuzz::kNow;
  test::CheckedEnd end_;
  std::uint64_t id_ = 0;
  std::uint64_t number_ = 0;
  bool first_ = true;
};

}  // namespace

FUZZ_TARGET(packet) {
  ByteReader in(input);
  const auto how = in.take_le<std::uint8_t>();
  if (!how) return;
  Attacked attacked(*how);
  while (!in.at_end()) {
    const auto size = in.take_le<std::uint16_t>();
    const auto step = in.take_le<std::uint8_t>();
    const auto frames = in.take(size.value_or(0));
    if (!step || !frames) return;
    attacked.take(*step, *frames);
  }
}
