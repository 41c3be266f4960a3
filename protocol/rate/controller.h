// SPDX-License-Identifier: MIT
//
// The rate controller of one job: news of the path in, the next segment's encoding out. Pure and causal: no
// clock and no connection of its own.
#pragma once

#include <deque>

#include "protocol/rate/policy.h"

namespace kvferry {

// News of the path, as a connection tells them.
struct PathNews {
  std::uint64_t delivered_bytes = 0;  // payload known to have arrived since the connection began
  Duration rtt{};                     // zero: unknown
  double loss = 0;                    // share of packets
};

struct Choice {
  std::size_t segment = 0;
  std::optional<std::size_t>
      encoding;                 // none: not sent. It would come too late, or budget or floor leave no choice
  std::uint64_t max_bytes = 0;  // a progressive card is cut after so many
  Time at{};
  std::optional<double> rate_bytes_per_s{};  // that was reckoned with
};

class RateController {
 public:
  RateController(Job job, std::unique_ptr<RatePolicy> policy);

  void observe(Time now, const PathNews& news);
  void set_deadline(Time deadline) { job_.deadline = deadline; }
  // Decides about the next segment; nothing when every one has been decided.
  std::optional<Choice> next(Time now);

  [[nodiscard]] const Job& job() const { return job_; }
  [[nodiscard]] const DeliveryRate& rate() const { return rate_; }
  // One for every segment decided, in the job's order.
  [[nodiscard]] const std::vector<Choice>& choices() const { return choices_; }

 private:
  struct HandedOver {
    double end = 0;  // in the row of all bytes chosen
    double decode_s = 0;
  };

  [[nodiscard]] Outlook outlook(Time now) const;
  [[nodiscard]] std::vector<std::size_t> affordable(const Outlook& outlook) const;
  [[nodiscard]] double time_left_s(Time now) const;
  void hand_over(const Encoding& encoding, std::uint64_t max_bytes);
  [[nodiscard]] double reader_busy_s(Time now) const;

  Job job_;
  std::unique_ptr<RatePolicy> policy_;
  DeliveryRate rate_;
  PathNews news_;
  double chosen_bytes_ = 0;
  std::deque<HandedOver> under_way_;
  Time reader_free_{};  // it will have decoded all that is known to have arrived; delivery not counted
  std::vector<Choice> choices_;
};

}  // namespace kvferry
