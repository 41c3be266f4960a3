// SPDX-License-Identifier: MIT
#include "protocol/rate/controller.h"

#include <algorithm>
#include <limits>

namespace kvferry {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kLossy = 0.001;  // from here on a repetition, and its round trip, is reckoned with

}  // namespace

RateController::RateController(Job job, std::unique_ptr<RatePolicy> policy)
    : job_(std::move(job)), policy_(std::move(policy)) {}

void RateController::observe(Time now, const PathNews& news) {
  news_ = news;
  const bool busy = chosen_bytes_ > static_cast<double>(news.delivered_bytes);
  rate_.observe(now, news.delivered_bytes, news.rtt, busy);
  while (!under_way_.empty() && under_way_.front().end <= static_cast<double>(news.delivered_bytes)) {
    reader_free_ = std::max(reader_free_, now - news.rtt) + from_seconds(under_way_.front().decode_s);
    under_way_.pop_front();
  }
}

// What leaves at the end of it still arrives in time, repeated once if the path loses packets.
double RateController::time_left_s(Time now) const {
  if (!job_.deadline) return kInfinite;
  const double trips = news_.loss > kLossy ? 1.5 : 0.5;
  return to_seconds(*job_.deadline - now) - trips * to_seconds(news_.rtt);
}

// At the rate of now, of what has not arrived.
double RateController::reader_busy_s(Time now) const {
  const auto rate = rate_.harmonic_mean();
  double free_s = std::max(0.0, to_seconds(reader_free_ - now));
  for (const HandedOver& one : under_way_) {
    const double left_bytes = one.end - static_cast<double>(news_.delivered_bytes);
    free_s = std::max(free_s, rate ? left_bytes / *rate : 0) + one.decode_s;
  }
  return free_s;
}

Outlook RateController::outlook(Time now) const {
  Outlook out;
  out.job = &job_;
  out.next = choices_.size();
  out.time_left_s = time_left_s(now);
  out.bytes_ahead = std::max(0.0, chosen_bytes_ - static_cast<double>(news_.delivered_bytes));
  out.reader_busy_s = reader_busy_s(now);
  out.bytes_left = job_.byte_budget ? static_cast<double>(*job_.byte_budget) - chosen_bytes_ : kInfinite;
  if (!choices_.empty() && choices_.back().encoding)
    out.previous = job_.segments[choices_.back().segment].encodings[*choices_.back().encoding].quality;
  out.last_rate = rate_.last();
  out.mean_rate = rate_.harmonic_mean();
  out.cautious_rate = rate_.cautious();
  return out;
}

// Leaves the later segments their smallest encodings, if it can.
std::vector<std::size_t> RateController::affordable(const Outlook& outlook) const {
  const auto admitted = job_.admitted(outlook.segment());
  const auto within = [&](double bytes) {
    std::vector<std::size_t> out = admitted;
    std::erase_if(out, [&](std::size_t i) {
      const Encoding& encoding = outlook.segment().encodings[i];
      return !encoding.is_progressive() && static_cast<double>(encoding.bytes) > bytes;
    });
    return out;
  };
  auto out = within(outlook.bytes_left - job_.least_bytes(outlook.ahead().subspan(1)));
  return out.empty() ? within(outlook.bytes_left) : out;
}

std::optional<Choice> RateController::next(Time now) {
  if (choices_.size() == job_.segments.size()) return std::nullopt;
  const Outlook view = outlook(now);
  Choice choice{view.next, std::nullopt, 0, now, view.mean_rate};
  const auto allowed = affordable(view);
  if (!allowed.empty() && view.time_left_s > 0) {
    choice.encoding = policy_->choose(view, allowed);
    const auto bytes = static_cast<double>(view.segment().encodings[*choice.encoding].bytes);
    choice.max_bytes = static_cast<std::uint64_t>(std::min(bytes, view.bytes_left));
    hand_over(view.segment().encodings[*choice.encoding], choice.max_bytes);
  }
  choices_.push_back(choice);
  return choice;
}

void RateController::hand_over(const Encoding& encoding, std::uint64_t max_bytes) {
  chosen_bytes_ += static_cast<double>(max_bytes);
  under_way_.push_back({chosen_bytes_, to_seconds(encoding.decode)});
}

}  // namespace kvferry
