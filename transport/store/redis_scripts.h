// SPDX-License-Identifier: MIT
//
// What Redis does for the pool in one step. FORMAT.md says what stands under which key.
#pragma once

#include <string>

namespace kvferry::store {

inline constexpr char kRedisPrefix[] = "kvferry:";

// Of each, the words. A chunk list is digests in hexadecimal, 64 digits each; sizes are 10 digits each.
[[nodiscard]] const std::string& put_script();      // card, manifest, chunks, sizes
[[nodiscard]] const std::string& pin_script();      // card, holder, milliseconds: the manifest, or nothing
[[nodiscard]] const std::string& remove_script();   // card: 1, or 0 if it was not here
[[nodiscard]] const std::string& bind_script();     // name, card: 1, or 0 if there is no such card
[[nodiscard]] const std::string& resolve_script();  // name: a card, or nothing
[[nodiscard]] const std::string& bound_script();    // bytes

// What put_script() says first.
inline constexpr char kPut[] = "put";
inline constexpr char kHere[] = "here";  // already
inline constexpr char kMissing[] =
    "missing";                           // then places in the chunk list, from 0: upload these and ask again
inline constexpr char kFull[] = "full";  // what others read leaves no room; then the bound

}  // namespace kvferry::store
