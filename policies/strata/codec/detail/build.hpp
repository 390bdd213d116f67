// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/fill.hpp>
#include <strata/codec/detail/json_scan.hpp>
#include <strata/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// Puts a value together from the events of a parser. One instance per decode, on the stack; walks the value with places
// instead of recursion, and counts depth for members it ignores too.
namespace strata::codec::detail {

inline constexpr std::size_t max_depth = 128;

/// \tparam Source  the parser's side:
///   text_fault(text)        why a text of the value cannot be stored, or nothing
///   is_json                 whether the bytes are JSON text; then
///   json_since(token)       the text of the value that began with that event, counted from 1
template <class Source>
class builder {
 public:
  builder(Source& source, place root) noexcept : source_{source}, root_{root} {}

  [[nodiscard]] bool failed() const noexcept { return fault_ != fault::none; }

  /// The place of the value that comes next; empty when nobody wants it. Once per value.
  place next() {
    ++token_;
    if (ignored_ != 0) return {};
    if (depth_ == 0) return root_;
    auto& top = frames_[depth_ - 1];
    if (top.raw) return {};
    if (top.type->member != nullptr) return std::exchange(next_, place{});
    place const at = top.type->element(top.at, top.count);
    if (!at) fail(fault::too_many);
    ++top.count;
    return at;
  }

  /// Sets what next() gave; an empty place takes anything.
  bool set(place to, scalar const& s) {
    if (failed()) return false;
    if (!to) return true;
    if (s.is == scalar::what::text && !source_.text_fault(s.text).empty()) {
      text_fault_ = source_.text_fault(s.text);
      return fail(fault::bad_text);
    }
    if (Source::is_json && to.type->is == kind::metadata) return keep(to, token_);
    fault const f = to.type->set != nullptr ? to.type->set(to.at, s) : fault::wrong_type;
    if (f == fault::none) return true;
    if (turn_raw()) return true;
    got_ = s.is;
    expects_ = to.type->expects;
    return fail(f);
  }

  bool open_list() {
    place const at = next();
    if (failed()) return false;
    if (!at) return ignore();
    if (Source::is_json && at.type->is == kind::metadata) return push(at, true);
    place const list = at.type->open_list != nullptr ? at.type->open_list(at.at) : place{};
    if (list) return push(list, false);
    return turn_raw() ? ignore() : refuse(at, "a list");
  }

  bool open_map() {
    place const at = next();
    if (failed()) return false;
    if (!at) return ignore();
    place const map = at.type->open_map != nullptr ? at.type->open_map(at.at) : place{};
    if (map) return push(map, false);
    return turn_raw() ? ignore() : refuse(at, "an object");
  }

  bool key(std::string_view name) {
    ++token_;
    if (ignored_ != 0) return true;
    auto& top = frames_[depth_ - 1];
    if (top.raw) return true;
    if (top.type->is != kind::structure && !source_.text_fault(name).empty()) {
      text_fault_ = source_.text_fault(name);
      top.name = "(a key)";
      return fail(fault::bad_text);
    }
    next_ = top.type->member(top.at, name, top.count);
    top.name = next_.name;
    return true;
  }

  /// A key that is no text, where a format has such: no member of a struct has it.
  bool foreign_key() {
    ++token_;
    if (ignored_ != 0) return true;
    auto& top = frames_[depth_ - 1];
    next_ = {};
    top.name = {};
    if (top.raw || top.type->is == kind::structure) return true;
    top.name = "(a key)";
    opened_ = "something else";
    expects_ = "a text";
    return fail(fault::wrong_type);
  }

  bool close() {
    if (ignored_ != 0) {
      --ignored_;
      return true;
    }
    auto& top = frames_[depth_ - 1];
    if (top.type->close != nullptr) {
      auto const f = top.type->close(top.at, top.count);
      --depth_;
      if (f != fault::none) return fail(f);
    } else {
      --depth_;
    }
    return !top.raw || keep({top.at, top.type}, top.token);
  }

  /// What next() gave cannot take `what`, a literal: "a list".
  bool refuse(place at, std::string_view what) noexcept {
    opened_ = what;
    expects_ = at.type->expects;
    return fail(fault::wrong_type);
  }
  bool fail(fault f) noexcept {
    if (fault_ == fault::none) fault_ = f;
    return false;
  }

  /// What went wrong and where: "metadata.language: a number where a text is expected".
  [[nodiscard]] error why() const {
    std::string line = path();
    if (!line.empty()) line += ": ";
    switch (fault_) {
      case fault::wrong_type: line.append(got()).append(" where ").append(expects_).append(" is expected"); break;
      case fault::out_of_range: line += "a number out of range"; break;
      case fault::unknown_name: line += "a name that is none of those known"; break;
      case fault::too_many: line += "more elements than it can hold"; break;
      case fault::too_few: line += "fewer elements than it must hold"; break;
      case fault::bad_text: line.append("a text that ").append(text_fault_); break;
      case fault::bad_key: line += "a key that is a list or a map"; break;
      case fault::too_deep: line += "nested deeper than 128 levels"; break;
      case fault::too_large: line += "says it holds more than there are bytes"; break;
      case fault::none: line += "no fault"; break;
    }
    return error{errc::corrupt, tier::none, line};
  }

 private:
  struct frame {
    void* at;
    table const* type;
    std::string_view name;  // of the member being filled
    std::size_t count;      // elements so far, or the member expected next
    std::size_t token;
    bool raw;  // metadata that turned out to be no map of text to text
  };

  bool push(place at, bool raw) {
    if (depth_ + ignored_ == max_depth) return fail(fault::too_deep);
    frames_[depth_++] = {at.at, at.type, {}, 0, token_, raw};
    return true;
  }
  bool ignore() {
    if (depth_ + ignored_ == max_depth) return fail(fault::too_deep);
    ++ignored_;
    return true;
  }
  // A value that is no text, directly within metadata.
  bool turn_raw() {
    if (!Source::is_json || depth_ == 0 || frames_[depth_ - 1].type->is != kind::metadata) return false;
    frames_[depth_ - 1].raw = true;
    return true;
  }
  bool keep(place to, std::size_t token) {
    std::string_view const json = source_.json_since(token);
    if (scan_json(json).escaped_nul) {
      text_fault_ = "holds U+0000, which databases cannot store";
      return fail(fault::bad_text);
    }
    metadata_access::keep(as<strata::metadata>(to.at), json);
    return true;
  }

  [[nodiscard]] std::string_view got() const {
    if (!opened_.empty()) return opened_;
    switch (got_) {
      case scalar::what::null: return "null";
      case scalar::what::boolean: return "true or false";
      case scalar::what::text: return "a text";
      case scalar::what::real: return "a number with a fraction";
      default: return "a number";
    }
  }

  [[nodiscard]] std::string path() const {
    std::string made;
    for (std::size_t i = 0; i < depth_; ++i) {
      auto const& f = frames_[i];
      if (f.type->element != nullptr) {
        if (f.count != 0) made.append("[").append(std::to_string(f.count - 1)).append("]");
      } else if (!f.name.empty()) {
        if (!made.empty()) made += '.';
        made.append(f.name);
      }
    }
    return made;
  }

  Source& source_;
  place root_;
  place next_{};
  std::size_t depth_ = 0;
  std::size_t ignored_ = 0;  // levels below the innermost frame that nobody wants
  std::size_t token_ = 0;
  fault fault_ = fault::none;
  scalar::what got_ = scalar::what::null;
  std::string_view opened_{};
  std::string_view expects_ = "something else";
  std::string_view text_fault_{};
  std::array<frame, max_depth> frames_;
};

/// A value made by a reader that fills a place: read(bytes, place) gives result<void>.
template <class T, class Read>
result<T> made_by(Read&& read, std::string_view bytes) {
  result<T> made{std::in_place};
  if (auto const fine = read(bytes, place{&*made, table_of<T>()}); !fine) made = std::unexpected{fine.error()};
  return made;
}

}  // namespace strata::codec::detail
