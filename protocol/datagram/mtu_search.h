// SPDX-License-Identifier: MIT
//
// How large datagrams may be: packetization-layer path MTU discovery after RFC
// 8899. Sizes are UDP payloads. No ICMP is needed: a probe, a packet padded to
// the size in question, is acknowledged or it is not. The loss of a probe is not
// congestion: it must not reach the congestion controller.
//
//   kBase ──on_confirmed──► kSearching ──interval below 32──► kDone ──600 s──► kSearching
//     │                         │                               │  (not at the ceiling)
//     └────── black hole ───────┴────────── black hole ─────────┘
//                  ▼
//            kBlackHole: the base size; once more: the floor ──5 s, or  on_confirmed──► kSearching
//
// kSearching tries the ceiling first, because it usually works, then halves the
// interval between the largest size known to work and the smallest known not
// to. A size is given up after three lost probes, one at a time.
//
// A black hole: three probe timeouts in a row (RFC 9002's, of the connection),
// or six packets lost in a row that the next lower size would not have been
// needed for, while a smaller one sent after the first of them has arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/base/time.h"

namespace kvferry {

class MtuSearch {
 public:
  static constexpr std::size_t kFloorBytes = 512;
  static constexpr std::size_t kBaseBytes = 1200;  // what the handshake's padded packets prove
  static constexpr std::size_t kCeilingBytes = 1452;
  static constexpr std::size_t kMaxCeilingBytes = 16383;
  static constexpr std::size_t kResolutionBytes = 32;
  static constexpr int kMaxProbes = 3;
  static constexpr int kBlackHoleTimeouts = 3;
  static constexpr int kBlackHoleLosses = 6;
  static constexpr Duration kBlackHoleTime = std::chrono::seconds(5);
  static constexpr Duration kRaiseTime = std::chrono::seconds(600);

  // A ceiling below the base, or the floor, lowers these too.
  explicit MtuSearch(std::size_t ceiling_bytes = kCeilingBytes);

  // What packets that are no probes may fill.
  [[nodiscard]] std::size_t size() const { return size_; }
  // The handshake's packets have arrived: the search begins, from the floor if they had to be that small.
  void on_confirmed();

  // The size to probe now; nothing while a probe is under way.
  [[nodiscard]] std::optional<std::size_t> next_probe(Time now);
  // When next_probe() is to be asked, if not after the next packet.
  [[nodiscard]] std::optional<Time> next_probe_at() const { return search_at_; }
  void on_probe_sent(std::size_t size_bytes) { probe_ = size_bytes; }
  // Of a probe that is no longer under way: ignored.
  void on_probe_acked(Time now, std::size_t size_bytes);
  void on_probe_lost(Time now, std::size_t size_bytes);

  // Every packet that is no probe, by its number.
  void on_packet_acked(Time now, std::uint64_t number, std::size_t size_bytes);
  void on_packet_lost(Time now, std::uint64_t number, std::size_t size_bytes);
  // The probe timeouts in a row so far.
  void on_probe_timeout(Time now, int consecutive);

 private:
  enum class State : std::uint8_t { kBase, kSearching, kDone, kBlackHole };

  void begin_search();
  void narrowed(Time now);
  void fall(Time now);
  [[nodiscard]] std::size_t lower_size() const;                   // what a black hole falls back to
  [[nodiscard]] bool is_full_size(std::size_t size_bytes) const;  // of now, and not of lower_size()
  void check_losses(Time now);

  std::size_t ceiling_;
  std::size_t base_;
  std::size_t floor_;
  State state_ = State::kBase;
  bool confirmed_ = false;
  std::size_t size_;
  std::size_t too_large_;             // the smallest size given up; one above the ceiling when none is
  std::optional<std::size_t> probe_;  // under way
  int probes_lost_ = 0;               // of the size in question
  std::optional<Time> search_at_;     // kDone, kBlackHole

  int full_losses_ = 0;                // in a row
  std::uint64_t first_loss_ = 0;       // the oldest of them
  std::uint64_t newest_full_ack_ = 0;  // one above; packets before it lost nothing to a black hole
  std::uint64_t newest_small_ack_ = 0;
};

}  // namespace kvferry
