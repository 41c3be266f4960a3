// SPDX-License-Identifier: MIT
#include "tests/conformance/make/makers.h"

namespace kvferry::test {

std::vector<Vector> make_vectors() {
  Collection c;
  add_primitives(c);
  add_messages(c);
  add_streams(c);
  add_cards(c);
  add_curves(c);
  add_packets(c);
  add_conversations(c);
  return c.take();
}

}  // namespace kvferry::test
