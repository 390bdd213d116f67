// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "same_hash.hpp"

#include <strata/benchmarking/hot.hpp>

#include <rocksdb/advanced_cache.h>
#include <rocksdb/cache.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

// RocksDB's block caches, as its own code calls them: look up, use the handle, release it; a get is the same as a visit.
// Every entry is charged one block of 4 KiB, its metadata nothing, so that they hold as many entries as the others; below
// 4,096 in one shard, as Strata does, above in as many as they choose. HyperClockCache takes keys of 16 bytes and nothing
// else: numbers are put there beside a zero, texts as two of our hashes, whose text it then never compares.
namespace peers {

enum class rocksdb_kind { lru, hyper_clock };

template <class Key, rocksdb_kind Kind>
class rocksdb_cache {
  using payload = strata::benchmarking::payload;

 public:
  static constexpr bool threads = true;

  explicit rocksdb_cache(std::size_t capacity) {
    int const shard_bits = capacity < 4'096 ? 0 : -1;
    if constexpr (Kind == rocksdb_kind::lru) {
      rocksdb::LRUCacheOptions o{capacity * block, shard_bits, false, 0.0};
      o.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
      cache_ = o.MakeSharedCache();
    } else {
      rocksdb::HyperClockCacheOptions o{capacity * block, block, shard_bits};
      o.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
      cache_ = o.MakeSharedCache();
    }
  }

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    bytes const k{key, *this};
    auto* const found = cache_->Lookup(k.slice());
    if (found == nullptr) return false;
    sum += static_cast<payload const*>(cache_->Value(found))->words[0];
    cache_->Release(found);
    return true;
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) { return visit(key, sum); }
  void put(Key const& key, std::uint64_t, payload const& p) {
    bytes const k{key, *this};
    (void)cache_->Insert(k.slice(), new payload{p}, helper(), block);
  }

 private:
  static constexpr std::size_t block = 4'096;

  struct bytes {
    std::uint64_t words[2];
    rocksdb::Slice text;

    bytes(Key const& key, rocksdb_cache const& in) {
      if constexpr (std::same_as<Key, std::string>) {
        if constexpr (Kind == rocksdb_kind::lru) {
          text = key;
          return;
        } else {
          words[0] = in.left_(key).hash;
          words[1] = in.right_(key).hash;
        }
      } else {
        words[0] = key;
        words[1] = 0;
      }
      text = {reinterpret_cast<char const*>(words), Kind == rocksdb_kind::lru ? 8U : 16U};
    }
    bytes(bytes const&) = delete;
    [[nodiscard]] rocksdb::Slice const& slice() const noexcept { return text; }
  };
  static rocksdb::Cache::CacheItemHelper const* helper() {
    static rocksdb::Cache::CacheItemHelper const one{
        rocksdb::CacheEntryRole::kMisc,
        [](rocksdb::Cache::ObjectPtr value, rocksdb::MemoryAllocator*) { delete static_cast<payload*>(value); }};
    return &one;
  }

  strata::hasher<Key> left_{1}, right_{2};
  std::shared_ptr<rocksdb::Cache> cache_;
};

template <class Key>
using rocksdb_lru = rocksdb_cache<Key, rocksdb_kind::lru>;
template <class Key>
using rocksdb_hyper_clock = rocksdb_cache<Key, rocksdb_kind::hyper_clock>;

}  // namespace peers
