-- SPDX-License-Identifier: MIT
--
-- Datagrams that a capture shows as one. Linux takes and gives several of one size at once (UDP_SEGMENT, UDP_GRO), the
-- last may be smaller, and a capture on the same machine may see them before they are cut.

local crc32c = require("kvferry.crc32c")
local Reader = require("kvferry.reader")

local PACKET, ID_END, CRC_BYTES = 0xA1, 9, 4
local M = {}

local function le_uint(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return a + b * 256 + c * 65536 + d * 16777216
end

-- Whether these bytes are a packet and nothing more.
function M.is_one_packet(bytes)
  local _, size = Reader.peek_varint(bytes, ID_END + 1)
  local head = size and ID_END + size or #bytes
  if bytes:byte(1) ~= PACKET or #bytes < head + CRC_BYTES then return false end
  return crc32c({ bytes:sub(1, head), bytes:sub(head + CRC_BYTES + 1) }) == le_uint(bytes, head + 1)
end

-- Of all but the last: where the same kind and connection come again, and what stands before is whole.
function M.datagram_bytes(bytes)
  local begin = bytes:sub(1, ID_END)
  local again = bytes:find(begin, ID_END + CRC_BYTES + 2, true)
  while bytes:byte(1) == PACKET and again do
    if M.is_one_packet(bytes:sub(1, again - 1)) then return again - 1 end
    again = bytes:find(begin, again + 1, true)
  end
  return #bytes
end

return M
