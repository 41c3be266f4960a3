// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/plan_files.h"

#include "protocol/card/card_file.h"

namespace kvferry::sim {

Result<std::shared_ptr<ChunkSource>> PlanFiles::card(const std::filesystem::path& file) {
  auto& known = cards_[file];
  if (known) return known;
  auto card = read_card_file(file);
  if (!card) return card.error();
  if (auto verified = card->verify(); !verified) return verified.error().in(file.string());
  return known = std::make_shared<CardSource>(std::move(*card));
}

Result<std::shared_ptr<const KvDeliveryTrace>> PlanFiles::trace(const std::filesystem::path& file) {
  auto& known = traces_[file];
  if (known) return known;
  auto trace = KvDeliveryTrace::Read(file);
  if (!trace) return trace.error();
  return known = std::make_shared<KvDeliveryTrace>(std::move(*trace));
}

Result<Profile> PlanFiles::profile(const std::string& name, const std::filesystem::path& folder) {
  if (const auto known = profiles_.find(name); known != profiles_.end()) return known->second;
  auto profile = find_profile(name, folder);
  if (profile) profiles_[name] = *profile;
  return profile;
}

}  // namespace kvferry::sim
