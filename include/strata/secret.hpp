// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <fstream>
#include <string>
#include <utility>

// Passwords and tokens, and where they come from. A file or a function is asked anew whenever a connection is made, so that
// a secret can change under a program that runs. A secret has no way into a stream or a format, and errors about one
// name its source alone.
namespace strata {

class secret {
 public:
  /// Called on a thread of the library. \returns the secret; empty: there is none at present
  using source = std::string (*)(void* context);

  secret() = default;
  secret(std::string itself) : text_{std::move(itself)} {}  // NOLINT(google-explicit-constructor): reads like a string
  /// Null, which std::getenv gives for what is not set, is none.
  secret(char const* itself) : text_{itself != nullptr ? itself : ""} {}  // NOLINT(google-explicit-constructor)

  /// The file holds the secret and nothing else; line ends at its end are none of it.
  static secret in_file(std::string path) {
    secret s;
    s.text_ = std::move(path);
    s.kind_ = kind::file;
    return s;
  }
  static secret from(source function, void* context = nullptr) {
    secret s;
    s.function_ = function;
    s.context_ = context;
    s.kind_ = kind::function;
    return s;
  }

  /// Whether there is none, nor any place to look for it.
  [[nodiscard]] bool empty() const noexcept { return kind_ == kind::function ? function_ == nullptr : text_.empty(); }

  /// \errors unavailable: the file cannot be read, the function threw, or there is nothing in them
  [[nodiscard]] result<std::string> read() const {
    switch (kind_) {
      case kind::itself: return text_;
      case kind::file: return read_file();
      case kind::function: break;
    }
    if (function_ == nullptr) return std::string{};
    try {
      if (auto text = function_(context_); !text.empty()) return text;
    } catch (...) {  // what it threw may say more than a log should
      return failure(errc::unavailable, tier::none, "the function that gives a secret threw");
    }
    return failure(errc::unavailable, tier::none, "the function that gives a secret gave none");
  }

 private:
  enum class kind : unsigned char { itself, file, function };

  [[nodiscard]] result<std::string> read_file() const {
    std::ifstream file{text_, std::ios::binary};
    std::string text;
    for (char c = 0; file.get(c);) text.push_back(c);  // an iterator of the buffer would throw what cannot be read
    if (file.bad()) text.clear();
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty())
      return failure(errc::unavailable, tier::none, "there is no secret to be read in the file " + text_);
    return text;
  }

  kind kind_ = kind::itself;
  std::string text_;  // itself, or the file's path
  source function_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace strata
