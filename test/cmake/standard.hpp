// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for programs that are compiled to be tested: what nearly each of them includes and what takes long to read.
#include <atomic>
#include <chrono>
#include <coroutine>
#include <expected>
#include <format>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
