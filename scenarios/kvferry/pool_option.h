// SPDX-License-Identifier: MIT
//
// The pool that a command serves from or puts into.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "transport/store/card_store.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kvferry {

// As typed.
struct PoolOptions {
  std::string where;                       // empty: none
  std::optional<std::uint64_t> max_bytes;  // for everyone who uses it from now on
};

inline constexpr const char* kPoolForms = "DIR, redis://HOST:PORT/DATABASE or redis+unix:///SOCKET";

CLI::Option* add_pool_option(CLI::App& command, PoolOptions& options, const std::string& what);
// After it, where a command has both.
void add_bound_option(CLI::App& command, PoolOptions& options);

enum class WhereNoPool : std::uint8_t { kMake, kFail };
// Throws Failure, or UsageError for an address that is none.
[[nodiscard]] std::shared_ptr<CardStore> open_pool(const PoolOptions& options, WhereNoPool where_none);

// Where cards are kept on their way into the pool: in its folder; for a Redis, in one for temporary files
// that is this user's alone.
[[nodiscard]] std::filesystem::path incoming_folder(const PoolOptions& options);

}  // namespace kvferry
