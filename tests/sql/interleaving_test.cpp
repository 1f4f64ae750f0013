// The runner that plays sessions in every order: it knows how many orders there are, who waits, and
// what a deadlock is.

#include "sql/interleaving.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/environment.hpp"

namespace baton::testing {
namespace {

class InterleavingTest : public ::testing::Test {
protected:
    InterleavingTest() {
        connection_.exec("create table public.account (id integer primary key, amount integer)");
        connection_.exec("insert into public.account values (1, 0), (2, 0)");
    }

    std::vector<Part> begin(const std::vector<Part>& parts) {
        connection_.exec("update public.account set amount = 0");
        return parts;
    }

    static std::string add(int account) {
        return "update public.account set amount = amount + 1 where id = " +
               std::to_string(account) + " returning amount";
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    Interleaver interleaver_{database_.url(), 2};
};

TEST_F(InterleavingTest, WhatDoesNotMeetIsPlayedInAllOrders) {
    std::set<std::string> orders;
    const std::size_t played = interleaver_.play_all(
        [&] {
            return begin({{"a", {"select 1", "select 2"}}, {"b", {"select 3", "select 4"}}});
        },
        [&](const Played& run) {
            EXPECT_EQ(run.parts[1].answers, (std::vector<std::string>{"3", "4"}));
            orders.insert(run.order);
            return true;
        });
    EXPECT_EQ(played, 6U) << "4! / (2! 2!)";
    EXPECT_EQ(orders.size(), 6U);
}

TEST_F(InterleavingTest, WhoWaitsStaysBehindUntilTheOtherHasEnded) {
    std::set<std::string> orders;
    interleaver_.play_all(
        [&] {
            return begin(
                {{"a", {"begin; " + add(1), "commit"}}, {"b", {"begin; " + add(1), "commit"}}});
        },
        [&](const Played& run) {
            orders.insert(run.order);
            EXPECT_EQ(run.parts[0].answers[0] + run.parts[1].answers[0],
                      run.order.front() == 'a' ? "12" : "21");
            return true;
        });
    EXPECT_EQ(orders, (std::set<std::string>{"a a b b", "a b~ a b", "b a~ b a", "b b a a"}));
}

TEST_F(InterleavingTest, DeadlockIsAnErrorOfOneAndIsFoundInTheOrdersThatHaveIt) {
    int deadlocks = 0;
    const std::size_t played = interleaver_.play_all(
        [&] {
            return begin({{"a", {"begin; " + add(1), add(2), "commit"}},
                          {"b", {"begin; " + add(2), add(1), "commit"}}});
        },
        [&](const Played& run) {
            for (const PlayedPart& part : run.parts) {
                if (part.sqlstate.empty()) continue;
                EXPECT_EQ(part.sqlstate, "40P01") << part.message;
                EXPECT_NE(run.order.find('!'), std::string::npos) << run.order;
                ++deadlocks;
            }
            return true;
        });
    EXPECT_GE(deadlocks, 2) << "a b a b, and b a b a";
    EXPECT_LT(static_cast<std::size_t>(deadlocks), played);
}

TEST_F(InterleavingTest, OneThatLooksAgainAndAgainWaits) {
    const std::string wait =
        "do $$ begin while (select amount = 0 from public.account where id = 1) loop "
        "perform pg_sleep(0.002); end loop; end $$";
    std::set<std::string> orders;
    interleaver_.play_all(
        [&] {
            return begin({{"a", {wait}}, {"b", {"begin; " + add(1), "commit"}}});
        },
        [&](const Played& run) {
            orders.insert(run.order);
            return true;
        });
    EXPECT_EQ(orders, (std::set<std::string>{"a~ b b", "b a~ b", "b b a"}));
}

}  // namespace
}  // namespace baton::testing
