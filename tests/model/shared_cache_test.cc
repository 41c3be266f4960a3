// SPDX-License-Identifier: MIT
//
// Many readers of one cache in one process.
#include <gtest/gtest.h>

#include <ATen/Parallel.h>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "codec/merge.h"
#include "codec/select/select.h"
#include "model/injection.h"
#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

KvCache rows_of(const KvCache& cache, uint32_t begin, uint32_t end) {
  std::vector<uint32_t> rows;
  for (uint32_t row = begin; row < end; ++row) rows.push_back(row);
  return *keep_rows(cache, rows);
}

// Resident, of this process.
size_t memory_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(RandomReader, answers_from_a_shared_cache_as_from_one_of_its_own) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache);
  const auto shared = reader_.share(*cache);
  ASSERT_TRUE(shared);
  const auto alone = reader_.answer(*cache, question_),
             together = reader_.answer(*shared, nullptr, question_);
  ASSERT_TRUE(together);
  EXPECT_EQ(together->tokens, alone->tokens);
}

TEST_F(RandomReader, puts_rows_of_its_own_beside_shared_ones) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache);
  const auto shared = reader_.share(rows_of(*cache, 0, 7));
  const auto own = rows_of(*cache, 7, 11);
  const auto merged = merge(rows_of(*cache, 0, 7), own);
  ASSERT_TRUE(shared && merged);
  const auto together = reader_.answer(*shared, &own, question_), alone = reader_.answer(*merged, question_);
  ASSERT_TRUE(together && alone);
  EXPECT_EQ(together->tokens, alone->tokens);
  const auto other = *KvCache::create_full(reader_.geometry(), cache->token_count() + 1);
  EXPECT_EQ(reader_.answer(*shared, &other, question_).error().message,
            "a reader's own rows are of another shape or document than the shared cache");
}

TEST_F(RandomReader, copies_no_shared_row) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache);
  const auto shared = reader_.share(*cache);
  const auto state = share_state(shared->rows, nullptr);
  EXPECT_EQ(state[0].shared_k.data_ptr(), shared->rows[0].k.data_ptr());
  EXPECT_EQ(state[0].k.numel(), 0);
}

TEST_F(RandomReader, reads_on_from_what_it_knows) {
  const auto before = reader_.prefill(text_);
  const std::string more = text_ + " bako lives in north deru .";
  const auto now = reader_.read_on(*before, before->token_count(), more), anew = reader_.prefill(more);
  ASSERT_TRUE(now && anew);
  EXPECT_EQ(now->token_count(), anew->token_count());
  EXPECT_EQ(rows_of(*now, 0, before->token_count()).bytes_fp16(), before->bytes_fp16());
  const auto fidelity = reader_.compare(*anew, *now, question_, "north deru");
  ASSERT_TRUE(fidelity);
  EXPECT_LT(fidelity->kl_sum, 1e-4);
  EXPECT_EQ(reader_.read_on(*before, before->token_count() + 5, text_).error().message,
            "document: a prefix of 18 tokens, expected at most 13");
}

// KVFERRY_READER_THREADS, or two.
int thread_count() {
  const char* given = std::getenv("KVFERRY_READER_THREADS");
  return given != nullptr ? std::atoi(given) : 2;
}

// One decoded copy serves fifteen: what they have to themselves is their question and answer.
TEST(SharedCache, takes_hardly_more_memory_for_fifteen_readers_than_for_one) {
  const auto reader = Reader::open(std::string(KVFERRY_SOURCE_DIR) + "/model/checkpoints/large");
  ASSERT_TRUE(reader);
  const auto cache = KvCache::create_full(reader->geometry(), 4000);
  ASSERT_TRUE(cache);
  at::set_num_threads(1);  // no threads of libtorch's beside ours
  const std::string question = "where does bako live ?";
  const size_t before = memory_bytes();
  const auto shared = reader->share(*cache);
  ASSERT_TRUE(shared);
  (void)reader->answer(*shared, nullptr, question);
  const size_t one = memory_bytes() - before;
  EXPECT_GE(one, 2 * cache->bytes_fp16());  // FP32
  std::vector<std::thread> readers;
  std::atomic<int> begun = 0;
  for (int thread = 0; thread < thread_count(); ++thread) {
    readers.emplace_back([&] {
      while (begun++ < 15) EXPECT_TRUE(reader->answer(*shared, nullptr, question));
    });
  }
  for (auto& thread : readers) thread.join();
  const size_t fifteen = memory_bytes() - before;
  std::printf("one %zu KiB, fifteen %zu KiB\n", one / 1024, fifteen / 1024);
  EXPECT_LT(static_cast<double>(fifteen), 1.15 * static_cast<double>(one));
}

}  // namespace
}  // namespace kvferry
