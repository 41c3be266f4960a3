// SPDX-License-Identifier: MIT
#include "transport/tls/keygen.h"

#include <cstdio>

#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"

namespace kvferry {

int keygen(const KeygenOptions& options) {
  const std::filesystem::path file =
      options.file.empty() ? default_key_file() : std::filesystem::path(options.file);
  if (!options.show) {
    if (std::filesystem::exists(file))
      throw Failure(file.string() + ": there is a key already; --show prints its public key");
    check_or_fail(write_identity(file, make_identity()));
    std::fprintf(stderr, "kvferry: %s written; peers believe it by --peer-key\n", file.c_str());
  }
  const auto key = public_key_of(value_or_fail(Identity::read(file)));
  if (!key) throw Failure(key.error().in(file.string()));
  std::printf("%s\n", key->text().c_str());
  return kExitSuccess;
}

}  // namespace kvferry
