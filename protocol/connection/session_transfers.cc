// SPDX-License-Identifier: MIT
//
// What both sides of a transfer share: numbers, states, and the ways in which it
// ends early.
#include <algorithm>

#include "protocol/base/printable.h"
#include "protocol/connection/session.h"

namespace kvferry {

Transfer* Session::find(TransferId id) {
  auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : &found->second;
}

bool Session::is_known(TransferId id) const {
  return id < ((id & 1) == (next_own_id_ & 1) ? next_own_id_ : next_peer_id_);
}

bool Session::can_begin() const { return state_ == SessionState::kGreeting || state_ == SessionState::kOpen; }

Transfer& Session::open_transfer(Time now, TransferId id, TransferState state) {
  Transfer& transfer = transfers_[id];
  transfer.state = state;
  transfer.active_at = transfer.stalled_at = now;
  return transfer;
}

bool Session::advance(Time now, Transfer& transfer, TransferInput input) {
  auto next = next_state(transfer.state, input);
  if (!next) return false;
  if (*next != transfer.state) transfer.active_at = now;
  transfer.state = *next;
  return true;
}

// Beginnings of those that are not in the sink. A chunk whose check comes too late is kept but for its last
// byte: that will be sent again, and then it is checked.
std::vector<PartialChunk> Session::drop_chunks(TransferId id, const Transfer& transfer) {
  auto partial = arriving_.drop(id);
  for (const auto& [chunk, whole] : transfer.being_checked) {
    if (whole.payload.size() > 1) partial.push_back({chunk, whole.payload.part(0, whole.payload.size() - 1)});
  }
  std::sort(partial.begin(), partial.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  std::erase_if(checks_, [id](const auto& check) { return check.first == id; });
  checks_under_way_ -= transfer.being_checked.size();
  return partial;
}

void Session::drop(TransferId id, const std::string& reason) {
  auto node = transfers_.extract(id);
  if (node.empty()) return;
  Transfer& transfer = node.mapped();
  if (transfer.eager) eager_bytes_ -= transfer.eager_bytes;
  const auto partial = drop_chunks(id, transfer);
  if (transfer.sink) {
    transfer.sink->keep(partial);
    transfer.sink->abandon(reason);
  }
  auto stale = std::remove_if(early_.begin(), early_.end(),
                              [&](const EarlyData& e) { return e.place.transfer == id; });
  for (auto at = stale; at != early_.end(); ++at) early_bytes_ -= at->memory_bytes();
  early_.erase(stale, early_.end());
  std::erase_if(control_, [&](const ControlFrame& frame) { return frame.source_of == id; });
}

void Session::fail_transfer(TransferId id, const TransferFault& fault) {
  Transfer* transfer = find(id);
  if (!transfer) return;
  std::string reason = printable(fault.reason);
  if (transfer->state == TransferState::kConsidering) {
    send(RefuseMessage{id, reason, fault.code, {}});
  } else if (!transfer->source) {
    send(RejectMessage{id, reason, fault.code, {}});
  } else {
    send(CancelMessage{id, reason, fault.code, {}});
  }
  events_.push_back(event::Rejected{id, reason, false, fault.code});
  drop(id, reason);
}

// A transfer of the peer's frame; nothing if it has ended (late, and harmless) or the frame is a fault.
Transfer* Session::for_frame(Time now, TransferId id, TransferInput input, const char* name) {
  Transfer* transfer = find(id);
  if (!transfer) {
    if (!is_known(id))
      fault(now, ErrorCode::kUnexpected, std::string(name) + " for a transfer that never was");
    return nullptr;
  }
  if (!advance(now, *transfer, input)) {
    fault(now, ErrorCode::kUnexpected, std::string(name) + " in a state that does not allow it");
    return nullptr;
  }
  return transfer;
}

// Answers, manifests apart, that wait for a peer to read them.
std::size_t Session::unread_answers() const {
  if (control_.size() <= kMaxQueuedAnswers) return control_.size();
  return static_cast<std::size_t>(std::count_if(control_.begin(), control_.end(),
                                                [](const ControlFrame& frame) { return !frame.source_of; }));
}

bool Session::admit_peer_transfer(Time now, TransferId id) {
  if (unread_answers() > kMaxQueuedAnswers) {
    fault(now, ErrorCode::kLimit, "the peer asks and does not read the answers");
    return false;
  }
  if (id != next_peer_id_) {
    fault(now, ErrorCode::kUnexpected,
          "transfer " + std::to_string(id) + ", expected " + std::to_string(next_peer_id_));
    return false;
  }
  next_peer_id_ += 2;
  if (transfers_.size() >= config_.hello.limits.max_transfers) {
    send(RefuseMessage{id, "too many open transfers", TransferError::kBusy, {}});
    return false;
  }
  return true;
}

void Session::refuse(Time now, TransferId id, const TransferFault& fault) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kRefuse)) return;
  send(RefuseMessage{id, printable(fault.reason), fault.code, {}});
  drop(id, fault.reason);
}

void Session::cancel(Time now, TransferId id, const TransferFault& fault) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kCancel)) return;
  send(CancelMessage{id, printable(fault.reason), fault.code, {}});
  drop(id, fault.reason);
}

void Session::set_level(Time, TransferId id, std::uint8_t level) {
  Transfer* transfer = find(id);
  if (!transfer) return;
  if (transfer->sender) {
    transfer->own_level = level;
    transfer->sender->limit_level(std::min(level, transfer->wanted_level));
    if (!transfer->eager) send(LevelMessage{id, level, {}}, id);
  } else if (next_state(transfer->state, TransferInput::kStop)) {  // a receiver may say so while it receives
    send(LevelMessage{id, level, {}});
  }
}

void Session::on(Time now, LevelMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerLevel, "LEVEL");
  if (!transfer) return;
  transfer->wanted_level = message.level;
  if (transfer->sender) transfer->sender->limit_level(std::min(message.level, transfer->own_level));
  events_.push_back(event::LevelChanged{message.transfer, message.level});
}

void Session::on(Time now, RejectMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerReject, "REJECT")) return;
  events_.push_back(event::Rejected{message.transfer, message.reason, true, message.code});
  drop(message.transfer, message.reason);
}

void Session::on(Time now, CancelMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerCancel, "CANCEL")) return;
  events_.push_back(event::Cancelled{message.transfer, message.reason, message.code});
  drop(message.transfer, message.reason);
}

void Session::on(Time now, RefuseMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerRefuse, "REFUSE")) return;
  events_.push_back(event::Refused{message.transfer, message.reason, message.code});
  drop(message.transfer, message.reason);
}

}  // namespace kvferry
