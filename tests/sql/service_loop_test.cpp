// A service goes on over the next session when its own is lost, and ends by itself only where
// waiting does not help.

#include "baton/sql/service_loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "baton/sql/failure.hpp"
#include "sql/outcome.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

// The code of what ended run(), and how often the work was begun until then.
using Ended = std::pair<std::string, int>;

class ServiceLoopTest : public ::testing::Test {
protected:
    Ended run(ServiceLoop& loop, const std::function<void(Connection&, int)>& work) {
        int count = 0;
        const Outcome outcome = outcome_of([&] {
            loop.run([&](Connection& connection) {
                work(connection, ++count);
                loop.stop();
            });
        });
        return {outcome.code, count};
    }
    [[nodiscard]] std::string url() const { return database_.url(); }

    testing::TestDatabase database_{testing::environment_template()};
    ServiceLoop loop_{url(), testing::in_test_schema("service"), "service"};
};

TEST_F(ServiceLoopTest, WorkGoesOnInTheNextSessionWhenItsOwnIsLost) {
    const auto [code, count] = run(loop_, [&](Connection& connection, int nth) {
        EXPECT_EQ(connection.schema(), testing::test_schema);
        if (nth > 1) return;
        Connection(url()).exec("select pg_terminate_backend(" +
                               std::to_string(connection.backend_pid()) + ")");
        connection.exec("select 1");
    });
    EXPECT_EQ(code, "no error");
    EXPECT_EQ(count, 2);
    EXPECT_NE(loop_.take_interruption(), "");
    EXPECT_EQ(loop_.take_interruption(), "") << "told once";
}

TEST_F(ServiceLoopTest, WhatPassesIsWaitedForAndABugIsNot) {
    const auto refusing = [](const std::string& sqlstate) {
        return [sqlstate](Connection& connection, int nth) {
            if (nth > 1) return;
            connection.exec("do $$ begin raise exception 'no' using errcode = '" + sqlstate +
                            "'; end $$");
        };
    };
    for (const std::string passing : {"40001", "55P03", "57014", "53100", "BT011"}) {
        ServiceLoop loop(url(), testing::in_test_schema("service"), "service");
        EXPECT_EQ(run(loop, refusing(passing)), Ended("no error", 2)) << passing;
    }
    for (const std::string final : {"22012", "42P01"}) {
        ServiceLoop loop(url(), testing::in_test_schema("service"), "service");
        EXPECT_EQ(run(loop, refusing(final)), Ended("statement_failed", 1)) << final;
    }
}

TEST_F(ServiceLoopTest, ARightThatWasTakenAwayIsWaitedForAndOneThatNeverWasIsNot) {
    const auto lacking = [](ServiceLoop& loop, int had_all_at) {
        return [&loop, had_all_at](Connection& connection, int nth) {
            if (nth == had_all_at) loop.had_all_rights();
            if (nth > 1) return;
            connection.exec("do $$ begin raise insufficient_privilege; end $$");
        };
    };
    EXPECT_EQ(run(loop_, lacking(loop_, 0)), Ended("statement_failed", 1));
    ServiceLoop other(url(), testing::in_test_schema("service"), "service");
    EXPECT_EQ(run(other, lacking(other, 1)), Ended("no error", 2));
}

TEST_F(ServiceLoopTest, NothingIsBegunWhereNothingIsInstalled) {
    ServiceLoop loop(url(), session_options("baton_nowhere", "service"), "service");
    EXPECT_EQ(run(loop, [](Connection&, int) {}), Ended("not_installed", 0));
}

// Without a pause it would make sessions as fast as the server can.
TEST_F(ServiceLoopTest, WorkThatEndsBeforeItIsStoppedIsBegunAgainAfterAPause) {
    const auto started = std::chrono::steady_clock::now();
    int count = 0;
    loop_.run([&](Connection&) {
        if (++count == 5) loop_.stop();
    });
    EXPECT_EQ(count, 5);
    // The shortest pauses that Backoff(50 ms) takes.
    EXPECT_GE(std::chrono::steady_clock::now() - started, 300ms);
    EXPECT_EQ(loop_.take_interruption(), "") << "nothing interrupted it";
}

TEST_F(ServiceLoopTest, WithoutAConnectionItTriesOnUntilItIsStopped) {
    ServiceLoop loop("postgresql://nobody@127.0.0.1:1/none", {}, "service");
    auto running = std::async(std::launch::async, [&] { loop.run([](Connection&) {}); });
    EXPECT_EQ(running.wait_for(300ms), std::future_status::timeout) << "it tries on";
    loop.stop();
    running.get();
    loop.run([](Connection&) { FAIL() << "it was stopped before"; });
}

}  // namespace
}  // namespace baton::sql
