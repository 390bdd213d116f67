// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

// Why a value cannot be written, and the path to the member at fault, which is put together only on the way out of a
// failure: writing what is fine pays nothing for it.
namespace strata::codec::detail {

class trouble {
 public:
  /// \returns false, so that a writer can return it
  bool say(std::string_view what) {
    what_ = what;
    return false;
  }
  bool say_text(std::string_view text_fault) {
    what_ = "a text that ";
    what_ += text_fault;
    return false;
  }
  bool within(std::string_view member) {
    bool const joined = !path_.empty() && path_.front() != '[';
    path_.insert(0, joined ? std::string{member} + '.' : std::string{member});
    return false;
  }
  bool within(std::size_t index) {
    bool const joined = !path_.empty() && path_.front() != '[';
    path_.insert(0, "[" + std::to_string(index) + (joined ? "]." : "]"));
    return false;
  }
  [[nodiscard]] error why() const {
    return error{errc::rejected, tier::none, path_.empty() ? what_ : path_ + ": " + what_};
  }

 private:
  std::string path_;
  std::string what_;
};

/// Appends what a writer makes of the value; nothing when it fails.
template <class Writer, class T>
result<void> append_written(T const& value, std::string& out) {
  std::size_t const before = out.size();
  trouble why;
  try {
    if (Writer{out, why}.write(value, 0)) return {};
  } catch (...) {  // out of memory: as if never called
    out.resize(before);
    throw;
  }
  out.resize(before);
  return std::unexpected{why.why()};
}

}  // namespace strata::codec::detail
