// SPDX-License-Identifier: MIT
//
// The full product of states and inputs.
#include "protocol/connection/state_tables.h"

#include <gtest/gtest.h>

#include <set>

namespace kvferry {
namespace {

template <typename State, typename Input>
void expect_walk(std::span<const Transition<State, Input>> table, int states, int inputs,
                 std::set<State> last) {
  std::set<std::pair<State, Input>> seen;
  for (const auto& row : table) EXPECT_TRUE(seen.insert({row.state, row.input}).second) << "a pair twice";
  std::size_t defined = 0;
  for (int s = 0; s < states; ++s) {
    for (int i = 0; i < inputs; ++i) {
      auto state = static_cast<State>(s);
      auto input = static_cast<Input>(i);
      auto next = next_state(state, input);
      EXPECT_EQ(next.has_value(), seen.count({state, input}) == 1);
      if (next) ++defined;
      EXPECT_FALSE(next && last.count(state)) << "a way out of a last state";
    }
  }
  EXPECT_EQ(defined, table.size());
}

TEST(StateTables, every_pair_is_in_the_table_once_or_an_error) {
  expect_walk(session_transitions(), kSessionStates, kSessionInputs, {SessionState::kClosed});
  expect_walk(transfer_transitions(), kTransferStates, kTransferInputs, {TransferState::kDone});
}

TEST(StateTables, every_state_leads_to_the_end) {
  for (int s = 0; s < kTransferStates; ++s) {
    std::set<TransferState> reached = {static_cast<TransferState>(s)};
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& row : transfer_transitions()) {
        if (reached.count(row.state)) grew = reached.insert(row.next).second || grew;
      }
    }
    EXPECT_TRUE(reached.count(TransferState::kDone)) << "state " << s;
  }
}

}  // namespace
}  // namespace kvferry
