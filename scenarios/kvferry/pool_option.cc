// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/pool_option.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "scenarios/program.h"
#include "transport/store/redis_address.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

// Others may write where temporary files are.
fs::path private_folder() {
  const fs::path folder = fs::temp_directory_path() / ("kvferry-incoming-" + std::to_string(::getuid()));
  ::mkdir(folder.c_str(), 0700);
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::getuid() ||
      (status.st_mode & 077) != 0)
    throw Failure(folder.string() + ": expected a folder that is this user's alone");
  return folder;
}

}  // namespace

CLI::Option* add_pool_option(CLI::App& command, PoolOptions& options, const std::string& what) {
  return command.add_option("--pool", options.where, what + " (" + kPoolForms + ")")->type_name("POOL");
}

void add_bound_option(CLI::App& command, PoolOptions& options) {
  CLI::Option* bound =
      command.add_option("--pool-bytes", options.max_bytes,
                         "keep the pool within so many bytes, such as 20GB, for all who use it from "
                         "now on; 0: no bound");
  bound->transform(CLI::AsSizeValue(true))->option_text("BYTES");
  if (CLI::Option* pool = command.get_option_no_throw("--pool")) bound->needs(pool);
}

std::shared_ptr<CardStore> open_pool(const PoolOptions& options, WhereNoPool where_none) {
  if (RedisAddress::is_one(options.where)) (void)value_or_usage(RedisAddress::parse(options.where));
  StoreOptions store;
  store.max_bytes = options.max_bytes;
  store.create = where_none == WhereNoPool::kMake;
  return value_or_fail(open_store(options.where, store));
}

fs::path incoming_folder(const PoolOptions& options) {
  if (RedisAddress::is_one(options.where)) return private_folder();
  return fs::path(options.where) / "incoming";
}

}  // namespace kvferry
