// Matchers for GoogleTest (gmock), of what baton/testing/ has. Nothing else of the kit knows a test
// framework, and nothing here is needed: an expectation that fails is an exception.
//
//   EXPECT_THAT(&environment, baton::testing::HasEnqueued("send_receipt"));
//   EXPECT_THAT(ran.outcome, baton::testing::IsRetry(::testing::HasSubstr("busy")));
//
// Threads: as the environment.
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "baton/node_agent/outcome.hpp"
#include "baton/testing/expectation.hpp"
#include "baton/testing/test_environment.hpp"

namespace baton {

/// How GoogleTest shows an Outcome.
inline void PrintTo(const Outcome& outcome, std::ostream* out) {
    switch (outcome.kind) {
        case Outcome::Kind::done:
            *out << "done(" << outcome.result << ")";
            return;
        case Outcome::Kind::retry:
            *out << "retry(\"" << outcome.reason << "\")";
            return;
        case Outcome::Kind::dead:
            *out << "dead_letter(\"" << outcome.reason << "\")";
            return;
        case Outcome::Kind::later:
            *out << "snooze()";
            return;
        case Outcome::Kind::called:
            *out << "called_back()";
            return;
    }
}

namespace testing {

MATCHER(IsDone, "is done()") { return arg.kind == Outcome::Kind::done; }
MATCHER(IsSnoozed, "is snooze()") { return arg.kind == Outcome::Kind::later; }
MATCHER_P(IsRetry, reason, "is retry() with a reason") {
    return arg.kind == Outcome::Kind::retry &&
           ::testing::ExplainMatchResult(reason, arg.reason, result_listener);
}
MATCHER_P(IsDead, reason, "is dead_letter() with a reason") {
    return arg.kind == Outcome::Kind::dead &&
           ::testing::ExplainMatchResult(reason, arg.reason, result_listener);
}

/// TestEnvironment::expect_enqueued() and expect_dispatched() as a matcher; `fields`: JSON.
class ExpectationMatcher {
public:
    using is_gtest_matcher = void;
    using Expect = void (TestEnvironment::*)(std::string_view, std::string_view);

    ExpectationMatcher(Expect expect, std::string what, std::string fields)
        : expect_(expect), what_(std::move(what)), fields_(std::move(fields)) {}

    bool MatchAndExplain(TestEnvironment* environment, std::ostream* out) const {
        try {
            (environment->*expect_)(what_, fields_);
            return true;
        } catch (const ExpectationFailed& failed) {
            if (out != nullptr) *out << failed.what();
            return false;
        }
    }
    void DescribeTo(std::ostream* out) const { *out << "has " << what_ << " with " << fields_; }
    void DescribeNegationTo(std::ostream* out) const {
        *out << "has no " << what_ << " with " << fields_;
    }

private:
    Expect expect_;
    std::string what_;
    std::string fields_;
};

/// Of the address of a TestEnvironment, because looking folds.
inline ExpectationMatcher HasEnqueued(std::string handler, std::string fields = "{}") {
    return {&TestEnvironment::expect_enqueued, std::move(handler), std::move(fields)};
}
inline ExpectationMatcher HasDispatched(std::string type, std::string fields = "{}") {
    return {&TestEnvironment::expect_dispatched, std::move(type), std::move(fields)};
}

}  // namespace testing
}  // namespace baton
