// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/warm/jetstream/options.hpp>

#include "finding.hpp"

namespace knowledge_tool::doctor {

/// Looks at the servers, the stream and the user; changes nothing.
/// \returns whether the stream is there and can be used
bool examine_nats(strata::warm::jetstream_detail::options const& settings, findings& found);

}  // namespace knowledge_tool::doctor
