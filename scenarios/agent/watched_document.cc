// SPDX-License-Identifier: MIT
#include "scenarios/agent/watched_document.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "scenarios/program.h"

namespace kvferry {
std::string read_document(const std::filesystem::path& path) {
  std::error_code failed;
  const std::uintmax_t size_bytes = std::filesystem::file_size(path, failed);
  if (failed) throw Failure(path.string() + ": " + failed.message());
  if (size_bytes > kMaxDocumentBytes) {
    throw Failure(path.string() + ": " + std::to_string(size_bytes) + " bytes, expected at most " +
                  std::to_string(kMaxDocumentBytes));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw Failure(path.string() + ": could not be read");
  return text;
}

WatchedDocument::WatchedDocument(std::filesystem::path path,
                                 std::function<void(const std::string& text)> changed)
    : path_(std::move(path)),
      changed_(std::move(changed)),
      known_(read()),
      seen_(known_),
      watch_(kLookEvery, [this] { look(); }) {}

std::string WatchedDocument::read() const {
  try {
    return read_document(path_);
  } catch (const Failure&) {
    return {};
  }
}

// A text counts once it has stood still from one look to the next.
void WatchedDocument::look() {
  std::string text = read();
  if (!text.empty() && text != known_ && text == seen_) {
    known_ = text;
    changed_(text);
  }
  seen_ = std::move(text);
}

}  // namespace kvferry
