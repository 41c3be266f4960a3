-- SPDX-License-Identifier: MIT
--
-- The bodies that are not maps: DATA and the frames of packets. Each takes (tree, reader, context) and returns what stands
-- after the frame's name.

local F = require("kvferry.fields").F
local control = require("kvferry.control")
local ranges = require("kvferry.ranges")
local Reader = require("kvferry.reader")

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

local function show_acknowledgement(tree, reader)
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
  return set.text, delay
end

function M.ACK(tree, reader)
  return (show_acknowledgement(tree, reader))
end

function M.RECOVERED(tree, reader)
  local text, delay = show_acknowledgement(tree, reader)
  if delay.n ~= 0 then reader:problem(delay.range, "a delay that is not 0 (6.7)") end
  return text
end

-- RPR-1. block: first (varint), covered, j, r (ranges), set, size (of the symbol).
local function check_repair(reader, block)
  local begins = block.covered:len() > 0 and block.covered:range(0, 1):uint() == 0
  if not begins then reader:problem(block.first.range, "the covered numbers do not begin with the first (RPR-1)") end
  local span, count = block.set.last - block.first.n + 1, block.set.total:tonumber()
  if span > 256 or count > 64 then reader:problem(block.first.range, "a block that is too wide (RPR-1)") end
  local j, r = block.j:uint(), block.r:uint()
  if j >= r or r > 32 then reader:problem(block.j, "no such repair symbol (RPR-1)") end
  if block.size < 3 or block.size > 16383 then
    reader:problem(block.r, "a symbol of " .. block.size .. " bytes (RPR-1)")
  end
end

function M.REPAIR(tree, reader)
  local block = { first = reader:varint("first number") }
  local size = reader:varint("size")
  add_number(tree, "repair.first", block.first)
  add_number(tree, "repair.size", size)
  block.covered = reader:take(size.n, "covered numbers")
  local inner = Reader.new(reader.tvb, reader.at - size.n, reader.at)
  inner.problems = reader.problems
  block.set = ranges.read(inner, block.first.u)
  tree:add(F["repair.covered"], block.covered, block.set.text)
  tree:add(F["repair.count"], block.covered, block.set.total):set_generated()
  block.j, block.r = reader:take(1, "j"), reader:take(1, "r")
  tree:add(F["repair.symbol_index"], block.j, UInt64.new(block.j:uint()))
  tree:add(F["repair.symbols"], block.r, UInt64.new(block.r:uint()))
  block.size = reader:left()
  if block.size > 0 then tree:add(F["repair.symbol"], reader:take(block.size, "symbol")) end
  check_repair(reader, block)
  return string.format("%s [%d/%d]", block.set.text, block.j:uint(), block.r:uint())
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
