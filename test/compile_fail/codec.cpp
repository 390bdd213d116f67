// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <functional>

using namespace pieces;
using strata::none;

// first error: strata::cache, 4th parameter (Codec): this is no class.
COMPOSE(policy<hot>, none, none, WRONG_OR_RIGHT(int, memory));

// next error: strata::cache, 4th parameter (Codec): strata::none stands for an absent tier.
COMPOSE(policy<hot>, none, none, WRONG_OR_RIGHT(none, memory));

// next error: strata::cache, 4th parameter (Codec): this is the policy of a tier.
COMPOSE(policy<hot>, none, none, WRONG_OR_RIGHT(policy<hot>, memory));

// next error: strata::cache, 4th parameter (Codec): names no 'value_type'.
COMPOSE(policy<hot>, none, none, WRONG_OR_RIGHT(asset, memory));

// next error: strata::cache, 4th parameter (Codec): its 'value_type' is const, a reference
COMPOSE(policy<hot>, none, none, strata::codec::none<WRONG_OR_RIGHT(asset const, asset)>);

// next error: strata::cache, 4th parameter (Codec): its 'value_type' cannot be moved.
struct fixed : asset {
  WRONG(fixed(fixed&&) = delete;)
};
COMPOSE(policy<hot>, none, none, strata::codec::none<fixed>);

// next error: strata::cache, 4th parameter (Codec): its 'key_type' cannot be copied and compared.
COMPOSE(policy<hot>, none, none, strata::codec::none<asset, WRONG_OR_RIGHT(asset, std::string)>);

// next error: strata::cache, 4th parameter (Codec): its 'key_type' has no text.
struct place {
  int row, column;
  bool operator==(place const&) const = default;
};
COMPOSE(policy<hot>, none, none, strata::codec::none<asset, WRONG_OR_RIGHT(place, int)>);

// next error: strata::cache, 4th parameter (Codec): its 'key_type' cannot be hashed.
struct name {
  std::string of;
  bool operator==(name const&) const = default;
};
template <>
struct strata::key<name> {
  static std::string text(name const& n) { return n.of; }
  static std::optional<name> parse(std::string_view text) { return name{std::string{text}}; }
};
#ifdef STRATA_MENDED
template <>
struct std::hash<name> {
  std::size_t operator()(name const& n) const noexcept { return std::hash<std::string>{}(n.of); }
};
#endif
COMPOSE(policy<hot>, none, none, strata::codec::none<asset, name>);

// next error: strata::cache, 4th parameter (Codec): strata::codec::none keeps values in memory alone.
COMPOSE(none, policy<warm>, none, WRONG_OR_RIGHT(memory, bytes));

// next error: strata::cache, 4th parameter (Codec): it cannot be made from nothing.
struct stateful : bytes {
  WRONG(explicit stateful(int);)
};
COMPOSE(none, policy<warm>, none, stateful);

// next error: strata::cache, 4th parameter (Codec): names no 'id'.
struct no_id : bytes {
  WRONG(static constexpr int id = 1;)
};
COMPOSE(none, policy<warm>, none, no_id);

// next error: strata::cache, 4th parameter (Codec): names no 'fingerprint'.
struct no_fingerprint : bytes {
  WRONG(static constexpr std::string_view fingerprint = "";)
};
COMPOSE(none, policy<warm>, none, no_fingerprint);

// next error: strata::cache, 4th parameter (Codec): it has no encode(
struct no_encode : bytes {
  WRONG(void encode();)
};
COMPOSE(none, policy<warm>, none, no_encode);

// next error: strata::cache, 4th parameter (Codec): encode does not return result<void>
struct wrong_encode : bytes {
  WRONG(void encode(asset const&, std::string&) const;)
};
COMPOSE(none, policy<warm>, none, wrong_encode);

// next error: strata::cache, 4th parameter (Codec): it has no decode(
struct no_decode : bytes {
  WRONG(strata::result<asset> decode(std::string_view);)
};
COMPOSE(none, policy<warm>, none, no_decode);

// next error: strata::cache, 4th parameter (Codec): decode does not return result<value_type>
struct wrong_decode : bytes {
  WRONG(std::optional<asset> decode(std::string_view) const;)
};
COMPOSE(none, policy<warm>, none, wrong_decode);
