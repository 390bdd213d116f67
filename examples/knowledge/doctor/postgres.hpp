// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/options.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finding.hpp"

namespace knowledge_tool::doctor {

/// Looks at the server, the table, its indexes and the role; changes nothing.
/// \returns the highest revision that anything in it has; nothing where the table is not there or not set up
std::optional<std::uint64_t> examine_postgres(strata::cold::pg::options const& settings, findings& found);

/// Reads one row of the table, prepared, as a program without Strata would.
/// \returns how long it took; nothing when the row is not there
std::optional<std::chrono::nanoseconds> read_row(strata::cold::pg::options const& settings, std::string const& id);

}  // namespace knowledge_tool::doctor
