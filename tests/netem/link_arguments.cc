// SPDX-License-Identifier: MIT
#include "tests/netem/link_arguments.h"

#include "scenarios/command_line.h"
#include "tests/netem/link_end.h"

namespace kvferry::netem {
namespace {

using Links = std::vector<LinkOptions*>;

constexpr const char* kPurpose = "Runs two commands at the ends of an emulated link, with real sockets.";

// Options of some links, each beginning with the prefix.
class LinkGroup {
 public:
  LinkGroup(CLI::App& app, std::string prefix, Links links)
      : app_(app), prefix_("--" + std::move(prefix)), links_(std::move(links)) {}

  template <typename Value, typename Set>
  CLI::Option* add(const std::string& name, const std::string& meaning, Set set) {
    return app_
        .add_option_function<Value>(
            prefix_ + name,
            [links = links_, set](const Value& value) {
              for (LinkOptions* link : links) set(*link, value);
            },
            meaning)
        ->group(prefix_ == "--" ? "Link" : "");  // without a group it is not in the help
  }
  void add_probability(const std::string& name, const std::string& meaning, double LinkOptions::*member) {
    add<double>(name, meaning, [member](LinkOptions& link, double value) {
      link.*member = value;
    })->check(CLI::Range(0.0, 0.999));
  }
  void add_time(const std::string& name, double unit_s, const std::string& meaning,
                Duration LinkOptions::*member) {
    add<double>(name, meaning, [=](LinkOptions& link, double value) {
      link.*member = from_seconds(value * unit_s);
    })->check(CLI::NonNegativeNumber);
  }

 private:
  CLI::App& app_;
  std::string prefix_;
  Links links_;
};

// What every emulator can do.
void add_basics(LinkGroup& group) {
  group
      .add<double>("rate-mbps", "Mbit/s of IP packets; 0: no limit",
                   [](LinkOptions& link, double value) { link.rate_bits_per_s = value * 1e6; })
      ->check(CLI::NonNegativeNumber);
  group.add_time("delay-ms", 1e-3, "one way", &LinkOptions::delay);
  group.add<std::size_t>("queue", "packets that wait; beyond, the last is dropped",
                         [](LinkOptions& link, std::size_t value) { link.queue_packets = value; });
  group.add_probability("loss", "share of packets lost at random", &LinkOptions::loss);
}

void add_model(LinkGroup& group) {
  group.add<std::string>(
      "trace", "mahimahi trace, instead of a rate", [](LinkOptions& link, const std::string& file) {
        link.trace = std::make_shared<const DeliveryTrace>(value_or_fail(DeliveryTrace::read(file)));
      });
  group.add_time("trace-start-s", 1, "where in the trace the link begins", &LinkOptions::trace_start);
  group.add<std::size_t>("mtu-bytes", "larger IP packets vanish",
                         [](LinkOptions& link, std::size_t value) { link.mtu_bytes = value; });
  group.add_probability("burst-loss", "share of packets lost in bursts", &LinkOptions::burst_loss);
  group
      .add<double>("burst-packets", "mean length of a burst",
                   [](LinkOptions& link, double value) { link.burst_packets = value; })
      ->check(CLI::Range(1.0, 1e6));
  group.add_probability("corrupt", "share with one bit flipped; UDP's checksum is made right",
                        &LinkOptions::corrupt);
  group.add_probability("duplicate", "share that arrives twice", &LinkOptions::duplicate);
  group.add_probability("reorder", "share that comes late", &LinkOptions::reorder);
  group.add_time("reorder-ms", 1e-3, "how late", &LinkOptions::reorder_delay);
  group.add_time("hole-every-s", 1, "seconds that the link works,", &LinkOptions::hole_every);
  group.add_time("hole-s", 1, "and then loses everything", &LinkOptions::hole);
}

void add_links(CLI::App& app, const std::string& prefix, const Links& links) {
  LinkGroup group(app, prefix, links);
  add_basics(group);
  add_model(group);
}

void add_commands(CLI::App& app, LinkCommands& out) {
  app.add_option("--server", out.server, "shell command; the client starts when it has a socket");
  app.add_option("--client", out.client, "shell command; its exit status is ours")->required();
  app.add_option("--report", out.report, "file for one JSON object: what happened to the packets");
}

void add_seed(CLI::App& app, std::uint64_t& out) {
  app.add_option("--seed", out, "of everything random")->capture_default_str();
}

std::string where_ends_are(const char* client) {
  return "The server is at " + std::string(kServerAddress) + ", the client at " + client +
         ". Both are killed when the client ends.\n"
         "Exit status 77: no network can be emulated here.";
}

}  // namespace

std::optional<int> parse_tun_link_arguments(int argc, char** argv, TunLinkArguments& out) {
  CLI::App app(kPurpose, "tun_link");
  // In this order: what is said of one direction replaces what is said of both.
  add_links(app, "", {&out.path.up, &out.path.down});
  add_links(app, "up-", {&out.path.up});
  add_links(app, "down-", {&out.path.down});
  double rebind_every_s = 0;
  std::uint64_t seed = 1;
  app.add_option("--rebind-every-s", rebind_every_s, "the client's address and port change so often");
  add_seed(app, seed);
  add_commands(app, out.commands);
  app.footer(
      "The link's options hold for both directions; --up-loss is for packets from the client only,\n"
      "--down-loss for packets to it, and so with all of them.\n" +
      where_ends_are(kTunClientAddress));
  if (const auto done = parse_command_line(app, argc, argv)) return done;
  out.path.rebind_every = from_seconds(rebind_every_s);
  Rng seeds(seed);
  out.path.up.seed = seeds.next();
  out.path.down.seed = seeds.next();
  return std::nullopt;
}

std::optional<int> parse_ns3_link_arguments(int argc, char** argv, Ns3LinkArguments& out) {
  CLI::App app(std::string(kPurpose) + " The link is ns-3's, in real time.", "ns3_link");
  LinkGroup group(app, "", {&out.link});
  add_basics(group);
  // ns-3's rates are integers of 64 bits, and every packet passes through its queue, waiting or not.
  app.get_option("--rate-mbps")->check(CLI::Range(0.0, 1e6));
  app.get_option("--queue")->check(CLI::Range(1u, 1'000'000'000u));
  add_seed(app, out.link.seed);
  add_commands(app, out.commands);
  app.footer("The link's options hold for both directions.\n" + where_ends_are(kTapClientAddress));
  return parse_command_line(app, argc, argv);
}

}  // namespace kvferry::netem
