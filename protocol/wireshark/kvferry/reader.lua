-- SPDX-License-Identifier: MIT
--
-- A cursor over bytes [at, last) of a Tvb that never reads beyond them. What makes the rest unreadable is raised as a
-- Fault, and caught where a frame begins; what is wrong but readable (a varint in a longer form) is kept in `problems`.

local Fault = {}

local Reader = {}
Reader.__index = Reader

local SIZES = { [0] = 1, 2, 4, 8 }
local LEAST = { 0, 64, [4] = 16384, [8] = 1073741824 }  -- the first value that needs so many bytes
local LOW_62_BITS = UInt64.new(0xFFFFFFFF, 0x3FFFFFFF)

function Reader.new(tvb, first, last)
  return setmetatable({ tvb = tvb, at = first, last = last, problems = {} }, Reader)
end

-- As many bytes as there are from here on, at most `size`: a range to hang a complaint on.
function Reader:here(size)
  local at = math.min(self.at, math.max(self.tvb:len() - 1, 0))
  return self.tvb:range(at, math.max(math.min(size, self.tvb:len() - at), 0))
end

function Reader:fail(text)
  error(setmetatable({ text = text, range = self:here(1) }, Fault), 0)
end

function Reader:problem(range, text)
  self.problems[#self.problems + 1] = { range = range, text = text }
end

function Reader:left()
  return self.last - self.at
end

function Reader:take(size, what)
  if size > self:left() then
    self:fail(string.format("%s: %.0f bytes, but %d are left", what, size, self:left()))
  end
  local range = self.tvb:range(self.at, size)
  self.at = self.at + size
  return range
end

-- { u = the value, n = as a Lua number (inexact from 2^53 on), range }
function Reader:varint(what)
  if self:left() < 1 then self:fail(what .. ": missing") end
  local top = self.tvb:range(self.at, 1):uint()
  local size = SIZES[(top - top % 64) / 64]
  local range = self:take(size, what)
  local u
  if size == 8 then
    u = range:uint64():band(LOW_62_BITS)
  else
    u = UInt64.new(range:uint() % 2 ^ (8 * size - 2))
  end
  local n = u:tonumber()
  if n < LEAST[size] then self:problem(range, what .. ": not in its shortest form") end
  return { u = u, n = n, range = range }
end

function Reader.is_fault(thing)
  return getmetatable(thing) == Fault
end

-- The number in a varint and its size, without a Reader; nothing when it is not all there.
function Reader.peek_varint(bytes, at)
  local top = bytes:byte(at)
  if not top then return nil end
  local size = SIZES[(top - top % 64) / 64]
  if at + size - 1 > #bytes then return nil end
  local n = top % 64
  for i = at + 1, at + size - 1 do n = n * 256 + bytes:byte(i) end
  return n, size
end

return Reader
