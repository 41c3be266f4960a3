// SPDX-License-Identifier: MIT
#include "protocol/connection/state_tables.h"

namespace kvferry {
namespace {

using S = SessionState;
using SI = SessionInput;
constexpr Transition<S, SI> kSession[] = {
    {S::kGreeting, SI::kPeerHello, S::kOpen},     {S::kGreeting, SI::kPeerFarewell, S::kClosed},
    {S::kGreeting, SI::kClose, S::kClosing},      {S::kGreeting, SI::kFault, S::kClosing},
    {S::kGreeting, SI::kEnd, S::kClosed},         {S::kOpen, SI::kPeerMessage, S::kOpen},
    {S::kOpen, SI::kPeerFarewell, S::kClosed},    {S::kOpen, SI::kClose, S::kClosing},
    {S::kOpen, SI::kFault, S::kClosing},          {S::kOpen, SI::kEnd, S::kClosed},
    {S::kClosing, SI::kPeerHello, S::kClosing},   {S::kClosing, SI::kPeerMessage, S::kClosing},
    {S::kClosing, SI::kPeerFarewell, S::kClosed}, {S::kClosing, SI::kFlushed, S::kClosed},
    {S::kClosing, SI::kEnd, S::kClosed},
};

using T = TransferState;
using TI = TransferInput;
constexpr Transition<T, TI> kTransfer[] = {
    // Receiver
    {T::kAsked, TI::kPeerManifest, T::kAsked},
    {T::kAsked, TI::kPeerPage, T::kAsked},
    {T::kAsked, TI::kManifestWhole, T::kReceiving},
    {T::kAsked, TI::kPeerRefuse, T::kDone},
    {T::kAsked, TI::kPeerCancel, T::kDone},
    {T::kAsked, TI::kReject, T::kDone},
    {T::kAsked, TI::kCancel, T::kDone},
    {T::kConsidering, TI::kAccept, T::kAsked},
    {T::kConsidering, TI::kRefuse, T::kDone},
    {T::kConsidering, TI::kPeerManifest, T::kConsidering},  // of an eager offer
    {T::kConsidering, TI::kPeerPage, T::kConsidering},
    {T::kConsidering, TI::kPeerCancel, T::kDone},
    {T::kConsidering, TI::kCancel, T::kDone},
    {T::kReceiving, TI::kAllVerified, T::kVerified},
    {T::kReceiving, TI::kStop, T::kStopping},
    {T::kReceiving, TI::kPeerSkip, T::kReceiving},
    {T::kReceiving, TI::kPeerLevel, T::kReceiving},
    {T::kReceiving, TI::kPeerCancel, T::kDone},
    {T::kReceiving, TI::kReject, T::kDone},
    {T::kReceiving, TI::kCancel, T::kDone},
    {T::kStopping, TI::kPeerEnd, T::kEnding},
    {T::kStopping, TI::kPeerSkip, T::kStopping},
    {T::kStopping, TI::kPeerLevel, T::kStopping},
    {T::kStopping, TI::kPeerCancel, T::kDone},
    {T::kStopping, TI::kReject, T::kDone},
    {T::kStopping, TI::kCancel, T::kDone},
    {T::kEnding, TI::kAllVerified, T::kVerified},
    {T::kEnding, TI::kPeerSkip, T::kEnding},
    {T::kEnding, TI::kPeerLevel, T::kEnding},
    {T::kEnding, TI::kPeerCancel, T::kDone},
    {T::kEnding, TI::kReject, T::kDone},
    {T::kEnding, TI::kCancel, T::kDone},
    {T::kVerified, TI::kConfirm, T::kDone},
    {T::kVerified, TI::kPeerSkip, T::kVerified},  // it was late
    {T::kVerified, TI::kPeerLevel, T::kVerified},
    {T::kVerified, TI::kReject, T::kDone},
    {T::kVerified, TI::kCancel, T::kDone},
    {T::kVerified, TI::kPeerCancel, T::kDone},
    // Source
    {T::kWanted, TI::kProvide, T::kSending},
    {T::kWanted, TI::kRefuse, T::kDone},
    {T::kWanted, TI::kPeerLevel, T::kWanted},
    {T::kWanted, TI::kCancel, T::kDone},
    {T::kWanted, TI::kPeerReject, T::kDone},
    {T::kWanted, TI::kPeerCancel, T::kDone},
    {T::kOffering, TI::kPeerAccept, T::kSending},
    {T::kOffering, TI::kPeerRefuse, T::kDone},
    {T::kOffering, TI::kPeerCancel, T::kDone},
    {T::kOffering, TI::kCancel, T::kDone},
    {T::kSending, TI::kAllSent, T::kSent},
    {T::kSending, TI::kPeerResend, T::kSending},
    {T::kSending, TI::kPeerHave, T::kSending},
    {T::kSending, TI::kPeerCredit, T::kSending},
    {T::kSending, TI::kPeerPrefer, T::kSending},
    {T::kSending, TI::kPeerLevel, T::kSending},
    {T::kSending, TI::kPeerStop, T::kEnded},
    {T::kSending, TI::kPeerConfirm, T::kDone},  // it held all chunks before
    {T::kSending, TI::kPeerReject, T::kDone},
    {T::kSending, TI::kPeerCancel, T::kDone},
    {T::kSending, TI::kCancel, T::kDone},
    {T::kSent, TI::kPeerResend, T::kSending},
    {T::kSent, TI::kPeerHave, T::kSent},
    {T::kSent, TI::kPeerCredit, T::kSent},
    {T::kSent, TI::kPeerPrefer, T::kSent},
    {T::kSent, TI::kPeerLevel, T::kSent},
    {T::kSent, TI::kPeerStop, T::kEnded},
    {T::kSent, TI::kPeerConfirm, T::kDone},
    {T::kSent, TI::kPeerReject, T::kDone},
    {T::kSent, TI::kPeerCancel, T::kDone},
    {T::kSent, TI::kCancel, T::kDone},
    {T::kEnded, TI::kPeerConfirm, T::kDone},
    {T::kEnded, TI::kPeerReject, T::kDone},
    {T::kEnded, TI::kPeerCancel, T::kDone},
    {T::kEnded, TI::kCancel, T::kDone},
};

template <typename State, typename Input>
std::optional<State> look_up(std::span<const Transition<State, Input>> table, State state, Input input) {
  for (const auto& row : table) {
    if (row.state == state && row.input == input) return row.next;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Transition<SessionState, SessionInput>> session_transitions() { return kSession; }
std::span<const Transition<TransferState, TransferInput>> transfer_transitions() { return kTransfer; }

std::optional<SessionState> next_state(SessionState state, SessionInput input) {
  return look_up(session_transitions(), state, input);
}

std::optional<TransferState> next_state(TransferState state, TransferInput input) {
  return look_up(transfer_transitions(), state, input);
}

}  // namespace kvferry
