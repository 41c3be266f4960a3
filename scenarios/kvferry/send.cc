// SPDX-License-Identifier: MIT
//
// kvferry send: brings a card file to a machine that receives.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/progress_line.h"
#include "scenarios/program.h"
#include "scenarios/report.h"
#include "transport/push.h"

namespace kvferry {
namespace {

void print_json(const Card& card, const PushReport& report) {
  const nlohmann::ordered_json json = {{"card", card.digest().hex()},
                                       {"payload_bytes", card.manifest.payload_bytes()},
                                       {"chunks", report.chunks},
                                       {"wire", wire_json(on_the_wire(report.ledger))}};
  std::printf("%s\n", json.dump().c_str());
}

}  // namespace

int send(const SendOptions& options) {
  const Security security = read_security(options.security);
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  auto card = value_or_fail(read_card_file(options.card));
  if (auto verified = card.verify(); !verified) throw Failure(verified.error().in(options.card));

  PushOptions push;
  push.document = std::filesystem::path(options.card).stem().string();
  push.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  push.obey_signals = true;
  secure(push, security, peer);
  prepare(push, options.errand);
  ProgressLine progress;
  push.progress = [&](std::uint64_t bytes) { progress.show(bytes, card.manifest.payload_bytes()); };
  const PushReport report = push_card(peer, push, std::make_shared<CardSource>(card));
  progress.clear();
  check_applied(report);
  if (options.json) {
    print_json(card, report);
  } else {
    std::printf("%s\nwire  %s\n", card.digest().hex().c_str(), wire_text(on_the_wire(report.ledger)).c_str());
  }
  return kExitSuccess;
}

}  // namespace kvferry
