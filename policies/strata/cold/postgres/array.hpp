// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <pqxx/util>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// An array parameter in PostgreSQL's binary form, in which the elements stand as they are. In its text form each
// character is looked at for a quote, here and on the server: a thousand saves took the server a tenth longer.
namespace strata::cold::pg {

/// The types' numbers, the same in every PostgreSQL.
enum class oid : std::uint32_t { text = 25, real = 700, jsonb = 3802 };

class array {
 public:
  /// \param bytes  of all elements together, as far as that is known
  array(oid type, std::size_t elements, std::size_t bytes) : json_{type == oid::jsonb} {
    bytes_.reserve(header + 5 * elements + bytes);
    for (std::uint32_t const word : {1U, 0U, static_cast<std::uint32_t>(type), 0U, 1U}) append(word);
  }
  void add(std::string_view one) {
    append(static_cast<std::uint32_t>(one.size() + (json_ ? 1 : 0)));
    if (json_) bytes_ += '\1';  // the version of jsonb's binary form, which is its text
    bytes_ += one;
    put(at_count, ++count_);
  }
  /// Valid until the next add.
  [[nodiscard]] auto view() const { return pqxx::binary_cast(bytes_); }

 private:
  static constexpr std::size_t header = 20;  // dimensions, flags, type; then for the one dimension: count, lower bound
  static constexpr std::size_t at_count = 12;

  void append(std::uint32_t word) {
    bytes_.append(4, '\0');
    put(bytes_.size() - 4, word);
  }
  void put(std::size_t at, std::uint32_t word) noexcept {  // the network's order
    for (std::size_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(word >> (24 - 8 * i) & 255U);
  }

  std::string bytes_;
  std::uint32_t count_ = 0;
  bool json_;
};

inline array array_of(std::span<std::string_view const> keys) {
  std::size_t bytes = 0;
  for (auto const key : keys) bytes += key.size();
  array all{oid::text, keys.size(), bytes};
  for (auto const key : keys) all.add(key);
  return all;
}

}  // namespace strata::cold::pg
