// SPDX-License-Identifier: MIT
#include "transport/store/name_files.h"

#include <algorithm>

namespace kvferry::store {
namespace {

fs::path file_of(const PoolFolder& folder, const std::string& name) {
  return folder.names() / sha256(as_bytes(name)).hex();
}

// Nothing where there is no such file.
Result<std::optional<BoundName>> read_bound(const fs::path& path) {
  const auto file = map_file(path);
  if (!file) return file.error();
  if (!*file) return std::optional<BoundName>();
  const ByteView bytes = (*file)->bytes.view();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::size_t kDigits = 2 * Digest::kBytes;
  const auto card = Digest::from_hex(text.substr(0, kDigits));
  if (!card || text.size() <= kDigits || text[kDigits] != '\n')
    return Error{path.string() + ": damaged, expected a card's digest and a name"};
  BoundName bound{std::string(text.substr(kDigits + 1)), *card};
  if (sha256(as_bytes(bound.name)).hex() != path.filename())
    return Error{path.string() + ": damaged, expected the name whose digest it has"};
  return std::optional(bound);
}

}  // namespace

Result<void> write_name(const PoolFolder& folder, const BoundName& bound) {
  const std::string text = bound.card.hex() + "\n" + bound.name;
  return write_file(folder.scratch(), file_of(folder, bound.name), {as_bytes(text)});
}

Result<std::optional<Digest>> read_name(const PoolFolder& folder, const std::string& name) {
  const auto bound = read_bound(file_of(folder, name));
  if (!bound) return bound.error();
  return *bound ? std::optional((*bound)->card) : std::nullopt;
}

Result<NameListing> list_names(const PoolFolder& folder) {
  const auto files = digest_names(folder.names());
  if (!files) return files.error();
  NameListing out{{}, files->others};
  for (const Digest& file : files->digests) {
    const auto bound = read_bound(folder.names() / file.hex());
    if (!bound) {
      out.damaged.push_back(bound.error());
    } else if (*bound) {
      out.names.push_back(**bound);
    }
  }
  std::sort(out.names.begin(), out.names.end(),
            [](const BoundName& a, const BoundName& b) { return a.name < b.name; });
  return out;
}

Result<void> remove_names(const PoolFolder& folder, const Digest& card) {
  const auto listed = list_names(folder);
  if (!listed) return listed.error();
  for (const BoundName& bound : listed->names) {
    if (bound.card != card) continue;
    if (auto removed = remove_file(file_of(folder, bound.name)); !removed) return removed;
  }
  return {};
}

}  // namespace kvferry::store
