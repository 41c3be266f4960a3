-- SPDX-License-Identifier: MIT
--
-- One frame of any binding: "stream" (section 5), "packet" (6.1) or "control" (messages in the control stream).

local bodies = require("kvferry.bodies")
local crc32c = require("kvferry.crc32c")
local fields = require("kvferry.fields")
local frame_types = require("kvferry.frame_types")
local msgpack = require("kvferry.msgpack")
local Reader = require("kvferry.reader")
local schema = require("kvferry.schema")
local show_map = require("kvferry.show_map")

local F, E = fields.F, fields.E
local M = {}

-- Runs `work`; what it raises, and what its reader complains of, stands below `item`. False when it was a Fault.
local function guarded(item, reader, context, work)
  local ok, fault = pcall(work)
  if not ok and not Reader.is_fault(fault) then error(fault, 0) end
  for _, problem in ipairs(reader.problems) do
    item:add_tvb_expert_info(E.not_allowed, problem.range, problem.text)
  end
  if not ok then item:add_tvb_expert_info(context.cut and E.cut or E.malformed, fault.range, fault.text) end
  return ok
end

-- `covered`: the ranges that the checksum stands for; nil when they are not all in the capture.
function M.show_crc(item, range, covered)
  local crc = range:le_uint()
  item:add_le(F["crc"], range)
  local status = 2
  if covered then
    local parts = {}
    for _, part in ipairs(covered) do parts[#parts + 1] = part:raw() end
    local want = crc32c(parts)
    status = crc == want and 1 or 0
    if status == 0 then
      item:add_tvb_expert_info(E.checksum, range, string.format("CRC32C differs: 0x%08x, computed 0x%08x", crc, want))
    end
  end
  item:add(F["crc.status"], range, status):set_generated()
  return status
end

local function show_head(frame, reader)
  local item, first = frame.item, reader.at
  local number, length = reader:varint("type"), reader:varint("length")
  frame.type, frame.length = frame_types.find(number.n), length.n
  frame.name = frame.type.name
  item:set_text(frame.name)
  item:add(F["frame.type"], number.range, number.u):set_text(string.format("Type: 0x%02x (%s)", number.n, frame.name))
  item:add(F["frame.name"], number.range, frame.name):set_generated()
  item:add(F["frame.length"], length.range, length.u)
  local head = reader.tvb:range(first, reader.at - first)
  local crc = frame.binding == "stream" and reader:take(4, "CRC32C")
  frame.body_first = reader.at
  if length.n > frame.type.limit then item:add_tvb_expert_info(E.limit, length.range, "a body above its limit (FRM-3)") end
  if frame.type.critical then
    item:add_proto_expert_info(E.critical, frame.name .. " (FRM-1)")
  elseif frame.type.unknown and not frame.type.reserved then
    item:add_proto_expert_info(E.unknown, frame.name .. " (FRM-2)")
  elseif not frame.type.unknown and not frame.type[frame.binding] then
    item:add_proto_expert_info(E.misplaced, frame.name .. " has no place here (FRM-1)")
  end
  if length.n > reader:left() then
    reader:fail(string.format("a body of %.0f bytes, but %d are left", length.n, reader:left()))
  end
  if crc then
    local body = length.n > 0 and reader.tvb:range(reader.at, length.n)
    M.show_crc(item, crc, body and { head, body } or { head })
  end
end

-- Cut before the last character that begins in the first 45 bytes: no half of one is left.
local function shorten(text)
  if #text <= 48 then return text end
  return (text:sub(1, 45):gsub("[^\128-\191][\128-\191]*$", "")) .. "…"
end

local function info_of(map, values)
  local texts = {}
  for _, key in ipairs(map.info) do
    if values[key] and values[key] ~= "" then texts[#texts + 1] = shorten(values[key]) end
  end
  return table.concat(texts, " ")
end

local function show_message(frame, reader)
  local top = msgpack.parse(reader)
  if reader:left() > 0 then reader:problem(reader:here(reader:left()), "bytes after the map (PRM-3)") end
  if top.kind ~= "map" then reader:fail("a body that is not a map") end
  local values = show_map(frame.item, reader, top, frame.type.map)
  if frame.type.map == schema.ENDING and values[0] ~= "none" then
    frame.item:add_proto_expert_info(E.ended, frame.name .. ": " .. tostring(values[0]))
  end
  return info_of(frame.type.map, values)
end

-- Returns what to say after the name; and, of CONTROL, what the Info column says instead: the messages.
local function show_body(frame, reader, context)
  local show = bodies[frame.type.name]
  if frame.type.map then return show_message(frame, reader) end
  if show then return show(frame.item, reader, context) end
  if reader:left() > 0 then frame.item:add(F["frame.body"], reader:take(reader:left(), "body")) end
end

-- Shows the frame at the reader and moves beyond it. Returns its text for the Info column, and false when nothing can
-- follow.
function M.show(tree, reader, binding, context)
  local first = reader.at
  local frame = { binding = binding, name = "frame", item = tree:add(F["frame"], reader:here(1)) }
  if not guarded(frame.item, reader, context, function() show_head(frame, reader) end) then
    frame.item:set_len(reader.last - first)
    return frame.name .. (context.cut and " [cut]" or " [malformed]"), false
  end
  reader.problems = {}
  reader.at = frame.body_first + frame.length
  frame.item:set_len(reader.at - first)
  local inner = Reader.new(reader.tvb, frame.body_first, reader.at)
  local detail, instead
  local ok = guarded(frame.item, inner, context, function() detail, instead = show_body(frame, inner, context) end)
  if not ok then return frame.name .. " [malformed]", true end
  local text = detail and detail ~= "" and frame.name .. " " .. detail or frame.name
  frame.item:set_text(text)
  return instead or text, true
end

return M
