// SPDX-License-Identifier: MIT
//
// Which packets repair protects, how well, and when its packets leave.
#include "protocol/datagram/datagram_binding.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kManifest = ~std::uint64_t{0};  // beside the chunks of a transfer
constexpr double kMostGain = 1.25;                      // of pacing that probes for more than the path gives

}  // namespace

bool DatagramBinding::repairing() const {
  return config_.repair != Repair::kOff && (session_.peer().features & kFeatureRepair) != 0;
}

// The part of a stake that remains when a packet that leaves now is sent again as often as there is time.
double DatagramBinding::worth_packets(Time now, const Stake& stake) const {
  double worth = stake.bytes / static_cast<double>(mtu_.size());
  for (Time again = now + rtt_.loss_delay(); again <= stake.leave_by && worth > 0.01;
       again += rtt_.loss_delay()) {
    worth *= repair_rate_.loss();
  }
  return worth;
}

// What precedes a manifest on the control stream holds it up too.
std::optional<TransferId> DatagramBinding::manifest_behind(std::uint64_t offset) const {
  for (const auto& [end, id] : manifests_) {
    if (offset < end) return id;
  }
  return std::nullopt;
}

double DatagramBinding::steady_bytes_per_s() const { return congestion_->pacing_bytes_per_s() / kMostGain; }

// The block's repair packets leave before what follows: whatever does not fit behind them comes too late.
Time DatagramBinding::after_open_block(Time now) const {
  const std::size_t packets = repair_need_.count(repair_out_.size(), repair_rate_.loss());
  return now + from_seconds(static_cast<double>(packets * mtu_.size()) / steady_bytes_per_s());
}

void DatagramBinding::add_need(Time now, const SentPiece& piece, RepairNeed& need) const {
  if (config_.repair != Repair::kByBenefit) return need.add_usual();
  std::optional<TransferId> transfer;
  std::optional<std::uint32_t> chunk;
  if (piece.kind == SentPiece::Kind::kData) {
    transfer = piece.place.transfer;
    chunk = static_cast<std::uint32_t>(piece.place.chunk);
  } else if (piece.kind == SentPiece::Kind::kControl) {
    transfer = manifest_behind(piece.place.offset);
  }
  std::optional<Stake> stake;
  if (transfer) stake = session_.stake(after_open_block(now), *transfer, chunk, steady_bytes_per_s());
  if (stake) need.add({*transfer, chunk.value_or(kManifest)}, worth_packets(now, *stake));
  if (!stake || !stake->displaces) need.add_usual();
}

void DatagramBinding::protect(Time now, std::uint64_t number, const Draft& draft) {
  if (!repairing() || draft.record.pieces.empty()) return;
  RepairNeed need;
  for (const SentPiece& piece : draft.record.pieces) add_need(now, piece, need);
  if (!repair_out_.fits(number) || repair_need_.should_end_before(need)) close_repair_block();
  repair_need_.add(need);
  repair_out_.add(number, draft.frames);
  if (repair_out_.size() >= repair_need_.block_packets()) close_repair_block();
}

void DatagramBinding::close_repair_block() {
  const std::size_t count = std::exchange(repair_need_, {}).count(repair_out_.size(), repair_rate_.loss());
  for (RepairFrame& frame : repair_out_.close(count)) repairs_.push_back(std::move(frame));
}

std::optional<Outgoing> DatagramBinding::repair_packet(Time now) {
  if (!repair_out_.empty() && !control_out_.ready() && !session_.has_data()) close_repair_block();
  while (!repairs_.empty() && may_send(now)) {
    Draft draft = new_draft();
    Bytes body;
    repairs_.front().serialize(body);
    repairs_.pop_front();
    if (body.size() + 3 > draft.left()) continue;  // datagrams have become smaller
    put_frame(draft, FrameType::kRepair, body, draft.bytes.fec);
    draft.eliciting = true;
    return seal(now, std::move(draft));
  }
  return std::nullopt;
}

}  // namespace kvferry
