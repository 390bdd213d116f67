// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "asked_new.hpp"

#include <strata/record.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

// The N-th allocation, or the N-th operation of a user's type, fails when that is wanted; and both are counted. For one
// source file of a program with one thread, whose operator new this is.
namespace strata_test {

struct failing {
  std::uint64_t allocations = 0;
  std::uint64_t allocation_fails = 0;  // zero: none
  std::uint64_t operations = 0;
  std::uint64_t operation_fails = 0;
};
inline failing faults;

inline bool refuses(std::size_t) noexcept { return ++faults.allocations == faults.allocation_fails; }

inline void user_code() {
  if (++faults.operations == faults.operation_fails) throw std::runtime_error{"told to"};
}

struct id {
  std::string text;
  explicit id(std::string t) : text{std::move(t)} {}
  id(id const& other) : text{(user_code(), other.text)} {}
  id& operator=(id const&) = delete;
  friend bool operator==(id const& left, id const& right) {
    user_code();
    return left.text == right.text;
  }
};
struct value {
  std::uint64_t number = 0;
  explicit value(std::uint64_t n) : number{n} {}
  value(value&& other) : number{other.number} { user_code(); }
  value& operator=(value&&) = delete;
};

}  // namespace strata_test

template <>
struct std::hash<strata_test::id> {
  std::size_t operator()(strata_test::id const& i) const noexcept {
    return i.text.size();
  }  // collides, so that equality is asked
};
template <>
struct strata::record<strata_test::value> : strata::default_record<strata_test::value> {
  static std::size_t bytes(strata_test::value const& v) {
    strata_test::user_code();
    return v.number % 40;
  }
};
