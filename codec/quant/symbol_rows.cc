// SPDX-License-Identifier: MIT
#include "codec/quant/symbol_rows.h"

#include "codec/quant/bitpack.h"

namespace kvferry {

SymbolSink::SymbolSink(const BlockShape& shape, std::uint8_t* symbols) : shape_(shape), out_(symbols) {}

SymbolSink::SymbolSink(const BlockShape& shape, unsigned bits, std::uint8_t* packed,
                       std::vector<std::uint8_t>& buffer)
    : shape_(shape), bits_(bits), out_(packed), rows_fill_bytes_(shape.columns() * bits % 8 == 0) {
  if (bits == 8) return;
  buffer_ = &buffer;
  buffer.resize(rows_fill_bytes_ ? shape.columns() : shape.elements());
}

std::uint8_t* SymbolSink::row(std::size_t row) {
  if (buffer_ == nullptr) return out_ + row * shape_.columns();
  return buffer_->data() + (rows_fill_bytes_ ? 0 : row * shape_.columns());
}

void SymbolSink::finish_row(std::size_t row) {
  if (buffer_ == nullptr || !rows_fill_bytes_) return;
  const std::size_t columns = shape_.columns();
  pack_bits(buffer_->data(), columns, bits_, out_ + row * (columns * bits_ / 8));
}

void SymbolSink::finish() {
  if (buffer_ != nullptr && !rows_fill_bytes_) pack_bits(buffer_->data(), shape_.elements(), bits_, out_);
}

SymbolSource::SymbolSource(const BlockShape& shape, const std::uint8_t* symbols)
    : shape_(shape), in_(symbols) {}

SymbolSource::SymbolSource(const BlockShape& shape, unsigned bits, const std::uint8_t* packed,
                           std::vector<std::uint8_t>& buffer)
    : shape_(shape), bits_(bits), in_(packed), rows_fill_bytes_(shape.columns() * bits % 8 == 0) {
  if (bits != 8) buffer_ = &buffer;
}

Result<void> SymbolSource::begin() {
  if (buffer_ == nullptr) return {};
  buffer_->resize(rows_fill_bytes_ ? shape_.columns() : shape_.elements());
  if (rows_fill_bytes_ || unpack_bits(in_, shape_.elements(), bits_, buffer_->data())) return {};
  return Error{"unused bits after the codes are set, expected zero"};
}

const std::uint8_t* SymbolSource::row(std::size_t row) {
  const std::size_t columns = shape_.columns();
  if (buffer_ == nullptr) return in_ + row * columns;
  if (!rows_fill_bytes_) return buffer_->data() + row * columns;
  // Whole bytes have no unused bits.
  static_cast<void>(unpack_bits(in_ + row * (columns * bits_ / 8), columns, bits_, buffer_->data()));
  return buffer_->data();
}

}  // namespace kvferry
