// SPDX-License-Identifier: MIT
//
// A capture file of what our own sockets carry, for Wireshark: pcap with nanoseconds and IP packets, whose
// headers are made up around the bytes.
//
//   UDP, QUIC   every datagram that a socket took or gave
//   TCP         the connection's bytes in segments of our own making
//   TLS         the same: its plain bytes, not what is on the wire
//
// Every packet is written at once, so that the file can be read whenever the program ends: who is killed may
// leave the last one cut.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "protocol/base/result.h"
#include "transport/capture/ip_packet.h"

namespace kvferry {

class Capture {
 public:
  // Told once, on whatever thread it happens, why nothing more is written.
  using OnFailure = std::function<void(const Error&)>;

  // A new file, or a written over one, that only its owner may read. The error names it.
  [[nodiscard]] static Result<std::shared_ptr<Capture>> create(const std::filesystem::path& file,
                                                               OnFailure on_failure = {});
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // From any thread; the time is now.
  void datagram(const udp::endpoint& from, const udp::endpoint& to, ByteView bytes);
  void segment(const TcpSegment& segment);

 private:
  Capture(std::filesystem::path file, int descriptor, OnFailure on_failure);
  void packet(ByteView headers, ByteView payload);
  void write(ByteView head, ByteView rest);

  std::filesystem::path file_;
  OnFailure on_failure_;
  std::mutex mutex_;
  int descriptor_;
  std::int64_t size_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace kvferry
