// SPDX-License-Identifier: MIT
//
// The wire tool as people run it: its words, its exit statuses, two processes.
#include <filesystem>
#include <fstream>

#include "protocol/card/card_file.h"
#include "scenarios/report.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

TEST_F(KvferryTool, HelpAndVersionAreQuick) {
  Duration best = std::chrono::seconds(10);
  for (int i = 0; i < 5; ++i) {
    const Time begun = steady_now();
    const Finished help = tool({"--help"});
    best = std::min(best, Duration(steady_now() - begun));
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.out.find("inspect"), std::string::npos);
    EXPECT_EQ(help.err, "");
  }
  // 30 ms is the promise; sanitizers are slower.
  EXPECT_LT(best, milliseconds(300));
  EXPECT_EQ(tool({"--version"}).out, "kvferry " + std::string(KVFERRY_VERSION) + "\n");
}

TEST_F(KvferryTool, InspectSaysWhatACardIs) {
  const Finished inspected = tool({"inspect", file_});
  EXPECT_EQ(inspected.status, 0) << inspected.err;
  const std::uint64_t file_bytes = fs::file_size(file_);
  std::size_t smallest = card_.chunks[0].size(), largest = smallest;
  for (const Slice& chunk : card_.chunks) {
    smallest = std::min(smallest, chunk.size());
    largest = std::max(largest, chunk.size());
  }
  const double ratio = static_cast<double>(card_.manifest.raw_bytes) / static_cast<double>(file_bytes);
  const std::string expected =
      "card        " + card_.digest().hex() +
      "\n"
      "model       LlamaForCausalLM, 4 layers, 2 KV heads of 16, RoPE base 10000, K after RoPE, F16\n"
      "weights     " +
      sample_model().weights.hex() +
      "\n"
      "tokenizer   " +
      sample_model().tokenizer.hex() +
      "\n"
      "tokens      64 in the document\n"
      "kept        64 (100 %) in 2 layers: 0-63\n"
      "kept        6 (9.375 %) in 2 layers: 0-1 5 9-10 63\n"
      "preset      select=full | quant=fp16 | entropy=none\n"
      "codec       opaque\n"
      "divergence  not measured\n"
      "chunks      5 of " +
      std::to_string(smallest) + " bytes to " + std::to_string(largest) +
      " bytes, 1 level\n"
      "size        " +
      std::to_string(file_bytes) + " bytes, of which payload " +
      std::to_string(card_.manifest.payload_bytes()) +
      "\n"
      "ratio       " +
      number_text(ratio) + " (FP16 cache of " + std::to_string(card_.manifest.raw_bytes) +
      " bytes / this file)\n"
      "verified    5 chunks of " +
      file_ + "\n";
  EXPECT_EQ(inspected.out, expected);
}

TEST_F(KvferryTool, InspectNamesTheChunkWithAFlippedByte) {
  // The last payload ends the file.
  const std::uint64_t offset = fs::file_size(file_) - 1;
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char flipped = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(flipped);
  file.close();
  const Finished inspected = tool({"inspect", file_});
  EXPECT_EQ(inspected.status, 1);
  EXPECT_EQ(inspected.out, "");
  EXPECT_EQ(inspected.err.find("kvferry: " + file_ + ": "), 0u) << inspected.err;
  EXPECT_NE(inspected.err.find("chunk 4 has digest"), std::string::npos) << inspected.err;
  EXPECT_EQ(lines(inspected.err), 1);
}

TEST_F(KvferryTool, AFlippedByteAnywhereIsAnError) {
  const std::string whole = read_file(file_);
  const std::string damaged = (folder_ / "damaged.card").string();
  for (std::size_t at = 0; at < whole.size(); at += 37) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    std::ofstream(damaged, std::ios::binary) << bytes;
    const Finished inspected = tool({"inspect", damaged});
    EXPECT_EQ(inspected.status, 1) << "byte " << at;
    EXPECT_EQ(lines(inspected.err), 1) << inspected.err;
    EXPECT_EQ(inspected.out, "");
  }
}

TEST_F(KvferryTool, InspectAsJsonIsOneObject) {
  const Finished inspected = tool({"inspect", file_, "--json"});
  EXPECT_EQ(inspected.status, 0);
  EXPECT_EQ(lines(inspected.out), 1);
  EXPECT_EQ(inspected.out.find("{\"card\":\"" + card_.digest().hex() + "\","), 0u) << inspected.out;
  EXPECT_NE(inspected.out.find("\"card_bytes\":" + std::to_string(fs::file_size(file_))), std::string::npos);
}

TEST_F(KvferryTool, inspect_shows_what_beginnings_of_a_card_are_worth) {
  card_.manifest.curve = *QualityCurve::from_points({{1, 2.5F, 0.5F}, {5, 0.25F, 1}});
  ASSERT_TRUE(write_card_file(file_, card_));
  const std::size_t first = card_.chunks[0].size(), all = card_.manifest.payload_bytes();
  const auto row = [](const std::string& chunks, std::size_t bytes, const std::string& quality) {
    return std::string(19, ' ') + chunks + "  " + (bytes_text(bytes) + std::string(12, ' ')).substr(0, 12) +
           quality + "\n";
  };
  const Finished inspected = tool({"inspect", file_});
  EXPECT_NE(inspected.out.find("curve         chunks  payload     KL, nats    top-1\n" +
                               row("1", first, "2.5         0.5") + row("5", all, "0.25        1")),
            std::string::npos)
      << inspected.out;
  const auto point = [](const char* chunks, std::size_t bytes, const char* quality) {
    return std::string("{\"chunks\":") + chunks + ",\"payload_bytes\":" + std::to_string(bytes) + "," +
           quality + "}";
  };
  EXPECT_NE(tool({"inspect", file_, "--json"})
                .out.find("\"curve\":[" + point("1", first, R"("kl":2.5,"top1":0.5)") + "," +
                          point("5", all, R"("kl":0.25,"top1":1.0)") + "]"),
            std::string::npos);
}

TEST_F(KvferryTool, ServesAndFetchesBetweenTwoProcesses) {
  Process server("kvferry", {"serve", folder_.string(), "--listen", "127.0.0.1:0", "--insecure"});
  const std::string where = server.listening_on();
  for (const auto& wanted : {Words{card_.digest().hex()}, {"--document", "sample"}}) {
    Words arguments{"fetch", where, "--into", into(), "--insecure"};
    arguments.insert(arguments.end(), wanted.begin(), wanted.end());
    const Finished fetched = tool(arguments);
    EXPECT_EQ(fetched.status, 0) << fetched.err;
    EXPECT_EQ(fetched.err, "");  // no progress in a pipe
    const fs::path file = fs::path(into()) / (card_.digest().hex() + ".card");
    EXPECT_EQ(fetched.out.find(file.string() + "\n"), 0u) << fetched.out;
    EXPECT_EQ(read_file(file), read_file(file_));
    fs::remove(file);
  }
  const Finished unknown = tool({"fetch", where, "--document", "other", "--into", into(), "--insecure"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.err, "kvferry: " + where + " refused: no card named 'other' here\n");
  EXPECT_EQ(files_fetched(), 0u);
  const Finished ended = server.interrupt();
  EXPECT_EQ(ended.status, 0);
}

TEST_F(KvferryTool, FetchAsJsonIsOneObject) {
  Process server("kvferry", {"serve", file_, "--listen", "127.0.0.1:0", "--insecure"});
  const Finished fetched = tool(
      {"fetch", server.listening_on(), "--document", "sample", "--into", into(), "--insecure", "--json"});
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_EQ(lines(fetched.out), 1);
  EXPECT_NE(fetched.out.find("\"wire\":{\"payload\":" + std::to_string(card_.manifest.payload_bytes())),
            std::string::npos)
      << fetched.out;
}

TEST_F(KvferryTool, ServesAndFetchesOverUdp) {
  Process server("kvferry", serve_words(folder_.string(), "udp"));
  const std::string where = server.listening_on();
  const Finished fetched = tool(fetch_words(where, "sample", "udp"));
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_EQ(fetched.err, "");
  EXPECT_EQ(read_file(fs::path(into()) / (card_.digest().hex() + ".card")), read_file(file_));
  const Finished unknown = tool(fetch_words(where, "other", "udp"));
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.err, "kvferry: " + where + " refused: no card named 'other' here\n");
  EXPECT_EQ(server.interrupt().status, 0);
  const Finished nobody = tool(fetch_words(where, "sample", "udp"));
  EXPECT_EQ(nobody.status, 1);
  EXPECT_EQ(nobody.err, "kvferry: " + where + ": Connection refused\n");
}

class KvferryToolOver : public KvferryTool, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Transports, KvferryToolOver, testing::Values("tcp", "udp"));

TEST_P(KvferryToolOver, LeavesNoCardWhenTheServerIsKilled) {
  const Card large = sample_card(42, 60, 3u << 20);
  ASSERT_TRUE(write_card_file(folder_ / "large.card", large));
  Process server("kvferry", serve_words(folder_.string(), GetParam()));
  const std::string where = server.listening_on();
  Process client("kvferry", fetch_words(where, "large", GetParam()));
  while (files_fetched() == 0 && client.running()) std::this_thread::sleep_for(milliseconds(1));
  server.kill();
  const Finished fetched = client.wait();
  if (fetched.status == 0) GTEST_SKIP() << "the card arrived before the server could be killed";
  EXPECT_EQ(fetched.status, 1);
  EXPECT_EQ(lines(fetched.err), 1) << fetched.err;
  // Over UDP it is lost when something is sent there; if nothing was to be, it stands still.
  EXPECT_TRUE(fetched.err.find(where + ": the connection was lost") != std::string::npos ||
              fetched.err.find(where + ": no data for the progress timeout") != std::string::npos)
      << fetched.err;
  EXPECT_FALSE(fs::exists(fs::path(into()) / (large.digest().hex() + ".card")));

  Process again("kvferry", serve_words(folder_.string(), GetParam(), where));
  EXPECT_EQ(again.listening_on(), where);
  EXPECT_EQ(tool(fetch_words(where, "large", GetParam())).status, 0);
}

TEST_P(KvferryToolOver, LeavesNoFileWhenItIsInterrupted) {
  Process server("kvferry", serve_words(file_, GetParam()));
  const std::string where = server.listening_on();
  server.pause();
  Process client("kvferry", fetch_words(where, "sample", GetParam()));
  std::this_thread::sleep_for(milliseconds(300));
  const Finished interrupted = client.interrupt();
  server.kill();
  EXPECT_EQ(interrupted.status, 1);
  EXPECT_EQ(interrupted.err, "kvferry: interrupted\n");
  EXPECT_EQ(files_fetched(), 0u);
}

TEST_F(KvferryTool, WrongUsageIsStatusTwoAndOneLine) {
  const std::string digest = card_.digest().hex();
  const std::vector<Words> wrong = {
      {},
      {"bogus"},
      {"inspect"},
      {"inspect", file_, "--bogus"},
      {"serve", file_},                                       // nobody to believe
      {"serve", file_, "--transport", "tcp"},                 // without --insecure
      {"serve", file_, "--insecure", "--listen", "nowhere"},  // no port
      {"serve", file_, "--insecure", "--transport", "pigeon"},
      {"fetch", "127.0.0.1:1", digest},               // nobody to believe
      {"fetch", "127.0.0.1:1", "--insecure"},         // neither digest nor name
      {"fetch", "127.0.0.1:1", "abc", "--insecure"},  // no digest
      {"fetch", "127.0.0.1:1", digest, "--document", "x", "--insecure"},
      {"fetch", "127.0.0.1:1", digest, "--insecure", "--deadline", "0"},
      {"fetch", "127.0.0.1:1", digest, "--insecure", "--timeout", "x"},
  };
  for (const auto& arguments : wrong) {
    const Finished finished = tool(arguments);
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
    EXPECT_EQ(finished.err.find("kvferry: "), 0u) << finished.err;
  }
}

TEST_F(KvferryTool, WhatCannotBeDoneIsStatusOneAndOneLine) {
  const std::string empty = (folder_ / "into").string();
  const std::vector<Words> failing = {
      {"inspect", "nothing.card"},
      {"inspect", folder_.string()},
      {"serve", "nothing.card", "--insecure"},
      {"serve", empty, "--insecure"},
      {"fetch", "127.0.0.1:1", "--document", "x", "--insecure"},
      {"fetch", "127.0.0.1:1", "--document", "x", "--insecure", "--into", "nowhere"},
  };
  for (const auto& arguments : failing) {
    const Finished finished = tool(arguments);
    EXPECT_EQ(finished.status, 1) << finished.err;
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
  }
}

}  // namespace
}  // namespace kvferry::test
