// SPDX-License-Identifier: MIT
//
// One connection to the peer, and all that it has said. It answers PING and
// refuses OFFER, and does nothing else of its own: what a check sends may be
// wrong, and what comes is kept, not judged, unless no peer may ever send it.
#pragma once

#include <map>
#include <memory>

#include "scenarios/kvferry/conform/link.h"
#include "scenarios/kvferry/conform/reception.h"

namespace kvferry::conform {

// What a check says when it has no reason to say anything else.
[[nodiscard]] HelloMessage usual_hello();

class Peer {
 public:
  Peer(std::unique_ptr<Link> link, Duration patience) : link_(std::move(link)), patience_(patience) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();  // says GOODBYE, when nothing has ended the connection

  // Out.
  template <typename Message>
  void send(const Message& message) {
    send({frame(message)});
  }
  void send(const std::vector<OutFrame>& frames) { link_->send(frames); }
  // In the control stream, DATA too.
  void send_message(const std::vector<OutFrame>& frames) { link_->send_messages(frames); }
  template <typename Message>
  [[nodiscard]] static OutFrame frame(const Message& message) {
    return out_frame(static_cast<std::uint64_t>(Message::kType), encode_map(message));
  }
  // REQUEST with the next number of ours; what comes of it is in reception(). Sent with `more` in one write.
  TransferId request(RequestMessage message, std::vector<OutFrame> more = {});
  // The next number of ours, taken.
  TransferId next_transfer();
  // HELLO, and waits for the peer's. Throws GreetingFailed.
  void greet(const HelloMessage& hello);
  void await_hello();
  void leave_without_a_word() { silent_ = true; }  // when this object goes

  // In: each waits for at most the patience, anew whenever DATA comes.
  // False: it did not come true, or the connection ended before.
  bool wait_until(const std::function<bool()>& done);
  void wait_for(Duration time);  // takes what comes
  // The first frame of this type among the arrivals from `since` on; nothing if none comes.
  std::optional<Arrival> await(FrameType type, std::size_t since = 0);
  // The same among what is here.
  [[nodiscard]] std::optional<Arrival> find(FrameType type, std::size_t since = 0) const;
  // Nothing more has come for a while.
  void settle() { wait_for_quiet(milliseconds(200)); }
  void wait_for_quiet(Duration quiet);

  // What has come.
  [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }  // without DATA
  [[nodiscard]] Reception& reception(TransferId id) { return receptions_[id]; }
  [[nodiscard]] const std::optional<HelloMessage>& hello() const { return hello_; }
  [[nodiscard]] bool has_feature(std::uint64_t bit) const { return hello_ && (hello_->hello.features & bit); }
  [[nodiscard]] const std::optional<Ending>& ending() const { return ending_; }
  [[nodiscard]] std::size_t data_frames() const { return data_frames_; }
  [[nodiscard]] std::size_t messages_after_the_end() const { return after_end_; }

  [[nodiscard]] Duration patience() const { return patience_; }
  [[nodiscard]] Link& link() { return *link_; }
  bool answers_ping = true;

 private:
  bool pump(Time until);  // false: nothing came
  void take(Arrival arrival);
  void take_message(const Arrival& arrival);
  bool take_connection_message(const Arrival& arrival);
  void take_data(const Arrival& arrival);
  void take_end(const Arrival& arrival, const char* name);
  void keep(HelloMessage message);
  void keep(ManifestMessage message);
  void keep(PageMessage message);
  void keep(SkipMessage message);
  void keep(EndMessage message) { receptions_[message.transfer].end = std::move(message); }
  void keep(RefuseMessage message) { receptions_[message.transfer].refused = std::move(message); }
  void keep(CancelMessage message) { receptions_[message.transfer].cancelled = std::move(message); }

  std::unique_ptr<Link> link_;
  Duration patience_;
  std::vector<Arrival> arrivals_;
  std::map<TransferId, Reception> receptions_;
  std::optional<HelloMessage> hello_;
  std::optional<Ending> ending_;
  std::size_t data_frames_ = 0;
  std::size_t after_end_ = 0;
  bool silent_ = false;
  TransferId next_transfer_ = 0;
};

}  // namespace kvferry::conform
