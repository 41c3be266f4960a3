// SPDX-License-Identifier: GPL-2.0-only
//
// What plans name: cards, traces, profiles. Each file is read and verified once.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "protocol/card/chunk_flow.h"
#include "scenarios/profile.h"
#include "sim/model/kv-delivery-trace.h"

namespace kvferry::sim {

class PlanFiles {
 public:
  [[nodiscard]] Result<std::shared_ptr<ChunkSource>> card(const std::filesystem::path& file);
  [[nodiscard]] Result<std::shared_ptr<const KvDeliveryTrace>> trace(const std::filesystem::path& file);
  // As find_profile().
  [[nodiscard]] Result<Profile> profile(const std::string& name, const std::filesystem::path& folder);

 private:
  std::map<std::filesystem::path, std::shared_ptr<ChunkSource>> cards_;
  std::map<std::filesystem::path, std::shared_ptr<const KvDeliveryTrace>> traces_;
  std::map<std::string, Profile> profiles_;
};

}  // namespace kvferry::sim
