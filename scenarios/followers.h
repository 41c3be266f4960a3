// SPDX-License-Identifier: MIT
//
// Who waits for documents to change: connections, each on a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <mutex>

namespace kvferry {

class Followers {
 public:
  // `look` is called after each change, on the thread that tells of it, until forget(). It must not call
  // back.
  void wait(const void* who, std::function<void()> look);
  void forget(const void* who);  // look is not called any more once this returns

  // A document may have another card now. From any thread.
  void changed();

 private:
  std::mutex mutex_;
  std::map<const void*, std::function<void()>> looks_;
};

}  // namespace kvferry
