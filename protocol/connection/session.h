// SPDX-License-Identifier: MIT
//
// What the bindings share: messages in, messages and pieces of chunks out,
// transfers, events. A session does not know how its frames travel.
//
// Timers: kHandshake (the peer's HELLO is due), kIdle (nothing heard),
// kKeepAlive (ask for a sign of life), kProgress (a transfer stands still),
// kDeadline (what a source has not sent would come too late), kDrain (closing
// takes too long).
#pragma once

#include <deque>
#include <map>

#include "protocol/base/rng.h"
#include "protocol/connection/chunk_assembly.h"
#include "protocol/connection/connection.h"
#include "protocol/connection/timers.h"
#include "protocol/connection/transfer.h"
#include "protocol/wire/messages.h"

namespace kvferry {

enum class SessionTimer : std::uint8_t {
  kHandshake,
  kIdle,
  kKeepAlive,
  kProgress,
  kDeadline,
  kDrain,
  kCount
};

inline constexpr std::size_t kMaxQueuedAnswers = 1024;  // waiting for a peer that asks and does not listen

// DATA that a source sends before its manifest was acknowledged, datagram binding. SPEC.md, PKT-7.
inline constexpr std::uint64_t kMaxBeforeManifestBytes = 64 * 1024;

// What a DATA frame counts for beside its bytes while its transfer is not yet accepted.
inline constexpr std::uint64_t kEagerFrameBytes = 64;

struct ControlFrame {
  std::uint64_t type = 0;
  Bytes body;
  // MANIFEST, and what of a source may only follow it: not sent any more once this transfer has ended.
  std::optional<TransferId> source_of;
};

enum class DataVerdict : std::uint8_t {
  kTaken,     // new bytes
  kRepeated,  // here already
  kIgnored,   // of a transfer that has ended, or a chunk that was skipped
  kNotNow,    // no room: as if it had not arrived (datagram binding only)
};

class Session {
 public:
  Session(const ConnectionConfig& config, Time now);

  // From the binding.
  void on_frame(Time now, std::uint64_t type, ByteView body);  // a whole message or unknown frame
  [[nodiscard]] DataVerdict on_data(Time now, const DataPlace& place, ByteView bytes,
                                    std::uint32_t stream = 0);
  void on_heard(Time now);                                         // something valid came
  void on_end(Time now, const GoodbyeMessage& why, bool by_peer);  // of the transport below
  void on_peer_close(Time now, std::uint64_t code, const std::string& reason);
  void on_flushed(Time now);  // closing, and everything queued is out
  void fault(Time now, ErrorCode code, const std::string& reason);
  void handle_timeout(Time now);
  void data_acknowledged(Time now, const DataPlace& place, std::uint64_t size_bytes);
  void data_lost(Time now, const DataPlace& place, std::uint64_t size_bytes);
  void manifest_acknowledged(TransferId id);
  void note_rtt(Time now, Duration min_rtt);

  // To the binding.
  [[nodiscard]] std::optional<ControlFrame> next_control();
  [[nodiscard]] std::optional<DataPiece> next_data(Time now, std::size_t max_bytes,
                                                   StreamSet takes = kOnlyStream,
                                                   std::size_t datagram_bytes = 0);
  [[nodiscard]] bool has_control() const { return !control_.empty(); }
  [[nodiscard]] bool has_data() const;
  // Of a chunk that leaves now at this rate, or without one of all that waits for the manifest. Nothing where
  // there is no deadline to keep, or repair is not by benefit.
  [[nodiscard]] std::optional<Stake> stake(Time now, TransferId id, std::optional<std::uint32_t> chunk,
                                           double rate_bytes_per_s) const;
  [[nodiscard]] std::optional<Time> next_timeout() const { return timers_.next(); }
  [[nodiscard]] SessionState state() const { return state_; }
  [[nodiscard]] bool closing_by_fault() const { return state_ == SessionState::kClosing && by_fault_; }
  [[nodiscard]] bool closed_by_peer() const { return by_peer_; }
  [[nodiscard]] const GoodbyeMessage& farewell() const { return farewell_; }
  [[nodiscard]] const Hello& peer() const { return peer_; }  // all zero before its HELLO
  [[nodiscard]] const std::optional<Duration>& ping_rtt() const { return ping_rtt_; }
  [[nodiscard]] const std::optional<double>& progress_rate() const { return progress_rate_; }
  [[nodiscard]] std::uint64_t peer_received_bytes() const { return peer_received_bytes_; }
  [[nodiscard]] std::uint64_t acknowledged_bytes() const { return acknowledged_bytes_; }

  // Commands; see Connection.
  TransferId request(Time now, const RequestOptions& options, ChunkSink& sink);
  TransferId offer(Time now, const std::string& document, std::shared_ptr<ChunkSource> source, bool eager);
  void accept(Time now, TransferId id, ChunkSink& sink, const AcceptOptions& options);
  void provide(Time now, TransferId id, std::shared_ptr<ChunkSource> source, const ChunkRanges& known);
  void refuse(Time now, TransferId id, const TransferFault& fault);
  void stop(Time now, TransferId id);
  void confirm(Time now, TransferId id);
  void reject(Time now, TransferId id, const TransferFault& fault);
  void cancel(Time now, TransferId id, const TransferFault& fault);
  void set_level(Time now, TransferId id, std::uint8_t level);
  void prefer(Time now, TransferId id, const ChunkRanges& chunks);
  void skip(Time now, TransferId id, const ChunkRanges& chunks);
  void release(Time now, TransferId id, std::uint32_t chunk);
  void close(Time now, ErrorCode code, const std::string& reason);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<ChunkCheck> poll_check();
  void on_checked(Time now, TransferId id, std::uint32_t chunk, bool matches);
  [[nodiscard]] ChunkRanges chunks_verified(TransferId id) const;

 private:
  struct EarlyData {
    DataPlace place;
    std::uint32_t stream = 0;
    Bytes bytes;
    [[nodiscard]] std::uint64_t memory_bytes() const { return kEagerFrameBytes + bytes.size(); }
  };

  // session.cc: life of the connection
  bool advance(Time now, SessionInput input);
  void enter_closed();
  void end_transfers(const std::string& reason);
  void arm_timers(Time now);
  [[nodiscard]] bool may_have_moved() const;
  [[nodiscard]] Duration moved_silence() const;
  void arm_progress_timer(Time now);
  void on_progress_timer(Time now);
  void on_timer(Time now, SessionTimer timer);
  template <typename Message>
  void send(const Message& message, std::optional<TransferId> source_of = {}) {
    queue_control(static_cast<std::uint64_t>(Message::kType), encode_map(message), source_of);
  }
  void queue_control(std::uint64_t type, Bytes body, std::optional<TransferId> source_of);
  void queue_grease();

  // session_transfers.cc: what both sides of a transfer share
  Transfer* find(TransferId id);
  bool advance(Time now, Transfer& transfer, TransferInput input);
  void drop(TransferId id, const std::string& reason);  // forget it; an open sink is abandoned
  [[nodiscard]] std::vector<PartialChunk> drop_chunks(TransferId id, const Transfer& transfer);
  [[nodiscard]] bool can_begin() const;
  [[nodiscard]] Transfer& open_transfer(Time now, TransferId id, TransferState state);
  void fail_transfer(TransferId id, const TransferFault& fault);  // tells the peer and the application
  Transfer* for_frame(Time now, TransferId id, TransferInput input, const char* name);
  bool admit_peer_transfer(Time now, TransferId id);
  [[nodiscard]] bool is_known(TransferId id) const;  // open now or once
  [[nodiscard]] std::size_t unread_answers() const;
  void on(Time now, RejectMessage& message);
  void on(Time now, CancelMessage& message);
  void on(Time now, RefuseMessage& message);
  void on(Time now, LevelMessage& message);

  // session_frames.cc: messages of the connection
  template <typename Message>
  void read(Time now, ByteView body);
  void dispatch(Time now, FrameType type, ByteView body);
  void dispatch_to_receiver(Time now, FrameType type, ByteView body);
  void dispatch_to_source(Time now, FrameType type, ByteView body);
  void on(Time now, HelloMessage& message);
  void on(Time now, PingMessage& message);
  void on(Time now, PongMessage& message);
  void on(Time now, ProgressMessage& message);
  void on(Time now, ErrorMessage& message);
  void on(Time now, GoodbyeMessage& message);

  // session_receiver.cc
  void on(Time now, OfferMessage& message);
  void on(Time now, ManifestMessage& message);
  void on(Time now, PageMessage& message);
  void on(Time now, SkipMessage& message);
  void on(Time now, EndMessage& message);
  void on_manifest_part(Time now, TransferId id);
  [[nodiscard]] std::optional<TransferFault> receiver_objects(const Transfer& transfer) const;
  void begin_receiving(Time now, TransferId id, Transfer& transfer);
  [[nodiscard]] std::optional<TransferFault> account_for_held(Time now, TransferId id, Transfer& transfer);
  bool give_up_chunk(TransferId id, Transfer& transfer, std::uint32_t chunk, SkipReason reason);
  void finish_if_whole(Time now, TransferId id);
  void end_if_checked(Time now, TransferId id, Transfer& transfer);

  // session_data.cc: chunks in
  [[nodiscard]] DataVerdict refuse_data(Time now, ErrorCode code, const char* why);
  [[nodiscard]] DataVerdict take_data(Time now, const DataPlace& place, Transfer& transfer, ByteView bytes,
                                      std::uint32_t stream);
  [[nodiscard]] bool is_unordered(std::uint32_t stream) const {
    return config_.binding == Binding::kDatagram || stream == kDatagrams;
  }
  [[nodiscard]] bool may_be_dropped(const Transfer& transfer, std::uint64_t chunk) const;
  [[nodiscard]] bool may_be_dropped(const Transfer& transfer, const ChunkRanges& chunks) const;
  [[nodiscard]] DataVerdict no_room(Time now, std::uint32_t stream);
  [[nodiscard]] DataVerdict take_in_vain(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk);
  [[nodiscard]] bool charge(Time now, Transfer& transfer, std::uint32_t chunk);
  [[nodiscard]] bool begin_chunk(Time now, const DataPlace& place, Transfer& transfer, std::uint32_t stream);
  [[nodiscard]] DataVerdict keep_early(Time now, EarlyData early);
  [[nodiscard]] EarlyData* early_that_goes_on(const EarlyData& piece);
  void replay_early(Time now, TransferId id);
  void ask_again(TransferId id, const ChunkRanges& chunks);
  void give_back(TransferId id, Transfer& transfer, std::uint64_t size_bytes);
  void note_progress(Time now, std::uint64_t new_bytes, bool flush);

  // session_checks.cc: whole chunks
  void on_whole_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk, Slice payload);
  void settle_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk, WholeChunk whole,
                    bool matches);
  void on_wrong_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk,
                      const WholeChunk& whole);

  // session_source.cc
  void on(Time now, RequestMessage& message);
  void on(Time now, AcceptMessage& message);
  void on(Time now, HaveMessage& message);
  void on(Time now, CreditMessage& message);
  void on(Time now, PreferMessage& message);
  void on(Time now, ResendMessage& message);
  void on(Time now, StopMessage& message);
  void on(Time now, ConfirmMessage& message);
  [[nodiscard]] std::optional<TransferFault> source_objects(const Transfer& transfer,
                                                            const EncodedManifest& encoded) const;
  [[nodiscard]] std::optional<TransferFault> begin_sending(Time now, TransferId id, Transfer& transfer,
                                                           const ChunkRanges& known);
  void continue_sending(Time now, TransferId id, Transfer& transfer);
  [[nodiscard]] std::optional<std::uint8_t> droppable_from(const Transfer& transfer) const;
  void send_manifest(TransferId id, EncodedManifest encoded, const ChunkRanges& known);
  void note_exhausted(Time now, TransferId id, Transfer& transfer);  // nothing is left to hand out
  void announce_skips(TransferId id, Transfer& transfer);
  [[nodiscard]] bool may_be_served(const Transfer& transfer, StreamSet takes) const;
  [[nodiscard]] std::optional<TransferId> next_served(StreamSet takes) const;
  [[nodiscard]] double most_payload(const Transfer& transfer, Duration left, double rate_bytes_per_s) const;
  [[nodiscard]] std::optional<Time> leave_by(const Transfer& transfer) const;
  void expire_late(Time now);

  ConnectionConfig config_;
  Rng rng_;
  SessionState state_ = SessionState::kGreeting;
  TimerTable<SessionTimer> timers_;
  std::deque<Event> events_;
  std::deque<ControlFrame> control_;
  Hello peer_{};
  GoodbyeMessage farewell_;
  bool by_fault_ = false;
  bool by_peer_ = false;

  std::map<TransferId, Transfer> transfers_;
  TransferId next_own_id_;
  TransferId next_peer_id_;
  std::uint64_t eager_bytes_ = 0;  // sent of offers that are not accepted yet
  TransferId last_served_ = 0;     // round robin of next_data()

  ChunkAssembly arriving_;
  std::deque<std::pair<TransferId, std::uint32_t>> checks_;  // to be handed out
  std::size_t checks_under_way_ = 0;                         // these, and those not yet answered
  std::vector<EarlyData> early_;
  std::uint64_t early_bytes_ = 0;

  std::uint64_t ping_nonce_ = 0;
  std::optional<Time> ping_sent_at_;
  std::optional<Duration> ping_rtt_;
  Duration min_rtt_{};                // zero while unknown
  std::uint64_t received_bytes_ = 0;  // payload
  std::uint64_t unreported_bytes_ = 0;
  Time reported_at_{};
  std::uint64_t peer_received_bytes_ = 0;
  std::uint64_t acknowledged_bytes_ = 0;  // payload, datagram binding
  std::optional<double> progress_rate_;
};

}  // namespace kvferry
