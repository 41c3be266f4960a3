// SPDX-License-Identifier: MIT
#include "transport/udp_paths.h"

#include <algorithm>

namespace kvferry {

void UdpPaths::move_to_front(std::vector<Path>::iterator used) {
  std::rotate(paths_.begin(), used, used + 1);
}

PathId UdpPaths::received_from(const udp::endpoint& endpoint) {
  auto found =
      std::find_if(paths_.begin(), paths_.end(), [&](const Path& path) { return path.endpoint == endpoint; });
  if (found == paths_.end()) {
    if (paths_.size() == kMaxPaths) paths_.pop_back();
    found = paths_.insert(paths_.end(), {next_id_++, endpoint});
  }
  move_to_front(found);
  return paths_.front().id;
}

std::optional<udp::endpoint> UdpPaths::send_to(PathId path) {
  auto found = std::find_if(paths_.begin(), paths_.end(), [&](const Path& each) { return each.id == path; });
  if (found == paths_.end()) return std::nullopt;
  move_to_front(found);
  return paths_.front().endpoint;
}

}  // namespace kvferry
