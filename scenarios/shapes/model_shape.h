// SPDX-License-Identifier: MIT
//
// Shapes of models that are known by name: what their caches hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/card/model_identity.h"

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

}  // namespace kvferry
