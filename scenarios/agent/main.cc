// SPDX-License-Identifier: MIT
//
// kvferry-agent: an agent on the network. It serves what it has read, or asks
// another agent's document a question.
#include "scenarios/agent/commands.h"
#include "scenarios/command_line.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

constexpr const char* kServedPreset = "int8";
const char* const kModelHelp = "a shipped model's name (small, large) or a folder in Hugging Face's layout";
const char* const kCalibrationHelp = "a .calibration file; without it, the one beside the model";
const char* const kCalibrateHelp =
    "the peer may have another model with the same words: ask for its moments, and give its cache those of "
    "this model (Q-KVComm)";

void add_serve(CLI::App& app, AgentServeOptions& options) {
  CLI::App* command = app.add_subcommand("serve", "read a document and serve its KV cache");
  auto* document = command->add_option("--document", options.document, "text file to read");
  auto* from =
      command
          ->add_option("--from", options.from,
                       "HOST:PORT of an agent whose cache is taken over, in this preset, and handed on")
          ->excludes(document);
  command
      ->add_option(
          "--ask", options.questions,
          "a question that this agent asks first; it and the answer are handed on too; may be repeated")
      ->allow_extra_args(false)
      ->needs(from);
  command->add_option("--name", options.name,
                      "what the document is called, at the agent of --from too; without it the file's name");
  command->add_option("--model", options.model, kModelHelp)->required();
  command->add_option("--listen", options.listen, "HOST:PORT to listen on; port 0 picks a free one")
      ->default_val("127.0.0.1:4918");
  command->add_option("--preset", options.preset, "how to compress for requests that do not say")
      ->default_val(kServedPreset);
  command->add_option("--calibration", options.calibration, kCalibrationHelp);
  command->add_option("--seed", options.seed, "seed of random selection")->capture_default_str();
  command
      ->add_flag("--probe", options.probe,
                 "measure each card's divergence from the full cache, and record it in the card")
      ->excludes(from);
  command->add_flag("--watch", options.watch,
                    "read the document again when its file changes, or follow the agent of --from, and send "
                    "followers what is new");
  command->add_flag("--calibrate", options.calibrate, kCalibrateHelp)->needs(from);
  add_security_options(*command, options.security, "clients");
  add_operator_options(*command, options.operation);
}

void add_ask(CLI::App& app, AgentAskOptions& options) {
  CLI::App* command = app.add_subcommand("ask", "answer a question from a peer's KV cache alone");
  command->add_option("HOST:PORT", options.peer, "the agent that has read the document")->required();
  command->add_option("QUESTION", options.question,
                      "the question; without it questions are read from standard input, one a line, and "
                      "answered from one card");
  command->add_option("--model", options.model, kModelHelp)->required();
  command->add_option("--document", options.document, "the document's name at the peer");
  auto* preset =
      command->add_option("--preset", options.preset,
                          "how the peer is to compress, such as int4 or 'select=q2c:0.5 | quant=int4'");
  auto* base = command->add_option(
      "--base", options.base,
      "a preset of what serves all questions, such as 'select=templates:0.25 | quant=int4': comes once, and "
      "for "
      "each question, by --preset, only rows that it lacks, such as 'select=q2c:0.05 | quant=int4'");
  base->needs(preset);
  command->add_option("--calibration", options.calibration, kCalibrationHelp);
  command->add_flag("--calibrate", options.calibrate, kCalibrateHelp);
  command
      ->add_option("--max-kl", options.max_kl,
                   "refuse a card that measured more, in nats a token; of a part its curve decides")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--min-top1", options.min_top1,
                   "refuse a card that measured less agreement, 0 to 1; of a part its curve decides")
      ->check(CLI::Range(0.0, 1.0));
  auto* deadline =
      command
          ->add_option("--deadline", options.deadline_s,
                       "seconds after which to answer from what has come; wants a progressive card")
          ->check(CLI::PositiveNumber);
  command->add_option("--budget", options.budget, "bytes of payload at most; wants a progressive card");
  command->add_flag("--refine", options.refine, "after the deadline wait for the rest, and answer again")
      ->needs(deadline);
  auto* follow =
      command->add_flag("--follow", options.follow,
                        "answer again whenever the peer's document changes, from what is new of it");
  for (const char* name : {"--deadline", "--budget", "--base"}) follow->excludes(command->get_option(name));
  add_security_options(*command, options.security, "the server");
  add_errand_options(*command, options.errand);
  auto* json = command->add_flag("--json", options.json, "print one JSON object");
  auto* then = command->add_option(
      "--then", options.then,
      "HOST:PORT to listen on when the question is answered, for agents that take the cache over with "
      "question and answer behind it; as `serve --from HOST:PORT --ask QUESTION`, with --follow as with "
      "--watch");
  for (const char* name : {"--max-kl", "--min-top1", "--deadline", "--budget", "--base"})
    then->excludes(command->get_option(name));
  then->excludes(json);
}

// What `ask --then` is: taking over, and serving.
AgentServeOptions handing_on(const AgentAskOptions& ask) {
  if (ask.question.empty()) throw UsageError("--then: expected a question on the command line");
  AgentServeOptions serve;
  serve.from = ask.peer;
  serve.questions = {ask.question};
  serve.listen = ask.then;
  serve.name = ask.document;
  serve.model = ask.model;
  serve.preset = ask.preset.empty() ? kServedPreset : ask.preset;
  serve.calibration = ask.calibration;
  serve.calibrate = ask.calibrate;
  serve.watch = ask.follow;
  serve.security = ask.security;
  serve.operation.timeout_s = ask.errand.timeout_s;
  serve.operation.capture_file = ask.errand.capture_file;
  return serve;
}

int run(int argc, char** argv) {
  CLI::App app("kvferry-agent reads documents and answers from caches that it is sent.", "kvferry-agent");
  app.require_subcommand(1);
  AgentServeOptions serve_options;
  AgentAskOptions ask_options;
  add_serve(app, serve_options);
  add_ask(app, ask_options);
  if (const auto done = parse_command_line(app, argc, argv)) return *done;
  if (app.got_subcommand("serve")) return serve(serve_options);
  return ask_options.then.empty() ? ask(ask_options) : serve(handing_on(ask_options));
}

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  return kvferry::run_program("kvferry-agent", [&] { return kvferry::run(argc, argv); });
}
