// SPDX-License-Identifier: MIT
//
// Whole conversations as vectors: bytes and times in, bytes and timers out. One
// side is under test; it runs this small application, so that a script is
// enough: a server provides the card of card.vec to every REQUEST; a client
// requests the document "notes" at 0 ms, confirms when nothing is missing, and
// says goodbye. Times are milliseconds since the connection was made.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "protocol/card/card.h"
#include "protocol/connection/connection.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {

struct ScriptLine {
  enum class What : std::uint8_t { kIn, kOut, kTimer, kEnd };
  std::int64_t at_ms = 0;
  What what = What::kIn;
  Bytes bytes;
  bool operator==(const ScriptLine&) const = default;
};

struct Conversation {
  Role role = Role::kServer;  // of the side under test
  Binding binding = Binding::kStream;
  Bytes connection_id;  // as in packets; of a client on the datagram binding, which chooses it
  std::vector<ScriptLine> script;
};

[[nodiscard]] std::string print_conversation(const Conversation& conversation);
[[nodiscard]] Result<Conversation> parse_conversation(std::string text);

// The side under test.
class Interlocutor {
 public:
  Interlocutor(Role role, Binding binding);
  ~Interlocutor();

  void in(std::int64_t at_ms, ByteView bytes);
  void end(std::int64_t at_ms);
  void fire_timer(std::int64_t at_ms);

  // What it has said since the last call, frame by frame or datagram by datagram.
  [[nodiscard]] std::vector<Bytes> take_out();
  // When its next timer is due, rounded up.
  [[nodiscard]] std::optional<std::int64_t> timer_ms() const;
  // How the connection has ended, if it has.
  [[nodiscard]] std::optional<std::uint64_t> closed() const;
  [[nodiscard]] std::uint64_t connection_id() const { return *connection_.connection_id(); }

 private:
  void drain();
  void on_event(const Event& event);

  Time now_;
  Binding binding_;
  Role role_;
  Card card_;
  CardSink sink_;
  Connection connection_;
  std::vector<Bytes> out_;
  std::optional<std::uint64_t> closed_;
};

// Plays the script; an error names the line that went otherwise. expect: "accept" (it stays open) or "closed
// N".
[[nodiscard]] Result<void> replay_conversation(const Conversation& conversation, const std::string& expect);

}  // namespace kvferry::test
