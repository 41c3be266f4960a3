// SPDX-License-Identifier: MIT
#include "scenarios/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace kvferry {
namespace {

constexpr std::pair<const char*, std::uint64_t ByteClasses::*> kClasses[] = {
    {"payload", &ByteClasses::payload},
    {"framing", &ByteClasses::framing},
    {"signalling", &ByteClasses::signalling},
    {"acks", &ByteClasses::acks},
    {"retransmitted", &ByteClasses::retransmitted},
    {"fec", &ByteClasses::fec}};

}  // namespace

struct Metrics::Families {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Gauge& connections = prometheus::BuildGauge()
                                       .Name("kvferry_connections")
                                       .Help("Connections that are open")
                                       .Register(*registry)
                                       .Add({});
  prometheus::Family<prometheus::Counter>& ended = prometheus::BuildCounter()
                                                       .Name("kvferry_connections_ended_total")
                                                       .Help("Connections that have ended, by how")
                                                       .Register(*registry);
  prometheus::Family<prometheus::Counter>& transfers = prometheus::BuildCounter()
                                                           .Name("kvferry_transfers_total")
                                                           .Help("Transfers, by the stages they came to")
                                                           .Register(*registry);
  prometheus::Family<prometheus::Counter>& bytes = prometheus::BuildCounter()
                                                       .Name("kvferry_bytes_total")
                                                       .Help("Bytes of the protocol, by direction and class")
                                                       .Register(*registry);
  prometheus::Histogram& seconds =
      prometheus::BuildHistogram()
          .Name("kvferry_transfer_seconds")
          .Help("From the request or offer until the receiver has applied the card")
          .Register(*registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.1, 1, 10, 100, 1000});
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

Result<std::uint16_t> Metrics::expose(std::uint16_t port) {
  const std::string where = "127.0.0.1:" + std::to_string(port);
  try {
    families_->exposer = std::make_unique<prometheus::Exposer>(where, 1);
  } catch (const std::exception&) {
    return Error{"metrics: cannot listen on " + where};
  }
  families_->exposer->RegisterCollectable(families_->registry);
  return static_cast<std::uint16_t>(families_->exposer->GetListeningPorts().at(0));
}

void Metrics::connection_begun() { families_->connections.Increment(); }

void Metrics::connection_ended(const char* how) {
  families_->connections.Decrement();
  families_->ended.Add({{"how", how}}).Increment();
}

void Metrics::transfer(const char* stage) { families_->transfers.Add({{"stage", stage}}).Increment(); }

void Metrics::transfer_done(Duration took) { families_->seconds.Observe(to_seconds(took)); }

void Metrics::bytes(const Ledger& before, const Ledger& now) {
  for (const auto& [name, field] : kClasses) {
    for (const auto& [direction, side] :
         {std::pair{"sent", &Ledger::sent}, {"received", &Ledger::received}}) {
      const std::uint64_t more = now.*side.*field - before.*side.*field;
      if (more == 0) continue;
      families_->bytes.Add({{"direction", direction}, {"class", name}}).Increment(static_cast<double>(more));
    }
  }
}

}  // namespace kvferry
