// SPDX-License-Identifier: MIT
#include "scenarios/card_giver.h"

#include <algorithm>
#include <utility>

#include "protocol/card/shared_chunks.h"
#include "scenarios/log.h"

namespace kvferry {

Giving::Find as_sources(Giving::FindCard find) {
  return [find = std::move(find)](const RequestOptions& wanted) -> Result<std::shared_ptr<ChunkSource>> {
    const auto card = find(wanted);
    if (!card) return card.error();
    return std::shared_ptr<ChunkSource>(std::make_shared<CardSource>(**card));
  };
}

std::shared_ptr<const Manifest> manifest_of(std::shared_ptr<const Card> card) {
  const Manifest* manifest = card ? &card->manifest : nullptr;
  return {std::move(card), manifest};
}

void CardGiver::on_event(ConnectionDriver& connection, const Event& event) {
  if (const auto* requested = std::get_if<event::Requested>(&event)) {
    on(connection, *requested);
  } else if (const auto* offered = std::get_if<event::Offered>(&event)) {
    connection.command(
        [&](Connection& c, Time now) { c.refuse(now, offered->id, "this server only gives"); });
  } else if (const auto* stalled = std::get_if<event::Stalled>(&event)) {
    connection.command([&](Connection& c, Time now) {
      c.cancel(now, stalled->id, stalled->reason, TransferError::kStalled);
    });
  } else if (const auto* cancelled = std::get_if<event::Cancelled>(&event)) {
    std::erase_if(waiting_, [&](const auto& each) { return each.id == cancelled->id; });
  } else if (std::holds_alternative<event::Closed>(event)) {
    stop_waiting();
  }
}

void CardGiver::on(ConnectionDriver& connection, const event::Requested& requested) {
  if (answer(connection, requested)) return;
  waiting_.push_back(requested);
  giving_.followers->wait(this, [this, &connection] {
    connection.post([this, &connection](Connection&, Time) { look_again(connection); });
  });
  look_again(connection);  // it may have changed before this side was heard of
}

void CardGiver::look_again(ConnectionDriver& connection) {
  std::erase_if(waiting_, [&](const auto& each) { return answer(connection, each); });
  if (waiting_.empty()) stop_waiting();
}

bool CardGiver::answer(ConnectionDriver& connection, const event::Requested& requested) {
  const auto card = giving_.find(requested.options);
  const auto& after = requested.options.after;
  if (card && after && giving_.followers && encode_manifest((*card)->manifest()).digest() == *after)
    return false;
  if (!card) {
    log(LogLevel::kInfo, "refused",
        {{"peer", connection.peer()},
         {"transfer", std::to_string(requested.id)},
         {"why", card.error().message}});
  }
  connection.command([&](Connection& c, Time now) {
    if (card) {
      c.provide(now, requested.id, *card, known(requested.options, (*card)->manifest()));
    } else {
      c.refuse(now, requested.id, card.error().message);
    }
  });
  return true;
}

ChunkRanges CardGiver::known(const RequestOptions& wanted, const Manifest& manifest) const {
  ChunkRanges known;
  if (!giving_.base) return known;
  for (const Digest& digest : wanted.bases.digests()) {
    const auto base = giving_.base(digest);
    if (!base) continue;
    const auto shared = ChunksByDigest(*base).shared_with(manifest);
    shared.for_each([&](std::uint32_t chunk) { known.add(chunk); });
  }
  return known;
}

void CardGiver::stop_waiting() {
  waiting_.clear();
  if (giving_.followers) giving_.followers->forget(this);
}

}  // namespace kvferry
