#include "baton/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace baton::detail {

void check_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "baton: check failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace baton::detail
