// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

// The only thing that travels between instances: which key, which revision, and whether it is there or gone.
namespace strata {

/// Orders the copies of one key; nothing else does. Assigned by the lowest tier present; zero stands for "none".
enum class revision : std::uint64_t {};

constexpr std::uint64_t number(revision r) noexcept { return static_cast<std::uint64_t>(r); }

/// What a copy says of its key.
enum class operation : std::uint8_t {
  put,
  erase,
  notice,  ///< the key has this revision, and its value is not here: too big for the tier
};

constexpr std::string_view to_string(operation o) noexcept {
  return o == operation::put ? "put" : o == operation::erase ? "erase" : "notice";
}

/// \threads a view: valid as long as the key's bytes
struct change {
  std::string_view key{};
  strata::revision revision{};
  strata::operation operation = operation::put;
};

/// What must be stored for a write to go ahead: nothing asked (nullopt), absence (revision zero), or that revision.
using expectation = std::optional<revision>;
inline constexpr auto anything = std::nullopt;
inline constexpr revision absence{};

}  // namespace strata
