// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/codec/json.hpp>

#include <boost/hana/define_struct.hpp>

#include <set>
#include <string>
#include <vector>

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::set<WRONG_OR_RIGHT(std::vector<int>, int)>, marks));
};

// first error: strata::codec: a set of structs, lists or optionals cannot be stored
auto write(note const& n, std::string& out) { return strata::codec::json<note>{}.encode(n, out); }
