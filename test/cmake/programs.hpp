// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for programs that are compiled to be tested, where the compiler gains by it: the library and its clients.
#include "standard.hpp"

#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>
