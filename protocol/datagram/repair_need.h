// SPDX-License-Identifier: MIT
//
// How many repair packets a packet or a block needs: so many that on average less
// is lost than one packet of the payload that a repair packet displaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace kvferry {

class RepairNeed {
 public:
  // Whatever is lost as a whole: a transfer and one of its chunks.
  using Unit = std::pair<std::uint64_t, std::uint64_t>;

  // As seldom as usual: nothing is known of its worth.
  void add_usual() { usual_ = true; }
  void add(const Unit& unit, double worth_packets);  // a packet holds a part of it
  void add(const RepairNeed& other);
  // Repair packets of a block of k packets, if so many are lost.
  [[nodiscard]] std::size_t count(std::size_t k, double loss) const;
  // How many packets make a block: the more, the less repair they need together.
  [[nodiscard]] std::size_t block_packets() const;
  // Whether the next packet is worth nothing, so that it should not delay the repair of those before it.
  [[nodiscard]] bool should_end_before(const RepairNeed& next) const;

 private:
  struct Part {
    double worth = 0;  // of the whole unit
    double packets = 0;
  };
  bool usual_ = false;
  std::map<Unit, Part> parts_;
  double most_ = 0;  // of the worths
};

}  // namespace kvferry
