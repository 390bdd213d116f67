// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>

// What a value carries, so that whoever reads it can tell whether it was written to this key, by which call, and whether
// it is whole: `key|operation|filling|sum`.
namespace faults {

constexpr std::uint64_t sum_of(std::string_view bytes) noexcept {
  std::uint64_t sum = 14695981039346656037U;
  for (char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return sum;
}

inline std::string marked(std::string_view key, std::uint64_t operation, std::size_t filling) {
  std::string text = std::format("{}|{:016x}|", key, operation);
  for (std::size_t n = 0; n < filling; ++n) text += static_cast<char>('a' + (operation + n * n) % 26);
  text += '|';
  return text += std::format("{:016x}", sum_of(text));
}

/// \returns the number of the call that wrote it; nothing when the text is damaged or was written to another key
inline std::optional<std::uint64_t> operation_in(std::string_view key, std::string_view text) noexcept {
  auto const number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t n = 0;
    auto const [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), n, 16);
    if (fault != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return n;
  };
  if (text.size() < key.size() + 35 || !text.starts_with(key) || text[key.size()] != '|') return std::nullopt;
  if (number(text.substr(text.size() - 16)) != sum_of(text.substr(0, text.size() - 16))) return std::nullopt;
  return number(text.substr(key.size() + 1, 16));
}

/// The keys of a round; some are no plain words.
inline std::string key_of(std::string_view round, std::uint32_t number) {
  return number % 3 == 0 ? std::format("faults {}.{}*>", round, number) : std::format("faults-{}-{}", round, number);
}

}  // namespace faults
