#include "support/seed.hpp"

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace baton::testing {

std::uint64_t seed() {
    static const std::uint64_t value = [] {
        const char* const given = std::getenv("BATON_SEED");  // NOLINT(concurrency-mt-unsafe)
        std::random_device device;
        const std::uint64_t drawn =
            given != nullptr ? std::stoull(given) : (std::uint64_t{device()} << 32U) | device();
        std::cout << "BATON_SEED=" << drawn << std::endl;
        return drawn;
    }();
    return value;
}

}  // namespace baton::testing
