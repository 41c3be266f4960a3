// SPDX-License-Identifier: MIT
#include "tests/netem/forwarder.h"

#include "transport/clock.h"

namespace kvferry::netem {
namespace {

constexpr int kBatch = 64;  // packets read before what is due is written

void write_packet(const Descriptor& tun, const Bytes& packet) {
  // A device that does not take it has dropped it, as any device may.
  [[maybe_unused]] const ssize_t written = write(tun.number(), packet.data(), packet.size());
}

template <typename OnPacket>
void read_packets(const Descriptor& tun, std::span<std::uint8_t> input, OnPacket on_packet) {
  for (int i = 0; i < kBatch; ++i) {
    const ssize_t size = read(tun.number(), input.data(), input.size());
    if (size <= 0) return;
    if (input[0] >> 4 == 4) on_packet(Bytes(input.begin(), input.begin() + size));
  }
}

}  // namespace

Forwarder::Forwarder(EventLoop& loop, const Descriptor& server_tun, const Descriptor& client_tun,
                     const PathOptions& options, Time start)
    : server_tun_(server_tun),
      client_tun_(client_tun),
      up_(options.up, start),
      down_(options.down, start),
      start_(start) {
  if (options.rebind_every > Duration(0)) rebinding_.emplace(options.rebind_every, start);
  loop.watch(client_tun, [this] { on_client_packets(); });
  loop.watch(server_tun, [this] { on_server_packets(); });
  loop.watch(timer_.descriptor(), [this] { deliver_due(); });
}

void Forwarder::on_client_packets() {
  read_packets(client_tun_, input_, [this](Bytes packet) {
    const Time now = steady_now();
    if (!first_packet_) first_packet_ = now - start_;
    if (rebinding_) rebinding_->handle_outbound(now, packet);
    up_.send(now, std::move(packet));
  });
  deliver_due();
}

void Forwarder::on_server_packets() {
  read_packets(server_tun_, input_, [this](Bytes packet) { down_.send(steady_now(), std::move(packet)); });
  deliver_due();
}

void Forwarder::deliver_due() {
  const Time now = steady_now();
  while (auto delivery = up_.take(now)) {
    write_packet(server_tun_, delivery->packet);
    lateness_.add(steady_now() - delivery->due);
  }
  while (auto delivery = down_.take(now)) {
    if (!rebinding_ || rebinding_->handle_inbound(now, delivery->packet)) {
      write_packet(client_tun_, delivery->packet);
    }
    lateness_.add(steady_now() - delivery->due);
  }
  const auto next_up = up_.next();
  const auto next_down = down_.next();
  timer_.set(next_up && next_down ? std::min(*next_up, *next_down) : next_up ? next_up : next_down);
}

}  // namespace kvferry::netem
