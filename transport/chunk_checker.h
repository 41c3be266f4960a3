// SPDX-License-Identifier: MIT
//
// One connection's checks (Connection::poll_check), on the DigestWorker: what is
// worth the way there goes there, and comes back through the connection's
// io_context. All but the comparison is on the connection's thread.
//
//   check() ─► DigestWorker ─► results ─► io_context ─► on_results ─► take_results()
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "protocol/connection/connection.h"
#include "transport/asio.h"

namespace kvferry {

struct CheckResult {
  TransferId id = 0;
  std::uint32_t chunk = 0;
  bool matches = false;
};

class ChunkChecker {
 public:
  // on_results: called within the io_context when there are some, and not after this is gone.
  ChunkChecker(asio::io_context& io, std::function<void()> on_results);
  ~ChunkChecker();
  ChunkChecker(const ChunkChecker&) = delete;
  ChunkChecker& operator=(const ChunkChecker&) = delete;

  // The result at once, where the worker has enough to do with this connection or the chunk is too small for
  // the way; otherwise it follows.
  [[nodiscard]] std::optional<CheckResult> check(const ChunkCheck& check);
  [[nodiscard]] std::vector<CheckResult> take_results();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::uint64_t waiting_bytes_ = 0;  // given to the worker, and not yet back
};

// The same, with checks that are its driver's to do, if it was to do them itself.
[[nodiscard]] ConnectionConfig with_checks_by_driver(ConnectionConfig config);

}  // namespace kvferry
