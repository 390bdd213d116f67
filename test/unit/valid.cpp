// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/valid.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace strata;
using namespace std::string_literals;

namespace {
struct inner {
  BOOST_HANA_DEFINE_STRUCT(inner, (std::string, note));
};
struct outer {
  BOOST_HANA_DEFINE_STRUCT(outer, (std::string, id), (inner, part), (std::vector<inner>, parts),
                           (std::map<std::string, std::string>, metadata), (std::optional<std::string>, extra),
                           (int, version));
};
// As a path: it begins, it ends, and what lies between is itself.
struct endless {
  [[nodiscard]] endless const* begin() const { return this; }
  [[nodiscard]] endless const* end() const { return this + 1; }
};
struct with_endless {
  BOOST_HANA_DEFINE_STRUCT(with_endless, (endless, where), (std::string, note));
};
struct literal {
  BOOST_HANA_DEFINE_STRUCT(literal, (char const*, name));
};
template <class T>
struct page {};
}  // namespace
namespace nest {
struct along_interest {};
template <class T>
struct page {};
}  // namespace nest

BOOST_AUTO_TEST_SUITE(valid)

BOOST_AUTO_TEST_CASE(a_type_is_named_without_its_namespaces) {
  BOOST_TEST(default_record<inner>::kind({}) == "inner");
  BOOST_TEST(default_record<int>::kind({}) == "int");
  BOOST_TEST(default_record<page<int>>::kind({}) == "page<int>");
  BOOST_TEST(default_record<page<inner>>::kind({}).starts_with("page<"));
}

// Pinned: stores keep these, and refuse a program that says another.
BOOST_AUTO_TEST_CASE(compilers_agree_on_the_names_of_types) {
  auto const name = []<class T>(T const&) { return default_record<T>::kind(T{}); };
  BOOST_TEST(name(outer{}) == "outer");
  BOOST_TEST(name(nest::along_interest{}) == "along_interest");
  BOOST_TEST(name(nest::page<page<nest::along_interest>>{}) == "page<page<nest::along_interest>>");
  BOOST_TEST(name(page<inner>{}) == "page<inner>");
  BOOST_TEST(name(""s) == "string");
  BOOST_TEST(name(page<std::string>{}) == "page<std::string>");
  BOOST_TEST(name(std::vector<std::string>{}) == "vector<std::string>");
  BOOST_TEST(name(std::map<std::string, std::vector<long>>{}) == "map<std::string, std::vector<long>>");
  BOOST_TEST(name(true) == "bool");
  BOOST_TEST(name(short{}) == "short");
  BOOST_TEST(name(static_cast<unsigned short>(1)) == "unsigned short");
  BOOST_TEST(name(1U) == "unsigned int");
  BOOST_TEST(name(1L) == "long");
  BOOST_TEST(name(1UL) == "unsigned long");
  BOOST_TEST(name(1LL) == "long long");
  BOOST_TEST(name(1ULL) == "unsigned long long");
  BOOST_TEST(name(1.5) == "double");
  BOOST_TEST(name(page<unsigned long long>{}) == "page<unsigned long long>");
}

template <class T>
concept stamped = requires(T& value) { record<T>::stamp(value, 1); };
template <class Version>
struct versioned {
  Version version;
};

BOOST_AUTO_TEST_CASE(a_version_is_stamped_where_it_has_room) {
  static_assert(stamped<versioned<int>> && stamped<versioned<std::int64_t>> && stamped<versioned<unsigned>>);
  static_assert(!stamped<versioned<std::uint8_t>> && !stamped<versioned<short>> && !stamped<versioned<std::string>> &&
                !stamped<versioned<int const>> && !stamped<inner>);
  versioned<std::int64_t> value{};
  record<versioned<std::int64_t>>::stamp(value, 1L << 40);
  BOOST_TEST(value.version == 1L << 40);
}

BOOST_AUTO_TEST_CASE(a_good_value_has_no_fault) {
  outer o{};
  o.id = "x";
  o.metadata["language"] = "rust \xF0\x9F\xA6\x80";
  BOOST_TEST(!value_fault(o).has_value());
  BOOST_TEST(!value_fault(5).has_value());
}

BOOST_AUTO_TEST_CASE(a_bad_text_is_named_by_its_path) {
  auto const fault = [](auto change) {
    outer o{};
    change(o);
    return value_fault(o).value_or("none");
  };
  std::string const nul = " holds U+0000, which databases cannot store";
  BOOST_TEST(fault([](outer& o) { o.id = "a\0b"s; }) == "id" + nul);
  BOOST_TEST(fault([](outer& o) { o.part.note = "\0"s; }) == "part.note" + nul);
  BOOST_TEST(fault([](outer& o) { o.parts = {inner{}, inner{"\0"s}}; }) == "parts.note" + nul);
  BOOST_TEST(fault([](outer& o) { o.metadata["language"] = "\0"s; }) == "metadata.language" + nul);
  BOOST_TEST(fault([](outer& o) { o.extra = "\xFF"; }) == "extra is not valid UTF-8");
  BOOST_TEST(value_fault("\0"s).value() == "the value" + nul);
}

BOOST_AUTO_TEST_CASE(a_pointer_to_no_text_is_a_fault) {
  BOOST_TEST(!value_fault(literal{"a"}).has_value());
  BOOST_TEST(value_fault(literal{}).value() == "name is a null pointer, and no text");
}

BOOST_AUTO_TEST_CASE(what_is_made_of_itself_has_an_end) {
  BOOST_TEST(!value_fault(with_endless{}).has_value());
  BOOST_TEST(value_fault(with_endless{{}, "\xFF"}).value() == "note is not valid UTF-8");
}

BOOST_AUTO_TEST_SUITE_END()
