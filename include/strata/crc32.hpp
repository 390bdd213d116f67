// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// CRC-32 (IEEE 802.3, reflected): every language's zlib computes the same. Templates, so that a program which only
// includes a cache compiles none of it.
namespace strata::detail {

// By tables, eight bytes a step.
// Source: Kounavis, Berry: "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008.
// The tables are made at the first use: a compiler would need longer for them than for the rest of this header.
template <class Word>
auto crc_tables() noexcept {
  std::array<std::array<Word, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    Word c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
    tables[0][i] = c;
  }
  for (std::uint32_t i = 0; i < 256; ++i)
    for (std::size_t t = 1; t < 8; ++t) tables[t][i] = (tables[t - 1][i] >> 8U) ^ tables[0][tables[t - 1][i] & 0xFFU];
  return tables;
}

/// \param sum  the register as it stands, neither inverted before nor after
template <class Word>
std::uint32_t crc32_by_tables(std::uint32_t sum, std::string_view bytes) noexcept {
  static auto const table = crc_tables<Word>();
  auto const at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint32_t const low = sum ^ (at(i) | at(i + 1) << 8U | at(i + 2) << 16U | at(i + 3) << 24U);
    sum = table[7][low & 0xFFU] ^ table[6][(low >> 8U) & 0xFFU] ^ table[5][(low >> 16U) & 0xFFU] ^
          table[4][low >> 24U] ^ table[3][at(i + 4)] ^ table[2][at(i + 5)] ^ table[1][at(i + 6)] ^ table[0][at(i + 7)];
  }
  for (; i < bytes.size(); ++i) sum = (sum >> 8U) ^ table[0][(sum ^ at(i)) & 0xFFU];
  return sum;
}

#ifdef __x86_64__

// By carry-less multiplication, where the processor has it: what stands in 16 bytes is carried on over those that follow,
// sixty-four in four lanes or sixteen in one; what is left of it in the end is reduced. No table is looked at, which after a
// wait for another process would be in no cache.
// Source: Gopal et al.: "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.
using crc_lane = long long __attribute__((vector_size(16)));

template <class Word>
[[gnu::target("pclmul")]] crc_lane crc_carried(crc_lane sum, crc_lane over, crc_lane onto) noexcept {
  return __builtin_ia32_pclmulqdq128(sum, over, 0x00) ^ __builtin_ia32_pclmulqdq128(sum, over, 0x11) ^ onto;
}
template <class Word>
[[gnu::target("pclmul")]] crc_lane crc_product(long long a, long long b) noexcept {
  return __builtin_ia32_pclmulqdq128(crc_lane{a, 0}, crc_lane{b, 0}, 0x00);
}

// From 128 bits to 96, to 64, and by Barrett's reduction to 32.
template <class Word>
[[gnu::target("pclmul")]] std::uint32_t crc_reduced(crc_lane all) noexcept {
  constexpr long long half = 0xFFFF'FFFF;
  auto const upper = [](long long x) { return static_cast<long long>(static_cast<unsigned long long>(x) >> 32U); };
  crc_lane const fewer = crc_product<Word>(all[0], 0x0'CCAA'009E) ^ crc_lane { all[1], 0 };
  long long const left = crc_product<Word>(fewer[0] & half, 0x1'63CD'6124)[0] ^ upper(fewer[0]) ^ (fewer[1] << 32U);
  long long const times = crc_product<Word>(left & half, 0x1'F701'1641)[0] & half;
  return static_cast<std::uint32_t>(upper(crc_product<Word>(times, 0x1'DB71'0641)[0] ^ left));
}

/// \param bytes  sixteen at least
template <class Word>
[[gnu::target("pclmul")]] std::uint32_t crc32_by_products(std::uint32_t sum, std::string_view bytes) noexcept {
  constexpr std::size_t step = sizeof(crc_lane);
  constexpr crc_lane over_one{0x1'7519'97D0, 0x0'CCAA'009E};   // x^(128+32) and x^(128-32) modulo the polynomial
  constexpr crc_lane over_four{0x1'5444'2BD4, 0x1'C6E4'1596};  // x^(512+32) and x^(512-32)
  auto const lane_at = [](char const* from) {
    crc_lane read;
    __builtin_memcpy(&read, from, step);
    return read;
  };
  auto const lane = [&](std::size_t i) { return lane_at(bytes.data() + i * step); };
  auto const drop = [&](std::size_t lanes) { bytes.remove_prefix(lanes * step); };

  crc_lane const before{static_cast<long long>(sum), 0};
  crc_lane all = lane(0) ^ before;
  if (bytes.size() >= 4 * step) {
    crc_lane second = lane(1), third = lane(2), fourth = lane(3);
    for (drop(4); bytes.size() >= 4 * step; drop(4)) {
      all = crc_carried<Word>(all, over_four, lane(0));
      second = crc_carried<Word>(second, over_four, lane(1));
      third = crc_carried<Word>(third, over_four, lane(2));
      fourth = crc_carried<Word>(fourth, over_four, lane(3));
    }
    for (crc_lane const next : {second, third, fourth}) all = crc_carried<Word>(all, over_one, next);
  } else {
    drop(1);
  }
  for (; bytes.size() >= step; drop(1)) all = crc_carried<Word>(all, over_one, lane(0));
  if (!bytes.empty()) {  // as two lanes, of which the first begins with zeros, which count for nothing
    std::array<char, 3 * step> last{};
    __builtin_memcpy(&last[step], &all, step);
    bytes.copy(&last[2 * step], bytes.size());
    all = crc_carried<Word>(lane_at(&last[bytes.size()]), over_one, lane_at(&last[step + bytes.size()]));
  }
  return crc_reduced<Word>(all);
}

#endif

/// \param sum  of the bytes before these; zero where there are none
/// \complexity linear
template <class Word = std::uint32_t>
std::uint32_t crc32(std::uint32_t sum, std::string_view bytes) noexcept {
#ifdef __x86_64__
  if (bytes.size() >= sizeof(crc_lane) && __builtin_cpu_supports("pclmul") != 0)
    return ~crc32_by_products<Word>(~sum, bytes);
#endif
  return ~crc32_by_tables<Word>(~sum, bytes);
}

}  // namespace strata::detail
