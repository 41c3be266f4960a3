// SPDX-License-Identifier: MIT
//
// One direction of a path on a virtual clock: rate, delay, a drop-tail queue,
// and seeded faults. As a datagram link it keeps packets whole; as a stream it
// loses nothing and delivers bytes in order, split and coalesced at random.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/range_set.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace kvferry::test {

struct LinkOptions {
  double rate_bits_per_s = 50e6;
  Duration delay = milliseconds(20);     // one way
  std::size_t queue_bytes = 256 * 1024;  // datagrams: dropped beyond; stream: the driver must wait
  std::size_t header_bytes = 28;         // per datagram, counted by the rate
  std::size_t mtu_bytes = 65535;         // larger datagrams are lost
  double loss = 0;                       // probabilities per datagram
  std::uint32_t loss_burst = 1;          // so many datagrams in a row, at the same mean loss
  Range lost_datagrams;                  // of those sent, counted from 0: beside what loss takes
  double reorder = 0;                    // held back by up to one delay
  double duplicate = 0;
  double corrupt = 0;  // a few bits flipped
  std::uint64_t seed = 1;
};

class VirtualLink {
 public:
  VirtualLink(const LinkOptions& options, bool stream)
      : options_(options), stream_(stream), rng_(options.seed) {}

  // Stream: whether the socket buffer takes more.
  [[nodiscard]] bool writable(Time now) const { return backlog_bytes(now) < options_.queue_bytes; }

  // tag: whatever the receiving end is to know of it.
  void send(Time now, Bytes bytes, std::uint64_t tag = 0) {
    ++sent_count_;
    sent_bytes_ += bytes.size();
    if (!stream_ && bytes.size() > options_.mtu_bytes) return;
    std::size_t queued_bytes = backlog_bytes(now);
    queued_bytes_sum_ += static_cast<double>(queued_bytes);
    most_queued_bytes_ = std::max(most_queued_bytes_, queued_bytes);
    if (!stream_ && queued_bytes + bytes.size() > options_.queue_bytes) return;
    std::size_t header = stream_ ? 0 : options_.header_bytes;
    double seconds = static_cast<double>(bytes.size() + header) * 8 / options_.rate_bits_per_s;
    free_at_ = std::max(free_at_, now) + from_seconds(seconds);
    Time arrival = free_at_ + options_.delay;
    if (stream_) {
      arriving_.emplace(arrival, Parcel{std::move(bytes), tag});
      return;
    }
    if (loses() || is_to_be_lost(sent_count_ - 1)) return;
    if (rng_.chance(options_.duplicate)) arriving_.emplace(arrival + late(), Parcel{bytes, tag});
    if (rng_.chance(options_.corrupt)) flip_bits(bytes);
    if (rng_.chance(options_.reorder)) arrival += late();
    arriving_.emplace(arrival, Parcel{std::move(bytes), tag});
  }

  [[nodiscard]] std::optional<Time> next() const {
    if (arriving_.empty()) return std::nullopt;
    return arriving_.begin()->first;
  }

  // What has arrived by now, one datagram or one piece of the stream at a time.
  [[nodiscard]] std::optional<Bytes> take(Time now) {
    if (arriving_.empty() || arriving_.begin()->first > now) return std::nullopt;
    auto first = arriving_.begin();
    const Time arrival = first->first;
    Bytes bytes = std::move(first->second.bytes);
    taken_tag_ = first->second.tag;
    arriving_.erase(first);
    if (!stream_ || bytes.size() < 2 || !rng_.chance(0.5)) return bytes;
    std::size_t cut = 1 + rng_.below(bytes.size() - 1);
    // Before everything of the same time: the rest stays first.
    Bytes rest(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end());
    bytes.resize(cut);
    arriving_.emplace_hint(arriving_.begin(), arrival, Parcel{std::move(rest), taken_tag_});
    return bytes;
  }

  [[nodiscard]] std::uint64_t taken_tag() const { return taken_tag_; }  // of what take() returned last
  [[nodiscard]] std::uint64_t sent_count() const { return sent_count_; }
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }
  // The queue as arriving datagrams found it.
  [[nodiscard]] double mean_queued_bytes() const {
    return sent_count_ == 0 ? 0 : queued_bytes_sum_ / static_cast<double>(sent_count_);
  }
  [[nodiscard]] std::size_t most_queued_bytes() const { return most_queued_bytes_; }
  LinkOptions& options() { return options_; }

 private:
  struct Parcel {
    Bytes bytes;
    std::uint64_t tag = 0;
  };
  std::size_t backlog_bytes(Time now) const {
    double seconds = free_at_ > now ? to_seconds(free_at_ - now) : 0;
    return static_cast<std::size_t>(seconds * options_.rate_bits_per_s / 8);
  }
  [[nodiscard]] bool is_to_be_lost(std::uint64_t index) const {
    return options_.lost_datagrams.begin <= index && index < options_.lost_datagrams.end;
  }
  // A burst begins so often that the mean loss is what the options say.
  bool loses() {
    if (burst_left_ > 0) {
      --burst_left_;
      return true;
    }
    double between = static_cast<double>(options_.loss_burst) * (1 - options_.loss);
    if (!rng_.chance(options_.loss / (options_.loss + between))) return false;
    burst_left_ = options_.loss_burst - 1;
    return true;
  }
  Duration late() {
    return Duration(static_cast<std::int64_t>(rng_.uniform() * static_cast<double>(options_.delay.count())));
  }
  void flip_bits(Bytes& bytes) {
    for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) {
      bytes[rng_.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << rng_.below(8));
    }
  }

  LinkOptions options_;
  bool stream_;
  Rng rng_;
  Time free_at_{};
  std::multimap<Time, Parcel> arriving_;
  std::uint64_t taken_tag_ = 0;
  std::uint32_t burst_left_ = 0;
  double queued_bytes_sum_ = 0;
  std::size_t most_queued_bytes_ = 0;
  std::uint64_t sent_count_ = 0;
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace kvferry::test
