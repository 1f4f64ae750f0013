// A database whose machines ask for its lead, for the tests of who may (enrolment_test.cpp) and of
// what an environment is (environment_kind_test.cpp).
//
// A machine here is a machine id and a token; that the client makes one id of one machine is
// tests/environments/machine_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "baton/sql/leadership.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {

inline std::string machine_id(char digit) { return std::string(64, digit); }

inline std::string token_of(const std::string& environment, char digit) {
    return "baton_" + environment + "_" + std::string(64, digit);
}

class EnrolmentFixture : public ::testing::Test {
protected:
    std::string ask(const std::string& query) {
        return std::string(connection_.exec(query).only().text(0));
    }

    void describe(const std::string& kind) {
        connection_.exec("select describe_environment('test', '" + kind + "')");
    }

    // `more`: further arguments of enrol_machine().
    void enrol(char digit, const std::string& token, const std::string& more = "") {
        connection_.exec("select enrol_machine('" + machine_id(digit) + "', 'box " + digit +
                         "', sha256(convert_to('" + token + "', 'UTF8'))" + more + ")");
    }

    // What asking for the lead comes to, and whether the attempt was written down as such.
    Outcome outcome_of_leading(const MachineCredentials& credentials) {
        const std::string before = attempts();
        Connection candidate(database_.url(), testing::in_test_schema());
        Outcome outcome = outcome_of([&] {
            const auto epoch =
                lead(candidate, {"laptop:1", {}, {}, std::chrono::minutes(1), credentials}).epoch;
            if (epoch) resign(candidate, *epoch);
            EXPECT_TRUE(epoch);
        });
        if (outcome.sqlstate.empty()) {
            EXPECT_EQ(attempts(), before);
        } else {
            EXPECT_EQ(ask("select code || ' ' || node || ' ' || login || ' ' || address || ' ' || "
                          "message from refusals() limit 1"),
                      outcome.sqlstate + " laptop:1 baton local " + outcome.text);
            EXPECT_EQ(ask("select " + before + " + 1"), attempts());
        }
        return outcome;
    }
    std::string attempts() {
        return ask("select coalesce(sum(attempts), 0)::bigint from refusals()");
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    // An enrolled machine.
    const MachineCredentials good_{"test", machine_id('a'), token_of("test", 'a'), false};
};

inline void expect_contains(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace baton::sql
