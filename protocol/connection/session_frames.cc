// SPDX-License-Identifier: MIT
//
// Messages from the peer.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {
namespace {

constexpr std::size_t kMaxQueued = 1024;  // answers waiting for a peer that asks and does not listen

}  // namespace

template <typename Message>
void Session::read(Time now, ByteView body, void (Session::*handle)(Time, Message&)) {
  auto message = decode_map<Message>(body, Message::kName);
  if (!message) return fault(now, ErrorCode::kMalformed, message.error().message);
  (this->*handle)(now, *message);
}

void Session::on_frame(Time now, std::uint64_t type, ByteView body) {
  if (state_ == SessionState::kClosed) return;
  if (!is_message(type)) {
    if (is_critical(type)) fault(now, ErrorCode::kUnknownCritical, "frame type " + std::to_string(type));
    return;
  }
  auto name = static_cast<FrameType>(type);
  bool farewell = name == FrameType::kGoodbye || name == FrameType::kError;
  if (!farewell &&
      !advance(now, name == FrameType::kHello ? SessionInput::kPeerHello : SessionInput::kPeerMessage)) {
    return fault(now, ErrorCode::kUnexpected,
                 name == FrameType::kHello ? "a second HELLO" : "a message before HELLO");
  }
  if (state_ == SessionState::kClosing && !farewell) return;
  switch (name) {
    case FrameType::kHello:
      return read<HelloMessage>(now, body, &Session::on);
    case FrameType::kRequest:
      return read<RequestMessage>(now, body, &Session::on);
    case FrameType::kOffer:
      return read<OfferMessage>(now, body, &Session::on);
    case FrameType::kAccept:
      return read<AcceptMessage>(now, body, &Session::on);
    case FrameType::kManifest:
      return read<ManifestMessage>(now, body, &Session::on);
    case FrameType::kPage:
      return read<PageMessage>(now, body, &Session::on);
    case FrameType::kResend:
      return read<ResendMessage>(now, body, &Session::on);
    case FrameType::kStop:
      return read<StopMessage>(now, body, &Session::on);
    case FrameType::kEnd:
      return read<EndMessage>(now, body, &Session::on);
    case FrameType::kConfirm:
      return read<ConfirmMessage>(now, body, &Session::on);
    case FrameType::kReject:
      return read<RejectMessage>(now, body, &Session::on);
    case FrameType::kCancel:
      return read<CancelMessage>(now, body, &Session::on);
    case FrameType::kRefuse:
      return read<RefuseMessage>(now, body, &Session::on);
    case FrameType::kPing:
      return read<PingMessage>(now, body, &Session::on);
    case FrameType::kPong:
      return read<PongMessage>(now, body, &Session::on);
    case FrameType::kProgress:
      return read<ProgressMessage>(now, body, &Session::on);
    case FrameType::kError:
      return read<ErrorMessage>(now, body, &Session::on);
    case FrameType::kGoodbye:
      return read<GoodbyeMessage>(now, body, &Session::on);
    default:
      return;
  }
}

void Session::on(Time now, HelloMessage& message) {
  if (message.magic != "kvferry") return fault(now, ErrorCode::kMalformed, "HELLO: no kvferry peer");
  if (message.hello.version != Hello::kVersion) {
    return fault(now, ErrorCode::kVersion,
                 "peer speaks version " + std::to_string(message.hello.version) + ", expected 1");
  }
  peer_ = message.hello;
  timers_.stop(SessionTimer::kHandshake);
  reported_at_ = now;
  arm_timers(now);
  events_.push_back(event::Connected{peer_});
  if (config_.binding == Binding::kStream) {
    ping_sent_at_ = now;
    send(PingMessage{++ping_nonce_, {}});
  }
}

bool Session::is_known(TransferId id) const {
  return id < ((id & 1) == (next_own_id_ & 1) ? next_own_id_ : next_peer_id_);
}

Session::Transfer* Session::for_frame(Time now, TransferId id, TransferInput input, const char* name) {
  Transfer* transfer = find(id);
  if (!transfer) {
    if (!is_known(id))
      fault(now, ErrorCode::kUnexpected, std::string(name) + " for a transfer that never was");
    return nullptr;  // of one that has ended: late, and harmless
  }
  if (!advance(now, *transfer, input)) {
    fault(now, ErrorCode::kUnexpected, std::string(name) + " in a state that does not allow it");
    return nullptr;
  }
  return transfer;
}

// Answers, manifests apart, that wait for a peer to read them.
std::size_t Session::unread_answers() const {
  if (control_.size() <= kMaxQueued) return control_.size();
  return static_cast<std::size_t>(std::count_if(
      control_.begin(), control_.end(), [](const ControlFrame& frame) { return !frame.manifest_of; }));
}

bool Session::admit_peer_transfer(Time now, TransferId id) {
  if (unread_answers() > kMaxQueued) {
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
    send(RefuseMessage{id, "too many open transfers", {}});
    return false;
  }
  return true;
}

void Session::on(Time now, RequestMessage& message) {
  if (!message.options.held.empty() && !message.options.card) {
    return fault(now, ErrorCode::kMalformed, "REQUEST: held chunks without a card digest");
  }
  if (!admit_peer_transfer(now, message.transfer)) return;
  Transfer& transfer = transfers_[message.transfer];
  transfer.state = TransferState::kWanted;
  transfer.active_at = now;
  transfer.card = message.options.card;
  transfer.held = message.options.held;
  if (message.deadline_us) {
    message.options.deadline = std::chrono::microseconds(static_cast<std::int64_t>(*message.deadline_us));
  }
  events_.push_back(event::Requested{message.transfer, std::move(message.options)});
}

void Session::on(Time now, OfferMessage& message) {
  if (!admit_peer_transfer(now, message.transfer)) return;
  Transfer& transfer = transfers_[message.transfer];
  transfer.state = TransferState::kConsidering;
  transfer.active_at = now;
  transfer.card = message.offer.card;
  events_.push_back(event::Offered{message.transfer, std::move(message.offer)});
}

void Session::on(Time now, AcceptMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerAccept, "ACCEPT");
  if (!transfer) return;
  transfer->held = message.chunks;
  if (auto problem = begin_sending(now, message.transfer, *transfer)) {
    send(CancelMessage{message.transfer, *problem, {}});
    events_.push_back(event::Rejected{message.transfer, *problem, false});
    drop(message.transfer, *problem);
  }
}

void Session::on(Time now, ManifestMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerManifest, "MANIFEST");
  if (!transfer) return;
  if (transfer->assembler) return fault(now, ErrorCode::kUnexpected, "a second MANIFEST");
  auto assembler = ManifestAssembler::from_root(message.root, config_.hello.limits);
  if (!assembler) return fail_transfer(message.transfer, assembler.error().message);
  if (transfer->card && *transfer->card != assembler->card_digest()) {
    return fail_transfer(message.transfer, "another card came than was asked for");
  }
  transfer->assembler.emplace(std::move(*assembler));
  on_manifest_part(now, message.transfer);
}

void Session::on(Time now, PageMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerPage, "PAGE");
  if (!transfer) return;
  if (!transfer->assembler) return fault(now, ErrorCode::kUnexpected, "PAGE before MANIFEST");
  if (auto added = transfer->assembler->add_page(message.index, message.page); !added) {
    return fail_transfer(message.transfer, added.error().message);
  }
  on_manifest_part(now, message.transfer);
}

void Session::on_manifest_part(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer->assembler->complete()) return;
  auto manifest = transfer->assembler->take();
  if (!manifest) return fail_transfer(id, manifest.error().message);
  transfer->manifest = std::move(*manifest);
  begin_receiving(now, id, *transfer);
}

void Session::begin_receiving(Time now, TransferId id, Transfer& transfer) {
  const Hello& mine = config_.hello;
  bool bridges = (mine.features & kFeatureCalibration) != 0;
  if (mine.model && !bridges) {
    if (auto difference = mismatch(*mine.model, transfer.manifest.model))
      return fail_transfer(id, *difference);
  }
  auto codec = static_cast<std::uint32_t>(transfer.manifest.codec);
  if (!mine.codecs.empty() && std::find(mine.codecs.begin(), mine.codecs.end(), codec) == mine.codecs.end()) {
    return fail_transfer(id, "codec " + std::to_string(codec) + " is not one that this side decodes");
  }
  for (const ChunkRange& range : transfer.held.ranges()) {
    if (std::uint64_t{range.first} + range.count > transfer.manifest.chunks.size()) {
      return fail_transfer(id, "held chunks that the card does not have");
    }
  }
  if (auto begun = transfer.sink->begin(transfer.manifest); !begun)
    return fail_transfer(id, begun.error().message);
  advance(now, transfer, TransferInput::kManifestWhole);
  events_.push_back(event::ManifestArrived{id, transfer.assembler->card_digest()});
  finish_if_whole(now, id);
  replay_early(now, id);
}

void Session::on(Time now, ResendMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerResend, "RESEND");
  if (transfer) transfer->sender->resend(message.chunks);
}

void Session::on(Time now, StopMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerStop, "STOP");
  if (!transfer) return;
  transfer->sender->drop();
  send(EndMessage{message.transfer, transfer->sender->chunks_begun(), {}});
}

void Session::on(Time now, EndMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerEnd, "END");
  if (!transfer) return;
  arriving_.drop(message.transfer);  // no more comes for chunks in part
  ChunkSink* sink = transfer->sink;
  bool whole = transfer->verified.size() + transfer->held.size() == transfer->manifest.chunks.size();
  if (auto finished = sink->finish(whole); !finished)
    return fail_transfer(message.transfer, finished.error().message);
  transfer->sink = nullptr;
  events_.push_back(event::Stopped{message.transfer, transfer->verified.size()});
}

void Session::on(Time now, ConfirmMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerConfirm, "CONFIRM")) return;
  events_.push_back(event::Confirmed{message.transfer, message.chunks});
  drop(message.transfer, {});
}

void Session::on(Time now, RejectMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerReject, "REJECT")) return;
  events_.push_back(event::Rejected{message.transfer, message.reason, true});
  drop(message.transfer, message.reason);
}

void Session::on(Time now, CancelMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerCancel, "CANCEL")) return;
  events_.push_back(event::Cancelled{message.transfer, message.reason});
  drop(message.transfer, message.reason);
}

void Session::on(Time now, RefuseMessage& message) {
  if (!for_frame(now, message.transfer, TransferInput::kPeerRefuse, "REFUSE")) return;
  events_.push_back(event::Refused{message.transfer, message.reason});
  drop(message.transfer, message.reason);
}

void Session::on(Time, PingMessage& message) {
  if (control_.size() < kMaxQueued) send(PongMessage{message.nonce, {}});
}

void Session::on(Time now, PongMessage& message) {
  if (!ping_sent_at_ || message.nonce != ping_nonce_) return;
  Duration sample = now - *ping_sent_at_;
  ping_rtt_ = ping_rtt_ ? (*ping_rtt_ * 7 + sample) / 8 : sample;
  ping_sent_at_.reset();
}

void Session::on(Time, ProgressMessage& message) {
  if (message.payload_bytes > peer_received_bytes_ && message.since_previous_us > 0) {
    progress_rate_ = static_cast<double>(message.payload_bytes - peer_received_bytes_) * 1e6 /
                     static_cast<double>(message.since_previous_us);
  }
  peer_received_bytes_ = message.payload_bytes;
}

void Session::on(Time now, ErrorMessage& message) { on_peer_close(now, message.code, message.reason); }
void Session::on(Time now, GoodbyeMessage& message) { on_peer_close(now, message.code, message.reason); }

}  // namespace kvferry
