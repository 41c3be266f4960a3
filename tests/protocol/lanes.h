// SPDX-License-Identifier: MIT
//
// One direction of the streams binding on a virtual clock: one link that all
// streams share, and behind it a lane for each, so that none is ordered with
// another. Each has a window as QUIC's flow control has: what was sent and not
// yet taken, held back bytes too, fills it. Beside them go datagrams, in any
// order; their sender is told what became of each, and is sometimes wrong.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "protocol/connection/connection.h"
#include "protocol/connection/stream_set.h"
#include "tests/protocol/virtual_link.h"

namespace kvferry::test {

struct LaneOptions {
  double spread = 1;  // beyond 1: by so much lanes are slower and later than the link, at most, by seed
  std::size_t window_bytes = 256 * 1024;
  std::size_t datagram_bytes = 0;   // 0: none
  double datagram_loss = 0;         // probabilities
  double datagram_false_alarm = 0;  // said to be lost, and arrives all the same
};

class Lanes {
 public:
  Lanes(const LinkOptions& link, const LaneOptions& lanes)
      : shared_(link, true),
        window_bytes_(lanes.window_bytes),
        options_(lanes),
        rng_(link.seed * 17 + 3),
        delay_(link.delay),
        datagrams_(datagram_link(link), false) {
    Rng rng(link.seed * 31 + 7);
    for (std::uint32_t stream = 0; stream <= kMaxDataStreams; ++stream) {
      LinkOptions one;
      one.seed = rng.next();
      one.rate_bits_per_s =
          lanes.spread > 1 ? link.rate_bits_per_s / (1 + lanes.spread * rng.uniform()) : 1e15;
      one.delay = from_seconds(to_seconds(link.delay) * (lanes.spread - 1) * rng.uniform());
      lanes_.emplace_back(one);
    }
  }

  // Tells the connection which streams take bytes.
  void tell(Time now, Connection& connection) const {
    for (std::uint32_t stream = 0; stream < lanes_.size(); ++stream)
      connection.set_writable(stream, writable(now, stream));
    connection.set_max_datagram_bytes(options_.datagram_bytes);
  }
  [[nodiscard]] bool all_writable(Time now) const {
    for (std::uint32_t stream = 0; stream < lanes_.size(); ++stream) {
      if (!writable(now, stream)) return false;
    }
    return true;
  }
  void send(Time now, std::uint32_t stream, Bytes bytes) {
    lanes_[stream].untaken_bytes += bytes.size();
    lanes_[stream].sent_bytes += bytes.size();
    shared_.send(now, std::move(bytes), stream);
  }
  void send_datagram(Time now, std::uint64_t number, Bytes bytes) {
    ++datagrams_sent_;
    most_datagram_bytes_ = std::max(most_datagram_bytes_, bytes.size());
    const bool lost = rng_.chance(options_.datagram_loss);
    if (lost || rng_.chance(options_.datagram_false_alarm))
      fates_.emplace(now + 3 * delay_, Fate{number, false});
    if (!lost) datagrams_.send(now, std::move(bytes), number);
  }
  // Says to the one who sent them what became of datagrams.
  void tell_fates(Time now, Connection& from) {
    for (auto at = fates_.begin(); at != fates_.end() && at->first <= now; at = fates_.erase(at))
      from.handle_datagram_fate(now, at->second.number, at->second.arrived);
  }
  // The streams on which nothing arrives.
  std::set<std::uint32_t> stalled;

  // Brings what has arrived; after() follows each piece. Held back bytes are brought again after those of
  // the control stream.
  template <typename After>
  void deliver(Time now, Connection& to, After&& after) {
    while (auto bytes = datagrams_.take(now)) {
      fates_.emplace(now + delay_, Fate{datagrams_.taken_tag(), true});
      to.handle_datagram(now, *bytes);
      after();
    }
    while (auto bytes = shared_.take(now)) lanes_[shared_.taken_tag()].link.send(now, std::move(*bytes));
    for (std::uint32_t stream = 0; stream < lanes_.size(); ++stream) {
      if (stalled.contains(stream)) continue;
      while (auto bytes = lanes_[stream].link.take(now)) {
        append(lanes_[stream].held, *bytes);
        bring(now, to, stream);
        after();
        if (stream != 0) continue;
        for (std::uint32_t other = 1; other < lanes_.size(); ++other) bring(now, to, other);
        after();
      }
    }
  }

  [[nodiscard]] std::optional<Time> next() const {
    std::optional<Time> next = shared_.next();
    if (auto at = datagrams_.next(); at && (!next || *at < *next)) next = at;
    if (!fates_.empty() && (!next || fates_.begin()->first < *next)) next = fates_.begin()->first;
    for (std::uint32_t stream = 0; stream < lanes_.size(); ++stream) {
      auto at = stalled.contains(stream) ? std::nullopt : lanes_[stream].link.next();
      if (at && (!next || *at < *next)) next = at;
    }
    return next;
  }
  [[nodiscard]] std::size_t most_held_bytes() const { return most_held_bytes_; }
  [[nodiscard]] std::uint64_t datagrams_sent() const { return datagrams_sent_; }
  [[nodiscard]] std::size_t most_datagram_bytes() const { return most_datagram_bytes_; }
  [[nodiscard]] std::uint64_t sent_bytes(std::uint32_t stream) const { return lanes_[stream].sent_bytes; }

 private:
  struct Lane {
    explicit Lane(const LinkOptions& options) : link(options, true) {}
    VirtualLink link;
    std::size_t untaken_bytes = 0;
    std::uint64_t sent_bytes = 0;
    Bytes held;
  };

  struct Fate {
    std::uint64_t number = 0;
    bool arrived = false;
  };

  // Of its own, and in no order.
  static LinkOptions datagram_link(LinkOptions link) {
    link.queue_bytes = std::size_t{1} << 40;
    link.reorder = 0.2;
    return link;
  }
  [[nodiscard]] bool writable(Time now, std::uint32_t stream) const {
    return lanes_[stream].untaken_bytes < window_bytes_ && shared_.writable(now);
  }
  void bring(Time now, Connection& to, std::uint32_t stream) {
    Lane& lane = lanes_[stream];
    if (lane.held.empty()) return;
    const std::size_t taken = to.handle_bytes(now, lane.held, stream);
    lane.held.erase(lane.held.begin(), lane.held.begin() + static_cast<std::ptrdiff_t>(taken));
    lane.untaken_bytes -= taken;
    most_held_bytes_ = std::max(most_held_bytes_, lane.held.size());
  }

  VirtualLink shared_;
  std::size_t window_bytes_;
  std::size_t most_held_bytes_ = 0;
  std::vector<Lane> lanes_;
  LaneOptions options_;
  Rng rng_;
  Duration delay_;
  VirtualLink datagrams_;
  std::multimap<Time, Fate> fates_;
  std::uint64_t datagrams_sent_ = 0;
  std::size_t most_datagram_bytes_ = 0;
};

}  // namespace kvferry::test
