// Followers: who goes through the log from a durable bookmark, each event in its order, whoever
// takes over from whom, and what becomes of one that lags behind.

#include <gtest/gtest.h>

#include "baton/sql/listener.hpp"
#include "log_follower.hpp"
#include "outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using sql::LogFollower;

class FollowTest : public TaskFixture {
protected:
    // Events of the types, in this order, recorded.
    void log(const std::vector<std::string>& types) {
        for (const std::string& type : types) {
            connection_.exec("select dispatch('" + type + "', '{}')");
        }
        leader_.drain();
    }
    std::string follow(TestNode& node, const std::string& arguments) {
        return text("select coalesce(token, concat('held by ', held_by)) from follow('" +
                    node.session + "', " + arguments + ")");
    }
    // "2 b, 4 b, to 5": what comes, and up to where it was looked.
    std::string read(const TestNode& node, const std::string& arguments) {
        return text(
            "select string_agg(case when type is null then concat('to ', position) "
            "else concat(position, ' ', type) end, ', ') from read_follow('" +
            node.session + "', " + arguments + ")");
    }
    std::string of(const std::string& token) { return "array['" + token + "']"; }
    std::string advance(const TestNode& node, const std::string& token,
                        const std::string& positions) {
        return refusal("advance('" + node.session + "', '" + token + "', " + positions + ")");
    }
    // "" where it is none.
    std::string refusal(const std::string& call) {
        const sql::Outcome outcome = sql::outcome_of([&] { connection_.exec("select " + call); });
        return outcome.sqlstate.empty() ? "" : outcome.sqlstate + " " + outcome.text;
    }
    std::string field(const std::string& column) {
        return text("select (" + column + ")::text from bookmarks('b')");
    }
    static void expect_begins(const std::string& text, const std::string& with) {
        EXPECT_EQ(text.substr(0, with.size()), with);
    }

    LogFollower leader_{url_};
    TestNode one_ = node({.name = "one", .handlers = "[]"});
    TestNode two_ = node({.name = "two", .handlers = "[]"});
};

TEST_F(FollowTest, EventsComeInOrderFromWhereTheBookmarkIs) {
    log({"a", "b", "a"});
    const std::string now = follow(one_, "'now'");
    const std::string whole = follow(one_, "'b', '{b,c}', 1");
    EXPECT_EQ(read(one_, of(now)), "to 3");
    EXPECT_EQ(read(one_, of(whole)), "2 b, to 3");
    log({"b", "c"});
    EXPECT_EQ(read(one_, of(now)), "4 b, 5 c, to 5");
    EXPECT_EQ(read(one_, of(whole)), "2 b, 4 b, 5 c, to 5");
    EXPECT_EQ(read(one_, of(whole) + ", 2"), "2 b, to 2");
    EXPECT_EQ(read(one_, "array['" + now + "', '" + whole + "']"), "1 a, 2 b, 3 a, 4 b, 5 c, to 5")
        << "one read for all of a node's bookmarks, from the last of them on";
    EXPECT_EQ(read(one_, "'{}', types => '{c}', after_position => 0"), "5 c, to 5");
    EXPECT_EQ(read(one_, "'{}'"), "to 5") << "from now on";
    EXPECT_EQ(read(one_, "'{}', after_position => 0, bytes_max => 1"), "1 a, to 1");
}

TEST_F(FollowTest, ItMovesForwardOnlyAndWithWhatWasDone) {
    log({"a", "a", "a"});
    const std::string token = follow(one_, "'b', from_position => 1");
    sql::Connection own(url_, in_test_schema());
    own.exec("create temporary table done (position bigint)");
    const auto work = [&](const std::string& commits) {
        sql::Transaction transaction(own);
        transaction.exec("insert into done values (2)");
        transaction.exec("select advance('" + one_.session + "', '" + token + "', 2, 0)");
        if (commits == "commits") transaction.commit();
    };
    work("is killed before");
    EXPECT_EQ(field("position"), "0");
    work("commits");
    const sql::Outcome again = sql::outcome_of([&] { work("commits"); });
    EXPECT_EQ(again.code, "bookmark_lost");
    EXPECT_EQ(own.exec("select count(*) from done").only().integer(0), 1);
    EXPECT_EQ(read(one_, of(token)), "3 a, to 3");

    expect_begins(advance(one_, token, "1"), "BT062 bookmark 'b' is at position 2, and cannot go");
    expect_begins(advance(one_, token, "3, 1"), "BT062 bookmark 'b' is at position 2");
    expect_begins(advance(one_, token, "4"),
                  "BT042 there is no position 4 to advance to: the log "
                  "ends at 3");
    expect_begins(advance(one_, token, "null"), "BT042");
    EXPECT_EQ(advance(one_, token, "3, 2"), "");
}

TEST_F(FollowTest, WhoTakesItOverDeposesTheFormer) {
    log({"a", "a"});
    const std::string first = follow(one_, "'b', from_position => 1");
    EXPECT_EQ(follow(two_, "'b'"), "held by one") << "it stands by";
    EXPECT_EQ(field("concat(state, held_by)"), "followedone");
    const std::string second = follow(two_, "'b', take_over => true");
    for (const std::string& refused :
         {advance(one_, first, "1"),
          refusal("read_follow('" + one_.session + "', " + of(first) + ")"),
          advance(one_, second, "1")}) {
        expect_begins(refused, "BT062 bookmark 'b' is not this follower's any more: node two has");
    }
    EXPECT_EQ(advance(two_, second, "1"), "");
    const std::string third = follow(two_, "'b'");
    expect_begins(
        advance(two_, second, "2"),
        "BT062 bookmark 'b' is not this follower's any more: this node asked for it anew");
    silence("two", "1 minute");
    expect_begins(advance(two_, third, "2"), "BT038");
    const std::string fourth = follow(one_, "'b'");
    EXPECT_EQ(read(one_, of(fourth)), "2 a, to 2") << "its lease is over: nobody has to force it";
}

TEST_F(FollowTest, ATakeoverWaitsForATransactionThatIsAboutToMoveIt) {
    log({"a", "a"});
    const std::string token = follow(one_, "'b', from_position => 1");
    sql::Connection own(url_, in_test_schema());
    sql::Transaction moving(own);
    moving.exec("select advance('" + one_.session + "', '" + token + "', 1)");
    EXPECT_EQ(follow(two_, "'b'"), "held by one") << "who stands by waits for nobody";
    std::future<std::string> taken =
        waiting("select position from follow('" + two_.session + "', 'b', take_over => true)");
    moving.commit();
    EXPECT_EQ(taken.get(), "1");
}

TEST_F(FollowTest, OneThatLagsForTooLongIsCutAndTold) {
    log({"a", "a", "a"});
    const std::string token = follow(one_, "'b', from_position => 1, lag_longest => '1 hour'");
    const std::string other = follow(one_, "'other', from_position => 1");
    EXPECT_EQ(advance(one_, other, "2"), "");
    const auto age = [&](const std::string& by) {
        connection_.exec("update batch set recorded_at = recorded_at - interval '" + by + "'");
        connection_.exec("update bookmark set moved_at = moved_at - interval '" + by + "'");
        maintain();
    };
    age("50 minutes");
    EXPECT_EQ(number("select needed_position()"), 1);
    EXPECT_EQ(field("state"), "followed");
    expect_begins(text("select status() -> 'problems' ->> 0"), "3 events wait at bookmark 'b'");
    EXPECT_EQ(text("select state from doctor() where check_name = 'bookmarks'"), "problem");
    age("11 minutes");
    EXPECT_EQ(field("state"), "cut");
    EXPECT_EQ(number("select needed_position()"), 3) << "it holds nothing back any more";
    for (const std::string& told :
         {refusal("read_follow('" + one_.session + "', " + of(token) + ")"),
          advance(one_, token, "1"), refusal("follow('" + one_.session + "', 'b')"),
          "BT061 " + text("select status() -> 'problems' ->> 0"), "BT061 " + field("reason")}) {
        expect_begins(told, "BT061 bookmark 'b' was cut at ");
        EXPECT_NE(told.find("`baton bookmarks move 'b' --to POSITION`"), std::string::npos) << told;
    }
    EXPECT_EQ(number("select move_bookmark('b', 1)"), 0);
    expect_begins(advance(one_, token, "2"),
                  "BT062 bookmark 'b' is not this follower's any more: "
                  "somebody moved it, to position 1");
    const std::string anew = follow(one_, "'b'");
    EXPECT_EQ(read(one_, of(anew)), "2 a, 3 a, to 3");
    maintain();
    EXPECT_EQ(field("state"), "followed") << "it has as long again";
    EXPECT_EQ(advance(one_, anew, "3"), "");
    age("2 hours");
    EXPECT_EQ(field("state"), "followed") << "nothing waits";
}

TEST_F(FollowTest, ABacklogThatIsMovedIntoIsNotLateBeforeItsTime) {
    log({"a"});
    const std::string token = follow(one_, "'b', from_position => 1, lag_longest => '1 hour'");
    connection_.exec("update batch set recorded_at = recorded_at - interval '1 year'");
    maintain();
    EXPECT_EQ(read(one_, of(token)), "1 a, to 1") << "it began a moment ago";
    EXPECT_EQ(number("select needed_position()"), 1);
}

TEST_F(FollowTest, WhoWaitsIsRungForABatchAndNobodyElseIs) {
    log({"a"});
    EXPECT_EQ(text("select pg_sequence_last_value('follower_doorbell') is null"), "t")
        << "a batch need not ring";
    sql::Listener listener(url_, in_test_schema(),
                           text("select await_events('" + one_.session + "')"));
    log({"a"});
    EXPECT_TRUE(listener.wait(20s));
    maintain();
    log({"a"});
    EXPECT_TRUE(listener.wait(20s)) << "it lives";
    follow(one_, "'b'");
    connection_.exec("select move_bookmark('b', 0)");
    EXPECT_TRUE(listener.wait(20s)) << "who has it is to hear of it";
    one_.deregister();
    maintain();
    log({"a"});
    EXPECT_FALSE(listener.wait(50ms));
}

TEST_F(FollowTest, WhatCannotBeIsRefusedInALine) {
    log({"a"});
    const auto refused = [&](const std::string& arguments) {
        return refusal("follow('" + one_.session + "', " + arguments + ")");
    };
    EXPECT_EQ(refused("''"), "BT042 bookmark '': the name of a bookmark has 1 to 128 bytes");
    EXPECT_EQ(refused("null"), "BT042 bookmark null: the name of a bookmark has 1 to 128 bytes");
    EXPECT_EQ(refused("'b', '{}'").substr(0, 27), "BT042 bookmark 'b': types a");
    EXPECT_EQ(refused("'b', '{a,NULL}'").substr(0, 27), "BT042 bookmark 'b': types a");
    EXPECT_EQ(refused("'b', from_position => 0").substr(0, 33),
              "BT042 bookmark 'b': from_position");
    EXPECT_EQ(refused("'b', from_position => 3"),
              "BT042 bookmark 'b': the log ends at position 1: it has no 3 to begin with");
    expect_begins(refused("'b', lag_longest => '-1 s'"), "BT042 bookmark 'b': lag_longest is");
    expect_begins(refused("'b', lag_longest => '0'"), "BT042 bookmark 'b': lag_longest is");
    expect_begins(refusal("follow('1.0', 'b')"), "BT038");
    EXPECT_EQ(number("select count(*) from bookmark"), 0);
    for (const std::string token : {"'x'", "null", "'1.1'", "''"}) {
        expect_begins(refusal("read_follow('" + one_.session + "', array[" + token + "]::text[])"),
                      "BT062 there is no bookmark of the token ");
    }
    for (const std::string more :
         {"'{}', 0", "'{}', null", "'{}', 10001", "'{}', 1, 2", "'{}', 1, -1"}) {
        expect_begins(refusal("read_follow('" + one_.session + "', " + more + ")"), "BT042");
    }
    expect_begins(refusal("move_bookmark('none')"), "BT062 there is no bookmark 'none'");
    const std::string token = follow(one_, "'b'");
    expect_begins(refusal("move_bookmark('b', 2)"),
                  "BT042 bookmark 'b' cannot be moved to position 2");
    EXPECT_EQ(refusal("remove_bookmark('b')"), "");
    expect_begins(advance(one_, token, "1"), "BT062 there is no bookmark of the token");
    connection_.exec(
        "insert into bookmark (name, position) select concat('n', g), 0 from "
        "generate_series(1, 1000) as g");
    expect_begins(refused("'b'"), "BT042 bookmark 'b': there are 1000 bookmarks already");
}

TEST_F(FollowTest, ARevokedMachineFollowsNoMore) {
    log({"a"});
    const std::string token = follow(one_, "'b', from_position => 1");
    connection_.exec("select revoke_machine(machine_id) from machine");
    expect_begins(advance(one_, token, "1"), "BT032");
    expect_begins(refusal("read_follow('" + one_.session + "')"), "BT032");
    expect_begins(refusal("follow('" + two_.session + "', 'b', take_over => true)"), "BT032");
    expect_begins(refusal("await_events('" + two_.session + "')"), "BT032");
}

}  // namespace
}  // namespace baton::testing
