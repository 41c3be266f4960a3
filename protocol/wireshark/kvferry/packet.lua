-- SPDX-License-Identifier: MIT
--
-- The datagram binding (section 6): one datagram is one packet.

local control = require("kvferry.control")
local crc32c = require("kvferry.crc32c")
local fields = require("kvferry.fields")
local frame = require("kvferry.frame")
local info = require("kvferry.info")
local Reader = require("kvferry.reader")
local train = require("kvferry.train")

local F, E = fields.F, fields.E
local PACKET, RETRY, VERSIONS = 0xA1, 0xA3, 0xA0
local M = {}

local function show_frames(tree, reader, context)
  while reader:left() > 0 do
    local at = reader.at
    local text, go_on = frame.show(tree, reader, "packet", context)
    info(context.pinfo, text)
    if not go_on then
      tree:add(F["undecoded"], reader.tvb:range(at)):add_proto_expert_info(context.cut and E.cut or E.malformed)
      return
    end
  end
end

local function show_token(tree, reader)
  local size = reader:left()
  if size > 0 then tree:add(F["token"], reader:take(size, "token")) end
  if size < 1 or size > 64 then reader:fail("a token of " .. size .. " bytes") end
end

local function show_versions(tree, reader)
  local size = reader:left()
  while reader:left() > 0 do tree:add(F["versions.kind"], reader:take(1, "kind")) end
  if size < 1 or size > 8 then reader:fail(size .. " kinds") end
end

local function show_packet(tree, reader, context)
  local tvb = reader.tvb
  local kind = reader:take(1, "kind")
  tree:add(F["packet.kind"], kind)
  local id = reader:take(8, "connection id")
  tree:add_le(F["connection_id"], id)
  context.connection_id = tostring(id:bytes())
  if kind:uint() == PACKET then
    local number = reader:varint("packet number")
    tree:add(F["packet.number"], number.range, number.u)
    tree:append_text(", packet " .. tostring(number.u))
    context.number = number.n
  end
  local before = tvb:range(0, reader.at)
  local crc = reader:take(4, "CRC32C")
  local covered = { before }
  if reader:left() > 0 then covered[2] = tvb:range(reader.at, reader:left()) end
  context.intact = frame.show_crc(tree, crc, not context.cut and covered or nil) == 1
  if kind:uint() == PACKET then
    if reader:left() == 0 then info(context.pinfo, "no frames") end
    show_frames(tree, reader, context)
  elseif kind:uint() == RETRY then
    info(context.pinfo, "RETRY")
    show_token(tree, reader)
  else
    info(context.pinfo, "VERSIONS")
    show_versions(tree, reader)
  end
end

-- Kinds of other versions: ADR-7.
local function show_other(tree, tvb, pinfo, kind)
  local known = kind >= 0xA0 and kind <= 0xAF
  tree:add(F["packet.kind"], tvb:range(0, 1))
  tree:add(F["undecoded"], tvb:range(0))
    :add_proto_expert_info(known and E.unknown or E.malformed, string.format("a packet of kind 0x%02x", kind))
  info(pinfo, string.format("kind 0x%02x", kind))
end

local function dissect_one(proto, tvb, pinfo, root, cut)
  local length = tvb:len()
  local tree = root:add(proto, tvb:range(0, length))
  local kind = tvb:range(0, 1):uint()
  if kind ~= PACKET and kind ~= RETRY and kind ~= VERSIONS then return show_other(tree, tvb, pinfo, kind) end
  local reader = Reader.new(tvb, 0, length)
  local context = { pinfo = pinfo, tvb = tvb, cut = cut }
  local ok, fault = pcall(show_packet, tree, reader, context)
  if not ok and not Reader.is_fault(fault) then error(fault, 0) end
  if not ok then
    tree:add_tvb_expert_info(context.cut and E.cut or E.malformed, fault.range, fault.text)
    info(pinfo, "[malformed]")
  end
  for _, problem in ipairs(reader.problems) do tree:add_tvb_expert_info(E.not_allowed, problem.range, problem.text) end
end

function M.dissect(proto, tvb, pinfo, root)
  local length = tvb:len()
  pinfo.cols.protocol = "kvferry"
  if length == 0 then root:add(proto, tvb:range(0, 0)) end
  local each = length > 0 and train.datagram_bytes(tvb:raw(0, length)) or 1
  for at = 0, length - 1, each do
    local left = length - at
    local cut = left <= each and tvb:reported_len() > length
    dissect_one(proto, tvb:range(at, math.min(each, left)):tvb(), pinfo, root, cut)
  end
  return length
end

-- A kind of this version, and a CRC32C that fits the whole datagram, or the first of several.
function M.is_packet(tvb)
  local length = tvb:len()
  if length < 14 or tvb:reported_len() > length then return false end
  local bytes = tvb:raw(0, length)
  local kind = bytes:byte(1)
  if kind == PACKET then return train.is_one_packet(bytes:sub(1, train.datagram_bytes(bytes))) end
  if kind ~= RETRY and kind ~= VERSIONS then return false end
  return crc32c({ bytes:sub(1, 9), bytes:sub(14) }) == tvb:range(9, 4):le_uint()
end

M.reset = control.reset
return M
