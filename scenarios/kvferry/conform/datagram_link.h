// SPDX-License-Identifier: MIT
//
// Frames in packets over UDP: numbers, acknowledgements at once, the control
// stream in both directions, answers to CHALLENGE and RETRY, and padding until
// the server is heard. No congestion control: what a check sends is little.
#pragma once

#include <deque>
#include <map>

#include "protocol/base/rng.h"
#include "protocol/datagram/packet.h"
#include "scenarios/kvferry/conform/descriptor.h"
#include "scenarios/kvferry/conform/link.h"
#include "transport/host_port.h"

namespace kvferry::conform {

inline constexpr std::size_t kLeastFirstBytes = 1200;  // of a datagram, before the server is heard
inline constexpr std::size_t kUsualDatagramBytes = 1200;

class DatagramLink final : public Link {
 public:
  // What an honest client does; a check may leave off.
  struct Habits {
    bool acknowledges = true;
    std::size_t acknowledges_up_to_bytes = 65'535;
    bool sends_again = true;
    bool answers_challenges = true;
    bool pads = true;  // until the server was heard
    bool pads_always = false;
  };
  // A packet that came.
  struct Heard {
    std::uint64_t number = 0;
    std::size_t size_bytes = 0;
    bool eliciting = false;
    Time at{};
  };
  struct HeardAck {
    AckFrame ack;
    Time at{};
  };
  // Since the socket was opened, so to and from one address of ours.
  struct Traffic {
    std::uint64_t sent_bytes = 0;
    std::uint64_t heard_bytes = 0;
  };

  // Throws Unreachable when the name leads nowhere; so does receive() when nobody has listened there yet.
  DatagramLink(const HostPort& peer, Duration patience, std::uint64_t seed);

  void send(const std::vector<OutFrame>& frames) override;
  void send_messages(const std::vector<OutFrame>& frames) override;
  void send_raw(ByteView datagram) override;
  [[nodiscard]] std::optional<Arrival> receive(Time until) override;
  [[nodiscard]] bool ended() const override { return refused_; }
  [[nodiscard]] std::string end_text() const override { return "an ICMP message that nobody listens there"; }
  void say_goodbye() override;

  // By hand. A packet of these frames, whole.
  [[nodiscard]] Bytes packet(std::uint64_t number, ByteView frames) const;
  [[nodiscard]] static Bytes packed(std::uint64_t type, ByteView body);  // one frame of a packet
  std::uint64_t take_number();                                           // counts as sent
  std::uint64_t send_packet(ByteView frames);                            // returns its number
  // CONTROL with these bytes at this offset of the stream, outside the order of send().
  [[nodiscard]] Bytes control(std::uint64_t offset, ByteView bytes) const;
  std::uint64_t take_control(
      std::size_t size_bytes);  // the offset of so many bytes, which send() passes over
  void send_ack(const AckFrame& ack);
  // Loses packets on their way in that ask for acknowledgement: the next ones, one in so many, or large ones.
  void drop_next(std::size_t packets) { drop_next_ = packets; }
  void drop_every(std::size_t packets) { drop_every_ = packets; }
  void drop_larger(std::size_t size_bytes) { drop_larger_ = size_bytes; }
  void rebind();  // another port of this side; what the former one still hears is not read
  void return_to_former();

  Habits habits;
  std::vector<Bytes> tokens;    // of TOKEN frames that came
  std::optional<Bytes> retry;   // the token of a RETRY
  std::vector<Bytes> versions;  // whole VERSIONS datagrams
  [[nodiscard]] const std::vector<Heard>& heard() const { return heard_; }
  [[nodiscard]] const std::vector<HeardAck>& acks() const { return acks_; }
  [[nodiscard]] bool acknowledged(std::uint64_t number) const;
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] std::uint64_t connection_id() const { return connection_id_; }
  [[nodiscard]] std::uint64_t next_random() { return rng_.next(); }

 private:
  struct Outstanding {
    Bytes frames;
    Time sent_at{};
    int sent_times = 1;
  };

  void send_control(ByteView bytes);
  void track(std::uint64_t number, Bytes frames, int sent_times);
  void send_again_what_is_late();
  [[nodiscard]] Time next_late() const;
  void acknowledge_all();

  void take_datagram(ByteView datagram);
  void take_retry(ByteView datagram);
  [[nodiscard]] bool drops(ByteView frames, std::size_t size_bytes);
  void take_packet(const OpenedPacket& packet, std::size_t size_bytes, std::uint32_t checksum);
  [[nodiscard]] bool take_frames(ByteView frames, std::size_t size_bytes);  // true: asks for acknowledgement
  void take_frame(const PacketFrame& frame);
  void take_ack(ByteView body);
  void take_control(ByteView body);

  std::string name_;  // HOST:PORT
  Duration patience_;
  tcp::endpoint server_;
  Descriptor socket_;
  Descriptor former_;
  Rng rng_;
  std::uint64_t connection_id_;
  bool heard_something_ = false;
  std::size_t drop_next_ = 0;
  std::size_t drop_every_ = 0;  // 0: none
  std::size_t drop_larger_ = 65'535;
  std::size_t came_ = 0;  // packets, dropped ones too
  bool refused_ = false;
  Traffic traffic_;

  std::uint64_t next_number_ = 0;
  RangeSet sent_;
  std::map<std::uint64_t, Outstanding> outstanding_;
  std::uint64_t control_out_ = 0;
  std::vector<HeardAck> acks_;

  std::vector<Heard> heard_;
  std::map<std::uint64_t, std::uint32_t> checksums_;  // of each number that came
  RangeSet received_;
  std::size_t largest_proven_bytes_ = kUsualDatagramBytes;  // a datagram of this size was acknowledged
  Bytes control_in_;
  RangeSet control_here_;
  std::size_t delivered_ = 0;  // bytes of control_in_
  std::deque<Arrival> arrivals_;
};

}  // namespace kvferry::conform
