-- SPDX-License-Identifier: MIT
--
-- The stream binding (section 5): frames, one after the other, whatever the segments are.

local fields = require("kvferry.fields")
local frame = require("kvferry.frame")
local frame_types = require("kvferry.frame_types")
local info = require("kvferry.info")
local Reader = require("kvferry.reader")

local F, E = fields.F, fields.E
local LONGEST_HEAD = 16
local M = {}

-- Of the frame at `at`: its size (nil while the head is not all there), and whether no frame begins here.
local function look(tvb, at)
  local bytes = tvb:raw(at, math.min(LONGEST_HEAD, tvb:len() - at))
  local number, number_size = Reader.peek_varint(bytes, 1)
  if not number then return nil, false end
  local kind = frame_types.find(number)
  local length, length_size = Reader.peek_varint(bytes, 1 + number_size)
  if not length then return nil, kind.critical end
  local size = number_size + length_size + 4 + length
  return size, length > kind.limit or (kind.critical and size > tvb:len() - at)
end

-- Neither this frame nor what follows can be told apart.
local function show_rest(tree, tvb, at, why, severity)
  local rest = tvb:range(at)
  local item = tree:add(F["undecoded"], rest)
  item:add_proto_expert_info(severity, why)
end

local function show_broken(tree, tvb, pinfo, at)
  local text = frame.show(tree, Reader.new(tvb, at, tvb:len()), "stream", { pinfo = pinfo })
  info(pinfo, text)
  show_rest(tree, tvb, at, "no frame begins here, or it ends the connection", E.malformed)
end

function M.dissect(proto, tvb, pinfo, root)
  local length, at = tvb:len(), 0
  local tree
  pinfo.cols.protocol = "kvferry"
  while at < length do
    local size, broken = look(tvb, at)
    local missing = not size and 1 or math.max(at + size - length, 0)
    if not broken and missing > 0 and pinfo.can_desegment > 0 then
      pinfo.desegment_offset = at
      pinfo.desegment_len = size and missing or DESEGMENT_ONE_MORE_SEGMENT
      if tree then tree:set_len(at) end
      return length
    end
    tree = tree or root:add(proto, tvb:range(0, length))
    if broken then
      show_broken(tree, tvb, pinfo, at)
      at = length
    elseif missing == 0 then
      local reader = Reader.new(tvb, at, at + size)
      info(pinfo, (frame.show(tree, reader, "stream", { pinfo = pinfo })))
      at = at + size
    else
      show_rest(tree, tvb, at, "the rest of this frame is not here", E.cut)
      at = length
    end
  end
  return length
end

-- A HELLO: type 1, a likely length, and a map that begins with the magic (CON-1).
function M.is_hello(tvb)
  local bytes = tvb:raw(0, math.min(32, tvb:len()))
  if bytes:byte(1) ~= 0x01 then return false end
  local length, size = Reader.peek_varint(bytes, 2)
  if not length or length < 16 or length > 65536 then return false end
  local map = bytes:sub(2 + size + 4)
  return map:find("^[\128-\143]%z\167kvferry") == 1 or map:find("^\222..%z\167kvferry") == 1
end

return M
