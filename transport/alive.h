// SPDX-License-Identifier: MIT
//
// Callbacks that an io_context holds for an object, and that do nothing once the
// object is gone. They run on the thread that destroys it.
#pragma once

#include <memory>
#include <utility>

namespace kvferry {

// The object's last member, so that it goes first.
class Alive {
 public:
  Alive() = default;
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  template <typename Function>
  [[nodiscard]] auto only_while(Function function) const {
    return [alive = std::weak_ptr<const char>(token_), f = std::move(function)](auto&&... arguments) {
      if (!alive.expired()) f(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  std::shared_ptr<const char> token_ = std::make_shared<const char>();
};

}  // namespace kvferry
