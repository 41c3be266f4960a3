-- SPDX-License-Identifier: MIT
--
-- The frame types of section 4: name, greatest body, where they may stand, and the map that a message's body is.

local schema = require("kvferry.schema")

local KIB = 1024
local SMALL, LARGE = 64 * KIB, 1024 * KIB
local types = {}

local function message(number, name, map, limit)
  types[number] = { name = name, limit = limit or SMALL, map = map, stream = true, control = true }
end

local function of_packets(number, name, map)
  types[number] = { name = name, limit = SMALL, map = map, packet = true }
end

message(0x01, "HELLO", schema.HELLO)
types[0x02] = { name = "PROGRESS", limit = SMALL, map = schema.PROGRESS, stream = true }
message(0x03, "REQUEST", schema.REQUEST)
message(0x05, "OFFER", schema.OFFER)
message(0x07, "ACCEPT", schema.ACCEPT)
message(0x09, "MANIFEST", schema.MANIFEST, LARGE)
message(0x0B, "PAGE", schema.PAGE, LARGE)
types[0x0D] = { name = "DATA", limit = LARGE, stream = true, packet = true }
message(0x0F, "CONFIRM", schema.CONFIRM)
message(0x11, "REJECT", schema.REASON)
message(0x13, "STOP", schema.COUNT)
message(0x15, "END", schema.COUNT)
message(0x17, "CANCEL", schema.REASON)
message(0x19, "REFUSE", schema.REASON)
message(0x1B, "RESEND", schema.CHUNKS)
message(0x1D, "PING", schema.NONCE)
message(0x1F, "PONG", schema.NONCE)
message(0x21, "ERROR", schema.ENDING)
message(0x23, "GOODBYE", schema.ENDING)
message(0x25, "HAVE", schema.CHUNKS)
message(0x27, "CREDIT", schema.CREDIT)
message(0x29, "SKIP", schema.SKIP)
message(0x2B, "LEVEL", schema.LEVEL)
message(0x2D, "PREFER", schema.CHUNKS)
of_packets(0x00, "PADDING")
of_packets(0x31, "ACK")
of_packets(0x33, "CONTROL")
of_packets(0x35, "PROBE")
of_packets(0x37, "CLOSE", schema.ENDING)
of_packets(0x39, "TOKEN")
of_packets(0x3B, "CHALLENGE")
of_packets(0x3D, "RESPONSE")
of_packets(0x3F, "REPAIR")
of_packets(0x41, "RECOVERED")
types[0x43] = { name = "AFTER", limit = SMALL }  -- on data streams only, which nobody sees outside QUIC

local M = {}

-- What a number that is not in the table is: VER-1, FRM-1, FRM-2.
function M.find(number)
  if types[number] then return types[number] end
  local unknown = { limit = SMALL, unknown = true, critical = number % 2 == 1 }
  if number > 0x20 and (number - 0x20) % 62 == 0 then
    unknown.reserved, unknown.name = true, "reserved (ignored)"
  elseif unknown.critical then
    unknown.name = string.format("unknown critical type 0x%x", number)
  else
    unknown.name = string.format("unknown type 0x%x (skipped)", number)
  end
  return unknown
end

M.all = types
return M
