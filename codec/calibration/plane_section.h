// SPDX-License-Identifier: MIT
//
// The part of a calibration file that bit planes need: FORMAT.md, "Calibration files".
#pragma once

#include "codec/calibration/field_reader.h"
#include "codec/planes/plane_calibration.h"
#include "protocol/base/bytes.h"

namespace kvferry {

void put_planes(const PlaneCalibration& planes, Bytes& out);
[[nodiscard]] Result<PlaneCalibration> read_planes(FieldReader& in, const KvGeometry& geometry);

}  // namespace kvferry
