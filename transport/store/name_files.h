// SPDX-License-Identifier: MIT
//
// names/ of a pool: a file for each document, under the digest of its name, that holds the card's digest and
// the name. Binding anew replaces it.
#pragma once

#include "transport/store/card_store.h"
#include "transport/store/pool_folder.h"

namespace kvferry::store {

struct NameListing {
  std::vector<BoundName> names;  // by name
  std::vector<Error> damaged;
};

[[nodiscard]] Result<void> write_name(const PoolFolder& folder, const BoundName& bound);
[[nodiscard]] Result<std::optional<Digest>> read_name(const PoolFolder& folder, const std::string& name);
[[nodiscard]] Result<NameListing> list_names(const PoolFolder& folder);
// All that are bound to the card.
[[nodiscard]] Result<void> remove_names(const PoolFolder& folder, const Digest& card);

}  // namespace kvferry::store
