// SPDX-License-Identifier: MIT
//
// card_memory TOKENS PRESET: encodes and decodes a card of Llama-3-8B's geometry with synthetic values, each
// in a process of its own, and prints time, sizes and peak memory. Fails when a peak is above input + output
// + 64 MiB. 8,192 tokens are 1 GiB of FP16.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "protocol/card/card_file.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr KvGeometry kLlama8b{32, 8, 128};
constexpr double kMiB = 1024 * 1024;
constexpr double kSlackMiB = 64;

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Normal values, drawn from a table of them so that a gigabyte takes seconds.
KvCache synthetic_cache(std::uint32_t tokens) {
  KvCache cache = std::move(*KvCache::create_full(kLlama8b, tokens));
  Rng rng(1);
  std::vector<std::uint16_t> table(65536);
  for (std::uint16_t& value : table) value = float_to_half(testing::gaussian(rng));
  for (std::uint32_t layer = 0; layer < kLlama8b.layers; ++layer) {
    for (const auto data : {cache.key_data(layer), cache.value_data(layer)}) {
      for (std::size_t i = 0; i + 4 <= data.size(); i += 4) {
        const std::uint64_t random = rng.next();
        for (unsigned k = 0; k < 4; ++k) data[i + k] = table[(random >> (16 * k)) & 0xffffU];
      }
    }
  }
  return cache;
}

template <typename Work>
double seconds_of(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "card_memory: %s\n", message.c_str());
  std::_Exit(1);
}

void report(const char* what, double base, std::uint64_t input, std::uint64_t output, std::uint64_t fp16,
            double seconds) {
  const double in = static_cast<double>(input) / kMiB;
  const double out = static_cast<double>(output) / kMiB;
  const double extra = peak_mib() - base - in - out;
  std::printf("%s: %.1f MiB in, %.1f MiB out, %.1f MiB beside them at the peak; %.2f s, %.0f MB/s of FP16\n",
              what, in, out, extra, seconds, static_cast<double>(fp16) / 1e6 / seconds);
  std::fflush(stdout);
  if (extra > kSlackMiB) fail(std::string(what) + " took more than 64 MiB beside its input and output");
}

void encode_to(const std::filesystem::path& file, std::uint32_t tokens, const Preset& preset) {
  const double base = peak_mib();
  const KvCache cache = synthetic_cache(tokens);
  EncodeOptions options = testing::options_for(cache, "fp16");
  options.preset = preset;
  options.scores = [&](AttentionScore) -> Result<std::vector<float>> {
    return std::vector<float>(tokens, 1.0F);
  };
  Result<Card> card = Error{"not encoded"};
  const double seconds = seconds_of([&] { card = encode(cache, options); });
  if (!card) fail(card.error().message);
  report("encode", base, cache.bytes_fp16(), card->file_bytes(), cache.bytes_fp16(), seconds);
  if (const auto written = write_card_file(file, *card); !written) fail(written.error().message);
}

void decode_from(const std::filesystem::path& file) {
  const double base = peak_mib();
  const auto card = read_card_file(file);
  if (!card) fail(card.error().message);
  Result<KvCache> cache = Error{"not decoded"};
  const double seconds = seconds_of([&] { cache = decode(*card); });
  if (!cache) fail(cache.error().message);
  report("decode", base, card->file_bytes(), cache->bytes_fp16(), cache->bytes_fp16(), seconds);
}

bool in_child(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  const int tokens = argc == 3 ? std::atoi(argv[1]) : 0;
  if (tokens <= 0) {
    std::fprintf(stderr, "usage: card_memory TOKENS PRESET\n");
    return 2;
  }
  const auto preset = kvferry::parse_preset(argv[2]);
  if (!preset) kvferry::fail(preset.error().message);
  const auto file = kvferry::testing::temporary_path("card_memory.card");
  const bool fine =
      kvferry::in_child([&] { kvferry::encode_to(file, static_cast<std::uint32_t>(tokens), *preset); }) &&
      kvferry::in_child([&] { kvferry::decode_from(file); });
  std::filesystem::remove(file);
  return fine ? 0 : 1;
}
