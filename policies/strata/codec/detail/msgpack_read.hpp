// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/build.hpp>
#include <strata/codec/detail/json_read.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// MessagePack straight into a value: msgpack-cxx's visitor parser tells the builder what it reads. The parser keeps its
// own stack on the heap and would let it grow with the bytes, so depth is counted here; it believes what lists and maps
// claim to hold, so claims are added up against the bytes there are.
namespace strata::codec::detail {

/// Extension type of metadata that is no map of text to text: its JSON text. 'J'.
inline constexpr std::int8_t json_extension = 74;

class msgpack_source {
 public:
  static constexpr bool is_json = false;
  static std::string_view text_fault(std::string_view text) noexcept { return strata::text_fault(text); }
  static std::string_view json_since(std::size_t) noexcept { return {}; }
};

// The visitor msgpack-cxx asks for; a member returns false to stop the parser.
class msgpack_visitor : public ::msgpack::null_visitor {
 public:
  msgpack_visitor(msgpack_source& source, place root, std::size_t bytes) noexcept
      : build{source, root}, unclaimed_{bytes} {}

  bool visit_nil() { return value(scalar{}); }
  bool visit_boolean(bool b) { return value(scalar::of(b)); }
  bool visit_positive_integer(std::uint64_t u) { return value(scalar::of(u)); }
  bool visit_negative_integer(std::int64_t i) { return value(scalar::of(i)); }
  bool visit_float32(float f) { return value(scalar::of(static_cast<double>(f))); }
  bool visit_float64(double d) { return value(scalar::of(d)); }
  bool visit_str(char const* text, std::uint32_t size) {
    if (in_key_) return build.key({text, size});
    return build.set(build.next(), scalar::of(std::string_view{text, size}));
  }
  bool visit_bin(char const*, std::uint32_t) { return in_key_ ? build.foreign_key() : refuse("bytes"); }
  bool visit_ext(char const* bytes, std::uint32_t size) {  // the first byte is the type
    if (in_key_) return build.foreign_key();
    place const to = build.next();
    if (!to) return !build.failed();
    if (to.type->is != kind::metadata || static_cast<signed char>(*bytes) != json_extension)
      return build.refuse(to, "an extension");
    return read_json({bytes + 1, size - 1}, to).has_value() || build.refuse(to, "an extension that is not fit JSON");
  }
  bool start_array(std::uint32_t size) { return no_key() && claim(size) && build.open_list(); }
  bool end_array() { return build.close(); }
  bool start_map(std::uint32_t size) { return no_key() && claim(2 * std::size_t{size}) && build.open_map(); }
  bool end_map() { return build.close(); }
  bool start_map_key() noexcept { return in_key_ = true; }
  bool end_map_key() noexcept {
    in_key_ = false;
    return true;
  }

  builder<msgpack_source> build;

 private:
  bool value(scalar const& s) { return in_key_ ? build.foreign_key() : build.set(build.next(), s); }
  bool refuse(std::string_view what) {
    place const to = build.next();
    return to ? build.refuse(to, what) : !build.failed();
  }
  // A key that is a list or a map: no program of ours writes such, not even to be ignored.
  bool no_key() noexcept { return !in_key_ || build.fail(fault::bad_key); }
  // Each element takes at least one byte, so all claims together cannot exceed the bytes.
  bool claim(std::size_t elements) {
    if (elements > unclaimed_) return build.fail(fault::too_large);
    unclaimed_ -= elements;
    return true;
  }

  std::size_t unclaimed_;
  bool in_key_ = false;
};

/// Reads one MessagePack value and nothing behind it into `to`.
inline result<void> read_msgpack(std::string_view bytes, place to) {
  msgpack_source source;
  msgpack_visitor visitor{source, to, bytes.size()};
  if (bytes.empty()) return failure(errc::corrupt, tier::none, "not MessagePack: no bytes");
  std::size_t read = 0;
  bool const whole = ::msgpack::parse(bytes.data(), bytes.size(), read, visitor);
  if (visitor.build.failed()) return std::unexpected{visitor.build.why()};
  if (!whole)
    return failure(errc::corrupt, tier::none, "not MessagePack: it ends or breaks at byte " + std::to_string(read));
  if (read != bytes.size())
    return failure(errc::corrupt, tier::none,
                   "not MessagePack: more bytes behind the value at byte " + std::to_string(read));
  return {};
}

}  // namespace strata::codec::detail
