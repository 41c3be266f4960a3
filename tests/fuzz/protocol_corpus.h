// SPDX-License-Identifier: MIT
//
// The corpora of the targets that read what peers send, and where make_corpus puts samples.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "protocol/base/bytes.h"

namespace kvferry::fuzz {

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, ByteView bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream out(folder_ / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path folder_;
};

void add_protocol(const Corpus& corpus);

}  // namespace kvferry::fuzz
