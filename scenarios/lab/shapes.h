// SPDX-License-Identifier: MIT
//
// Shapes of models that are known by name, and cards of such a shape: their bytes travel where a plan
// asks what a larger model's cache would cost, while the answers come from a model that ran.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/card/card.h"

namespace kvferry {

struct ModelShape {
  std::string_view name;
  std::string_view architecture;
  uint32_t layers, kv_heads, head_dim;
  double rope_theta;

  [[nodiscard]] ModelIdentity identity() const;
};

[[nodiscard]] std::optional<ModelShape> find_shape(std::string_view name);
[[nodiscard]] std::string shape_names();  // joined by ", "

// A card of this shape for the same document, positions and preset: its payload has as many bytes per cached
// value as the given card's, headers, scales and tables counted, and is noise from the seed.
[[nodiscard]] Card synthesise_card(const ModelShape& shape, const Card& card, uint64_t seed);

}  // namespace kvferry
