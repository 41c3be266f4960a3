// SPDX-License-Identifier: MIT
//
// Packs whose chunks are mostly those of cards that are gone: what lives of one is written anew.
#pragma once

#include "transport/store/catalogue.h"
#include "transport/store/pack.h"

namespace kvferry::store {

// At least half of it is dead.
[[nodiscard]] bool is_worth_repacking(const Catalogue::Pack& pack);

// Afterwards no card needs the pack; who reads it goes on with what is mapped. At every point each card
// stands whole in one pack or the other. False: it is damaged, and stays as it is.
[[nodiscard]] Result<bool> repack(const PoolFolder& folder, const Catalogue& catalogue, const Digest& name);

}  // namespace kvferry::store
