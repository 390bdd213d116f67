// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/codec.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/hash.hpp>
#include <strata/key.hpp>
#include <strata/none.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace strata {

namespace detail {

template <class K>
concept key_has_text = requires(K const& k, std::string_view text) {
  { key<K>::text(k) } -> std::convertible_to<std::string_view>;
  { key<K>::parse(text) } -> std::convertible_to<std::optional<K>>;
};
template <class K>
concept key_can_be_hashed = std::convertible_to<key_view<K>, std::string_view> || std::integral<K> ||
                            std::is_enum_v<K> || requires(K const& k) { std::hash<K>{}(k); };

template <class K>
concept usable_key =
    std::copy_constructible<K> && std::equality_comparable<K> && key_has_text<K> && key_can_be_hashed<K>;

template <class Codec>
inline constexpr bool keeps_nothing = false;
template <class T, class Key>
inline constexpr bool keeps_nothing<codec::none<T, Key>> = true;

}  // namespace detail

#define STRATA_CODEC "strata::cache, 4th parameter (Codec): "

/// The ladder of the value and the key that a codec names.
template <class C, class T, class Key>
consteval bool explain_names() {
  STRATA_RUNG(C, (std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> && !std::is_array_v<T>),
              STRATA_CODEC
              "its 'value_type' is const, a reference, an array or void. Boxes own the values of a cache. "
              "Name a plain type that owns what it holds.")
  STRATA_RUNG(C, std::is_move_constructible_v<T>,
              STRATA_CODEC
              "its 'value_type' cannot be moved. A value is moved from the call that brings it into its box. "
              "Give it a move constructor.")
  STRATA_RUNG(C, (std::is_object_v<Key> && std::copy_constructible<Key> && std::equality_comparable<Key>),
              STRATA_CODEC
              "its 'key_type' cannot be copied and compared. Entries own their keys. "
              "Name a plain type with operator==; text is std::string.")
  STRATA_RUNG(C, detail::key_has_text<Key>,
              STRATA_CODEC
              "its 'key_type' has no text. Below the hot tier a key is 1 to 512 bytes of UTF-8. Specialise "
              "strata::key<K> with 'static std::string text(K const&)' and "
              "'static std::optional<K> parse(std::string_view)'.")
  STRATA_RUNG(C, detail::key_can_be_hashed<Key>,
              STRATA_CODEC "its 'key_type' cannot be hashed. Memory finds entries by hash. Specialise std::hash<K>.")
  return true;
}

/// The ladder of what tiers below memory need.
template <class C>
consteval bool explain_coding() {
  using T = typename C::value_type;
  STRATA_RUNG(C, !detail::keeps_nothing<C>,
              STRATA_CODEC
              "strata::codec::none keeps values in memory alone. Warm keeps bytes and cold keeps rows: name a "
              "codec such as strata::codec::json<T>, or make both tiers strata::none.")
  STRATA_RUNG(C, std::default_initializable<C>,
              STRATA_CODEC
              "it cannot be made from nothing. A codec has no state, and each cache makes its own. "
              "Give it a default constructor.")
  STRATA_RUNG(C, (requires {
                { C::id } -> std::convertible_to<std::string_view>;
              }),
              STRATA_CODEC
              "names no 'id'. Stored bytes say who made them, so that nobody decodes what another wrote. "
              "Add 'static constexpr std::string_view id = \"...\";'.")
  STRATA_RUNG(C, (requires {
                { C::fingerprint } -> std::convertible_to<std::uint64_t>;
              }),
              STRATA_CODEC
              "names no 'fingerprint'. It tells people which version of the struct made stored bytes. "
              "Add 'static constexpr std::uint64_t fingerprint = ...;'.")
  STRATA_RUNG(C, (requires(C const& c, T const& value, std::string& out) { c.encode(value, out); }),
              STRATA_CODEC
              "it has no encode(value_type const&, std::string&) const that can be called. Tiers below memory "
              "keep bytes. Add 'result<void> encode(T const& value, std::string& out) const'.")
  STRATA_RUNG(C, (requires(C const& c, T const& value, std::string& out) {
                { c.encode(value, out) } -> std::same_as<result<void>>;
              }),
              STRATA_CODEC
              "encode does not return result<void>. A value that cannot be stored is refused with a reason. "
              "Return strata::result<void>.")
  STRATA_RUNG(C, (requires(C const& c, std::string_view bytes) { c.decode(bytes); }),
              STRATA_CODEC
              "it has no decode(std::string_view) const that can be called. Tiers below memory keep bytes. "
              "Add 'result<T> decode(std::string_view bytes) const'.")
  STRATA_RUNG(C, (requires(C const& c, std::string_view bytes) {
                { c.decode(bytes) } -> std::same_as<result<T>>;
              }),
              STRATA_CODEC
              "decode does not return result<value_type>. Bytes that do not decode are a miss with a reason. "
              "Return strata::result<value_type>.")
  static_assert(value_codec<C>);
  return true;
}

/// The ladder of the fourth place. Below: whether there is a tier that keeps bytes or rows.
template <class C, bool Below>
consteval bool explain_codec() {
  STRATA_RUNG(C, (!std::is_same_v<C, none>),
              STRATA_CODEC
              "strata::none stands for an absent tier. Even without a codec the cache must know what it keeps. "
              "Write strata::codec::none<T>, with your own type for T.")
  STRATA_RUNG(C, !detail::policy_like<C>,
              STRATA_CODEC
              "this is the policy of a tier. The codec comes last. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(C, detail::names_value<C>,
              STRATA_CODEC
              "names no 'value_type'. The codec says what the cache keeps. Take strata::codec::json<T>, "
              "strata::codec::none<T> for memory alone, or add 'using value_type = T;'.")
  if constexpr (!explain_names<C, typename C::value_type, key_in<C>>())
    return false;
  else if constexpr (Below)
    return explain_coding<C>();
  else
    return true;
}

#undef STRATA_CODEC

}  // namespace strata
