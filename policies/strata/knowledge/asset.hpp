// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/json.hpp>
#include <strata/codec/metadata.hpp>
#include <strata/error.hpp>
#include <strata/record.hpp>

#include <boost/hana/adapt_struct.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace strata {

/// A piece of knowledge: a template, a pattern, a prompt, a finding. Members in the order of its JSON.
struct knowledge_asset {
  std::string id{};
  std::string asset_type{};
  std::string data{};
  strata::metadata metadata{};
  std::int32_t version = 0;  ///< assigned by the cold tier on every save

  friend bool operator==(knowledge_asset const&, knowledge_asset const&) = default;
};

}  // namespace strata

BOOST_HANA_ADAPT_STRUCT(strata::knowledge_asset, id, asset_type, data, metadata, version);

namespace strata {

/// How an asset fills the columns of a table that knows artifacts: data is the text, asset_type the kind.
template <>
struct record<knowledge_asset> : default_record<knowledge_asset> {
  static std::string_view kind(knowledge_asset const& asset) noexcept { return asset.asset_type; }
  static std::string_view text(knowledge_asset const& asset) noexcept { return asset.data; }

  /// \returns JSON text; an empty one for what no codec encodes (text with U+0000 or invalid UTF-8)
  static std::string metadata(knowledge_asset const& asset) {
    std::string json;
    (void)codec::json<strata::metadata>{}.encode(asset.metadata, json);
    return json;
  }

  /// What the asset weighs in memory, its heap and the nodes of its metadata included.
  static std::size_t bytes(knowledge_asset const& asset) noexcept {
    std::size_t sum = sizeof asset + asset.id.capacity() + asset.asset_type.capacity() + asset.data.capacity();
    sum += asset.metadata.raw_json().size();
    for (auto const& [key, text] : asset.metadata)
      sum += sizeof(strata::metadata::value_type) + 4 * sizeof(void*) + key.capacity() + text.capacity();
    return sum;
  }

  /// The asset of a row.
  /// \param metadata  JSON text; empty where the column is NULL
  /// \errors          corrupt: the metadata is no JSON, the version does not fit into 32 bits
  static result<knowledge_asset> restore(std::string_view key, std::string_view kind, std::string_view text,
                                         std::string_view metadata, std::int64_t version) {
    knowledge_asset asset{.id = std::string{key}, .asset_type = std::string{kind}, .data = std::string{text}};
    if (!std::in_range<std::int32_t>(version))
      return failure(errc::corrupt, tier::none, "version: a number out of range");
    asset.version = static_cast<std::int32_t>(version);
    if (metadata.empty()) return asset;
    auto read = codec::json<strata::metadata>{}.decode(metadata);
    if (!read)
      return std::unexpected{error{read.error().code(), tier::none, "metadata: " + std::string{read.error().text()}}};
    asset.metadata = std::move(*read);
    return asset;
  }
};

}  // namespace strata
