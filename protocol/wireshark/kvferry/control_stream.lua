-- SPDX-License-Identifier: MIT
--
-- One direction of a connection's control stream (6.1): pieces in any order to messages in order.

local frame_types = require("kvferry.frame_types")
local Reader = require("kvferry.reader")

local GIVE_UP_S = 12          -- above the greatest probe timeout (6.3): who was to send it again has
local GIVE_UP_BYTES = 2097152 -- PKT-6
local EARLY_NUMBERS = 128     -- a direction that is first seen above this packet number was joined late

local Stream = {}
Stream.__index = Stream

-- first_number: the number of the first packet seen in this direction.
function Stream.new(first_number)
  return setmetatable({
    joined_late = first_number > EARLY_NUMBERS,
    next = 0,               -- offset behind the contiguous bytes
    parts = {}, size = 0,   -- contiguous bytes of messages that are not whole
    need = 1,               -- as many of them make the next step possible
    pending = {},           -- pieces behind a gap
    open = {},              -- shared by the records of pieces that wait for one message; gets its `frame`
  }, Stream)
end

-- Size of the message at `at` when that much can be told, and whether it cannot be one.
local function look(bytes, at)
  local number, number_size = Reader.peek_varint(bytes, at)
  if not number then return nil, false end
  local length, length_size = Reader.peek_varint(bytes, at + number_size)
  if not length then return nil, false end
  return number_size + length_size + length, length > frame_types.find(number).limit
end

local function begins_message(bytes)
  local size, broken = look(bytes, 1)
  local number, number_size = Reader.peek_varint(bytes, 1)
  local kind = number and frame_types.find(number)
  if not size or broken or not kind.control then return false end
  local _, length_size = Reader.peek_varint(bytes, 1 + number_size)
  return bytes:find("^[\129-\143]%z", 1 + number_size + length_size) ~= nil
end

function Stream:append(offset, bytes)
  local skip = self.next - offset
  self.parts[#self.parts + 1] = bytes:sub(skip + 1)
  self.size = self.size + #bytes - skip
  self.next = offset + #bytes
end

-- Takes over the pending pieces that no gap stands before any more.
function Stream:drain(frame)
  repeat
    local again = false
    local kept = {}
    for _, piece in ipairs(self.pending) do
      if piece.offset > self.next then
        kept[#kept + 1] = piece
      else
        piece.open.frame = frame
        if piece.offset + #piece.bytes > self.next then
          self:append(piece.offset, piece.bytes)
          again = true
        end
      end
    end
    self.pending = kept
  until not again
end

-- The messages that are whole now, taken from the front: { offset, bytes }.
function Stream:take_messages(frame, record)
  if self.broken or self.size < self.need then return end
  local bytes, at = table.concat(self.parts), 1
  local start = self.next - self.size
  self.need = nil
  while at <= #bytes do
    local size, broken = look(bytes, at)
    if broken then
      self.broken, record.broken = true, true
      at = #bytes + 1
      break
    end
    if not size or at + size - 1 > #bytes then
      self.need = size
      break
    end
    record.messages[#record.messages + 1] = { offset = start + at - 1, bytes = bytes:sub(at, at + size - 1) }
    at = at + size
  end
  local rest = bytes:sub(at)
  self.parts, self.size = { rest }, #rest
  self.need = self.need or #rest + 1
  if #record.messages > 0 then
    self.open.frame = frame
    self.open = {}
  end
end

-- Begins anew at this offset; what is pending before it is lost.
function Stream:jump(offset)
  self.next, self.parts, self.size, self.need, self.broken, self.joined_late = offset, {}, 0, 1, false, false
  local kept = {}
  for _, piece in ipairs(self.pending) do
    if piece.offset >= offset then kept[#kept + 1] = piece end
  end
  self.pending = kept
end

-- What the capture does not have will not come any more: go on at the first piece that begins a message, or as if joined
-- late.
function Stream:give_up_gap(record)
  table.sort(self.pending, function(a, b) return a.offset < b.offset end)
  for _, piece in ipairs(self.pending) do
    if begins_message(piece.bytes) then
      record.gap = { first = self.next, last = piece.offset - 1 }
      self:jump(piece.offset)
      return
    end
  end
  self.pending, self.joined_late = {}, true
end

function Stream:gap_is_old(time)
  if #self.pending == 0 then return false end
  local bytes = 0
  for _, piece in ipairs(self.pending) do bytes = bytes + #piece.bytes end
  return time - self.pending[1].time > GIVE_UP_S or bytes > GIVE_UP_BYTES
end

-- Takes a piece that came in this frame of the capture at `time` (s). The record says what became of it:
--   messages { offset, bytes } · state "repeated", "early", "lost" or nil · rest: it ends within a message
--   open.frame: where the message it waits for is shown · gap { first, last }: bytes that were given up
--   broken: no message begins where one should
function Stream:add(offset, bytes, frame, time)
  local record = { messages = {}, open = {} }
  if self.joined_late and begins_message(bytes) then self:jump(offset) end
  if self.broken then
    record.state = "lost"
  elseif #bytes > 0 and offset + #bytes <= self.next then
    record.state = "repeated"
  elseif offset > self.next then
    record.state = "early"
    self.pending[#self.pending + 1] = { offset = offset, bytes = bytes, time = time, open = record.open }
  else
    self:append(offset, bytes)
  end
  if self:gap_is_old(time) then self:give_up_gap(record) end
  self:drain(frame)
  self:take_messages(frame, record)
  if not record.state and self.size > 0 then record.open, record.rest = self.open, true end
  return record
end

return Stream
