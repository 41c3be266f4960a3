// SPDX-License-Identifier: MIT
#include "scenarios/lab/files.h"

#include <fstream>
#include <iterator>

namespace kvferry {
namespace fs = std::filesystem;

Result<std::string> read_text_file(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  if (failed || !in) return Error{file.string() + ": cannot be read, expected a text file"};
  if (size > kMaxDocumentBytes) {
    return Error{file.string() + ": " + std::to_string(size) + " bytes, expected at most " +
                 std::to_string(kMaxDocumentBytes)};
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<void> write_whole_file(const fs::path& file, const std::string& bytes) {
  auto part = file;
  part += ".part";
  std::error_code failed;
  {
    std::ofstream out(part, std::ios::binary);
    out << bytes;
    if (!out.flush()) {
      out.close();
      fs::remove(part, failed);
      return Error{file.string() + ": cannot be written"};
    }
  }
  fs::rename(part, file, failed);
  if (!failed) return {};
  const auto why = failed.message();
  fs::remove(part, failed);
  return Error{file.string() + ": " + why};
}

}  // namespace kvferry
