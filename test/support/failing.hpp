// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
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

inline void* allocate(std::size_t size, std::size_t alignment) {
  if (++faults.allocations == faults.allocation_fails) throw std::bad_alloc{};
  void* const memory = alignment == 0 ? std::malloc(size)
                                      : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

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

// Not inlined: compilers take a malloc behind new for a mistake where they see both.
[[gnu::noinline]] void* operator new(std::size_t size) { return strata_test::allocate(size, 0); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return strata_test::allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
  try {
    return strata_test::allocate(size, 0);
  } catch (std::bad_alloc const&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

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
