// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/pool/pool.h"

#include <CLI/CLI.hpp>

#include "scenarios/program.h"

namespace kvferry::pool {
namespace {

CLI::App* add(CLI::App& app, PoolCommandOptions& options, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("POOL", options.pool.where, kPoolForms)->required();
  return command;
}

void add_changes(CLI::App& app, PoolCommandOptions& options) {
  CLI::App* command =
      add(app, options, "put",
          "put card files into a pool, which is made if need be; each is named after its file");
  command->add_option("FILE.card", options.cards, "the cards")->required();
  command->add_option("--name", options.name, "another name, of the only card");
  add_bound_option(*command, options.pool);

  command = add(app, options, "bind", "give a card a name, or another card that name");
  command->add_option("NAME", options.name, "the name")->required();
  command->add_option("CARD", options.cards, "the card: its digest or another name of it")
      ->required()
      ->expected(1);

  command = add(app, options, "remove", "remove cards, and all names of them; who reads one keeps it");
  command->add_option("CARD", options.cards, "a card's digest or name")->required();
}

void add_looks(CLI::App& app, PoolCommandOptions& options) {
  CLI::App* command = add(app, options, "get", "copy a card into DIR/DIGEST.card");
  command->add_option("CARD", options.cards, "the card's digest or name")->required()->expected(1);
  command->add_option("--into", options.into, "folder for the card")->capture_default_str();

  command = add(app, options, "list", "list the cards and their names");
  command->add_flag("--json", options.json, "print one JSON object");

  command = add(app, options, "stat", "count cards, chunks and bytes");
  command->add_flag("--json", options.json, "print one JSON object");

  add(app, options, "verify", "read every card and compare every digest");
}

}  // namespace

void add_pool_commands(CLI::App& app, PoolCommandOptions& options) {
  CLI::App* command = app.add_subcommand("pool", "look at a pool of cards, or change it");
  command->require_subcommand(1);
  add_changes(*command, options);
  add_looks(*command, options);
}

int run(const CLI::App& app, const PoolCommandOptions& options) {
  const CLI::App* command = app.get_subcommand("pool");
  if (command->got_subcommand("put")) return put(options);
  if (command->got_subcommand("get")) return get(options);
  if (command->got_subcommand("list")) return list(options);
  if (command->got_subcommand("bind")) return bind(options);
  if (command->got_subcommand("remove")) return remove(options);
  if (command->got_subcommand("stat")) return stat(options);
  return verify(options);
}

Digest find_digest(CardStore& pool, const std::string& digest_or_name, const std::string& where) {
  if (const auto digest = Digest::from_hex(digest_or_name)) return *digest;
  const auto bound = value_or_fail(pool.resolve(digest_or_name));
  if (!bound) throw Failure(where + ": no card named '" + digest_or_name + "' here");
  return *bound;
}

}  // namespace kvferry::pool
