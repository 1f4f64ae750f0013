// CHECK: a promise of the program to itself, kept in release builds too. When it is broken the
// process ends, because to go on would be to go on in a wrong state. Never for outside input.
#pragma once

namespace baton::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

#define BATON_CHECK(condition)                                                           \
    do {                                                                                 \
        if (!(condition)) ::baton::detail::check_failed(#condition, __FILE__, __LINE__); \
    } while (false)
