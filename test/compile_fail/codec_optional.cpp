// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/codec/msgpack.hpp>

#include <boost/hana/define_struct.hpp>

#include <optional>
#include <string>

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::optional<WRONG_OR_RIGHT(std::optional<int>, int)>, count));
};

// first error: strata::codec: an optional of an optional, or of metadata, cannot be stored
auto write(note const& n, std::string& out) { return strata::codec::msgpack<note>{}.encode(n, out); }
