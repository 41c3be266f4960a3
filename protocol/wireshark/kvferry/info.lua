-- SPDX-License-Identifier: MIT
--
-- The Info column. A segment may be dissected in several calls; what an earlier one wrote stays.

return function(pinfo, text)
  if pinfo.private["kvferry"] then
    pinfo.cols.info:append(", " .. text)
  else
    pinfo.cols.info:set(text)
    pinfo.private["kvferry"] = "1"
  end
  pinfo.cols.info:fence()
end
