// What a test's expectation throws where it does not hold: any test framework takes an exception
// for a failed test, and prints what().
//
// Threads: values only.
#pragma once

#include <stdexcept>

namespace baton::testing {

/// Says what was expected, and what there is instead.
class ExpectationFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace baton::testing
