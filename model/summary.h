// SPDX-License-Identifier: MIT
//
// An extract of a text: the sentences that hold most of its keywords and facts. It travels in a card and is
// put before the question (Q-KVComm's fact summary).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvferry {

// Sentences (of long ones, clauses) in the text's order, at most `words` words together. They are taken one
// by one: the one that adds most per word of keywords (weight -ln of their score) and facts (ten times the
// best keyword's weight) that none before it holds. Empty if nothing fits or nothing stands out.
[[nodiscard]] std::string summarize(std::string_view text, size_t words);

}  // namespace kvferry
