// A handler's subscription can begin at a position that was there before it: what lies between
// becomes tasks by and by, each event once, and behind what comes now.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::LogFollower;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class BackfillTest : public testing::TaskFixture {
protected:
    // {"n": first} to {"n": last}, of `type`, in the log.
    void log(int first, int last, const std::string& type = "order/placed") {
        connection_.exec("insert into event (type, key, payload) select '" + type +
                         "', concat('k', n % 3), jsonb_build_object('n', n) from generate_series(" +
                         std::to_string(first) + ", " + std::to_string(last) + ") n order by n");
        follower_.drain();
    }
    static testing::NodeOffer offer(const std::string& more = "", int version = 1) {
        return {.handlers = R"([{"name": "send", "version": )" + std::to_string(version) +
                            R"(, "build": "b)" + std::to_string(version) +
                            R"(", "events": ["order/placed", "order/paid"])" + more + "}]"};
    }
    std::string payloads() {
        return text(
            "select coalesce(string_agg(t.payload ->> 'n', ' ' order by t.id), '') "
            "from task t");
    }
    std::string claimed_by(TestNode& node, int count) {
        std::string numbers;
        for (const ClaimedTask& task : node.claim(count)) {
            numbers += task.payload.substr(6, task.payload.size() - 7) + " ";
        }
        return numbers;
    }
    std::string notes() {
        return text(
            "select coalesce(string_agg(n, '; '), '') from "
            "jsonb_array_elements_text(status() -> 'notes') n where n like '%before its%'");
    }

    LogFollower follower_{url_};
};

TEST_F(BackfillTest, WhatLiesBeforeIsAddedOnceInItsOrderAndGoesBehindWhatComesNow) {
    log(1, 4);
    log(5, 5, "order/seen");
    log(6, 6, "order/paid");
    TestNode one = node(offer(R"(, "from": 3)"));
    log(7, 8);
    EXPECT_EQ(payloads(), "7 8") << "not in the transaction that registers";
    EXPECT_EQ(notes(),
              "handler send takes up what was before its subscription: 0 of 4 events looked at");
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(payloads(), "7 8 3 4 6");
    EXPECT_EQ(notes(), "");
    EXPECT_EQ(claimed_by(one, 10), "7 8 3 4 6 ");

    // Once more, from where it has everything; and from the beginning, which it lacks.
    const TestNode again = node(offer(R"(, "from": 1)"));
    EXPECT_EQ(number("select subscribe_from('send', 3)"), 0);
    EXPECT_EQ(number("select subscribe_from('send', 1)"), 2);
    EXPECT_EQ(number("select subscribe_from('send', 1)"), 0);
    EXPECT_EQ(number("select subscribe_from('send', 1000)"), 0);
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(payloads(), "7 8 3 4 6 1 2");
    EXPECT_EQ(number("select count(*) from task t join event e on e.id = t.event_id"), 7);
}

TEST_F(BackfillTest, OnlyAVersionThatIsLiveAndNamesTheTypeAndAHandlerWithRoomGetsThem) {
    log(1, 3);
    const TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"}])"});
    const TestNode two = node(offer(R"(, "from": 1)", 2));
    for (int pass = 0; pass < 2; ++pass) maintain();
    EXPECT_EQ(payloads(), "") << "version 1 is live";
    connection_.exec("select promote('send', 2)");
    connection_.exec("update handler set waiting_max = 1, is_full = true");
    EXPECT_NE(notes().find("looked at, and it is full"), std::string::npos) << notes();
    maintain();
    EXPECT_EQ(payloads(), "");
    connection_.exec("update handler set waiting_max = null, is_full = false");
    for (int pass = 0; pass < 2; ++pass) maintain();
    EXPECT_EQ(payloads(), "1 2 3");
    EXPECT_EQ(text("select string_agg(distinct r.version::text, ' ') from task t "
                   "join requirement r on r.id = t.requirement"),
              "2");
}

TEST_F(BackfillTest, TheKeyIsTheLaneWhereTheHandlerSaysSo) {
    log(1, 6);
    TestNode one = node(offer(R"(, "from": 1, "lane": "key")"));
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(one.claim(10).size(), 3U) << "one of each lane";
}

TEST_F(BackfillTest, APositionThatIsNoneIsRefused) {
    for (const std::string& from : std::vector<std::string>{
             "0", "-1", "1.5", "\"1\"", "[1]", "true", "1e30", "9223372036854775807"}) {
        EXPECT_EQ(
            outcome_of([&] { const TestNode bad = node(offer(R"(, "from": )" + from)); }).sqlstate,
            "BT042")
            << from;
    }
    const TestNode none = node({.handlers = R"([{"name": "other", "version": 1, "build": "b"}])"});
    const TestNode one = node(offer());
    const auto refusal = [&](const std::string& call) {
        return outcome_of([&] { connection_.exec("select " + call); }).sqlstate;
    };
    EXPECT_EQ(refusal("subscribe_from('send', 0)"), "BT042");
    EXPECT_EQ(refusal("subscribe_from('send', null)"), "BT042");
    EXPECT_EQ(refusal("subscribe_from('sent', 1)"), "BT037");
    EXPECT_EQ(refusal("subscribe_from('other', 1)"), "BT042") << "it names no types";
}

// Whoever is killed in a pass, and whatever comes meanwhile.
TEST_F(BackfillTest, PassesThatAreAbortedAndEventsThatComeMeanwhileLeaveEachEventOneTask) {
    constexpr int before = 6000;
    log(1, before);
    const TestNode one = node(offer(R"(, "from": 1)"));
    std::atomic<bool> is_over{false};
    std::jthread writer([&] {
        sql::Connection session(url_, testing::in_test_schema());
        for (int n = 0; n < 300 && !is_over; ++n) session.exec("select dispatch('order/placed')");
    });
    std::jthread killer([&] {
        for (int n = 0; n < 20 && !is_over; ++n) {
            sql::Connection session(url_, testing::in_test_schema());
            sql::Transaction transaction(session);
            transaction.exec("select maintain(at_once => true)");
            // And is gone.
        }
    });
    while (number("select count(*) from subscription_backfill where done_to < last_position") > 0) {
        follower_.drain(100);
        maintain();
    }
    is_over = true;
    writer.join();
    killer.join();
    follower_.drain();
    EXPECT_EQ(number("select count(*) from task"), number("select count(*) from event"));
    EXPECT_EQ(number("select count(distinct event_id) from task"),
              number("select count(*) from event"));
    EXPECT_EQ(number("select count(*) from task where priority = -1"), before);
}

}  // namespace
}  // namespace baton
