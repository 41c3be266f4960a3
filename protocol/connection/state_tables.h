// SPDX-License-Identifier: MIT
//
// The state machines of a connection and of a transfer, as data. A pair that is
// not in the table is an error: of the peer for frames, a no-op for commands.
//
// Session:   kGreeting ──HELLO──► kOpen ──close, fault──► kClosing ──flushed──► kClosed
//                │                  └────── GOODBYE, ERROR, end ──────────────────▲
//                └──────────────────────────────────────────────────────────────┘
//
// Receiver:  request ─► kAsked ─manifest whole─► kReceiving ─────── all verified ──────► kVerified ─confirm─►
// kDone
//            OFFER ─► kConsidering ─accept─► kAsked    └─stop─► kStopping ─END─► kEnding ─all verified─►┘
//
// Source:    REQUEST ─► kWanted ─provide─► kSending ─all sent─► kSent ─CONFIRM─► kDone
//            offer ─► kOffering ─ACCEPT─►┘     └─STOP─► kEnded ◄─STOP─┘ └─CONFIRM─► kDone
//
// Refusals, rejections and cancellations lead to kDone from everywhere they may occur.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace kvferry {

enum class SessionState : std::uint8_t { kGreeting, kOpen, kClosing, kClosed };
enum class SessionInput : std::uint8_t {
  kPeerHello,
  kPeerMessage,
  kPeerFarewell,
  kClose,
  kFault,
  kFlushed,
  kEnd
};

enum class TransferState : std::uint8_t {
  kAsked,
  kConsidering,
  kReceiving,
  kStopping,
  kEnding,  // nothing more comes, and chunks are still being checked
  kVerified,
  kWanted,
  kOffering,
  kSending,
  kSent,
  kEnded,
  kDone,
};

enum class TransferInput : std::uint8_t {
  kProvide,  // commands
  kAccept,
  kRefuse,
  kStop,
  kConfirm,
  kReject,
  kCancel,
  kManifestWhole,  // own progress
  kAllVerified,
  kAllSent,
  kPeerAccept,  // frames
  kPeerRefuse,
  kPeerManifest,
  kPeerPage,
  kPeerStop,
  kPeerEnd,
  kPeerResend,
  kPeerConfirm,
  kPeerReject,
  kPeerCancel,
  kPeerHave,
  kPeerCredit,
  kPeerPrefer,
  kPeerLevel,
  kPeerSkip,
};

inline constexpr int kSessionStates = 4;
inline constexpr int kSessionInputs = 7;
inline constexpr int kTransferStates = 12;
inline constexpr int kTransferInputs = 25;

template <typename State, typename Input>
struct Transition {
  State state;
  Input input;
  State next;
};

[[nodiscard]] std::span<const Transition<SessionState, SessionInput>> session_transitions();
[[nodiscard]] std::span<const Transition<TransferState, TransferInput>> transfer_transitions();

// The next state, or nothing where the table has no entry.
[[nodiscard]] std::optional<SessionState> next_state(SessionState state, SessionInput input);
[[nodiscard]] std::optional<TransferState> next_state(TransferState state, TransferInput input);

}  // namespace kvferry
