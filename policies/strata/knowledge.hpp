// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/query/history.hpp>
#include <strata/query/usage.hpp>
#include <strata/warm/jetstream.hpp>

// The preset: assets in JSON, the stream KNOWLEDGE_CACHE, the table knowledge_artifacts. The tiers' default settings name
// both; this header only brings everything together.
