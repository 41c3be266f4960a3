// SPDX-License-Identifier: MIT
//
// Signalling messages: one struct per frame type, each listing its keys once.
// Keys of this version are contiguous from 0; greater keys are unknown, kept
// and ignored. SPEC.md, "Messages".
#pragma once

#include "protocol/base/map_reader.h"
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
    v.number(1, "version", hello.version);
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
  RequestOptions options;  // its deadline is unused: deadline_us
  std::optional<std::uint64_t> deadline_us;
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
    v.unknown(unknown);
  }
};

// ACCEPT and RESEND: a transfer and a set of its chunks.
template <FrameType type>
struct ChunksMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kAccept ? "ACCEPT" : "RESEND";
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
using AcceptMessage = ChunksMessage<FrameType::kAccept>;  // chunks: held, need not be sent
using ResendMessage = ChunksMessage<FrameType::kResend>;  // chunks: arrived with another digest

struct ManifestMessage {
  static constexpr FrameType kType = FrameType::kManifest;
  static constexpr const char* kName = "MANIFEST";
  TransferId transfer = 0;
  Bytes root;
  UnknownFields unknown;
  bool operator==(const ManifestMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.bytes(1, "root", root, kMaxManifestBodyBytes);
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

// STOP, CONFIRM and END: a transfer and a count of chunks.
template <FrameType type>
struct CountMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kStop  ? "STOP"
                                       : type == FrameType::kEnd ? "END"
                                                                 : "CONFIRM";
  TransferId transfer = 0;
  std::uint64_t chunks = 0;  // STOP, CONFIRM: verified here; END: sent
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
using ConfirmMessage = CountMessage<FrameType::kConfirm>;

// REJECT, CANCEL and REFUSE: a transfer and a reason.
template <FrameType type>
struct ReasonMessage {
  static constexpr FrameType kType = type;
  static constexpr const char* kName = type == FrameType::kReject   ? "REJECT"
                                       : type == FrameType::kCancel ? "CANCEL"
                                                                    : "REFUSE";
  TransferId transfer = 0;
  std::string reason;
  UnknownFields unknown;
  bool operator==(const ReasonMessage&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "transfer", transfer, kVarintMax);
    v.text(1, "reason", reason, kMaxReasonBytes);
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
