-- SPDX-License-Identifier: MIT
--
-- Wireshark dissector of the kvferry wire protocol (protocol/SPEC.md), over TCP and UDP. Its parts are in the folder
-- kvferry/ beside this file; README.md says how to load it.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
package.path = here .. "?.lua;" .. package.path

local fields = require("kvferry.fields")
local packet = require("kvferry.packet")
local stream = require("kvferry.stream")

local kvferry = Proto("kvferry", "kvferry KV cache transfer")

for name, field in pairs(fields.F) do
  if name ~= "features" then kvferry.fields[#kvferry.fields + 1] = field end
end
for _, expert in pairs(fields.E) do kvferry.experts[#kvferry.experts + 1] = expert end

local DEFAULT_PORTS = "4917"
kvferry.prefs.tcp_ports =
  Pref.range("TCP ports", DEFAULT_PORTS, "Ports whose connections are kvferry's, whatever they begin with", 65535)
kvferry.prefs.udp_ports =
  Pref.range("UDP ports", DEFAULT_PORTS, "Ports whose datagrams are kvferry's, damaged ones too", 65535)

-- One table entry cannot tell the transports apart, so the port type does: 2 is TCP, 3 is UDP.
function kvferry.dissector(tvb, pinfo, root)
  if pinfo.port_type == 3 then return packet.dissect(kvferry, tvb, pinfo, root) end
  return stream.dissect(kvferry, tvb, pinfo, root)
end

local function claim(dissect, recognizes)
  return function(tvb, pinfo, root)
    if not recognizes(tvb) then return false end
    pinfo.conversation = kvferry
    dissect(kvferry, tvb, pinfo, root)
    return true
  end
end
kvferry:register_heuristic("tcp", claim(stream.dissect, stream.is_hello))
kvferry:register_heuristic("udp", claim(packet.dissect, packet.is_packet))

kvferry.init = packet.reset

local tables = { tcp = DissectorTable.get("tcp.port"), udp = DissectorTable.get("udp.port") }
local registered = {}

local function register_ports()
  for name, ports in pairs({ tcp = kvferry.prefs.tcp_ports, udp = kvferry.prefs.udp_ports }) do
    if registered[name] then tables[name]:remove(registered[name], kvferry) end
    registered[name] = ports ~= "" and ports or nil
    if registered[name] then tables[name]:add(ports, kvferry) end
  end
end
kvferry.prefs_changed = register_ports
register_ports()
for _, ports in pairs(tables) do ports:add_for_decode_as(kvferry) end
