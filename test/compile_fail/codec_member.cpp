// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/codec/json.hpp>

#include <boost/hana/define_struct.hpp>

#include <memory>
#include <string>

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (WRONG_OR_RIGHT(std::unique_ptr<int>, int), count));
};

// first error: strata::codec: a member (or the value itself) has a type that cannot be stored.
auto write(note const& n, std::string& out) { return strata::codec::json<note>{}.encode(n, out); }
