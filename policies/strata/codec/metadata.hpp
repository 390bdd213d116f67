// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

// A map of text to text that other programs have not always kept to. What is read from them and is no such map (a
// number among the values, a list, null) is kept as the JSON text it was, byte for byte, and written back unchanged.
// Rejected: a tree of JSON values, because it would lose what a parser does not keep (1.0 or 1, \/ or /, repeated
// keys).
namespace strata {

namespace codec::detail {
struct metadata_access;
}

/// \threads a value type
class metadata {
 public:
  using map_type = std::map<std::string, std::string, std::less<>>;
  using key_type = std::string;
  using mapped_type = std::string;
  using value_type = map_type::value_type;
  using const_iterator = map_type::const_iterator;

  metadata() = default;
  metadata(std::initializer_list<value_type> entries) : map_{entries} {}
  explicit metadata(map_type entries) noexcept : map_{std::move(entries)} {}

  /// \returns the JSON text where it is not a map of text to text (the map is empty then), else nothing
  [[nodiscard]] std::string_view raw_json() const noexcept { return raw_; }

  [[nodiscard]] const_iterator begin() const noexcept { return map_.begin(); }
  [[nodiscard]] const_iterator end() const noexcept { return map_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return map_.size(); }
  [[nodiscard]] bool empty() const noexcept { return map_.empty() && raw_.empty(); }
  [[nodiscard]] bool contains(std::string_view key) const { return map_.contains(key); }
  [[nodiscard]] const_iterator find(std::string_view key) const { return map_.find(key); }

  /// Whatever changes an entry makes it a map: JSON text that was none is dropped.
  std::string& operator[](std::string_view key) {
    raw_.clear();
    auto const at = map_.lower_bound(key);
    if (at != map_.end() && at->first == key) return at->second;
    return map_.emplace_hint(at, key, std::string{})->second;
  }
  bool erase(std::string_view key) {
    auto const at = map_.find(key);
    if (at == map_.end()) return false;
    map_.erase(at);
    return true;
  }
  void clear() noexcept {
    raw_.clear();
    map_.clear();
  }

  friend bool operator==(metadata const&, metadata const&) = default;

 private:
  friend struct codec::detail::metadata_access;

  map_type map_;
  std::string raw_;  // well-formed JSON, and no map of text to text: only a codec that has parsed it sets it
};

namespace codec::detail {
struct metadata_access {
  static void keep(metadata& m, std::string_view json) {
    m.map_.clear();
    m.raw_.assign(json);
  }
};
}  // namespace codec::detail

}  // namespace strata
