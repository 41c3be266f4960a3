-- SPDX-License-Identifier: MIT
--
-- CONTROL frames: puts their bytes together on the first pass, keeps what came of each, and shows that on every pass.

local ControlStream = require("kvferry.control_stream")
local fields = require("kvferry.fields")
local Reader = require("kvferry.reader")

local F, E = fields.F, fields.E
local M = {}

local STATES = { repeated = "seen before", early = "waits for bytes before it", lost = "behind what is no message" }

local streams, records

function M.reset()
  streams, records = {}, {}
end
M.reset()

-- The server's address stays (ADR-6), so the connection id and it name a connection. The first datagram that is seen is
-- taken for the client's.
local function stream_of(context)
  local pinfo = context.pinfo
  local from = tostring(pinfo.src) .. ":" .. pinfo.src_port
  local to = tostring(pinfo.dst) .. ":" .. pinfo.dst_port
  local by_client, by_server = context.connection_id .. to, context.connection_id .. from
  local directions = streams[by_client]
  local name = "client"
  if not directions and streams[by_server] then
    directions, name = streams[by_server], "server"
  elseif not directions then
    directions = {}
    streams[by_client] = directions
  end
  directions[name] = directions[name] or ControlStream.new(context.number)
  return directions[name]
end

local function record_of(context, offset, range)
  local frame = context.pinfo.number
  context.pieces = (context.pieces or 0) + 1
  local of_frame = records[frame] or {}
  records[frame] = of_frame
  if not of_frame[context.pieces] and not context.pinfo.visited and context.intact then
    local bytes = range and range:raw() or ""
    of_frame[context.pieces] = stream_of(context):add(offset, bytes, frame, context.pinfo.rel_ts)
  end
  return of_frame[context.pieces]
end

local function note(tree, text, severity)
  local item = tree:add(F["control.note"], text)
  item:set_generated()
  if severity then item:add_proto_expert_info(severity, text) end
end

-- A message that lies within this piece is shown in place, another one as a byte array of its own.
local function show_message(tree, context, message, offset, range)
  local reader
  local size = #message.bytes
  if range and message.offset >= offset and message.offset + size <= offset + range:len() then
    local first = range:offset() + message.offset - offset
    reader = Reader.new(context.tvb, first, first + size)
  else
    local whole = ByteArray.new(message.bytes, true):tvb("Control stream from " .. message.offset)
    reader = Reader.new(whole, 0, size)
  end
  return (require("kvferry.frame").show(tree, reader, "control", context))
end

local function show_state(tree, record)
  if record.gap then
    note(tree, string.format("bytes %.0f to %.0f are not in the capture", record.gap.first, record.gap.last), E.cut)
  end
  if record.broken then note(tree, "no message begins here", E.malformed) end
  local text = STATES[record.state]
  if not text and record.rest then
    text = #record.messages == 0 and "part of a message" or "ends with part of a message"
  end
  if text then note(tree, text) end
  if record.open.frame then tree:add(F["control.dissected_in"], record.open.frame):set_generated() end
  return text and " (" .. text .. ")" or ""
end

-- range: the bytes, nil when there are none. Returns "@offset +size" with the state, and the messages that this piece makes
-- whole.
function M.show(tree, context, offset, range)
  local record = record_of(context, offset, range)
  local size = range and range:len() or 0
  local where = string.format("@%.0f +%d", offset, size)
  if not record then return where end
  where = where .. show_state(tree, record)
  if #record.messages == 0 then return where end
  local texts = {}
  for i, message in ipairs(record.messages) do texts[i] = show_message(tree, context, message, offset, range) end
  return where, table.concat(texts, ", ")
end

return M
