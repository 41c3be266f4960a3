// SPDX-License-Identifier: MIT
#include "protocol/datagram/pacer.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

constexpr std::size_t kPacketBytes = 1452;
constexpr double kRate = 6.25e6;  // bytes/s: 50 Mbit/s
constexpr Time kStart = time_from_ns(1'000'000'000);

// What leaves of a flow that is looked after once in `every`, for a second.
double share_of_rate(Duration every) {
  Pacer pacer(kPacketBytes);
  double sent_bytes = 0;
  for (Time now = kStart; now < kStart + std::chrono::seconds(1); now += every) {
    while (pacer.ready(now, kRate)) {
      pacer.on_sent(kPacketBytes);
      sent_bytes += kPacketBytes;
    }
  }
  return sent_bytes / kRate;
}

double burst_bytes(Pacer& pacer, Time now) {
  double bytes = 0;
  for (; pacer.ready(now, kRate); bytes += kPacketBytes) pacer.on_sent(kPacketBytes);
  return bytes;
}

TEST(Pacer, keeps_its_rate_when_it_is_woken_late) {
  for (const int every_ms : {1, 2, 4, 8})
    EXPECT_NEAR(share_of_rate(milliseconds(every_ms)), 1, 0.02) << every_ms;
}

TEST(Pacer, a_wait_for_something_else_is_no_credit) {
  Pacer pacer(kPacketBytes);
  burst_bytes(pacer, kStart);
  EXPECT_FALSE(pacer.ready(kStart, kRate));
  pacer.on_other_limit();
  EXPECT_LE(burst_bytes(pacer, kStart + std::chrono::seconds(1)), kRate * 2e-3 + kPacketBytes);
}

TEST(Pacer, however_late_no_more_than_ten_milliseconds_leave_at_once) {
  Pacer pacer(kPacketBytes);
  burst_bytes(pacer, kStart);
  EXPECT_FALSE(pacer.ready(kStart, kRate));
  EXPECT_NEAR(burst_bytes(pacer, kStart + std::chrono::seconds(1)), kRate * 10e-3, kPacketBytes);
}

}  // namespace
}  // namespace kvferry
