// SPDX-License-Identifier: MIT
//
// One direction of a path that breaks in every way we can think of, on a
// virtual clock. As a datagram link it loses, repeats, reorders, damages and
// silences datagrams, those above its MTU always. As a stream it only waits,
// splits and joins. heal() ends all of it.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/connection/connection.h"
#include "tests/protocol/virtual_link.h"

namespace kvferry::test {

struct Arrival {
  Bytes bytes;
  PathId path = 0;
};

class FaultLink {
 public:
  struct Options {
    LinkOptions link;
    std::size_t mtu_bytes = 65'535;  // UDP payload
    Duration echo{};                 // duplicates come up to this much later
    std::size_t piece_bytes = 1;     // stream: pieces are of 1 to twice as many bytes
  };

  FaultLink(const Options& options, bool stream)
      : options_(options), stream_(stream), rng_(options.link.seed) {}

  [[nodiscard]] bool writable(Time now) const {
    return !stream_ || backlog_bytes(now) < options_.link.queue_bytes;
  }
  // Stream: when writable() will be true.
  [[nodiscard]] Time writable_at() const {
    double seconds = static_cast<double>(options_.link.queue_bytes) * 8 / options_.link.rate_bits_per_s;
    return free_at_ - from_seconds(seconds) + Duration(1000);
  }

  void send(Time now, Bytes bytes, PathId path) {
    std::size_t header = stream_ ? 0 : options_.link.header_bytes;
    if (!stream_ && backlog_bytes(now) + bytes.size() > options_.link.queue_bytes) return;
    double seconds = static_cast<double>(bytes.size() + header) * 8 / options_.link.rate_bits_per_s;
    free_at_ = std::max(free_at_, now) + from_seconds(seconds);
    Time arrival = free_at_ + options_.link.delay;
    if (stream_) return join(std::max({arrival, silent_until_, last_}), std::move(bytes));
    if (now < silent_until_ || bytes.size() > options_.mtu_bytes || rng_.chance(options_.link.loss)) return;
    if (rng_.chance(options_.link.duplicate))
      arriving_.emplace(arrival + part_of(options_.echo), Arrival{bytes, path});
    if (rng_.chance(options_.link.corrupt)) flip_bits(bytes);
    if (rng_.chance(options_.link.reorder)) arrival += part_of(options_.link.delay);
    arriving_.emplace(arrival, Arrival{std::move(bytes), path});
  }

  [[nodiscard]] std::optional<Time> next() const {
    if (arriving_.empty()) return std::nullopt;
    return arriving_.begin()->first;
  }

  // What has arrived by now: a datagram, or a piece of the stream.
  [[nodiscard]] std::optional<Arrival> take(Time now) {
    if (arriving_.empty() || arriving_.begin()->first > now) return std::nullopt;
    if (stream_) return take_piece(now);
    Arrival first = std::move(arriving_.begin()->second);
    arriving_.erase(arriving_.begin());
    return first;
  }

  void silence(Time until) { silent_until_ = std::max(silent_until_, until); }
  void set_mtu(std::size_t bytes) { options_.mtu_bytes = bytes; }
  void scale_rate(double factor) { options_.link.rate_bits_per_s *= factor; }
  void heal(double rate_bits_per_s) {
    options_.link.rate_bits_per_s = rate_bits_per_s;
    options_.link.queue_bytes = std::max<std::size_t>(options_.link.queue_bytes, 64 * 1024);
    options_.link.loss = options_.link.reorder = options_.link.duplicate = options_.link.corrupt = 0;
    options_.mtu_bytes = std::max<std::size_t>(options_.mtu_bytes, 1472);
    silent_until_ = {};
  }

 private:
  std::size_t backlog_bytes(Time now) const {
    double seconds = free_at_ > now ? to_seconds(free_at_ - now) : 0;
    return static_cast<std::size_t>(seconds * options_.link.rate_bits_per_s / 8);
  }
  Duration part_of(Duration most) {
    return Duration(static_cast<std::int64_t>(rng_.uniform() * static_cast<double>(most.count())));
  }
  void flip_bits(Bytes& bytes) {
    for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) {
      bytes[rng_.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << rng_.below(8));
    }
  }
  void join(Time arrival, Bytes bytes) {
    if (arriving_.empty() || last_ < arrival) arriving_.emplace(arrival, Arrival{});
    last_ = arrival;
    append(std::prev(arriving_.end())->second.bytes, bytes);
  }
  Arrival take_piece(Time now) {
    Arrival piece;
    std::size_t wanted = 1 + rng_.below(2 * options_.piece_bytes);
    while (piece.bytes.size() < wanted && !arriving_.empty() && arriving_.begin()->first <= now) {
      Bytes& first = arriving_.begin()->second.bytes;
      std::size_t more = std::min(wanted - piece.bytes.size(), first.size() - taken_);
      append(piece.bytes, ByteView(first).subspan(taken_, more));
      taken_ += more;
      if (taken_ < first.size()) break;
      taken_ = 0;
      arriving_.erase(arriving_.begin());
    }
    return piece;
  }

  Options options_;
  bool stream_;
  Rng rng_;
  Time free_at_{};
  Time silent_until_{};
  Time last_{};            // arrival of the stream so far
  std::size_t taken_ = 0;  // of the first entry of a stream
  std::multimap<Time, Arrival> arriving_;
};

}  // namespace kvferry::test
