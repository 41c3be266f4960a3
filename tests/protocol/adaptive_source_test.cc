// SPDX-License-Identifier: MIT
#include "protocol/rate/adaptive_source.h"

#include <gtest/gtest.h>

#include <list>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry {
namespace {

using test::Pair;
using test::pair_options;

// A reader that asks for every segment at once, and a source that adapts.
class AdaptiveSourceTest : public testing::TestWithParam<Binding> {
 protected:
  // Segment i as small, middle and large cards.
  void make(int segments, const std::vector<std::uint32_t>& chunk_counts, std::uint32_t chunk_bytes) {
    for (int i = 0; i < segments; ++i) {
      Segment& segment = job_.segments.emplace_back();
      segment.document = "doc" + std::to_string(i);
      auto& sources = cards_.emplace_back();
      double quality = 0.5;
      for (std::uint32_t count : chunk_counts) {
        Card card = test::sample_card(100 + cards_.size() * 10 + count, count, chunk_bytes);
        Encoding encoding = encoding_of(card.manifest, {});
        encoding.preset = std::to_string(count);
        encoding.quality = quality += 0.1;
        segment.encodings.push_back(encoding);
        sources.push_back(std::make_shared<CardSource>(std::move(card)));
      }
    }
  }

  void run(const std::string& policy, double rate_bits_per_s, Time until = time_from_ns(60'000'000'000)) {
    test::LinkOptions link;
    link.rate_bits_per_s = rate_bits_per_s;
    link.queue_bytes = 32 * 1024;
    pair_ = std::make_unique<Pair>(pair_options(GetParam(), link, 1));
    source_.emplace(RateController(job_, std::move(*make_policy(policy))), cards_);
    pair_->server.on_event = [&](Time now, const Event& event) {
      (void)source_->on_event(pair_->server.connection, now, event);
      log_.push_back(event);
    };
    pair_->client.on_event = [&](Time now, const Event& event) {
      source_->observe(pair_->server.connection, now);  // as often as a driver does
      if (std::holds_alternative<event::Connected>(event)) {
        for (const Segment& segment : job_.segments) {
          RequestOptions options;
          options.document = segment.document;
          (void)pair_->client.connection.request(now, options, sinks_.emplace_back());
        }
      }
      if (auto* complete = std::get_if<event::Complete>(&event)) {
        pair_->client.connection.confirm(now, complete->id);
        ++complete_;
      }
      if (std::holds_alternative<event::Refused>(event)) ++refused_;
    };
    (void)pair_->run([&] { return complete_ + refused_ == static_cast<int>(job_.segments.size()); }, until);
  }

  Job job_;
  AdaptiveSource::Cards cards_;
  std::unique_ptr<Pair> pair_;
  std::optional<AdaptiveSource> source_;
  std::list<CardSink> sinks_;
  std::vector<Event> log_;
  int complete_ = 0;
  int refused_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Bindings, AdaptiveSourceTest,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         [](const auto& param) {
                           return param.param == Binding::kStream    ? "Stream"
                                  : param.param == Binding::kStreams ? "Streams"
                                                                     : "Datagram";
                         });

TEST_P(AdaptiveSourceTest, EverySegmentArrivesInTheEncodingThatWasChosen) {
  make(8, {20, 80, 320}, 4000);
  job_.deadline = time_from_ns(4'000'000'000);
  run("throughput", 4e6);
  ASSERT_EQ(complete_, 8);
  std::size_t i = 0;
  for (CardSink& sink : sinks_) {
    const Choice& choice = source_->controller().choices()[i];
    EXPECT_EQ(sink.card().digest(), encode_manifest(cards_[i][*choice.encoding]->manifest()).digest());
    ++i;
  }
  EXPECT_GT(source_->controller().choices()[7].encoding, 0u);
  EXPECT_NEAR(*source_->controller().rate().harmonic_mean(), 4e6 / 8, 4e6 / 8 * 0.15);
}

TEST_P(AdaptiveSourceTest, DecidesWhenThePathHasRoomAndNotAfterARoundTripOfSilence) {
  make(6, {40}, 4000);
  run("fixed:40", 8e6);
  ASSERT_EQ(complete_, 6);
  double bytes = 0;
  for (const auto& segment : job_.segments) bytes += static_cast<double>(segment.encodings[0].bytes);
  const auto& choices = source_->controller().choices();
  const double took_s = to_seconds(pair_->now - choices[0].at);
  EXPECT_LT(took_s, bytes * 8 / 8e6 * 1.1 + 0.15);
  for (std::size_t i = 0; i + 1 < choices.size(); ++i) EXPECT_LT(choices[i].at, choices[i + 1].at);
}

TEST_P(AdaptiveSourceTest, AProgressiveCardIsCutByTheJobsBudget) {
  make(1, {40}, 4000);
  Encoding& encoding = job_.segments[0].encodings[0];
  encoding.curve = {{encoding.bytes / 4, 0.4}, {encoding.bytes / 2, 0.5}};
  job_.byte_budget = encoding.bytes / 2;
  run("progressive", 8e6);
  ASSERT_EQ(complete_, 1);
  std::uint64_t arrived = 0;
  for (const Slice& chunk : sinks_.front().card().chunks) arrived += chunk.size();
  EXPECT_LE(arrived, *job_.byte_budget);
  EXPECT_GT(arrived, *job_.byte_budget - 4000);
}

TEST_P(AdaptiveSourceTest, SegmentsWithoutAChoiceAreRefused) {
  make(3, {10}, 4000);
  job_.byte_budget = job_.segments[0].encodings[0].bytes + 10;
  run("mpc", 8e6);
  EXPECT_EQ(complete_, 1);
  EXPECT_EQ(refused_, 2);
}

TEST_P(AdaptiveSourceTest, OtherRequestsAreNotItsBusiness) {
  make(1, {2}, 400);
  run("mpc", 8e6);
  AdaptiveSource other(RateController(Job{}, std::move(*make_policy("mpc"))), {});
  for (const Event& event : log_) EXPECT_FALSE(other.on_event(pair_->server.connection, pair_->now, event));
}

}  // namespace
}  // namespace kvferry
