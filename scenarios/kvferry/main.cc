// SPDX-License-Identifier: MIT
//
// kvferry, the wire tool: looks at card files and moves them between machines.
#include "scenarios/command_line.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/pool/pool.h"

namespace kvferry {
namespace {

void add_inspect(CLI::App& app, InspectOptions& options) {
  CLI::App* command = app.add_subcommand("inspect", "say what a card file holds, and check every digest");
  command->add_option("FILE.card", options.file, "the card")->required();
  command->add_flag("--json", options.json, "print one JSON object");
}

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* command = app.add_subcommand("serve", "serve card files, or a pool of cards, to whoever asks");
  CLI::Option* cards = command->add_option("CARD|DIR", options.cards, "a card file, or a folder of them");
  add_pool_option(*command, options.pool,
                  "serve what stands in this pool instead, and what is put there later")
      ->excludes(cards);
  add_bound_option(*command, options.pool);
  command->add_option("--listen", options.listen, "HOST:PORT to listen on; port 0 picks a free one")
      ->default_val("127.0.0.1:4917");
  add_security_options(*command, options.security, "clients");
  add_operator_options(*command, options.operation);
}

void add_keygen(CLI::App& app, KeygenOptions& options) {
  CLI::App* command =
      app.add_subcommand("keygen", "make this machine's key, and print what peers need to know");
  command->add_option("FILE", options.file, "the new file; without it " + default_key_file().string());
  command->add_flag("--show", options.show, "print the public key of a file that is there");
}

void add_fetch(CLI::App& app, FetchCommandOptions& options) {
  CLI::App* command = app.add_subcommand("fetch", "fetch one card into DIR/DIGEST.card or a pool");
  command->add_option("HOST:PORT", options.peer, "the server")->required();
  CLI::Option* digest =
      command->add_option("DIGEST", options.digest, "the card's digest, 64 hexadecimal digits");
  command->add_option("--document", options.document, "the card's name at the server")->excludes(digest);
  CLI::Option* into =
      command->add_option("--into", options.into, "folder for the card")->capture_default_str();
  add_pool_option(
      *command, options.pool,
      "put it into this pool instead, under the document's name; what the pool has is not sent again")
      ->excludes(into);
  add_bound_option(*command, options.pool);
  command
      ->add_option(
          "--droppable", options.droppable_from,
          "over QUIC: refinements of this level and above may be dropped where the network loses them; what "
          "came is then kept in DIR/DIGEST.card.part, and another fetch gets the rest")
      ->type_name("LEVEL")
      ->check(CLI::Range(0, 255));
  command->add_flag("--follow", options.follow,
                    "stay, and fetch each card that takes the document's name, without what the one before "
                    "has of it");
  add_security_options(*command, options.security, "the server");
  add_deadline_option(*command, options.errand, "it ends, what came is kept for the next time");
  add_errand_options(*command, options.errand);
  command->add_flag("--json", options.json, "print one JSON object a card");
}

void add_send(CLI::App& app, SendOptions& options) {
  CLI::App* command = app.add_subcommand("send", "bring one card to a machine that receives");
  command->add_option("FILE.card", options.card, "the card")->required();
  command->add_option("HOST:PORT", options.peer, "where `kvferry receive` listens")->required();
  add_security_options(*command, options.security, "the receiver");
  add_deadline_option(*command, options.errand, "it ends, wherever it is");
  add_errand_options(*command, options.errand);
  command->add_flag("--json", options.json, "print one JSON object");
}

void add_receive(CLI::App& app, ReceiveOptions& options) {
  CLI::App* command = app.add_subcommand("receive", "take cards into DIR/DIGEST.card or a pool");
  CLI::Option* into =
      command->add_option("--into", options.into, "folder for the cards")->capture_default_str();
  add_pool_option(*command, options.pool,
                  "put them into this pool instead, under the senders' names for them")
      ->excludes(into);
  add_bound_option(*command, options.pool);
  command->add_option("--listen", options.listen, "HOST:PORT to listen on; port 0 picks a free one")
      ->default_val("127.0.0.1:4919");
  add_security_options(*command, options.security, "senders");
  add_operator_options(*command, options.operation);
}

void add_bench(CLI::App& app, BenchOptions& options) {
  CLI::App* command = app.add_subcommand(
      "bench", "how fast this machine moves cards, beside what others do, and in what memory");
  auto* names = command->add_option("FIGURE", options.names,
                                    "only figures that begin so, such as tcp, quic, link or idle");
  command->add_flag("--all", options.all, "every figure, as without FIGURE")->excludes(names);
  command->add_option("--mebibytes", options.mebibytes, "moved by each measurement")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--repeats", options.repeats, "measurements, whose median counts")
      ->check(CLI::Range(1, 101))
      ->capture_default_str();
  command->add_flag("--json", options.json, "print one JSON object a figure");
  command->footer(
      "Needs iperf3, openssl and the ngtcp2 programs, and for the figures of a lossy link root. All of it "
      "takes\n"
      "half an hour. Measure with the machine to yourself.");
}

void add_conform(CLI::App& app, ConformOptions& options) {
  CLI::App* command =
      app.add_subcommand("conform", "check any server of one card against the specification, as its client");
  command->add_option("HOST:PORT", options.peer, "the server")->required();
  command->add_option("SECTION", options.sections,
                      "only these: a section (11.2), a prefix (TRF), a requirement (TRF-9)");
  command->add_option("--transport", options.transport, "tcp or udp")
      ->check(CLI::IsMember({"tcp", "udp"}))
      ->capture_default_str();
  command->add_option("--document", options.document, "the card's name at the server");
  command->add_option("--patience", options.patience_s, "seconds to wait for an answer")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  command->add_flag("--slow", options.slow, "check timeouts too: minutes");
  command->add_flag("--verbose", options.verbose, "name what cannot be checked too, and why");
  command->add_flag("--insecure", options.insecure, "allow plain TCP and UDP, for laboratories");
  command->add_flag("--json", options.json, "print one JSON object");
  command->footer(
      "A line for each check: ok, FAILED or skipped, the requirement of protocol/SPEC.md, the behaviour\n"
      "that it asks for, and what happened instead. Exit status 0: nothing failed; 1: something did.");
}

int run(int argc, char** argv) {
  CLI::App app("kvferry carries compressed KV caches between agents.", "kvferry");
  app.require_subcommand(1);
  InspectOptions inspect_options;
  ServeOptions serve_options;
  FetchCommandOptions fetch_options;
  ConformOptions conform_options;
  KeygenOptions keygen_options;
  BenchOptions bench_options;
  SendOptions send_options;
  ReceiveOptions receive_options;
  pool::PoolCommandOptions pool_options;
  add_keygen(app, keygen_options);
  add_inspect(app, inspect_options);
  add_serve(app, serve_options);
  add_fetch(app, fetch_options);
  add_send(app, send_options);
  add_bench(app, bench_options);
  add_receive(app, receive_options);
  pool::add_pool_commands(app, pool_options);
  add_conform(app, conform_options);
  if (const auto done = parse_command_line(app, argc, argv)) return *done;

  if (app.got_subcommand("inspect")) return inspect(inspect_options);
  if (app.got_subcommand("keygen")) return keygen(keygen_options);
  if (app.got_subcommand("bench")) return run_bench(bench_options);
  if (app.got_subcommand("send")) return send(send_options);
  if (app.got_subcommand("receive")) return receive(receive_options);
  if (app.got_subcommand("pool")) return pool::run(app, pool_options);
  if (app.got_subcommand("serve")) return serve(serve_options);
  if (app.got_subcommand("conform")) return run_conform(conform_options);
  return fetch(fetch_options);
}

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  return kvferry::run_program("kvferry", [&] { return kvferry::run(argc, argv); });
}
