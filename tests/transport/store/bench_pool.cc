// SPDX-License-Identifier: MIT
//
// How fast a pool in a folder is, beside what it cannot do without: memcpy of the bytes that are read,
// SHA-256 of those that are read first, write and fsync of those that are put. Both of a pair in turn,
// medians. Processor time where nothing waits for a disk, so that other work on the machine matters less.
//
// bench_pool [--mebibytes N] [--repeats N] [--folder DIR]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>

#include "tests/protocol/sample_cards.h"
#include "transport/clock.h"
#include "transport/store/card_store.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::size_t mebibytes = 128;
  int repeats = 9;
  fs::path folder = fs::temp_directory_path();
};

Card card_of(std::size_t bytes, std::size_t chunk_bytes, std::uint64_t seed) {
  Card card = sample_card(1, 0, 1);
  Rng rng(seed);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  Bytes chunk = random_bytes(rng, chunk_bytes);
  for (std::size_t i = 0; i < bytes / chunk_bytes; ++i) {
    std::memcpy(chunk.data(), &i, sizeof i);  // no two are the same
    add_chunk(card, info, Slice(chunk));
  }
  return card;
}

double seconds_of(const std::function<void()>& work) {
  const Time begun = steady_now();
  work();
  return to_seconds(steady_now() - begun);
}

double processor_seconds_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begun = now();
  work();
  return now() - begun;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename T>
T checked(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "bench_pool: %s\n", result.error().message.c_str());
  std::exit(1);
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), folder_(options.folder / "kvferry_bench_pool") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Bench() { fs::remove_all(folder_); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void run() {
    std::printf("%-44s %10s  %-16s %10s  %s\n", "", "GB/s", "beside", "GB/s", "ratio");
    for (const std::size_t chunk_bytes : {std::size_t{256} << 10, std::size_t{4} << 10}) {
      const std::string of = " of " + std::to_string(chunk_bytes >> 10) + " KiB";
      reads(card_of(bytes(), chunk_bytes, 1), of);
      puts(chunk_bytes, of);
    }
  }

 private:
  [[nodiscard]] std::size_t bytes() const { return options_.mebibytes << 20; }

  // Each before the other in turn, so that neither has the warmer machine.
  void compare(const std::string& what, const std::string& beside, const std::function<double()>& ours,
               const std::function<double()>& theirs) {
    std::vector<double> a, b, ratios;
    for (int i = 0; i < options_.repeats; ++i) {
      if (i % 2 == 0) a.push_back(ours());
      b.push_back(theirs());
      if (i % 2 != 0) a.push_back(ours());
      ratios.push_back(b.back() / a.back());
    }
    const double gigabytes = static_cast<double>(bytes()) / 1e9;
    std::printf("%-44s %10.2f  %-16s %10.2f  %5.2f\n", what.c_str(), gigabytes / median(a), beside.c_str(),
                gigabytes / median(b), median(ratios));
    std::fflush(stdout);
  }

  void reads(const Card& card, const std::string& of) {
    const std::string where = (folder_ / "read").string();
    const auto store = checked(open_store(where, {}));
    (void)checked(store->put(card));
    const Digest digest = card.digest();
    Bytes to(bytes());
    const auto read = [&](ChunkSource& source) {
      std::size_t at = 0;
      for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
        const Slice chunk = checked(source.chunk(i));
        std::memcpy(to.data() + at, chunk.data(), chunk.size());
        at += chunk.size();
      }
    };
    const auto held = checked(store->find(digest));
    read(*held);
    const auto copy = [&] {
      return processor_seconds_of([&] {
        std::size_t at = 0;
        for (const Slice& chunk : card.chunks) {
          std::memcpy(to.data() + at, chunk.data(), chunk.size());
          at += chunk.size();
        }
      });
    };
    compare(
        "read of a hot card, chunks" + of, "memcpy",
        [&] { return processor_seconds_of([&] { read(*held); }); }, copy);
    // A reader that comes when no other is there maps the card anew.
    const auto alone = checked(open_store(where, {}));
    read(*checked(alone->find(digest)));
    compare(
        "the same, found anew", "memcpy",
        [&] { return processor_seconds_of([&] { read(*checked(alone->find(digest))); }); }, copy);
    compare(
        "first read by a process", "SHA-256",
        [&] {
          return processor_seconds_of([&] { read(*checked(checked(open_store(where, {}))->find(digest))); });
        },
        [&] {
          return processor_seconds_of([&] {
            for (const Slice& chunk : card.chunks) (void)sha256(chunk.view());
          });
        });
  }

  void puts(std::size_t chunk_bytes, const std::string& of) {
    const auto store = checked(open_store((folder_ / "put").string(), {}));
    std::uint64_t seed = 10;
    Card card;
    const auto put = [&] {
      card = card_of(bytes(), chunk_bytes, seed++);
      const double seconds = seconds_of([&] { (void)checked(store->put(card)); });
      (void)checked(store->remove(card.digest()));
      return seconds;
    };
    compare("put, chunks" + of, "write and fsync", put,
            [&] { return write_and_sync(card_of(bytes(), chunk_bytes, 9)); });
    (void)checked(store->put(card));
    compare(
        "put of a card that is there", "SHA-256",
        [&] { return processor_seconds_of([&] { (void)checked(store->put(card)); }); },
        [&] {
          return processor_seconds_of([&] {
            for (const Slice& chunk : card.chunks) (void)sha256(chunk.view());
          });
        });
    (void)checked(store->remove(card.digest()));
  }

  double write_and_sync(const Card& card) {
    const fs::path path = folder_ / "file";
    const double seconds = seconds_of([&] {
      const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      for (const Slice& chunk : card.chunks) (void)!::write(file, chunk.data(), chunk.size());
      ::fsync(file);
      ::close(file);
    });
    fs::remove(path);
    return seconds;
  }

  Options options_;
  fs::path folder_;
};

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  kvferry::test::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--mebibytes") == 0) options.mebibytes = std::strtoul(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--repeats") == 0) options.repeats = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--folder") == 0) options.folder = argv[i + 1];
  }
  kvferry::test::Bench(options).run();
}
