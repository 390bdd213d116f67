// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/codec/json.hpp>

#include <boost/hana/adapt_struct.hpp>

#include <string>
#include <string_view>
#include <utility>

struct note {
  explicit note(std::string WRONG_OR_RIGHT(name, name = {})) : id{std::move(name)} {}
  std::string id;
};
BOOST_HANA_ADAPT_STRUCT(note, id);

// first error: strata::codec: a struct that cannot be made from nothing cannot be stored
auto read(std::string_view text) { return strata::codec::json<note>{}.decode(text); }
