// What the children of tests/local_bus/conformance_test.cpp are given and say: the same in each
// language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/fields.hpp"

namespace baton::testing {

/// `what`: sum, fail, exit, publish (each number), log, loop (until it is cancelled).
struct Piece {
    std::string what;
    std::vector<std::int64_t> numbers;
    BATON_FIELDS(what, numbers)
};

struct Sum {
    std::string what;
    std::int64_t total = 0;
    BATON_FIELDS(what, total)
};

struct Number {
    static constexpr std::string_view topic = "number";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

/// By what a child multiplies. It says when it has heard it, on the topic "scaled".
struct Scale {
    static constexpr std::string_view topic = "scale";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

}  // namespace baton::testing
