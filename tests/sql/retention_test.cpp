// Retention: whole partitions of the log go, the oldest first, once nobody needs them; what is left
// reads as before, and who asks for what is gone is told.

#include <gtest/gtest.h>

#include <random>

#include "log_follower.hpp"
#include "outcome.hpp"
#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using sql::LogFollower;
using sql::LoggedEvent;

class RetentionTest : public TaskFixture {
protected:
    // Partitions of a hundred ids, instead of the one of ten million that the template has; and
    // nothing is too young.
    void SetUp() override {
        connection_.exec("drop table event_from_1");
        for (int first = 1; first < 4000; first += 100) {
            connection_.exec("create table event_from_" + std::to_string(first) +
                             " partition of event for values from (" + std::to_string(first) +
                             ") to (" + std::to_string(first + 100) + ")");
        }
        connection_.exec("select set_log_retention('1 microsecond')");
    }
    // So many events, recorded in batches of 10.
    void log(int count) {
        for (int i = 0; i < count; i += 50) {
            connection_.exec(
                "select dispatch('n', concat('{\"i\": ', i, '}')::jsonb) "
                "from generate_series(1, " +
                std::to_string(std::min(50, count - i)) + ") as i");
        }
        leader_.drain(10);
    }
    // Passes of maintain() until nothing is dropped any more.
    std::int64_t drop_all() {
        maintain();  // counts the events first
        std::int64_t beginning = -1;
        while (beginning != number("select log_beginning()")) {
            beginning = number("select log_beginning()");
            maintain();
        }
        return beginning;
    }
    std::string refusal(const std::string& call) {
        const sql::Outcome outcome = sql::outcome_of([&] { connection_.exec("select " + call); });
        return outcome.sqlstate.empty() ? "" : outcome.sqlstate + " " + outcome.text;
    }
    std::string waits_for() { return text("select coalesce(waits_for, '') from log_retention"); }
    std::vector<LoggedEvent> log_after(std::int64_t position) {
        std::vector<LoggedEvent> events;
        for (const sql::Row& row : connection_.exec(
                 "select position, id, type, coalesce(key, ''), payload from read_log(" +
                 std::to_string(position) + ", 1000000)")) {
            events.push_back({row.integer(0), row.integer(1), std::string(row.text(2)),
                              std::string(row.text(3)), std::string(row.text(4))});
        }
        return events;
    }
    // A view that has the events up to a position, and a row that says so.
    void make_view(const std::string& name, const std::string& state, std::int64_t position) {
        connection_.exec(
            "insert into reducer_version (name, version, build, language, columns) "
            "values ('" +
            name +
            "', 1, 'b', 'sql', '[]');"
            "create table " +
            name +
            "__v1 (position bigint);"
            "insert into " +
            name + "__v1 values (" + std::to_string(position) +
            ");"
            "insert into view_state (view, version, state, position) values ('" +
            name + "', 1, '" + state + "', " + std::to_string(position) + ")");
    }
    std::string take_base() {
        sql::Transaction transaction(connection_, sql::Isolation::repeatable_read);
        std::string taken(transaction.exec("select coalesce(take_bases(), 'none')").only().text(0));
        transaction.commit();
        return taken;
    }

    LogFollower leader_{url_};
};

TEST_F(RetentionTest, WholePartitionsGoAndTheRestReadsAsBefore) {
    connection_.exec("select dispatch('first', dispatch_id => gen_random_uuid())");
    log(349);
    const std::vector<LoggedEvent> before = log_after(0);
    ASSERT_EQ(before.size(), 350U);
    connection_.exec("select set_log_retention('1 day')");
    EXPECT_EQ(drop_all(), 0) << "nothing is a day old";
    connection_.exec(
        "update batch set recorded_at = recorded_at - interval '25 hours' "
        "where first_position <= 150");
    EXPECT_EQ(drop_all(), 100) << "what is older than a day reaches into the second partition";
    connection_.exec("select set_log_retention(null)");
    EXPECT_EQ(drop_all(), 100) << "no rule, nothing goes";
    connection_.exec("select set_log_retention(null, bytes => 1)");
    EXPECT_EQ(drop_all(), 300) << "the partition that is written to stays";
    EXPECT_EQ(log_after(300), std::vector<LoggedEvent>(before.begin() + 300, before.end()));
    EXPECT_EQ(log_after(320), std::vector<LoggedEvent>(before.begin() + 320, before.end()));
    EXPECT_EQ(number("select count(*) from event"), 50);
    EXPECT_EQ(number("select min(first_position) from batch"), 301);
    EXPECT_EQ(number("select count(*) from dispatch_receipt"), 0);
    EXPECT_EQ(number("select event_position(310)"), 310);
    EXPECT_EQ(number("select event_position(10)"), 300) << "gone: where the log begins";
    EXPECT_EQ(refusal("read_log(299, 1)").substr(0, 45),
              "BT071 the log begins after position 300: rete");
    EXPECT_EQ(refusal("is_reduced(10)").substr(0, 5), "BT008");
    log(30);
    EXPECT_EQ(log_after(300).size(), 80U);
    EXPECT_EQ(text("select string_agg(check_name || found, '') from doctor(true) where "
                   "check_name in ('positions', 'log_rows') and state <> 'ok'"),
              "");
}

TEST_F(RetentionTest, TransactionThatIsOpenKeepsWhatItPutIn) {
    sql::Connection other(url_, in_test_schema());
    std::optional<sql::Transaction> open(std::in_place, other);
    open->exec("select dispatch('late')");
    log(250);
    EXPECT_EQ(drop_all(), 0);
    EXPECT_NE(waits_for().find("a transaction is open that may have put more into it"),
              std::string::npos)
        << waits_for();
    open->commit();
    EXPECT_EQ(drop_all(), 0) << "it is not in the log yet";
    log(10);
    const std::vector<LoggedEvent> before = log_after(0);
    const std::int64_t late = number("select event_position(1)");
    EXPECT_EQ(late, 251);
    EXPECT_GE(drop_all(), late);
    EXPECT_EQ(log_after(drop_all()),
              std::vector<LoggedEvent>(before.begin() + drop_all(), before.end()));
}

// Sessions dispatch, leave their transactions open for a while and commit in any order, the log is
// recorded in pages of any size, and partitions go: whatever is left is what it was.
TEST_F(RetentionTest, InAnyOrderOfWritersAndDropsTheRestIsWhatItWas) {
    std::mt19937_64 random(seed());
    struct Writer {
        std::unique_ptr<sql::Connection> session;
        std::optional<sql::Transaction> open;
    };
    std::vector<Writer> writers(4);
    for (Writer& writer : writers) {
        writer.session = std::make_unique<sql::Connection>(url_, in_test_schema());
    }
    // What was committed; each is in the log once, also if its partition went.
    connection_.exec("create table sent (id bigint)");
    std::vector<LoggedEvent> model;
    std::int64_t drops = 0;
    for (int step = 0; step < 250; ++step) {
        Writer& writer = writers[random() % writers.size()];
        if (!writer.open) writer.open.emplace(*writer.session);
        writer.open->exec(
            "insert into sent select dispatch('n', concat('{\"i\": ', i, '}')::jsonb) from "
            "generate_series(1, " +
            std::to_string(1 + random() % 20) + ") as i");
        if (random() % 2 == 0) {
            if (random() % 5 != 0) writer.open->commit();
            writer.open.reset();
        }
        if (random() % 8 == 0) {
            for (LoggedEvent& event : leader_.drain(1 + random() % 40)) {
                model.push_back(std::move(event));
            }
        }
        if (random() % 10 == 0) {
            for (Writer& each : writers) {
                if (random() % 4 == 0) continue;
                if (each.open && random() % 3 != 0) each.open->commit();
                each.open.reset();
            }
            const std::int64_t before = number("select log_beginning()");
            maintain();
            const std::int64_t after = number("select log_beginning()");
            drops += after > before ? 1 : 0;
            ASSERT_LE(after, static_cast<std::int64_t>(model.size()));
            ASSERT_EQ(log_after(after),
                      std::vector<LoggedEvent>(model.begin() + after, model.end()))
                << "step " << step << ", from " << after;
        }
    }
    EXPECT_GT(drops, 3);
    for (Writer& writer : writers) writer.open.reset();
    for (LoggedEvent& event : leader_.drain()) model.push_back(std::move(event));
    EXPECT_EQ(static_cast<std::int64_t>(model.size()), number("select count(*) from sent"));
}

TEST_F(RetentionTest, WhoHasNotPassedItKeepsAPartition) {
    log(250);
    const auto waits = [&](const std::string& for_whom) {
        EXPECT_EQ(drop_all(), 0) << for_whom;
        EXPECT_NE(waits_for().find(for_whom), std::string::npos) << waits_for();
        EXPECT_NE(text("select found from check_retention()").find(for_whom), std::string::npos);
    };
    make_view("v", "halted", 40);
    waits("view v@1, which is halted stands at position 40");
    connection_.exec("delete from view_state");
    connection_.exec("insert into view_build (view, version, position) values ('v', 1, 99)");
    waits("the build of v@1, which is building stands at position 99");
    connection_.exec("delete from view_build");
    connection_.exec("insert into bookmark (name, position) values ('b', 7)");
    waits("bookmark 'b' stands at position 7");
    connection_.exec("delete from bookmark");
    connection_.exec(
        "insert into task_set (handler, key, version, input_position, is_sealed, "
        "on_promotion, at_deadline, kept) values "
        "('h', 'k', 1, 50, false, 'finish', 'abandon', '1 day')");
    waits("task set 1 of h, key 'k', which is open stands at position 50");
    connection_.exec("update task_set set state = 'abandoned'");
    EXPECT_EQ(text("select retention() -> 'holds'"), "[]");
    EXPECT_EQ(drop_all(), 200);
    EXPECT_EQ(waits_for(), "");
}

TEST_F(RetentionTest, FollowerThatIsTooLateIsCutFirst) {
    log(250);
    connection_.exec(
        "insert into bookmark (name, position, lag_longest, moved_at) "
        "values ('b', 7, '1 hour', now() - interval '1 day')");
    EXPECT_EQ(drop_all(), 0) << "the oldest event that it has not done with is young";
    connection_.exec("update batch set recorded_at = recorded_at - interval '2 hours'");
    EXPECT_EQ(drop_all(), 200);
    EXPECT_NE(text("select status() ->> 'problems'").find("bookmark 'b' was cut"),
              std::string::npos);
    EXPECT_EQ(refusal("move_bookmark('b', 7)").substr(0, 5), "BT042");
    EXPECT_EQ(refusal("move_bookmark('b', 200)"), "");
}

TEST_F(RetentionTest, ABaseOfEachVersionIsKeptBeforeWhatItCameFromGoes) {
    log(150);
    make_view("v", "following", 0);
    EXPECT_EQ(drop_all(), 0);
    EXPECT_NE(waits_for().find("v@1 has no base yet at or behind position 100"), std::string::npos)
        << waits_for();
    EXPECT_EQ(take_base(), "v@1");
    EXPECT_EQ(take_base(), "none") << "until the log has passed the next partition";
    log(40);
    EXPECT_EQ(take_base(), "none");
    EXPECT_EQ(drop_all(), 100);
    EXPECT_EQ(number("select open_past_view('v', 1, 160)"), 150) << "it begins with the base";
    connection_.exec("drop table pg_temp.v__v1");
    EXPECT_EQ(refusal("open_past_view('v', 1, 149)").substr(0, 153),
              "BT071 v@1 cannot be made as it was at position 149: the log begins after position "
              "100, and the oldest of its rows that are kept are those at position 150");
    // What is kept for time travel alone is a base as well, from then on.
    log(20);
    connection_.exec(
        "insert into view_snapshot (view, version, build, position) "
        "values ('v', 1, 'b', 205)");
    connection_.exec("create table view_snapshot_2 as table v__v1");
    EXPECT_EQ(take_base(), "v@1");
    EXPECT_EQ(text("select string_agg(concat(position, is_base), ' ' order by id) "
                   "from view_snapshot"),
              "150t 205t");
    EXPECT_EQ(drop_all(), 200);
    const std::string dropped =
        std::string(leader_.writing().exec("select drop_snapshots(0, 16)").only().text(0));
    EXPECT_EQ(dropped, "v@1 at 150") << "nothing can begin with that";
    EXPECT_TRUE(leader_.writing().exec("select drop_snapshots(0, 16)").only().is_null(0));
}

TEST_F(RetentionTest, WhatHasToReadWhatIsGoneIsRefusedBeforeItBegins) {
    log(150);
    ASSERT_EQ(drop_all(), 100);
    const std::string columns =
        "'[{\"name\": \"k\", \"type\": \"bigint\", \"nullable\": false, \"key\": true}]'";
    EXPECT_EQ(
        refusal("register_reducer('v', 1, 'b', 'c++', " + columns + ", false, true)").substr(0, 93),
        "BT071 view v@1 has to read the log from its first event: the log begins after "
        "position 100: r");
    EXPECT_EQ(refusal("register_reducer('w', 1, 'b', 'c++', " + columns + ", false, false)"), "")
        << "a build may begin with the rows of a former version";
    EXPECT_EQ(number("select position from view_build where view = 'w'"), 0);
    EXPECT_EQ(refusal("is_log_kept(0, 'view w@1')").substr(0, 20), "BT071 view w@1: the ");
    connection_.exec("select begin_view('v', 1)");
    EXPECT_EQ(refusal("register_reducer('v', 1, 'b', 'c++', " + columns + ", false, true)"), "");
    EXPECT_EQ(number("select position from view_state where view = 'v'"), 100);
    EXPECT_EQ(number("select open_past_view('v', 1, 120)"), 100);
    EXPECT_EQ(refusal("begin_view('v', 1)").substr(0, 5), "BT071");
    EXPECT_EQ(refusal("rebuild_reducer('v', 1, 'c', 'c++', null)").substr(0, 5), "BT071");
}

// A backend that ends at any step of a drop leaves all or nothing, and the next pass does it.
TEST_F(RetentionTest, SessionThatEndsOnTheWayHasDoneNothing) {
    log(150);
    const std::vector<LoggedEvent> before = log_after(0);
    connection_.exec(
        "create function die() returns trigger language plpgsql as $$ begin "
        "perform pg_terminate_backend(pg_backend_pid()); return new; end $$;"
        "create function die_ddl() returns event_trigger language plpgsql as $$ begin "
        "perform pg_terminate_backend(pg_backend_pid()); end $$");
    const std::vector<std::pair<std::string, std::string>> steps{
        {"create event trigger t on ddl_command_start when tag in ('DROP TABLE') "
         "execute function die_ddl()",
         "drop event trigger t"},
        {"create event trigger t on sql_drop when tag in ('DROP TABLE') "
         "execute function die_ddl()",
         "drop event trigger t"},
        {"create trigger t before update of begins_after on log_retention for each row "
         "execute function die()",
         "drop trigger t on log_retention"},
        {"create trigger t after update of begins_after on log_retention for each row "
         "execute function die()",
         "drop trigger t on log_retention"},
        {"create constraint trigger t after update on log_retention deferrable initially deferred "
         "for each row execute function die()",
         "drop trigger t on log_retention"},
    };
    connection_.exec("select keep_statistics(true)");  // what is not counted yet stays
    for (const auto& [fault, mend] : steps) {
        connection_.exec(fault);
        sql::Connection other(url_, in_test_schema());
        const sql::Outcome outcome = sql::outcome_of([&] { other.exec("select maintain(true)"); });
        connection_.exec(mend);
        EXPECT_EQ(outcome.code, "connection_lost") << fault << outcome.text;
        EXPECT_EQ(number("select log_beginning()"), 0) << fault;
        EXPECT_EQ(log_after(0), before) << fault;
    }
    EXPECT_EQ(drop_all(), 100);
    EXPECT_EQ(log_after(100), std::vector<LoggedEvent>(before.begin() + 100, before.end()));
}

}  // namespace
}  // namespace baton::testing
