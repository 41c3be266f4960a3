// SPDX-License-Identifier: MIT
#include "protocol/datagram/mtu_search.h"

#include <algorithm>
#include <utility>

namespace kvferry {

MtuSearch::MtuSearch(std::size_t ceiling_bytes)
    : ceiling_(std::min(ceiling_bytes, kMaxCeilingBytes)),
      base_(std::min(kBaseBytes, ceiling_)),
      floor_(std::min(kFloorBytes, ceiling_)),
      size_(base_),
      too_large_(ceiling_ + 1) {}

void MtuSearch::on_confirmed() {
  if (!std::exchange(confirmed_, true)) begin_search();
}

void MtuSearch::begin_search() {
  state_ = State::kSearching;
  too_large_ = ceiling_ + 1;
  probe_.reset();
  probes_lost_ = 0;
  search_at_.reset();
}

std::optional<std::size_t> MtuSearch::next_probe(Time now) {
  if (search_at_ && *search_at_ <= now) begin_search();
  if (state_ != State::kSearching || probe_ || size_ == ceiling_) return std::nullopt;
  return too_large_ > ceiling_ ? ceiling_ : size_ + (too_large_ - size_) / 2;
}

void MtuSearch::on_probe_acked(Time now, std::size_t size_bytes) {
  if (probe_ != size_bytes) return;
  size_ = size_bytes;
  narrowed(now);
}

void MtuSearch::on_probe_lost(Time now, std::size_t size_bytes) {
  if (probe_ != size_bytes) return;
  probe_.reset();
  if (++probes_lost_ < kMaxProbes) return;
  too_large_ = size_bytes;
  narrowed(now);
}

void MtuSearch::narrowed(Time now) {
  probe_.reset();
  probes_lost_ = 0;
  if (size_ < ceiling_ && too_large_ - size_ > kResolutionBytes) return;
  state_ = State::kDone;
  if (size_ < ceiling_) search_at_ = now + kRaiseTime;
}

std::size_t MtuSearch::lower_size() const { return size_ > base_ ? base_ : floor_; }

bool MtuSearch::is_full_size(std::size_t size_bytes) const {
  return size_bytes > lower_size() && size_bytes <= size_;
}

void MtuSearch::fall(Time now) {
  if (size_ == floor_) return;
  size_ = lower_size();
  state_ = State::kBlackHole;
  probe_.reset();
  full_losses_ = 0;
  search_at_ = now + kBlackHoleTime;
}

void MtuSearch::on_packet_acked(Time now, std::uint64_t number, std::size_t size_bytes) {
  if (is_full_size(size_bytes)) {
    newest_full_ack_ = std::max(newest_full_ack_, number + 1);
    if (number > first_loss_) full_losses_ = 0;
  } else if (size_bytes <= lower_size()) {
    newest_small_ack_ = std::max(newest_small_ack_, number);
    check_losses(now);
  }
}

void MtuSearch::on_packet_lost(Time now, std::uint64_t number, std::size_t size_bytes) {
  if (!is_full_size(size_bytes) || number < newest_full_ack_) return;
  first_loss_ = full_losses_ == 0 ? number : std::min(first_loss_, number);
  ++full_losses_;
  check_losses(now);
}

void MtuSearch::check_losses(Time now) {
  if (full_losses_ >= kBlackHoleLosses && newest_small_ack_ > first_loss_) fall(now);
}

void MtuSearch::on_probe_timeout(Time now, int consecutive) {
  if (consecutive > 0 && consecutive % kBlackHoleTimeouts == 0) fall(now);
}

}  // namespace kvferry
