// SPDX-License-Identifier: MIT
//
// How much memory a connection holds: while an account is open, what operator
// new and delete do on this thread is booked there. Programs that do not link
// counted_heap.cc book nothing.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kvferry::test {

struct HeapAccount {
  std::int64_t live_bytes = 0;
  std::int64_t most_bytes = 0;

  void book(std::int64_t bytes) {
    live_bytes += bytes;
    most_bytes = std::max(most_bytes, live_bytes);
  }
};

inline thread_local HeapAccount* open_heap_account = nullptr;

// Books to an account, or to none, until it goes out of scope.
class HeapScope {
 public:
  explicit HeapScope(HeapAccount* account) : before_(open_heap_account) { open_heap_account = account; }
  ~HeapScope() { open_heap_account = before_; }
  HeapScope(const HeapScope&) = delete;
  HeapScope& operator=(const HeapScope&) = delete;

 private:
  HeapAccount* before_;
};

}  // namespace kvferry::test
