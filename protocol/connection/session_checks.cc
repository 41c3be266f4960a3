// SPDX-License-Identifier: MIT
//
// Whole chunks: they are compared with their digests, here or by whoever drives
// the connection, and then go to the sink or are asked for again.
#include "protocol/connection/session.h"

namespace kvferry {
namespace {

constexpr int kMaxFailures = 2;            // RESENDs per chunk
constexpr std::size_t kMaxChecks = 1'024;  // under way: small chunks cost more than their size

}  // namespace

void Session::on_whole_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk,
                             Slice payload) {
  WholeChunk whole{std::move(payload), transfer.state == TransferState::kReceiving};
  if (config_.verification == Verification::kDeferred && checks_under_way_ < kMaxChecks) {
    ++checks_under_way_;
    transfer.arrivals.begin_check(chunk);
    transfer.being_checked.emplace(chunk, std::move(whole));
    return checks_.push_back({id, chunk});
  }
  const bool matches = config_.verification == Verification::kBySink ||
                       sha256(whole.payload.view()) == transfer.manifest.chunks[chunk].digest;
  settle_chunk(now, id, transfer, chunk, std::move(whole), matches);
}

std::optional<ChunkCheck> Session::poll_check() {
  while (!checks_.empty()) {
    const auto [id, chunk] = checks_.front();
    checks_.pop_front();
    const Transfer& transfer = transfers_.at(id);
    const auto found = transfer.being_checked.find(chunk);
    if (found == transfer.being_checked.end()) continue;  // answered before it was asked
    return ChunkCheck{id, chunk, found->second.payload, transfer.manifest.chunks[chunk].digest};
  }
  return std::nullopt;
}

void Session::on_checked(Time now, TransferId id, std::uint32_t chunk, bool matches) {
  Transfer* transfer = find(id);
  if (!transfer) return;
  auto node = transfer->being_checked.extract(chunk);
  if (node.empty()) return;
  --checks_under_way_;
  transfer->active_at = now;
  transfer->arrivals.end_check(chunk);
  settle_chunk(now, id, *transfer, chunk, std::move(node.mapped()), matches);
}

void Session::settle_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk, WholeChunk whole,
                           bool matches) {
  if (!matches) return on_wrong_chunk(now, id, transfer, chunk, whole);
  const std::uint64_t size = whole.payload.size();
  if (auto taken = transfer.sink->chunk(chunk, std::move(whole.payload)); !taken)
    return fail_transfer(id, {TransferError::kStorage, taken.error().message});
  transfer.arrivals.set(chunk, ChunkArrivals::State::kVerified);
  events_.push_back(event::ChunkArrived{id, chunk, size});
  if (config_.credit == CreditPolicy::kWhenTaken) {
    give_back(id, transfer, size);
  } else {
    transfer.unreleased.insert(chunk);
  }
  finish_if_whole(now, id);
}

// It is missing again, unless the source has skipped it meanwhile. After STOP nothing is asked for.
void Session::on_wrong_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk,
                             const WholeChunk& whole) {
  ChunkRanges chunks;
  chunks.add(chunk);
  if (whole.skipped) {
    transfer.arrivals.set(chunk, ChunkArrivals::State::kSkipped);
    give_back(id, transfer, whole.payload.size());
    events_.push_back(event::Skipped{id, std::move(chunks), *whole.skipped});
    return finish_if_whole(now, id);
  }
  if (++transfer.failures[chunk] > kMaxFailures || !whole.while_receiving) {
    return fail_transfer(
        id, {TransferError::kDamaged,
             "chunk " + std::to_string(chunk) + ": its digest is not the one that the manifest names"});
  }
  if (unread_answers() > kMaxQueuedAnswers)
    return fault(now, ErrorCode::kLimit, "the peer sends damaged chunks and does not read about it");
  if (transfer.state == TransferState::kReceiving) return ask_again(id, chunks);
  finish_if_whole(now, id);
}

}  // namespace kvferry
