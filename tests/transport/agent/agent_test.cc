// SPDX-License-Identifier: MIT
//
// kvferry-agent between two processes, with a model of random weights: what it
// says is of no meaning, but must be what the same model says in one process.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "codec/calibration/match.h"
#include "codec/calibration/moments_card.h"
#include "codec/decoder.h"
#include "codec/merge.h"
#include "model/documents.h"
#include "model/make_card.h"
#include "model/reader.h"
#include "model/shipped_calibration.h"
#include "scenarios/data_files.h"
#include "tests/model/small_model.h"
#include "tests/transport/process.h"

namespace kvferry::test {
namespace {

using Arguments = std::vector<std::string>;

void write_whole(const std::string& file, const std::string& text) {
  std::ofstream(file + ".part") << text;
  std::filesystem::rename(file + ".part", file);
}

class AgentTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder();
    write_small_model(model());
    write_small_model(other_model(), 4);
    Rng rng(5);
    document_ = new Document(make_document({}, rng));
    std::ofstream(document_file()) << document_->text;
    server_ = new Process("kvferry-agent", {"serve", "--document", document_file(), "--model", model(),
                                            "--preset", "fp16", "--listen", "127.0.0.1:0", "--insecure"});
    where_ = new std::string(server_->listening_on());
  }
  static void TearDownTestSuite() {
    const Finished ended = server_->interrupt();
    EXPECT_EQ(ended.status, 0) << ended.err;
    delete server_;
    delete where_;
    delete document_;
    delete scratch_;
  }

  static std::string path(const char* name) { return (scratch_->path() / name).string(); }
  static std::string model() { return path("model"); }
  static std::string other_model() { return path("other"); }
  static std::string document_file() { return path("people.txt"); }
  static const std::string& question() { return document_->questions.front().text; }

  static Finished ask(const std::string& where, Arguments more, const std::string& with_model = model()) {
    Arguments arguments{"ask", where, question(), "--model", with_model, "--insecure"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program_file("kvferry-agent", arguments);
  }
  // Asks, and returns the one JSON object.
  static nlohmann::json ask_json(Arguments more) {
    more.emplace_back("--json");
    const Finished asked = ask(*where_, std::move(more));
    EXPECT_EQ(asked.status, 0) << asked.err;
    EXPECT_EQ(lines(asked.out), 1);
    return nlohmann::json::parse(asked.out, nullptr, false);
  }
  static void expect_failure(const Finished& finished, const std::string& in_message) {
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
    EXPECT_NE(finished.err.find(in_message), std::string::npos) << finished.err;
  }

  static ScratchFolder* scratch_;
  static Document* document_;
  static Process* server_;
  static std::string* where_;
};

ScratchFolder* AgentTest::scratch_ = nullptr;
Document* AgentTest::document_ = nullptr;
Process* AgentTest::server_ = nullptr;
std::string* AgentTest::where_ = nullptr;

TEST_F(AgentTest, AnswersAsTheModelThatReadTheDocumentWould) {
  auto reader = Reader::open(model());
  ASSERT_TRUE(reader) << reader.error().message;
  auto cache = reader->prefill(document_->text);
  ASSERT_TRUE(cache) << cache.error().message;
  auto expected = reader->answer(*cache, question());
  ASSERT_TRUE(expected) << expected.error().message;

  const Finished asked = ask(*where_, {});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(asked.out.substr(0, asked.out.find('\n')), expected->text);
  for (const char* part : {"\ncard ", "\nratio ", "\nwire ", "\ntime ", "payload ", "first token after "}) {
    EXPECT_NE(asked.out.find(part), std::string::npos) << part << " is not in " << asked.out;
  }
}

TEST_F(AgentTest, CompressesAsTheAskerWishes) {
  double last_ratio = 0;
  for (const char* preset : {"fp16", "int8", "int4", "select=q2c:0.5 | quant=int4"}) {
    const auto json = ask_json({"--preset", preset});
    ASSERT_TRUE(json.is_object());
    EXPECT_NE(json["preset"].get<std::string>().find("quant="), std::string::npos);
    const double ratio = json["ratio"];
    EXPECT_GT(ratio, last_ratio) << preset;
    last_ratio = ratio;
    EXPECT_GE(json["wire"]["total"].get<std::uint64_t>(), json["wire"]["payload"].get<std::uint64_t>());
    const auto& time = json["time_s"];
    const double parts = time["connect"].get<double>() + time["transfer"].get<double>() +
                         time["decode"].get<double>() + time["inject"].get<double>() +
                         time["prefill"].get<double>();
    EXPECT_NEAR(time["first_token"].get<double>(), parts, 1e-6);
  }
}

TEST_F(AgentTest, AsksManyQuestionsOfOneCard) {
  const auto& questions = document_->questions;
  const std::string input =
      "\n" + questions[0].text + "\n  \n" + questions[1].text + "\r\n" + questions[0].text;
  const auto asked_of = [&](const std::string& preset) {
    const Finished asked = run_program_file(
        "kvferry-agent", {"ask", *where_, "--model", model(), "--insecure", "--json", "--preset", preset},
        input);
    EXPECT_EQ(asked.status, 0) << asked.err;
    std::vector<nlohmann::json> told;
    std::istringstream out(asked.out);
    for (std::string line; std::getline(out, line);) told.push_back(nlohmann::json::parse(line));
    return told;
  };
  const auto one = asked_of("fp16");
  ASSERT_EQ(one.size(), 3u);
  EXPECT_EQ(one[0]["answer"], ask_json({})["answer"]);
  EXPECT_EQ(one[0]["answer"], one[2]["answer"]);
  const std::vector<bool> fetched{one[0]["fetched"], one[1]["fetched"], one[2]["fetched"]};
  EXPECT_EQ(fetched, (std::vector<bool>{true, false, false}));
  EXPECT_TRUE(one[0].contains("wire"));
  EXPECT_FALSE(one[1].contains("wire"));
  EXPECT_FALSE(one[1]["time_s"].contains("transfer"));

  const auto anew = asked_of("select=q2c:0.5 | quant=int4");
  ASSERT_EQ(anew.size(), 3u);
  for (const auto& each : anew) EXPECT_TRUE(each["fetched"].get<bool>());
  EXPECT_NE(anew[0]["card"], anew[1]["card"]);
  EXPECT_EQ(anew[0]["card"], anew[2]["card"]);

  const Finished nothing =
      run_program_file("kvferry-agent", {"ask", *where_, "--model", model(), "--insecure"}, "\n \n");
  EXPECT_EQ(nothing.status, 2);
  EXPECT_EQ(nothing.err, "kvferry-agent: no question: expected QUESTION, or one a line on standard input\n");
}

TEST_F(AgentTest, TellsWhatTheTextWouldHaveCost) {
  const auto text = ask_json({})["text"];
  const double real_bytes = static_cast<double>(document_->text.size());
  EXPECT_GT(text["bytes"].get<double>(), real_bytes / 2);
  EXPECT_LT(text["bytes"].get<double>(), real_bytes * 2);
  const auto& time = text["time_s"];
  EXPECT_GT(time["prefill"].get<double>(), 0);
  EXPECT_GT(time["first_token"].get<double>(),
            time["prefill"].get<double>() + time["transfer"].get<double>());
  EXPECT_EQ(text["measured"], (std::vector<std::string>{"rate_bytes_per_s", "prefill"}));
  EXPECT_NE(ask(*where_, {}).out.find("\ntext   instead of the cache: prefill of "), std::string::npos);
}

// The first agent has read; the second takes over, asks and hands on; the third asks.
TEST_F(AgentTest, HandsOnWhatItTookOverWithItsOwnQuestionBehindIt) {
  auto reader = Reader::open(model());
  ASSERT_TRUE(reader);
  const auto read = reader->prefill(document_->text);
  const std::string& second = document_->questions[1].text;
  const auto answered = reader->answer(*read, second);
  const auto remembered = reader->remember(*read, second, *answered);
  ASSERT_TRUE(remembered) << remembered.error().message;
  const auto expected = reader->answer(*remembered, question());

  Process middle("kvferry-agent",
                 {"serve", "--from", *where_, "--ask", second, "--model", model(), "--preset", "fp16",
                  "--name", "people", "--listen", "127.0.0.1:0", "--insecure"});
  EXPECT_EQ(middle.line("answer "), answered->text);
  const std::string where = middle.listening_on();
  const Finished asked = ask(where, {"--document", "people", "--json"});
  ASSERT_EQ(asked.status, 0) << asked.err;
  const auto json = nlohmann::json::parse(asked.out);
  EXPECT_EQ(json["answer"], expected->text);
  EXPECT_EQ(json["tokens"], remembered->token_count());
  expect_failure(ask(where, {"--document", "people", "--preset", "select=full | quant=int4 | facts=8"}),
                 "text");
  EXPECT_EQ(middle.interrupt().status, 0);
}

TEST_F(AgentTest, AsksAndThenHandsOn) {
  Process middle("kvferry-agent", {"ask", *where_, question(), "--then", "127.0.0.1:0", "--model", model(),
                                   "--preset", "fp16", "--insecure"});
  EXPECT_FALSE(middle.line("answer ").empty());
  const std::string where = middle.listening_on();
  EXPECT_EQ(ask(where, {}).status, 0);
  EXPECT_EQ(middle.interrupt().status, 0);
  EXPECT_EQ(ask(*where_, {"--then", "127.0.0.1:0", "--json"}).status, 2);
  EXPECT_EQ(ask(*where_, {"--then", "127.0.0.1:0", "--deadline", "1"}).status, 2);
}

TEST_F(AgentTest, HandsOnAPartOfACacheWhole) {
  Process middle("kvferry-agent", {"serve", "--from", *where_, "--ask", question(), "--model", model(),
                                   "--preset", "select=random:0.5", "--listen", "127.0.0.1:0", "--insecure"});
  const std::string where = middle.listening_on();
  EXPECT_EQ(ask(where, {"--preset", "fp16"}).status, 0);
  expect_failure(ask(where, {}), "selects, and this agent has a part of the cache only");
  EXPECT_EQ(middle.interrupt().status, 0);
}

// The base comes once; the rest of the document, for a question that wants all of it, makes it whole.
TEST_F(AgentTest, AsksForWhatItsBaseLacks) {
  const Finished asked =
      run_program_file("kvferry-agent",
                       {"ask", *where_, "--model", model(), "--insecure", "--json", "--base",
                        "select=templates:0.25 | quant=fp16", "--preset", "select=q2c:0.75 | quant=fp16"},
                       question() + "\n" + document_->questions[1].text + "\n");
  ASSERT_EQ(asked.status, 0) << asked.err;
  const auto reader = Reader::open(model());
  const auto cache = reader->prefill(document_->text);
  std::istringstream out(asked.out);
  std::string line;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(std::getline(out, line));
    const auto json = nlohmann::json::parse(line);
    const auto& text = document_->questions[static_cast<std::size_t>(i)].text;
    EXPECT_EQ(json.at("answer"), reader->answer(*cache, text)->text);
    EXPECT_LT(json.at("card_bytes"), 0.85 * json.at("kv_bytes_fp16").get<double>());
  }
}

TEST_F(AgentTest, AnswersAnewWhenTheDocumentChanges) {
  const std::string file = path("growing.txt");
  const std::string now = document_->text + " " + document_->text;
  write_whole(file, document_->text);
  Process server("kvferry-agent", {"serve", "--document", file, "--model", model(), "--preset", "fp16",
                                   "--listen", "127.0.0.1:0", "--insecure", "--watch"});
  Process asker("kvferry-agent", {"ask", server.listening_on(), question(), "--model", model(), "--insecure",
                                  "--json", "--follow"});
  const auto first = nlohmann::json::parse("{" + asker.line("{"));
  write_whole(file, now);
  const auto second = nlohmann::json::parse("{" + asker.line("{", 1));
  EXPECT_EQ(asker.interrupt().status, 0);
  EXPECT_NE(first.at("card"), second.at("card"));
  const auto reader = Reader::open(model());
  EXPECT_EQ(second.at("answer"), reader->answer(*reader->prefill(now), question())->text);
  // Both versions together: the second's beginning did not travel again.
  EXPECT_LT(second.at("wire").at("payload"), 1.1 * second.at("card_bytes").get<double>());
}

// From a file to an agent, from there to the next one, which answers anew.
TEST_F(AgentTest, HandsOnWhatChanges) {
  const std::string file = path("handed on.txt");
  write_whole(file, document_->text);
  Process origin("kvferry-agent", {"serve", "--document", file, "--name", "people", "--model", model(),
                                   "--preset", "fp16", "--listen", "127.0.0.1:0", "--insecure", "--watch"});
  Process middle("kvferry-agent",
                 {"serve", "--from", origin.listening_on(), "--name", "people", "--model", model(), "--ask",
                  question(), "--preset", "fp16", "--listen", "127.0.0.1:0", "--insecure", "--watch"});
  Process asker("kvferry-agent", {"ask", middle.listening_on(), question(), "--model", model(), "--insecure",
                                  "--json", "--follow"});
  const auto first = nlohmann::json::parse("{" + asker.line("{"));
  const std::string now = document_->text + " " + document_->text;
  write_whole(file, now);
  const auto second = nlohmann::json::parse("{" + asker.line("{", 1));
  EXPECT_EQ(asker.interrupt().status, 0);
  const auto reader = Reader::open(model());
  const auto read = reader->prefill(now);
  const auto answered = reader->answer(*read, question());
  EXPECT_EQ(middle.line("answer ", 1), answered->text);
  const auto remembered = reader->remember(*read, question(), *answered);
  EXPECT_EQ(second.at("answer"), reader->answer(*remembered, question())->text);
  EXPECT_NE(first.at("card"), second.at("card"));
  EXPECT_EQ(middle.interrupt().status, 0);
  const Finished ended = origin.interrupt();
  EXPECT_EQ(ended.status, 0);
  // Over the connection that followed, the beginning did not travel again.
  const std::size_t at = ended.err.rfind(" sent_bytes=");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::stod(ended.err.substr(at + 12)), 0.8 * second.at("card_bytes").get<double>());
}

// It serves what it has, and says that no more will come.
TEST_F(AgentTest, OutlivesTheAgentThatItFollows) {
  Process origin("kvferry-agent", {"serve", "--document", document_file(), "--model", model(), "--preset",
                                   "fp16", "--listen", "127.0.0.1:0", "--insecure", "--watch"});
  Process middle("kvferry-agent", {"serve", "--from", origin.listening_on(), "--model", model(), "--preset",
                                   "fp16", "--listen", "127.0.0.1:0", "--insecure", "--watch"});
  const std::string where = middle.listening_on();
  EXPECT_EQ(origin.interrupt().status, 0);
  EXPECT_EQ(ask(where, {}).status, 0);
  const Finished ended = middle.interrupt();
  EXPECT_EQ(ended.status, 0);
  EXPECT_NE(ended.err.find("follows no more"), std::string::npos) << ended.err;
}

TEST_F(AgentTest, TakesOverInOneLineOrNotAtAll) {
  const auto serve = [](Arguments more) {
    Arguments words{"serve", "--model", model(), "--listen", "127.0.0.1:0", "--insecure"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program_file("kvferry-agent", words);
  };
  for (const Arguments& wrong : std::vector<Arguments>{{},
                                                       {"--document", document_file(), "--from", *where_},
                                                       {"--document", document_file(), "--ask", "x"},
                                                       {"--from", *where_, "--probe"},
                                                       {"--from", *where_, "--preset", "select=q2c:0.5"}}) {
    const Finished finished = serve(wrong);
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
  }
  expect_failure(serve({"--from", "127.0.0.1:1"}), "127.0.0.1:1: Connection refused");
  expect_failure(serve({"--from", *where_, "--name", "other"}), "no document 'other' here");
}

TEST_F(AgentTest, RefusesInOneLine) {
  expect_failure(ask(*where_, {"--document", "other"}),
                 "refused: no document 'other' here, this agent has 'people'");
  expect_failure(ask(*where_, {"--preset", "int9"}), "int9");
  expect_failure(ask(*where_, {}, other_model()), "weights");
  expect_failure(ask("127.0.0.1:1", {}), "kvferry-agent: 127.0.0.1:1: Connection refused");
  expect_failure(ask(*where_, {"--transport", "udp"}), *where_ + ": Connection refused");
  expect_failure(ask(*where_, {}, "nothing"), "nothing");
}

TEST_F(AgentTest, NeedsToBeToldThatPlainTcpWillDo) {
  const Finished asked = run_program_file("kvferry-agent", {"ask", *where_, question(), "--model", model()});
  EXPECT_EQ(asked.status, 2);
  EXPECT_EQ(lines(asked.err), 1) << asked.err;
}

TEST_F(AgentTest, EndsAfterOneConnectionWhenToldSo) {
  Process server("kvferry-agent", {"serve", "--document", document_file(), "--model", model(), "--preset",
                                   "select=q2c:0.5", "--listen", "127.0.0.1:0", "--once", "--insecure"});
  expect_failure(ask(server.listening_on(), {}), "selects for a question, and the request has none");
  EXPECT_EQ(server.wait().status, 0);
}

TEST_F(AgentTest, RefusesACardBelowItsFloorOrOneThatNobodyMeasured) {
  expect_failure(ask(*where_, {"--max-kl", "1"}), "the card was made without a probe");
  Process server("kvferry-agent", {"serve", "--document", document_file(), "--model", model(), "--listen",
                                   "127.0.0.1:0", "--probe", "--insecure"});
  const std::string where = server.listening_on();
  const Finished exact = ask(where, {"--preset", "fp16", "--max-kl", "0", "--min-top1", "1", "--json"});
  ASSERT_EQ(exact.status, 0) << exact.err;
  EXPECT_EQ(nlohmann::json::parse(exact.out)["divergence"]["kld"].get<double>(), 0.0);
  expect_failure(ask(where, {"--preset", "int2", "--max-kl", "0"}),
                 "the card is below the floor: KL divergence ");
  EXPECT_EQ(ask(where, {"--preset", "int2", "--max-kl", "1000"}).status, 0);
  EXPECT_EQ(server.interrupt().status, 0);
}

// The card that an agent made, kept as a file and served by a tool that has no model.
TEST_F(AgentTest, AnswersFromACardThatTheWireToolServes) {
  std::filesystem::create_directory(path("cards"));
  const Finished fetched = run_program_file(
      "kvferry", {"fetch", *where_, "--document", "people", "--into", path("cards"), "--insecure"});
  ASSERT_EQ(fetched.status, 0) << fetched.err;
  const std::string file = fetched.out.substr(0, fetched.out.find('\n'));
  Process server("kvferry", {"serve", file, "--listen", "127.0.0.1:0", "--insecure"});
  const std::string where = server.listening_on();
  const std::string name = std::filesystem::path(file).stem().string();
  const Finished asked = ask(where, {"--document", name});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(asked.out.substr(0, asked.out.find('\n')), ask_json({})["answer"].get<std::string>());
  expect_failure(ask(where, {"--document", name, "--preset", "select=q2c:0.5"}), "this server has none");
}

TEST_F(AgentTest, SaysWhatIsWrongWithADocument) {
  const auto serve = [&](const std::string& document) {
    return run_program_file("kvferry-agent", {"serve", "--document", document, "--model", model(), "--listen",
                                              "127.0.0.1:0", "--insecure"});
  };
  expect_failure(serve(path("missing.txt")), "missing.txt: No such file or directory");
  std::ofstream(path("empty.txt")) << "";
  expect_failure(serve(path("empty.txt")), "empty.txt: ");
}

// With the shipped model, whose calibration bit planes need.
class ProgressiveAgent : public testing::Test {
 protected:
  ProgressiveAgent() {
    Rng rng(11);
    document_ = make_document({.facts = 24, .words = 256, .paraphrased = false}, rng);
    std::ofstream(file()) << document_.text;
  }
  std::string file() const { return (scratch_.path() / "people.txt").string(); }
  Finished run(const std::string& where, Arguments more) {
    Arguments arguments{"ask", where, document_.questions.front().text, "--model", "small", "--insecure"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program_file("kvferry-agent", arguments);
  }
  nlohmann::json ask(const std::string& where, Arguments more) {
    more.emplace_back("--json");
    const Finished asked = run(where, std::move(more));
    EXPECT_EQ(asked.status, 0) << asked.err;
    return nlohmann::json::parse(asked.out, nullptr, false);
  }
  ScratchFolder scratch_;
  Document document_;
};

TEST_F(ProgressiveAgent, answers_from_as_much_of_a_card_as_it_may_have_and_says_so) {
  Process server("kvferry-agent", {"serve", "--document", file(), "--model", "small", "--preset",
                                   "progressive", "--listen", "127.0.0.1:0", "--insecure"});
  const std::string where = server.listening_on();
  const auto whole = ask(where, {});
  ASSERT_TRUE(whole.is_object());
  EXPECT_EQ(whole["answer"], document_.questions.front().answer);
  EXPECT_EQ(whole["used"]["chunks"], whole["used"]["of_chunks"]);
  const auto part = ask(where, {"--budget", "12000"});
  ASSERT_TRUE(part.is_object());
  EXPECT_EQ(part["answer"], whole["answer"]);  // at a sixtieth of FP16
  EXPECT_LT(part["used"]["chunks"], part["used"]["of_chunks"]);
  EXPECT_LE(part["used"]["payload_bytes"], 12000);
  EXPECT_EQ(part["wire"]["payload"], part["used"]["payload_bytes"]);
  EXPECT_EQ(part["card"], whole["card"]);
  EXPECT_FALSE(part["used"].contains("worth"));  // nobody measured it
  EXPECT_EQ(
      run(where, {"--budget", "12000", "--min-top1", "0"}).err,
      "kvferry-agent: a part of a card without a quality curve came, expected one that tells what parts "
      "are worth\n");
  EXPECT_EQ(server.interrupt().status, 0);
}

TEST_F(ProgressiveAgent, holds_a_part_against_the_curve_of_its_card) {
  Process server("kvferry-agent", {"serve", "--document", file(), "--model", "small", "--preset",
                                   "progressive", "--probe", "--listen", "127.0.0.1:0", "--insecure"});
  const std::string where = server.listening_on();
  const Arguments part = {"--deadline", "50", "--budget", "6000"};
  const auto with = [&](Arguments more) {
    more.insert(more.end(), part.begin(), part.end());
    return more;
  };
  const auto used = ask(where, part)["used"];
  ASSERT_LT(used["chunks"], used["of_chunks"]);
  EXPECT_EQ(used["in_order"], used["chunks"]);
  ASSERT_TRUE(used.contains("worth")) << used;
  const double top1 = used["worth"]["top1"], kl = used["worth"]["kld"];
  EXPECT_LT(top1, 1) << used;
  EXPECT_GT(kl, 0) << used;
  EXPECT_EQ(ask(where, with({"--min-top1", std::to_string(top1 - 0.001)}))["used"], used);

  const Finished said = run(where, part);
  EXPECT_NE(said.out.find(" in order: top-1 at least "), std::string::npos) << said.out;
  const Finished refused = run(where, with({"--min-top1", std::to_string(top1 + 0.001)}));
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err.rfind("kvferry-agent: the part is below the floor: ", 0), 0U) << refused.err;
  EXPECT_EQ(lines(refused.err), 1) << refused.err;
  EXPECT_EQ(run(where, with({"--max-kl", std::to_string(kl / 2)})).status, 1);
  EXPECT_EQ(run(where, {"--max-kl", std::to_string(kl / 2)}).status, 0);  // the whole card is better
  EXPECT_EQ(server.interrupt().status, 0);
}

TEST_F(ProgressiveAgent, reads_a_bases_summary_before_its_refinement) {
  const std::string base_preset = "select=templates:0.1 | quant=fp16 | facts=64";
  const std::string preset = "select=q2c:0.02 | quant=fp16";
  const auto reader = Reader::open(find_model("small").value());
  const auto cache = reader->prefill(document_.text);
  const auto base =
      make_card(*reader, *cache, {.preset = *parse_preset(base_preset), .document = document_.text});
  ASSERT_TRUE(base.ok()) << base.error().message;
  CardOrder order{.preset = *parse_preset(preset), .document = document_.text};
  order.base = std::make_shared<const Card>(*base);
  // A question that the summary changes the answer to.
  std::string question, expected;
  for (const auto& each : document_.questions) {
    order.question = reader->question_tokens(each.text);
    const auto both = merge(*decode(*base), *decode(*make_card(*reader, *cache, order)));
    expected = reader->answer(*both, each.text, {.summary = base->manifest.summary})->text;
    question = each.text;
    if (expected != reader->answer(*both, question)->text) break;
    question.clear();
  }
  ASSERT_FALSE(question.empty());

  Process server("kvferry-agent", {"serve", "--document", file(), "--model", "small", "--listen",
                                   "127.0.0.1:0", "--insecure"});
  const Finished asked =
      run_program_file("kvferry-agent", {"ask", server.listening_on(), question, "--model", "small",
                                         "--insecure", "--json", "--base", base_preset, "--preset", preset});
  ASSERT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(nlohmann::json::parse(asked.out)["answer"], expected);
  EXPECT_EQ(server.interrupt().status, 0);
}

// Between the two shipped sizes: what comes is what matching in one process gives.
class TwoSizes : public ProgressiveAgent,
                 public testing::WithParamInterface<std::pair<std::string, std::string>> {
 protected:
  TwoSizes()
      : sender_(Reader::open(find_model(theirs()).value()).value()),
        receiver_(Reader::open(find_model(GetParam().second).value()).value()) {
    const auto read = sender_.prefill(document_.text);
    const auto told = decode_moments(encode_moments(moments_of(theirs()), sender_.identity()));
    const auto matched = match_moments(*read, *told, moments_of(GetParam().second));
    const auto unmatched =
        match_shape(*read, sender_.config().rope_theta, receiver_.geometry(), receiver_.config().rope_theta);
    for (const auto& each : document_.questions) {  // one that calibration changes the answer to
      question_ = each.text;
      expected_ = receiver_.answer(*matched, question_)->text;
      if (expected_ != receiver_.answer(*unmatched, question_)->text) return;
    }
    ADD_FAILURE() << "calibration changes no answer";
  }
  static ModelMoments moments_of(const std::string& model) {
    return find_calibration({}, find_model(model).value()).value()->calibration.moments();
  }
  static std::string theirs() { return GetParam().first; }
  static Arguments as_receiver(Arguments more) {
    more.insert(more.end(), {"--model", GetParam().second, "--insecure"});
    return more;
  }
  static Finished ask_as_receiver(Arguments more) {
    more.insert(more.begin(), "ask");
    return run_program_file("kvferry-agent", as_receiver(std::move(more)));
  }
  Arguments serving(const std::string& model) const {
    return {"serve",    "--document", file(),     "--model",     model,
            "--preset", "fp16",       "--listen", "127.0.0.1:0", "--insecure"};
  }
  Reader sender_, receiver_;
  std::string question_, expected_;
};

INSTANTIATE_TEST_SUITE_P(Both, TwoSizes,
                         testing::Values(std::pair("small", "large"), std::pair("large", "small")),
                         [](const auto& sizes) { return sizes.param.first + "_to_" + sizes.param.second; });

TEST_P(TwoSizes, share_a_document_by_calibration) {
  Process server("kvferry-agent", serving(theirs()));
  const std::string where = server.listening_on();
  const Finished asked = ask_as_receiver({where, question_, "--calibrate", "--json"});
  ASSERT_EQ(asked.status, 0) << asked.err;
  EXPECT_NE(asked.err.find("the peer's moments: "), std::string::npos);
  EXPECT_NE(asked.err.find("warning: the peer's model has other weights"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(asked.out)["answer"], expected_);
  // `ferry` needs the sender's tables, which are here too.
  const Finished packed = ask_as_receiver({where, question_, "--calibrate", "--preset", "ferry"});
  EXPECT_EQ(packed.status, 0) << packed.err;
  const Finished strange = ask_as_receiver({where, question_});
  EXPECT_EQ(strange.status, 1);
  EXPECT_EQ(lines(strange.err), 1) << strange.err;
  EXPECT_EQ(server.interrupt().status, 0);
}

TEST_P(TwoSizes, hand_a_document_on) {
  Process origin("kvferry-agent", serving(theirs()));
  Process middle("kvferry-agent", as_receiver({"serve", "--from", origin.listening_on(), "--calibrate",
                                               "--preset", "fp16", "--listen", "127.0.0.1:0"}));
  const Finished asked = ask_as_receiver({middle.listening_on(), question_, "--json"});
  ASSERT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(nlohmann::json::parse(asked.out)["answer"], expected_);
  EXPECT_EQ(middle.interrupt().status, 0);
  EXPECT_EQ(origin.interrupt().status, 0);
}

TEST_P(TwoSizes, meet_where_both_are_the_same) {
  Process server("kvferry-agent", serving(GetParam().second));
  const Finished asked = ask_as_receiver({server.listening_on(), question_, "--json", "--calibrate"});
  ASSERT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(nlohmann::json::parse(asked.out)["answer"],
            receiver_.answer(*receiver_.prefill(document_.text), question_)->text);
  EXPECT_EQ(server.interrupt().status, 0);
}

TEST_F(AgentTest, CalibratesOnlyWithMomentsOfItsOwnModel) {
  const auto tries = [&](const std::string& model, Arguments more) {
    more.insert(more.begin(), "--calibrate");
    return ask(*where_, std::move(more), model);
  };
  const Finished none = tries(model(), {});
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("no calibration beside this model"), std::string::npos) << none.err;
  const std::string other = find_model("small").value() / "model.calibration";
  const Finished wrong = tries(model(), {"--calibration", other});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("other weights"), std::string::npos) << wrong.err;
  expect_failure(tries("small", {}), "no moments here: this agent's model has no calibration");
}

}  // namespace
}  // namespace kvferry::test
