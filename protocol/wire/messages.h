// SPDX-License-Identifier: MIT
//
// Signalling messages: one struct per frame type, each listing its keys once.
// Keys of this version are contiguous from 0; greater keys are unknown, kept
// and ignored. SPEC.md, "Messages".
#pragma once

#include "protocol/base/map_reader.h"
#include "protocol/card/chunk_info.h"
#include "protocol/connection/events.h"
#include "protocol/wire/frame.h"

namespace kvferry {

inline constexpr std::size_t kMaxReasonBytes = 1024;
inline constexpr std::size_t kMaxHeldBytes = 32 * 1024;
inline constexpr std::uint64_t kMaxDeadlineUs = std::uint64_t{1} << 52;

struct HelloMessage {
  static constexpr FrameType kType = FrameType::kHello;
  static constexpr const char* kName = "HELLO";
  std::string magic = "kvferry";
  Hello hello;
  UnknownFields unknown;
  bool operator==(const HelloMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.text(0, "magic", magic, 16);
    v.numbers(1, "versions", hello.versions, Hello::kMaxVersions);
    v.number(2, "features", hello.features);
    v.nested(3, "limits", hello.limits);
    v.numbers(4, "codecs", hello.codecs, Hello::kMaxCodecs);
    v.text(5, "agent", hello.agent, Hello::kMaxAgentBytes);
    v.number(6, "idle_timeout_ms", hello.idle_timeout_ms, kMaxDeadlineUs);
    v.optional_nested(7, "model", hello.model);
    v.unknown(unknown);
  }
};

struct RequestMessage {
  static constexpr FrameType kType = FrameType::kRequest;
  static constexpr const char* kName = "REQUEST";
  TransferId transfer = 0;
  // Not on the wire as they are: its deadline (deadline_us) and partial chunks (partial).
  RequestOptions options;
  std::optional<std::uint64_t> deadline_us;
  ChunkPrefixes partial;
  UnknownFields unknown;
  bool operator==(const RequestMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.text(1, "document", options.document, RequestOptions::kMaxTextBytes);
    v.text(2, "preset", options.preset, RequestOptions::kMaxTextBytes);
    v.numbers(3, "question_tokens", options.question_tokens, RequestOptions::kMaxQuestionTokens);
    v.packed(4, "held", options.held, kMaxHeldBytes);
    v.optional_digest(5, "card", options.card);
    v.optional_number(6, "deadline_us", deadline_us, kMaxDeadlineUs);
    v.optional_number(7, "byte_budget", options.byte_budget);
    v.optional_real(8, "min_quality", options.min_quality);
    v.optional_packed(9, "partial", partial, kMaxHeldBytes);
    v.optional_packed(10, "bases", options.bases, DigestList::kMaxCount * Digest::kBytes);
    v.optional_flag(11, "manifest_first", options.manifest_first);
    v.default_number(12, "urgency", options.urgency, RequestOptions::kUsualUrgency,
                     RequestOptions::kMaxUrgency);
    v.optional_number(13, "droppable_from", options.droppable_from);
    v.optional_digest(14, "after", options.after);
    v.unknown(unknown);
  }
};

struct OfferMessage {
  static constexpr FrameType kType = FrameType::kOffer;
  static constexpr const char* kName = "OFFER";
  TransferId transfer = 0;
  OfferInfo offer;
  UnknownFields unknown;
  bool operator==(const OfferMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.digest(1, "card", offer.card);
    v.text(2, "document", offer.document, RequestOptions::kMaxTextBytes);
    v.number(3, "payload_bytes", offer.payload_bytes);
    v.number(4, "raw_bytes", offer.raw_bytes);
    v.optional_digest(5, "base", offer.base);
    v.optional_flag(6, "eager", offer.eager);
    v.unknown(unknown);
  }
};

struct AcceptMessage {
  static constexpr FrameType kType = FrameType::kAccept;
  static constexpr const char* kName = "ACCEPT";
  TransferId transfer = 0;
  ChunkRanges held;
  ChunkPrefixes partial;
  bool manifest_first = false;
  std::optional<std::uint8_t> droppable_from;
  UnknownFields unknown;
  bool operator==(const AcceptMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.packed(1, "held", held, kMaxHeldBytes);
    v.optional_packed(2, "partial", partial, kMaxHeldBytes);
    v.optional_flag(3, "manifest_first", manifest_first);
    v.optional_number(4, "droppable_from", droppable_from);
    v.unknown(unknown);
  }
};

// HAVE, RESEND and PREFER: a transfer and a set of its chunks.
template <FrameType type>
struct ChunksMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kHave     ? "HAVE"
                                       : type == FrameType::kResend ? "RESEND"
                                                                    : "PREFER";
  TransferId transfer = 0;
  ChunkRanges chunks;
  UnknownFields unknown;
  bool operator==(const ChunksMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.packed(1, "chunks", chunks, kMaxHeldBytes);
    v.unknown(unknown);
  }
};
using HaveMessage = ChunksMessage<FrameType::kHave>;  // chunks: need not be sent
using ResendMessage =
    ChunksMessage<FrameType::kResend>;  // chunks: arrived with another digest, or known in vain
using PreferMessage = ChunksMessage<FrameType::kPrefer>;  // chunks: to be sent first

// CREDIT and LEVEL: a transfer and a number.
struct CreditMessage {
  static constexpr FrameType kType = FrameType::kCredit;
  static constexpr const char* kName = "CREDIT";
  TransferId transfer = 0;
  std::uint64_t credit_bytes = 0;  // sizes of chunks that may be begun, over the transfer's life
  UnknownFields unknown;
  bool operator==(const CreditMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.number(1, "credit_bytes", credit_bytes, kVarintMax);
    v.unknown(unknown);
  }
};

struct LevelMessage {
  static constexpr FrameType kType = FrameType::kLevel;
  static constexpr const char* kName = "LEVEL";
  TransferId transfer = 0;
  std::uint8_t level = 0;
  UnknownFields unknown;
  bool operator==(const LevelMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.number(1, "level", level);
    v.unknown(unknown);
  }
};

struct SkipMessage {
  static constexpr FrameType kType = FrameType::kSkip;
  static constexpr const char* kName = "SKIP";
  TransferId transfer = 0;
  ChunkRanges chunks;
  SkipReason reason = SkipReason::kChoice;
  UnknownFields unknown;
  bool operator==(const SkipMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.packed(1, "chunks", chunks, kMaxHeldBytes);
    v.choice(2, "reason", reason, SkipReason::kLost);
    v.unknown(unknown);
  }
};

struct ManifestMessage {
  static constexpr FrameType kType = FrameType::kManifest;
  static constexpr const char* kName = "MANIFEST";
  TransferId transfer = 0;
  Bytes root;
  ChunkRanges known;  // by one of the bases that the receiver named: not sent
  UnknownFields unknown;
  bool operator==(const ManifestMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.bytes(1, "root", root, kMaxManifestBodyBytes);
    v.optional_packed(2, "known", known, kMaxHeldBytes);
    v.unknown(unknown);
  }
};

struct PageMessage {
  static constexpr FrameType kType = FrameType::kPage;
  static constexpr const char* kName = "PAGE";
  TransferId transfer = 0;
  std::uint64_t index = 0;
  Bytes page;
  UnknownFields unknown;
  bool operator==(const PageMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.number(1, "index", index);
    v.bytes(2, "page", page, kMaxPageBytes);
    v.unknown(unknown);
  }
};

// STOP and END: a transfer and a count of chunks.
template <FrameType type>
struct CountMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kStop ? "STOP" : "END";
  TransferId transfer = 0;
  std::uint64_t chunks = 0;  // STOP: verified here; END: begun
  UnknownFields unknown;
  bool operator==(const CountMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.number(1, "chunks", chunks);
    v.unknown(unknown);
  }
};
using StopMessage = CountMessage<FrameType::kStop>;
using EndMessage = CountMessage<FrameType::kEnd>;

struct ConfirmMessage {
  static constexpr FrameType kType = FrameType::kConfirm;
  static constexpr const char* kName = "CONFIRM";
  TransferId transfer = 0;
  std::uint64_t chunks = 0;  // verified or held here
  Digest card;
  UnknownFields unknown;
  bool operator==(const ConfirmMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.number(1, "chunks", chunks);
    v.digest(2, "card", card);
    v.unknown(unknown);
  }
};

// REJECT, CANCEL and REFUSE: a transfer and a reason.
template <FrameType type>
struct ReasonMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kReject   ? "REJECT"
                                       : type == FrameType::kCancel ? "CANCEL"
                                                                    : "REFUSE";
  TransferId transfer = 0;
  std::string reason;
  TransferError code = TransferError::kOther;  // codes of later versions are kept
  UnknownFields unknown;
  bool operator==(const ReasonMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.text(1, "reason", reason, kMaxReasonBytes);
    v.number(2, "code", code, kVarintMax);
    v.unknown(unknown);
  }
};
using RejectMessage = ReasonMessage<FrameType::kReject>;
using CancelMessage = ReasonMessage<FrameType::kCancel>;
using RefuseMessage = ReasonMessage<FrameType::kRefuse>;

template <FrameType type>
struct NonceMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kPing ? "PING" : "PONG";
  std::uint64_t nonce = 0;
  UnknownFields unknown;
  bool operator==(const NonceMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "nonce", nonce);
    v.unknown(unknown);
  }
};
using PingMessage = NonceMessage<FrameType::kPing>;
using PongMessage = NonceMessage<FrameType::kPong>;

struct ProgressMessage {
  static constexpr FrameType kType = FrameType::kProgress;
  static constexpr const char* kName = "PROGRESS";
  std::uint64_t payload_bytes = 0;      // received on this connection so far
  std::uint64_t since_previous_us = 0;  // receiver's time since its last PROGRESS, or since HELLO
  UnknownFields unknown;
  bool operator==(const ProgressMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "payload_bytes", payload_bytes);
    v.number(1, "since_previous_us", since_previous_us);
    v.unknown(unknown);
  }
};

// ERROR and GOODBYE.
template <FrameType type>
struct ClosingMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kError ? "ERROR" : "GOODBYE";
  std::uint64_t code = 0;  // ErrorCode
  std::string reason;
  UnknownFields unknown;
  bool operator==(const ClosingMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "code", code);
    v.text(1, "reason", reason, kMaxReasonBytes);
    v.unknown(unknown);
  }
};
using ErrorMessage = ClosingMessage<FrameType::kError>;
using GoodbyeMessage = ClosingMessage<FrameType::kGoodbye>;

}  // namespace kvferry
