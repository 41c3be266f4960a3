// SPDX-License-Identifier: MIT
#include "protocol/rate/adaptive_source.h"

#include <algorithm>

namespace kvferry {

bool AdaptiveSource::on_event(Connection& connection, Time now, const Event& event) {
  if (const auto* request = std::get_if<event::Requested>(&event)) {
    if (!on_requested(now, *request)) return false;
  } else if (const auto* sent = std::get_if<event::Sent>(&event)) {
    if (!provided_bytes_.contains(sent->id)) return false;
    if (under_way_ == sent->id) under_way_.reset();
  } else if (const auto* confirmed = std::get_if<event::Confirmed>(&event)) {
    const auto provided = provided_bytes_.find(confirmed->id);
    if (provided == provided_bytes_.end()) return false;
    confirmed_bytes_ += provided->second;
  } else {
    return false;
  }
  observe(connection, now);
  hand_over(connection, now);
  return true;
}

bool AdaptiveSource::on_requested(Time now, const event::Requested& request) {
  const auto& segments = controller_.job().segments;
  for (std::size_t i = controller_.choices().size(); i < segments.size(); ++i) {
    if (segments[i].document != request.options.document || waiting_.contains(i)) continue;
    waiting_.emplace(i, request.id);
    if (const auto& deadline = request.options.deadline)
      deadline_ = std::min(now + *deadline, deadline_.value_or(Time::max()));
    return true;
  }
  return false;
}

// On the stream binding a confirmation may be the earlier news. A deadline counts from when the request left,
// half a round trip before it came.
void AdaptiveSource::observe(const Connection& connection, Time now) {
  const PathStats path = connection.path();
  PathNews news;
  news.delivered_bytes = std::max(path.delivered_bytes, confirmed_bytes_);
  news.rtt = path.rtt.value_or(Duration::zero());
  if (path.packets_sent > 0)
    news.loss = static_cast<double>(path.packets_lost) / static_cast<double>(path.packets_sent);
  if (deadline_) controller_.set_deadline(*deadline_ - news.rtt / 2);
  controller_.observe(now, news);
}

void AdaptiveSource::hand_over(Connection& connection, Time now) {
  while (!under_way_) {
    const auto next = waiting_.find(controller_.choices().size());
    if (next == waiting_.end()) return;
    const TransferId id = next->second;
    waiting_.erase(next);
    const auto choice = controller_.next(now);
    if (choice->encoding) {
      provide(connection, now, id, *choice);
    } else {
      connection.refuse(now, id, "no encoding fits the deadline, the budget and the quality asked for",
                        TransferError::kQuality);
    }
  }
}

void AdaptiveSource::provide(Connection& connection, Time now, TransferId id, const Choice& choice) {
  const auto& card = cards_[choice.segment][*choice.encoding];
  under_way_ = id;
  provided_bytes_[id] = choice.max_bytes;
  connection.provide(now, id, card);
  const auto& chunks = card->manifest().chunks;
  std::uint64_t bytes = 0;
  std::uint32_t end = 0;
  while (end < chunks.size() && bytes + chunks[end].size_bytes <= choice.max_bytes)
    bytes += chunks[end++].size_bytes;
  ChunkRanges beyond;
  for (; end < chunks.size(); ++end) beyond.add(end);
  if (!beyond.empty()) connection.skip(now, id, beyond);
}

Encoding encoding_of(const Manifest& manifest, Duration decode) {
  Encoding out;
  out.preset = manifest.preset;
  out.bytes = manifest.payload_bytes();
  out.quality = manifest.divergence ? manifest.divergence->top1 : 1;
  out.decode = decode;
  std::uint64_t bytes = 0;
  std::uint32_t chunks = 0;
  for (const QualityPoint& point : manifest.curve.points()) {
    while (chunks < point.chunks) bytes += manifest.chunks[chunks++].size_bytes;
    out.curve.push_back({bytes, point.top1});
  }
  return out;
}

}  // namespace kvferry
