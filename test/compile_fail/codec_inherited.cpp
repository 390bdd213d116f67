// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/codec/json.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>

#include <string>

struct entity {
  BOOST_HANA_DEFINE_STRUCT(entity, (std::string, id));
};
struct note : entity {
  std::string text;
};
#ifdef STRATA_MENDED
BOOST_HANA_ADAPT_STRUCT(note, id, text);
#endif

// first error: strata::codec: a struct that inherits its description cannot be stored
auto write(note const& n, std::string& out) { return strata::codec::json<note>{}.encode(n, out); }
