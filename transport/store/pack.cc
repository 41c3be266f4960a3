// SPDX-License-Identifier: MIT
#include "transport/store/pack.h"

namespace kvferry::store {

std::uint64_t PackPlan::add(const Digest& chunk, ByteView payload) {
  append(digests_, chunk.view());
  payloads_.push_back(payload);
  return std::exchange(end_, end_ + payload.size());
}

Result<void> PackPlan::write(const PoolFolder& folder) const {
  std::vector<ByteView> parts{ByteView(kPackMagic)};
  parts.insert(parts.end(), payloads_.begin(), payloads_.end());
  return write_file(folder.scratch(), folder.pack(name()), parts);
}

Result<ByteView> payload_at(ByteView pack, const fs::path& path, std::uint64_t offset,
                            std::uint32_t size_bytes) {
  if (offset < sizeof kPackMagic || offset > pack.size() || size_bytes > pack.size() - offset) {
    return Error{path.string() + ": ends at byte " + std::to_string(pack.size()) + ", expected a chunk of " +
                 std::to_string(size_bytes) + " bytes at byte " + std::to_string(offset)};
  }
  return pack.subspan(static_cast<std::size_t>(offset), size_bytes);
}

}  // namespace kvferry::store
