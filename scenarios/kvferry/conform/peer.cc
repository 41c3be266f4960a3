// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/peer.h"

#include <algorithm>

#include "scenarios/kvferry/conform/verdict.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr int kMostWaits = 30;  // of the patience, while DATA comes

template <typename Message>
Message decoded(const Arrival& arrival) {
  auto message = decode_map<Message>(arrival.body, Message::kName);
  if (!message)
    throw CheckFailed("the peer sent a malformed message: " + message.error().message + " (PRM-3)");
  return std::move(*message);
}

}  // namespace

HelloMessage usual_hello() {
  HelloMessage message;
  message.hello.features = kFeatureResume | kFeatureProgress;
  message.hello.agent = "kvferry conform";
  message.hello.idle_timeout_ms = 30'000;
  message.hello.limits.max_chunk_bytes = kMaxChunkBytes;
  message.hello.limits.initial_credit_bytes = std::uint64_t{1} << 40;
  return message;
}

Peer::~Peer() {
  try {
    if (!ending_ && !silent_) link_->say_goodbye();
  } catch (const std::exception&) {
    // The peer has had its chance; the next check has another connection.
  }
}

TransferId Peer::next_transfer() {
  const TransferId id = next_transfer_;
  next_transfer_ += 2;
  receptions_[id];
  return id;
}

TransferId Peer::request(RequestMessage message, std::vector<OutFrame> more) {
  message.transfer = next_transfer();
  more.insert(more.begin(), frame(message));
  send(more);
  return message.transfer;
}

void Peer::greet(const HelloMessage& hello) {
  send(hello);
  await_hello();
}

void Peer::await_hello() {
  std::string why = "no HELLO came";
  try {
    if (wait_until([&] { return hello_.has_value(); })) return;
    if (ending_) why = "instead of a HELLO came " + ending_->how;
  } catch (const Unreachable&) {
    throw;
  } catch (const CheckFailed& fault) {
    why = fault.what();
  }
  throw GreetingFailed(why);
}

bool Peer::pump(Time until) {
  if (auto arrival = link_->receive(until)) {
    take(std::move(*arrival));
    return true;
  }
  if (link_->ended() && !ending_) ending_ = Ending{std::nullopt, link_->end_text()};
  return false;
}

bool Peer::wait_until(const std::function<bool()>& done) {
  const Time last = steady_now() + patience_ * kMostWaits;
  Time until = steady_now() + patience_;
  while (!done()) {
    if (ending_) return false;
    const std::size_t before = data_frames_;
    if (!pump(until) && !ending_) return done();
    if (data_frames_ > before) until = std::min(last, steady_now() + patience_);
    if (steady_now() >= until) return done();
  }
  return true;
}

void Peer::wait_for(Duration time) {
  const Time until = steady_now() + time;
  while (steady_now() < until && !link_->ended()) pump(until);
}

void Peer::wait_for_quiet(Duration quiet) {
  const Time last = steady_now() + patience_ * kMostWaits;
  while (steady_now() < last && !link_->ended() && pump(steady_now() + quiet)) {
  }
}

std::optional<Arrival> Peer::find(FrameType type, std::size_t since) const {
  const auto found =
      std::find_if(arrivals_.begin() + static_cast<std::ptrdiff_t>(since), arrivals_.end(),
                   [&](const Arrival& a) { return a.type == static_cast<std::uint64_t>(type); });
  if (found == arrivals_.end()) return std::nullopt;
  return *found;
}

std::optional<Arrival> Peer::await(FrameType type, std::size_t since) {
  wait_until([&] { return find(type, since).has_value(); });
  return find(type, since);
}

void Peer::take(Arrival arrival) {
  const bool packet_frame = arrival.packed && arrival.type != static_cast<std::uint64_t>(FrameType::kData);
  if (ending_ && !packet_frame) ++after_end_;
  if (arrival.type == static_cast<std::uint64_t>(FrameType::kData)) return take_data(arrival);
  if (!arrival.packed) {
    take_message(arrival);
  } else if (arrival.type == static_cast<std::uint64_t>(FrameType::kClose)) {
    take_end(arrival, "CLOSE");
  }
  arrivals_.push_back(std::move(arrival));
}

void Peer::take_data(const Arrival& arrival) {
  ByteReader in(arrival.body);
  const auto place = take_data_place(in);
  expect(place.has_value(), "the peer sent DATA whose transfer, chunk and offset do not parse (FRM-4)");
  expect(receptions_.contains(place->transfer), "the peer sent DATA of transfer " +
                                                    std::to_string(place->transfer) +
                                                    ", which was never asked for (TRF-1)");
  receptions_[place->transfer].take_data(*place, in.rest(), data_frames_++);
}

void Peer::take_end(const Arrival& arrival, const char* name) {
  const auto message = decoded<ErrorMessage>(arrival);
  if (ending_) return;
  ending_ = Ending{message.code,
                   std::string(name) + " " + std::to_string(message.code) + " ('" + message.reason + "')"};
  if (arrival.type == static_cast<std::uint64_t>(FrameType::kGoodbye)) ending_->code.reset();
}

void Peer::take_message(const Arrival& arrival) {
  if (take_connection_message(arrival)) return;
  switch (static_cast<FrameType>(arrival.type)) {
    case FrameType::kManifest:
      return keep(decoded<ManifestMessage>(arrival));
    case FrameType::kPage:
      return keep(decoded<PageMessage>(arrival));
    case FrameType::kSkip:
      return keep(decoded<SkipMessage>(arrival));
    case FrameType::kEnd:
      return keep(decoded<EndMessage>(arrival));
    case FrameType::kRefuse:
      return keep(decoded<RefuseMessage>(arrival));
    case FrameType::kCancel:
      return keep(decoded<CancelMessage>(arrival));
    default:
      expect(!is_critical(arrival.type) || is_message(arrival.type),
             "the peer sent a frame of the unknown critical type " + std::to_string(arrival.type));
  }
}

bool Peer::take_connection_message(const Arrival& arrival) {
  const auto type = static_cast<FrameType>(arrival.type);
  expect(hello_ || type == FrameType::kHello || type == FrameType::kError || type == FrameType::kGoodbye ||
             !is_message(arrival.type),
         "the peer's first message is of type " + std::to_string(arrival.type) + ", not HELLO (CON-1)");
  switch (type) {
    case FrameType::kHello:
      keep(decoded<HelloMessage>(arrival));
      return true;
    case FrameType::kPing:
      if (answers_ping && !ending_) send(PongMessage{decoded<PingMessage>(arrival).nonce, {}});
      return true;
    case FrameType::kOffer:
      send(RefuseMessage{decoded<OfferMessage>(arrival).transfer, "this side only asks", {}, {}});
      return true;
    case FrameType::kError:
      take_end(arrival, "ERROR");
      return true;
    case FrameType::kGoodbye:
      take_end(arrival, "GOODBYE");
      return true;
    default:
      return false;
  }
}

void Peer::keep(HelloMessage message) {
  expect(!hello_, "the peer sent a second HELLO (CON-1)");
  expect(message.magic == "kvferry", "the peer's HELLO has the magic '" + message.magic + "' (CON-1)");
  hello_ = std::move(message);
}

void Peer::keep(ManifestMessage message) {
  const TransferId id = message.transfer;
  receptions_[id].take_manifest(std::move(message));
}

void Peer::keep(PageMessage message) {
  receptions_[message.transfer].pages[message.index] = std::move(message.page);
}

void Peer::keep(SkipMessage message) {
  expect(message.chunks.size() <= usual_hello().hello.limits.max_chunks,
         "the peer sent a SKIP of " + std::to_string(message.chunks.size()) + " chunks (LIM-1)");
  auto& skipped = receptions_[message.transfer].skipped;
  message.chunks.for_each([&](std::uint32_t chunk) { skipped[chunk] = message.reason; });
}

}  // namespace kvferry::conform
