// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/warm/jetstream/options.hpp>

#include <cstdint>
#include <optional>

#include "finding.hpp"

namespace knowledge_tool::doctor {

/// Looks at the servers, the stream and the user; changes nothing.
/// \returns the highest revision among some of its messages, from the newest to the oldest; nothing where the stream is not
///          there or cannot be used
std::optional<std::uint64_t> examine_nats(strata::warm::jetstream_detail::options const& settings, findings& found);

}  // namespace knowledge_tool::doctor
