// SPDX-License-Identifier: MIT
#include "scenarios/agent/arrival.h"

#include "transport/clock.h"

namespace kvferry {

Used used_of(const Card& card) {
  Used used;
  used.of_chunks = card.chunks.size();
  used.of_payload_bytes = card.manifest.payload_bytes();
  for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
    if (card.chunks[i].size() == 0) continue;
    if (used.in_order == i) ++used.in_order;
    ++used.chunks;
    used.payload_bytes += card.chunks[i].size();
  }
  used.worth = card.manifest.curve.at(used.in_order);
  return used;
}

double Arrival::ratio() const {
  return static_cast<double>(manifest().raw_bytes) / static_cast<double>(card().file_bytes());
}

FetchOptions agent_fetch(const Reader& reader) {
  FetchOptions fetch;
  fetch.connection.hello.agent = "kvferry-agent/" KVFERRY_VERSION;
  fetch.connection.hello.model = reader.identity();
  fetch.connection.hello.codecs = {static_cast<std::uint32_t>(CodecId::kPipeline),
                                   static_cast<std::uint32_t>(CodecId::kPlanes)};
  fetch.connection.progress_timeout = std::chrono::seconds(60);
  fetch.obey_signals = true;
  return fetch;
}

Result<void> decode_what_is_here(Arrival& arrival, const DecodeOptions& decoding) {
  const Time begun = steady_now();
  const Card& card = arrival.card();
  auto cache = decode_beginning(card, static_cast<std::uint32_t>(card.chunks.size()), decoding);
  if (!cache) return cache.error();
  arrival.cache = std::move(*cache);
  arrival.decode = steady_now() - begun;
  return {};
}

}  // namespace kvferry
