// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

// The tool without servers: over memory and a SQLite file. Its cache is another type, compiled beside the first one.
namespace knowledge_tool {

/// Whether the call says where servers are: by an argument, or by a variable of ours or of libpq's.
bool names_servers(int argc, char** argv);

/// \returns the exit code
int run_embedded(int argc, char** argv);

}  // namespace knowledge_tool
