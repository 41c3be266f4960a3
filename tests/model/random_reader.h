// SPDX-License-Identifier: MIT
//
// A reader with a model of random weights, and a document that it has read.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "model/reader.h"
#include "tests/model/small_model.h"

namespace kvferry {

class RandomReader : public ::testing::Test {
 protected:
  Reader open() {
    write_small_model(scratch_.path());
    auto reader = Reader::open(scratch_.path());
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }
  // The whole cache of text_.
  KvCache read() {
    auto cache = reader_.prefill(text_);
    if (!cache) throw std::runtime_error(cache.error().message);
    return std::move(*cache);
  }
  ScratchFolder scratch_;
  Reader reader_ = open();
  const std::string text_ = "bako lives in north deru . demu works as a pilot .";
  const std::string question_ = "where does bako live ?";
};

}  // namespace kvferry
