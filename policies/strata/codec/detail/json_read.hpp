// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/build.hpp>
#include <strata/codec/detail/json_scan.hpp>
#include <strata/error.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

// JSON text straight into a value: Boost.JSON's streaming parser tells the builder what it reads, no document in
// between. Numbers are converted here from their text, once it is known what they are for: exactly, and not at all
// where ignored.
namespace strata::codec::detail {

class json_source {
 public:
  static constexpr bool is_json = true;

  explicit json_source(std::string_view text) noexcept : scanner_{text} {}
  // The parser has checked UTF-8, and lets a NUL pass only as \u0000.
  static std::string_view text_fault(std::string_view text) noexcept {
    return text.find('\0') == text.npos ? std::string_view{} : "holds U+0000, which databases cannot store";
  }
  std::string_view json_since(std::size_t token) noexcept { return scanner_.value_at(token); }

 private:
  json_scanner scanner_;
};

// The handler Boost.JSON asks for; a member returns false to stop the parser.
class json_handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using ec = boost::json::error_code;
  using text = boost::json::string_view;

  json_handler(json_source& source, place root) noexcept : build{source, root} {}

  bool on_document_begin(ec&) noexcept { return true; }
  bool on_document_end(ec&) noexcept { return true; }
  bool on_array_begin(ec&) { return build.open_list(); }
  bool on_array_end(std::size_t, ec&) { return build.close(); }
  bool on_object_begin(ec&) { return build.open_map(); }
  bool on_object_end(std::size_t, ec&) { return build.close(); }

  bool on_key_part(text part, std::size_t, ec&) {
    scratch_.append(part.data(), part.size());
    return true;
  }
  bool on_key(text rest, std::size_t, ec&) {
    if (scratch_.empty()) return build.key({rest.data(), rest.size()});
    scratch_.append(rest.data(), rest.size());
    bool const fine = build.key(scratch_);
    scratch_.clear();
    return fine;
  }

  // A text with escapes comes in parts, which go straight into the member where that is a string.
  bool on_string_part(text part, std::size_t, ec&) {
    if (!in_parts_) begin_parts();
    if (parts_ != nullptr) parts_->append(part.data(), part.size());
    return !build.failed();
  }
  bool on_string(text rest, std::size_t, ec&) {
    if (!in_parts_) return build.set(build.next(), scalar::of(std::string_view{rest.data(), rest.size()}));
    in_parts_ = false;
    if (parts_ == nullptr) return true;
    parts_->append(rest.data(), rest.size());
    bool const fine = build.set(target_, scalar::of(std::string_view{*parts_}));
    scratch_.clear();
    return fine;
  }

  bool on_number_part(text, ec&) noexcept { return true; }
  bool on_int64(std::int64_t, text digits, ec&) { return number({digits.data(), digits.size()}); }
  bool on_uint64(std::uint64_t, text digits, ec&) { return number({digits.data(), digits.size()}); }
  bool on_double(double, text digits, ec&) { return number({digits.data(), digits.size()}); }
  bool on_bool(bool b, ec&) { return build.set(build.next(), scalar::of(b)); }
  bool on_null(ec&) { return build.set(build.next(), scalar{}); }
  bool on_comment_part(text, ec&) noexcept { return true; }
  bool on_comment(text, ec&) noexcept { return true; }

  builder<json_source> build;

 private:
  void begin_parts() {
    in_parts_ = true;
    target_ = build.next();
    parts_ = !target_ ? nullptr : target_.type->is == kind::text ? &as<std::string>(target_.at) : &scratch_;
    if (parts_ != nullptr) parts_->clear();
  }

  bool number(std::string_view digits) {
    place const to = build.next();
    if (!to) return !build.failed();
    char const* const end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (auto const [at, wrong] = std::from_chars(digits.data(), end, integer); wrong == std::errc{} && at == end)
      return build.set(to, scalar::of(integer));
    std::uint64_t natural = 0;
    if (auto const [at, wrong] = std::from_chars(digits.data(), end, natural); wrong == std::errc{} && at == end)
      return build.set(to, scalar::of(natural));
    double real = 0;
    if (std::from_chars(digits.data(), end, real).ec != std::errc{}) real = beyond_doubles(digits);
    return build.set(to, scalar::of(real));
  }

  // A number that no double holds, as every reader of JSON has it: infinite, or zero where it is too small.
  static double beyond_doubles(std::string_view digits) {
    auto const e = std::min(digits.find_first_of("eE"), digits.size());
    auto const point = static_cast<std::int64_t>(std::min(digits.find('.'), e));
    auto const first = static_cast<std::int64_t>(digits.find_first_of("123456789"));
    auto const exponent = digits.substr(std::min(e + 1, digits.size()));
    bool const negative = exponent.starts_with('-');
    std::int64_t power = 0;
    auto const from = exponent.data() + (exponent.starts_with('+') ? 1 : 0);
    bool const countless =
        std::from_chars(from, exponent.data() + exponent.size(), power).ec == std::errc::result_out_of_range;
    return (countless ? !negative : power > first - point) ? std::numeric_limits<double>::infinity() : 0;
  }

  std::string scratch_;
  std::string* parts_ = nullptr;
  place target_{};
  bool in_parts_ = false;
};

/// Reads one JSON value and nothing behind it into `to`.
inline result<void> read_json(std::string_view text, place to) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  options.numbers = boost::json::number_precision::none;
  json_source source{text};
  boost::json::basic_parser<json_handler> parser{options, source, to};
  boost::json::error_code wrong;
  std::size_t const read = parser.write_some(false, text.data(), text.size(), wrong);
  if (parser.handler().build.failed()) return std::unexpected{parser.handler().build.why()};
  if (wrong == boost::json::error::too_deep) {
    (void)parser.handler().build.fail(fault::too_deep);
    return std::unexpected{parser.handler().build.why()};
  }
  if (wrong)
    return failure(errc::corrupt, tier::none, "not JSON: " + wrong.message() + " at byte " + std::to_string(read));
  if (read != text.size())
    return failure(errc::corrupt, tier::none, "not JSON: more text behind the value at byte " + std::to_string(read));
  return {};
}

}  // namespace strata::codec::detail
