// SPDX-License-Identifier: MIT
#include "tests/conformance/conversation.h"

#include <sstream>

#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

constexpr const char* kWords[] = {"in", "out", "timer", "end"};
constexpr std::int64_t kMillisecond = 1'000'000;

Time at(std::int64_t ms) { return time_from_ns(ms * kMillisecond); }

ConnectionConfig config_for(Role role, Binding binding) {
  ConnectionConfig config;
  config.role = role;
  config.binding = binding;
  config.grease = false;
  config.seed = 1;
  return config;
}

std::optional<ScriptLine> parse_line(const std::string& text) {
  std::istringstream in(text);
  ScriptLine line;
  std::string word, hex;
  if (!(in >> line.at_ms >> word)) return std::nullopt;
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (word != kWords[i]) continue;
    line.what = static_cast<ScriptLine::What>(i);
    std::getline(in, hex);
    auto bytes = from_hex(hex);
    if (!bytes) return std::nullopt;
    line.bytes = std::move(*bytes);
    return line;
  }
  return std::nullopt;
}

// "field: value\n" from the front of the text.
std::optional<std::string> take_field(std::string& text, const std::string& field) {
  std::size_t end = text.find('\n');
  if (text.rfind(field + ":", 0) != 0 || end == std::string::npos) return std::nullopt;
  std::string value = end > field.size() + 1 ? text.substr(field.size() + 2, end - field.size() - 2) : "";
  text.erase(0, end + 1);
  return value;
}

}  // namespace

std::string print_conversation(const Conversation& conversation) {
  std::string text = std::string("role: ") + (conversation.role == Role::kClient ? "client" : "server") +
                     "\nbinding: " + (conversation.binding == Binding::kStream ? "stream" : "datagram") +
                     "\n";
  if (!conversation.connection_id.empty()) text += "connection: " + to_hex(conversation.connection_id) + "\n";
  text += "script:\n";
  for (const ScriptLine& line : conversation.script) {
    text += std::to_string(line.at_ms) + " " + kWords[static_cast<std::size_t>(line.what)];
    if (!line.bytes.empty()) text += " " + to_hex(line.bytes, line.bytes.size());
    text += "\n";
  }
  return text;
}

Result<Conversation> parse_conversation(std::string text) {
  auto role = take_field(text, "role");
  auto binding = take_field(text, "binding");
  auto connection = take_field(text, "connection");
  auto script = take_field(text, "script");
  if (!role || !binding || !script) return Error{"expected the lines role:, binding: and script:"};
  Conversation conversation;
  conversation.role = *role == "client" ? Role::kClient : Role::kServer;
  conversation.binding = *binding == "stream" ? Binding::kStream : Binding::kDatagram;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto parsed = parse_line(line);
    if (!parsed) return Error{"script: '" + line + "', expected MS in|out HEX, MS timer or MS end"};
    conversation.script.push_back(std::move(*parsed));
  }
  return conversation;
}

Interlocutor::Interlocutor(Role role, Binding binding)
    : now_(at(0)),
      binding_(binding),
      role_(role),
      card_(sample_card(1, 3, 40)),
      connection_(config_for(role, binding), now_) {
  if (role == Role::kClient) {
    RequestOptions notes;
    notes.document = "notes";
    connection_.request(now_, notes, sink_);
  }
  drain();
}

Interlocutor::~Interlocutor() = default;

void Interlocutor::in(std::int64_t at_ms, ByteView bytes) {
  now_ = at(at_ms);
  if (binding_ == Binding::kStream) {
    connection_.handle_bytes(now_, bytes);
  } else {
    connection_.handle_datagram(now_, bytes);
  }
  drain();
}

void Interlocutor::end(std::int64_t at_ms) {
  now_ = at(at_ms);
  connection_.handle_end_of_stream(now_);
  drain();
}

void Interlocutor::fire_timer(std::int64_t at_ms) {
  now_ = at(at_ms);
  connection_.handle_timeout(now_);
  drain();
}

void Interlocutor::drain() {
  for (bool any = true; any;) {
    any = false;
    while (auto out = connection_.poll_transmit(now_)) {
      any = true;
      append(out->head, out->payload.view());
      out_.push_back(std::move(out->head));
    }
    while (auto event = connection_.poll_event()) {
      any = true;
      on_event(*event);
    }
  }
}

void Interlocutor::on_event(const Event& event) {
  if (auto* wanted = std::get_if<event::Requested>(&event)) {
    connection_.provide(now_, wanted->id, std::make_shared<CardSource>(card_));
  } else if (auto* complete = std::get_if<event::Complete>(&event)) {
    connection_.confirm(now_, complete->id);
    connection_.close(now_);
  } else if (auto* gone = std::get_if<event::Closed>(&event)) {
    closed_ = static_cast<std::uint64_t>(gone->code);
  }
}

std::vector<Bytes> Interlocutor::take_out() { return std::exchange(out_, {}); }

std::optional<std::int64_t> Interlocutor::timer_ms() const {
  auto due = connection_.poll_timeout();
  if (!due) return std::nullopt;
  return (due->time_since_epoch().count() + kMillisecond - 1) / kMillisecond;
}

std::optional<std::uint64_t> Interlocutor::closed() const { return closed_; }

Result<void> replay_conversation(const Conversation& conversation, const std::string& expect) {
  Interlocutor side(conversation.role, conversation.binding);
  std::vector<Bytes> said = side.take_out();
  std::size_t heard = 0;  // of what it said
  for (std::size_t i = 0; i < conversation.script.size(); ++i) {
    const ScriptLine& line = conversation.script[i];
    std::string where = "script line " + std::to_string(i + 1) + ": ";
    if (line.what == ScriptLine::What::kOut) {
      if (heard == said.size()) return Error{where + "nothing was said"};
      if (said[heard++] != line.bytes) return Error{where + "said " + to_hex(said[heard - 1], 1 << 20)};
      continue;
    }
    if (heard < said.size()) return Error{where + "something else was said before it"};
    if (line.what == ScriptLine::What::kTimer) {
      if (side.timer_ms() != line.at_ms)
        return Error{where + "the timer is due at " + std::to_string(side.timer_ms().value_or(-1))};
      side.fire_timer(line.at_ms);
    } else if (line.what == ScriptLine::What::kEnd) {
      side.end(line.at_ms);
    } else {
      side.in(line.at_ms, line.bytes);
    }
    said = side.take_out();
    heard = 0;
  }
  if (heard < said.size()) return Error{"more was said than the script has"};
  std::string ended = side.closed() ? "closed " + std::to_string(*side.closed()) : "accept";
  if (ended != expect) return Error{"ended: " + ended + ", expected " + expect};
  return {};
}

}  // namespace kvferry::test
