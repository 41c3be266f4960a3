# SPDX-License-Identifier: MIT
"""TCP's part of the closed form (RFC 9293), and TLS 1.3's over it."""

from math import ceil, exp, log

from overhead_terms import ACK_EVERY, IP4, TCP, Ends, Stream

TIMESTAMPS = 12                # RFC 7323, padded; both kernels send them
SYN_OPTIONS = {"ns3": 16, "linux": 20}  # of a SYN: RFC 7323, 2018; Linux adds MSS, ns-3 3.37 does not
# Segments but those of the bulk: 3 to connect, HELLO each way, PING and PONG, the reader's answer to them, CONFIRM with GOODBYE,
# and FIN with its acknowledgement both ways (RFC 9293 3.5, 3.6); ns-3 3.37 acknowledges the last data by itself, late.
ONCE = {"linux": 3 + 2 + 1 + 1 + 1 + 4, "ns3": 3 + 2 + 1 + 1 + 1 + 5}
TCP_INITIAL_WINDOW = 10        # segments: RFC 6928
QUICK_ACKS = 16                # Linux acknowledges each of the first segments at once (TCP_MAX_QUICKACKS)
DUPLICATES = 3                 # acknowledgements that say of a segment that it is lost: RFC 6675's DupThresh
BETA = 0.7                     # of CUBIC: RFC 9438 4.6
SACK_FIRST = 12                # two no-operations, kind, length, one block of 8 (RFC 2018)


def bandwidth_delay(link, packet):
    """Packets that fill the path."""
    return link.rate_mbps * 1e6 / 8 * link.rtt_s / packet + 1


def window_at_loss(loss, path):
    """Segments in flight in the long run: RFC 9438's Reno-friendly region is Reno's (Mathis et al. 1997), within the path's."""
    return min(path, (1.5 / loss) ** 0.5) if loss > 0 else path


def repeated_at_the_end(data, loss, path):
    """Segments that RFC 6675 sends again although nothing says that they are lost: NextSeg() rule (3), where a loss is repaired
    and there is nothing new to send, so that it falls upon whatever is in flight at the transfer's end.

    The window there: slow start ends with the data (half of it in flight), with the first loss (1/loss), or by HyStart++ (RFC
    9406), which notices a queue of an eighth of a round trip within the next doubling (the mean of 9/8 and 9/4 on a logarithmic
    scale). Each loss event after that leaves 0.7 of it (RFC 9438); losses within one window are one event. Of a segment lost d from
    the end d - 3 are repeated, so a window w brings loss w²/2 of them."""
    if loss == 0:
        return 0
    first = min(data / 2, 1 / loss, 1.125 / log(2) * path)
    events = loss * data / (1 + loss * first)
    square = max(0, first - DUPLICATES) ** 2 * exp(-events * (1 - BETA ** 2)) + window_at_loss(loss, path) ** 2
    return min(loss * square / 2, square ** 0.5)


def tcp(card, link, ends=Ends(), kernel="ns3"):
    stream = Stream(card, ends, link)
    return over_tcp(stream.wire, stream.down, stream.progresses - 1, link, kernel)


def over_tcp(wire, down, up_segments, link, kernel):
    """Adds headers and repetitions of a stream whose bulk is `down` bytes. up_segments: small ones of the reader's during it."""
    head = link.link_header + IP4 + TCP + TIMESTAMPS
    segment = link.mtu - IP4 - TCP - TIMESTAMPS
    path = bandwidth_delay(link, segment + head)
    data = ceil(down / segment)
    lost = data * link.loss / (1 - link.loss)
    again = lost + (repeated_at_the_end(data, link.loss, path) if kernel == "ns3" else 0)
    alone = data <= TCP_INITIAL_WINDOW  # PONG comes when nothing is left to carry its acknowledgement
    acks = data / ACK_EVERY
    if kernel == "linux":
        acks += min(data, QUICK_ACKS) * (1 - 1 / ACK_EVERY) + 2  # HELLO and PONG, too
    packets = ONCE[kernel] + alone + data + acks + up_segments + again
    # While a loss is not repaired every segment is acknowledged at once, with what came behind it (RFC 5681 4.2, RFC 2018).
    at_once = lost * window_at_loss(link.loss, path) + 2 * (again - lost)
    wire.lower_layers += packets * head + 2 * (SYN_OPTIONS[kernel] - TIMESTAMPS)
    wire.lower_layers += at_once * ((1 - 1 / ACK_EVERY) * head + SACK_FIRST)
    wire.retransmitted = again * min(segment, down)
    return wire


# TLS 1.3 (RFC 8446), both sides with an Ed25519 certificate -----------------------------------------------------------------

RECORD = 5 + 1 + 16            # head, content type, tag (5.2)
RECORD_BODY = 16384            # tls_session.cc; the most there can be (5.1)
CERTIFICATE = 215              # as `kvferry keygen` writes it, DER
CLIENT_HELLO = 230             # OpenSSL 3.0's, with one ALPN name of 9 bytes and no session
SERVER_HELLO = 122
CHANGE_CIPHER = 6              # each way: D.4, which OpenSSL does
ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST = 22, 60
CERTIFICATE_MESSAGE = 4 + 1 + 3 + 3 + CERTIFICATE + 2
CERTIFICATE_VERIFY = 4 + 2 + 2 + 64
FINISHED = 4 + 48              # SHA-384
TLS_HANDSHAKE = (5 + CLIENT_HELLO + 5 + SERVER_HELLO + 2 * CHANGE_CIPHER + ENCRYPTED_EXTENSIONS + CERTIFICATE_REQUEST
                 + 2 * (CERTIFICATE_MESSAGE + CERTIFICATE_VERIFY + FINISHED) + (2 + 2 * 3) * RECORD)
TLS_SEGMENTS = 3               # client's hello, server's flight, client's flight
TLS_SMALL_RECORDS = 8          # HELLO, PING, PONG each way, REQUEST, CONFIRM


def tls(card, link, ends=Ends(), kernel="linux"):
    stream = Stream(card, ends, link)
    wire = over_tcp(stream.wire, stream.down, stream.progresses - 1, link, kernel)
    records = ceil(stream.down / RECORD_BODY) + TLS_SMALL_RECORDS + stream.progresses
    wire.lower_layers += TLS_HANDSHAKE + records * RECORD + TLS_SEGMENTS * (link.link_header + IP4 + TCP + TIMESTAMPS)
    return wire
