// The seed of the random tests: BATON_SEED, or a new one for each run, printed either way.
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace {

class Seed : public testing::Environment {
public:
    void SetUp() override {
        const char* const given = std::getenv("BATON_SEED");
        const std::string seed = given != nullptr ? given : std::to_string(std::random_device{}());
        std::cout << "BATON_SEED=" << seed << std::endl;
        setenv("RC_PARAMS", ("seed=" + seed).c_str(), 0);
    }
};

[[maybe_unused]] const auto* const seed = testing::AddGlobalTestEnvironment(new Seed);

}  // namespace
