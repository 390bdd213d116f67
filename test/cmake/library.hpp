// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for all tests where the compiler gains by it: the library without clients.
#include "headers.hpp"

#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>
