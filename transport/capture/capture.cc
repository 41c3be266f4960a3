// SPDX-License-Identifier: MIT
#include "transport/capture/capture.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace kvferry {
namespace {

constexpr std::uint32_t kMagic = 0xa1b23c4d;  // times in nanoseconds
constexpr std::uint32_t kSnapLength = 65535;
constexpr std::uint32_t kRawIp = 101;  // LINKTYPE_RAW
constexpr std::uint64_t kNanosecondsASecond = 1'000'000'000;

Bytes file_header() {
  Bytes out;
  put_le(out, kMagic);
  put_le(out, std::uint16_t{2});
  put_le(out, std::uint16_t{4});
  put_le(out, std::uint64_t{0});  // time zone and accuracy, of which nobody makes use
  put_le(out, kSnapLength);
  put_le(out, kRawIp);
  return out;
}

Bytes packet_header(std::size_t size_bytes) {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(since_epoch).count());
  Bytes out;
  put_le(out, static_cast<std::uint32_t>(ns / kNanosecondsASecond));
  put_le(out, static_cast<std::uint32_t>(ns % kNanosecondsASecond));
  put_le(out, static_cast<std::uint32_t>(size_bytes));  // in the file
  put_le(out, static_cast<std::uint32_t>(size_bytes));  // on the wire
  return out;
}

iovec piece(ByteView bytes) { return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()}; }

}  // namespace

Result<std::shared_ptr<Capture>> Capture::create(const std::filesystem::path& file, OnFailure on_failure) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error{file.string() + ": " + std::strerror(errno)};
  std::string failure;
  std::shared_ptr<Capture> capture(
      new Capture(file, descriptor, [&failure](const Error& error) { failure = error.message; }));
  capture->write(file_header(), {});
  if (capture->failed_) return Error{failure};
  capture->on_failure_ = std::move(on_failure);
  return capture;
}

Capture::Capture(std::filesystem::path file, int descriptor, OnFailure on_failure)
    : file_(std::move(file)), on_failure_(std::move(on_failure)), descriptor_(descriptor) {}

Capture::~Capture() { close(descriptor_); }

void Capture::datagram(const udp::endpoint& from, const udp::endpoint& to, ByteView bytes) {
  packet(udp_headers(from, to, bytes), bytes);
}

void Capture::segment(const TcpSegment& segment) { packet(tcp_headers(segment), segment.payload); }

void Capture::packet(ByteView headers, ByteView payload) {
  const std::lock_guard lock(mutex_);
  Bytes head = packet_header(headers.size() + payload.size());
  append(head, headers);
  write(head, payload);
}

// A disk that is full takes a part: that goes again, so that the file ends with a whole packet.
void Capture::write(ByteView head, ByteView rest) {
  if (failed_) return;
  const std::array<iovec, 2> pieces{piece(head), piece(rest)};
  const ssize_t written = writev(descriptor_, pieces.data(), static_cast<int>(pieces.size()));
  if (written == static_cast<ssize_t>(head.size() + rest.size())) {
    size_bytes_ += written;
    return;
  }
  const int why = written < 0 ? errno : ENOSPC;
  failed_ = true;
  (void)!ftruncate(descriptor_, size_bytes_);
  if (on_failure_) on_failure_(Error{file_.string() + ": " + std::strerror(why)});
}

}  // namespace kvferry
