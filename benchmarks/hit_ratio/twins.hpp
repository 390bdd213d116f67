// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "engine.hpp"
#include "ours.hpp"

#include <strata/hot/adaptive.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>

#include <cstddef>
#include <cstdint>
#include <format>
#include <span>
#include <string>
#include <string_view>

// Each algorithm of ours beside its slow model, request for request.
namespace hit_ratio {

/// \returns where they part; empty: nowhere
template <class Ours, class Model>
std::string part(Ours ours, Model model, std::span<key const> requests, std::size_t capacity) {
  std::size_t entries = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    bool const hit = model.request(requests[i]);
    if (ours.request(requests[i]) != hit)
      return std::format("request {}: {} to the model alone", i, hit ? "a hit" : "a miss");
    if (hit) continue;
    if (entries == capacity) {
      if (ours.has(model.evicted())) return std::format("request {}: another victim than {}", i, model.evicted());
    } else {
      ++entries;
    }
    if (ours.entries() != entries)
      return std::format("request {}: {} entries instead of {}", i, ours.entries(), entries);
  }
  return ours.valid() ? "" : "the structure is not sound at the end";
}

struct twins {
  std::string_view name;
  std::string (*part)(std::span<key const> requests, std::size_t keys, std::size_t capacity);
};

template <class Eviction, class Model, typename engine<Eviction>::settings Given = {}>
std::string part_of(std::span<key const> requests, std::size_t keys, std::size_t capacity) {
  return part(engine<Eviction>{capacity, Given}, Model{capacity, keys}, requests, capacity);
}
template <strata::hot::s3fifo_settings Given>
constexpr auto s3fifo_parts = part_of<strata::hot::s3fifo_order, s3fifo_model<Given>, Given>;
template <strata::hot::tinylfu_settings Given>
constexpr auto tinylfu_parts = part_of<strata::hot::tinylfu_order, tinylfu_model<Given>, Given>;

inline constexpr twins all_twins[] = {
    {"lru_exact", part_of<strata::hot::lru_exact_order, lru>},
    {"lru", part_of<strata::hot::lru_order, generational_lru>},
    {"sieve", part_of<strata::hot::sieve_order, sieve_model>},
    {"s3fifo", s3fifo_parts<{}>},
    {"s3fifo:threshold=2", s3fifo_parts<{.threshold = 2}>},
    {"s3fifo:clock2q+", s3fifo_parts<{.window = 50, .most_uses = 1}>},
    {"tinylfu", tinylfu_parts<{}>},
    {"tinylfu:window=20", tinylfu_parts<{.window = 20, .rule = strata::hot::window_rule::fixed}>},
    {"adaptive", part_of<strata::hot::adaptive_order, adaptive_model>},
    {"gdsf", part_of<strata::hot::gdsf_order, lfu_da>},
};

}  // namespace hit_ratio
