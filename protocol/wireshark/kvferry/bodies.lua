-- SPDX-License-Identifier: MIT
--
-- The bodies that are not maps: DATA and the frames of packets. Each takes (tree, reader, context) and returns what stands
-- after the frame's name.

local F = require("kvferry.fields").F
local ranges = require("kvferry.ranges")
local control = require("kvferry.control")

local M = {}

local function add_number(tree, abbrev, value)
  return tree:add(F[abbrev], value.range, value.u)
end

function M.DATA(tree, reader)
  local transfer, chunk, offset = reader:varint("transfer"), reader:varint("chunk"), reader:varint("offset")
  add_number(tree, "transfer", transfer)
  add_number(tree, "data.chunk", chunk)
  add_number(tree, "data.offset", offset)
  local size = reader:left()
  if size == 0 then reader:fail("DATA without bytes (FRM-4)") end
  local payload = reader:take(size, "payload")
  tree:add(F["data.length"], payload, UInt64.new(size)):set_generated()
  tree:add(F["data.bytes"], payload)
  return string.format("%s/%s @%s +%d", tostring(transfer.u), tostring(chunk.u), tostring(offset.u), size)
end

function M.ACK(tree, reader)
  local largest, delay = reader:varint("largest"), reader:varint("delay")
  add_number(tree, "ack.largest", largest)
  add_number(tree, "ack.delay_us", delay)
  local first = reader.at
  local set = ranges.read_acknowledged(reader, largest, function(length, gap, text)
    if gap then add_number(tree, "ack.gap", gap) end
    add_number(tree, "ack.range", length):append_text(" (" .. text .. ")")
  end)
  local range = reader.tvb:range(first, reader.at - first)
  tree:add(F["ack.numbers"], range, set.text):set_generated()
  tree:add(F["ack.count"], range, set.total):set_generated()
  if set.ranges > 64 then reader:problem(range, "more than 64 ranges (ACK-2)") end
  if delay.n > 3600e6 then reader:problem(delay.range, "a delay of more than an hour (ACK-2)") end
  return set.text
end

function M.RECOVERED(tree, reader)
  local first = reader.at
  local text = M.ACK(tree, reader)
  local again = getmetatable(reader).new(reader.tvb, first, reader.last)
  again:varint("largest")
  local delay = again:varint("delay")
  if delay.n ~= 0 then reader:problem(delay.range, "a delay that is not 0") end
  return text
end

function M.REPAIR(tree, reader)
  local first, size = reader:varint("first number"), reader:varint("size")
  add_number(tree, "repair.first", first)
  add_number(tree, "repair.size", size)
  local covered = reader:take(size.n, "covered numbers")
  local inner = getmetatable(reader).new(reader.tvb, reader.at - size.n, reader.at)
  inner.problems = reader.problems
  local set = ranges.read(inner, first.u)
  tree:add(F["repair.covered"], covered, set.text)
  tree:add(F["repair.count"], covered, set.total):set_generated()
  local j, r = reader:take(1, "j"), reader:take(1, "r")
  tree:add(F["repair.symbol_index"], j, UInt64.new(j:uint()))
  tree:add(F["repair.symbols"], r, UInt64.new(r:uint()))
  local length = reader:left()
  if size.n == 0 or covered:range(0, 1):uint() ~= 0 then reader:problem(first.range, "the covered numbers do not begin with the first (RPR-1)") end
  if set.last - first.n >= 256 or set.total:tonumber() > 64 then reader:problem(first.range, "a block that is too wide (RPR-1)") end
  if j:uint() >= r:uint() or r:uint() > 32 then reader:problem(j, "no such repair symbol (RPR-1)") end
  if length < 3 or length > 16383 then reader:problem(r, "a symbol of " .. length .. " bytes (RPR-1)") end
  if length > 0 then tree:add(F["repair.symbol"], reader:take(length, "symbol")) end
  return string.format("%s [%d/%d]", set.text, j:uint(), r:uint())
end

function M.TOKEN(tree, reader)
  local size = reader:left()
  if size < 1 or size > 64 then reader:fail("a token of " .. size .. " bytes") end
  tree:add(F["token"], reader:take(size, "token"))
end

local function eight_bytes(abbrev)
  return function(tree, reader)
    if reader:left() ~= 8 then reader:fail(reader:left() .. " bytes, not 8") end
    tree:add(F[abbrev], reader:take(8, abbrev))
  end
end
M.CHALLENGE = eight_bytes("challenge")
M.RESPONSE = eight_bytes("response")

-- Ignored by receivers, whatever it is.
local function filling(tree, reader)
  local size = reader:left()
  if size > 0 then tree:add(F["frame.body"], reader:take(size, "body")) end
end
M.PADDING = filling
M.PROBE = filling

function M.CONTROL(tree, reader, context)
  local offset = reader:varint("offset")
  add_number(tree, "control.offset", offset)
  local size = reader:left()
  local range = size > 0 and reader:take(size, "control stream") or offset.range
  tree:add(F["control.length"], range, UInt64.new(size)):set_generated()
  if size > 0 then tree:add(F["control.bytes"], range) end
  return control.show(tree, context, offset.n, size > 0 and range or nil)
end

return M
