// SPDX-License-Identifier: MIT
//
// A document's file, looked at now and then on a thread of its own.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace kvferry {

inline constexpr std::uintmax_t kMaxDocumentBytes = 16u << 20;

// Throws Failure.
[[nodiscard]] std::string read_document(const std::filesystem::path& path);

class WatchedDocument {
 public:
  // `changed` is given the new text, on the watching thread. A file that cannot be read, or is empty, as
  // while it is being written, is not looked at.
  WatchedDocument(std::filesystem::path path, std::function<void(const std::string& text)> changed);
  ~WatchedDocument();
  WatchedDocument(const WatchedDocument&) = delete;
  WatchedDocument& operator=(const WatchedDocument&) = delete;

 private:
  void watch();
  [[nodiscard]] std::string read() const;  // empty: not now

  std::filesystem::path path_;
  std::function<void(const std::string& text)> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace kvferry
