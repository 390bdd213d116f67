// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "classics.hpp"
#include "engine.hpp"
#include "w_tinylfu.hpp"

#include <strata/hot/adaptive.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// What is compared: algorithms of ours, in the engine, under the names of their policies; and models of what others
// publish, in capitals.
namespace hit_ratio {

struct policy {
  std::string_view name;
  /// \param seed  of the hash, by which sketches, samples and ghosts take one key for another \returns the misses
  std::uint64_t (*play)(std::span<key const> requests, std::size_t keys, std::size_t capacity, std::uint64_t seed);
};

template <class Player>
std::uint64_t misses(Player&& player, std::span<key const> requests) {
  std::uint64_t missed = 0;
  for (key const k : requests) missed += !player.request(k);
  return missed;
}
template <class Eviction, typename engine<Eviction>::settings Given = {}>
std::uint64_t play_ours(std::span<key const> requests, std::size_t, std::size_t capacity, std::uint64_t seed) {
  return misses(engine<Eviction>{capacity, Given, seed}, requests);
}
template <class Model>
std::uint64_t play_model(std::span<key const> requests, std::size_t keys, std::size_t capacity, std::uint64_t) {
  return misses(Model{capacity, keys}, requests);
}
template <class Model>
std::uint64_t play_hashing_model(std::span<key const> requests, std::size_t keys, std::size_t capacity,
                                 std::uint64_t seed) {
  return misses(Model{capacity, keys, seed}, requests);
}

inline constexpr policy policies[] = {
    {"lru", play_ours<strata::hot::lru_order>},
    {"lru_exact", play_ours<strata::hot::lru_exact_order>},
    {"sieve", play_ours<strata::hot::sieve_order>},
    {"s3fifo", play_ours<strata::hot::s3fifo_order>},
    {"s3fifo:threshold=2", play_ours<strata::hot::s3fifo_order, {.threshold = 2}>},
    {"s3fifo:clock2q+", play_ours<strata::hot::s3fifo_order, {.window = 50, .most_uses = 1}>},
    {"tinylfu", play_ours<strata::hot::tinylfu_order>},
    {"tinylfu:window=1", play_ours<strata::hot::tinylfu_order, {.rule = strata::hot::window_rule::fixed}>},
    {"tinylfu:window=20",
     play_ours<strata::hot::tinylfu_order, {.window = 20, .rule = strata::hot::window_rule::fixed}>},
    {"adaptive", play_ours<strata::hot::adaptive_order>},
    {"gdsf", play_ours<strata::hot::gdsf_order>},
    {"FIFO", play_model<fifo>},
    {"LRU", play_model<lru>},
    {"CLOCK", play_model<clock>},
    {"SLRU", play_model<slru>},
    {"2Q", play_model<two_queues>},
    {"ARC", play_model<arc>},
    {"LIRS", play_model<lirs>},
    {"LFU", play_model<lfu>},
    {"LFU-DA", play_model<lfu_da>},
    {"W-TinyLFU-1", play_hashing_model<w_tinylfu<1, false>>},
    {"W-TinyLFU-20", play_hashing_model<w_tinylfu<20, false>>},
    {"W-TinyLFU-climb", play_hashing_model<w_tinylfu<1, true>>},
};

}  // namespace hit_ratio
