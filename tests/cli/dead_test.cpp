// One bad event and many views: baton dead list, skip and retry, what waits for such an event, and
// what status says of it.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <pqxx/connection>

#include <algorithm>
#include <csignal>
#include <functional>
#include <sstream>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/dispatch.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// A view of the sum of the amounts; one that is no number poisons it. `mended` takes it for 1.
std::string sums(const std::string& view, int version = 1, bool mended = false) {
    const std::string number = std::to_string(version);
    const std::string table = view + "__v" + number;
    const std::string amount =
        mended ? "case when payload ->> 'amount' ~ '^[0-9.]+$' then (payload ->> 'amount')::numeric"
                 " else 1 end"
               : "(payload ->> 'amount')::numeric";
    return "--! reducer " + view + " version " + number + "\ncreate table " + table +
           " (day text primary key, amount numeric, position bigint not null);\n"
           "create function " +
           table + "() returns void language sql as $$\n  insert into " + table +
           " as v (day, amount, position)\n  select 'all', sum(" + amount +
           "), max(position) from batch_event where type = 'paid' group by 1\n"
           "  on conflict (day) do update set amount = v.amount + excluded.amount,\n"
           "    position = excluded.position\n$$;\n";
}

class DeadTest : public ::testing::Test {
protected:
    DeadTest() { tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string()); }

    // An orchestrator with these reducers, which halts before what it cannot fold.
    [[nodiscard]] std::unique_ptr<ChildProcess> start(const std::string& node,
                                                      const std::vector<std::string>& reducers,
                                                      const std::string& sets = {}) {
        std::string sql;
        for (std::size_t i = 0; i < reducers.size(); ++i) {
            const std::string name = std::to_string(++files_) + ".sql";
            tool_.write(name, reducers[i]);
            sql += (sql.empty() ? "\"" : ", \"") + name + "\"";
        }
        const std::string file = tool_.write(
            std::to_string(++files_) + ".toml",
            "name = \"test\"\nkind = \"development\"\n[reducers]\nsql = [" + sql + "]\n" + sets);
        return std::make_unique<ChildProcess>(tool_.options(
            {"orchestrate", "--env", file, "--node", node, "--poll-ms", "100", "--lease-ms", "1500",
             "--on-poison", "halt", "--auto-promote", "false"}));
    }
    [[nodiscard]] std::unique_ptr<ChildProcess> start_five() {
        return start("five", {sums("a"), sums("b"), sums("c"), sums("d"), sums("e")});
    }
    void pay(const std::string& amount) {
        EXPECT_EQ(tool_.run({"dispatch", "paid", "{\"amount\": \"" + amount + "\"}"}).code, 0);
    }
    [[nodiscard]] std::string ask(const std::string& query) {
        return std::string(connection_.exec(query).only().text_or_null(0).value_or(""));
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(30s, [&] { return ask("select " + condition) == "t"; });
    }
    [[nodiscard]] bool all_follow(int count) {
        return comes_true("(select count(*) from view_state where state = 'following') = " +
                          std::to_string(count));
    }
    [[nodiscard]] bool halted(int count) {
        return comes_true("(select count(*) from view_state where state = 'halted') = " +
                          std::to_string(count));
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    int files_ = 0;
    sql::Connection connection_{database_.url(), in_test_schema()};
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::size_t width_of(const std::string& line) {
    return static_cast<std::size_t>(std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

TEST_F(DeadTest, AnEventOfFiveViewsIsListedOnceAndSkippedByOneCommandBuildsIncluded) {
    const auto leader = start_five();
    pay("1");
    pay("cheap");
    pay("2");
    ASSERT_TRUE(halted(5)) << leader->error_output();
    const std::string list = tool_.run({"dead", "list"}).out;
    EXPECT_EQ(list.find("event 2 (paid) at position 2\n  halting  a@1, b@1, c@1, d@1, e@1\n"), 0U)
        << list;
    EXPECT_EQ(list.find("event 2", 1), std::string::npos) << list;
    simdjson::dom::parser parser;
    const std::string json = tool_.run({"dead", "list", "--json"}).out;
    const simdjson::dom::array events = parser.parse(json).get_array();
    ASSERT_EQ(events.size(), 1U) << json;
    EXPECT_EQ(std::int64_t(events.at(0)["event_id"]), 2);
    EXPECT_EQ(simdjson::dom::array(events.at(0)["views"]).size(), 5U);

    const Ran skipped = tool_.run({"dead", "skip", "--event", "2"});
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    std::string expected;
    for (const char* const view : {"a", "b", "c", "d", "e"}) {
        expected += std::string("view ") + view + "@1 goes on without the event at position 2\n";
    }
    EXPECT_EQ(skipped.out, expected);
    ASSERT_TRUE(all_follow(5)) << leader->error_output();
    EXPECT_EQ(ask("select amount from e"), "3");

    // A new version of a view, and a view that is new.
    const auto second = start("second", {sums("a", 2), sums("b"), sums("c"), sums("d"), sums("e")});
    ASSERT_TRUE(
        comes_true("exists (select from view_build where view = 'a' and version = 2"
                   " and state = 'ready' and position = 3)"))
        << second->error_output() << tool_.run({"status"}).out;
    EXPECT_EQ(ask("select string_agg(amount::text || ' ' || position::text, ',') from a__v2"),
              "3 3");
    EXPECT_EQ(ask("select state from dead_event where view = 'a' and version = 2"), "skipped");
}

// Time travel leaves out what the version left out, or would.
TEST_F(DeadTest, TimeTravelGoesByWhatWasSkipped) {
    const auto leader = start("one", {sums("a")});
    pay("1");
    pay("cheap");
    pay("2");
    ASSERT_TRUE(halted(1)) << leader->error_output();
    const std::string next = tool_.write("next.sql", sums("a", 2));
    tool_.set("BATON_ON_POISON", "halt");  // or the policy would skip it
    EXPECT_EQ(tool_.run({"dead", "skip", "a", "--version", "1"}).code, 0);
    EXPECT_NE(tool_.run({"replay", "--reducer", next}).err.find("[BT022]"), std::string::npos);
    EXPECT_EQ(
        tool_.run({"dead", "skip", "--event", "2"}).out,
        "no view stands before event 2; what cannot fold it from now on goes on without it\n");
    ASSERT_TRUE(all_follow(1));
    EXPECT_EQ(tool_.run({"view", "a", "--at", "3", "--csv"}).out, "day,amount\nall,3\n");
    EXPECT_EQ(tool_.run({"diff", "a", "--from", "1", "--to", "2"}).out,
              "a from position 1 to 2: no row differs\n");
    const Ran replay = tool_.run({"replay", "--reducer", next});
    EXPECT_EQ(replay.out, "a@2 against the live @1 at position 3: no row differs\n") << replay.err;
    EXPECT_EQ(replay.err.find("skipped the event at position 2: "), 0U) << replay.err;
    const std::string mended = tool_.write("mended.sql", sums("a", 2, true));
    const std::string one =
        "a@2 against the live @1 at position 3: 1 row differs (1 changed, 0 "
        "added, 0 removed)\n";
    EXPECT_EQ(tool_.run({"replay", "--reducer", mended, "--summary"}).out, one);
    EXPECT_EQ(tool_.run({"replay", "--reducer", mended}).out,
              "change   day  what\nchanged  all  amount 3 -> 4\n" + one);
    EXPECT_EQ(tool_.run({"replay", "--reducer", mended, "--summary", "--json"}).out,
              "{\"changed\":1,\"added\":0,\"removed\":0}\n");
}

TEST_F(DeadTest, AVersionThatCanFoldASkippedEventHasIt) {
    const auto leader = start("one", {sums("a")});
    pay("cheap");
    ASSERT_TRUE(halted(1)) << leader->error_output();
    EXPECT_EQ(tool_.run({"dead", "skip", "a"}).out,
              "view a goes on without the event at position 1\n");
    const auto second = start("second", {sums("a", 2, true)});
    ASSERT_TRUE(comes_true("exists (select from view_build where state = 'ready')"))
        << second->error_output();
    EXPECT_EQ(ask("select amount from a__v2"), "1");
}

// In development: what the former build could not fold, and the policy skipped, is tried again.
TEST_F(DeadTest, AMendedBuildOfTheSameVersionHasWhatThePolicySkipped) {
    const auto run = [&](bool mended) {
        return std::make_unique<ChildProcess>(
            tool_.options({"orchestrate", "--reducer", tool_.write("a.sql", sums("a", 1, mended)),
                           "--on-poison", "skip", "--poll-ms", "100"}));
    };
    auto leader = run(false);
    pay("1");
    pay("cheap");
    ASSERT_TRUE(comes_true("exists (select from dead_event where state = 'skipped')"))
        << leader->error_output();
    leader->kill(SIGTERM);
    ASSERT_TRUE(leader->wait(20s));
    leader = run(true);
    ASSERT_TRUE(eventually(30s, [&] {
        return tool_.run({"wait", "2"}).code == 0;
    })) << leader->error_output();
    EXPECT_EQ(ask("select amount from a"), "2");
}

TEST_F(DeadTest, ASkipOfOneVersionAloneIsNotInheritedAndOneOfAViewIsNotAnothers) {
    const auto leader = start("two", {sums("a"), sums("b")});
    pay("cheap");
    ASSERT_TRUE(halted(2)) << leader->error_output();
    EXPECT_EQ(tool_.run({"dead", "skip", "a", "--version", "1"}).out,
              "view a@1 goes on without the event at position 1\n");
    EXPECT_EQ(ask("select state from view_state where view = 'b'"), "halted");
    const auto second = start("second", {sums("a", 2), sums("b", 2)});
    ASSERT_TRUE(comes_true("(select count(*) from view_build where state = 'halted') = 2"))
        << second->error_output();
    // Of view a: the build is let go on, and whatever comes after it.
    EXPECT_EQ(tool_.run({"dead", "skip", "a"}).out,
              "view a goes on without the event at position 1\n");
    EXPECT_TRUE(comes_true("exists (select from view_build where view = 'a' and state = 'ready')"));
    EXPECT_EQ(ask("select state from view_build where view = 'b'"), "halted");
    EXPECT_EQ(ask("select count(*)::text || ' ' || min(view) from skipped_event"), "1 a");
    const Ran none = tool_.run({"dead", "skip", "--event", "77"});
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.err, "baton: event 77 is dead for no view; nothing to skip [BT023]\n");
    EXPECT_EQ(tool_.run({"dead", "skip"}).code, 2);
}

// The views of a set stop together, so only one of them has met the event.
TEST_F(DeadTest, ASetGoesOnAtOnceWhereEachOfItsViewsIsPoisoned) {
    const auto leader = start("set", {sums("a"), sums("b"), sums("c")},
                              "[view_sets.books]\nversion = 1\nviews = [\"a\", \"b\", \"c\"]\n");
    pay("cheap");
    ASSERT_TRUE(comes_true("exists (select from view_state where state = 'halted')"));
    const Ran alone = tool_.run({"dead", "skip",
                                 ask("select view from view_state where state = "
                                     "'halted'"),
                                 "--timeout", "3"});
    EXPECT_EQ(alone.code, 1) << alone.out;
    EXPECT_NE(alone.err.find("of its set, which is halted; what was asked for is on record"),
              std::string::npos)
        << alone.err;
    const Ran whole = tool_.run({"dead", "skip", "--event", "1"});
    EXPECT_EQ(whole.code, 0) << whole.err;
    EXPECT_TRUE(all_follow(3)) << leader->error_output();
}

TEST_F(DeadTest, WhoWaitsIsToldForWhichViewsTheEventIsDead) {
    const auto leader = start("two", {sums("a"), sums("b", 1, true)});
    pay("cheap");
    ASSERT_TRUE(halted(1)) << leader->error_output();
    EXPECT_EQ(tool_.run({"dead", "skip", "--position", "1"}).code, 0);
    ASSERT_TRUE(all_follow(2));
    const std::string said =
        "event 1 (position 1) is dead for a@1, which went on without it; every "
        "other live view has it; see \"baton dead list\"";
    const Ran waited = tool_.run({"wait", "1"});
    EXPECT_EQ(waited.code, 1);
    EXPECT_EQ(waited.err, "baton: " + said + " [BT041]\n");
    const auto code_of = [&](const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            return std::string(sqlstate_of(error.code())) + " " + error.what();
        }
        return std::string("none");
    };
    for (const char* const call :
         {"wait_for(1)", "wait_for_position(1)", "is_reduced(1)", "is_position_reduced(1)"}) {
        EXPECT_EQ(
            code_of([&] { connection_.exec(std::string("select ") + call); }).find("BT041 " + said),
            0U)
            << call;
    }
    pqxx::connection raw(database_.url() +
                         (database_.url().find('?') == std::string::npos ? "?" : "&") +
                         "options=-csearch_path%3Dbaton_test");
    EXPECT_EQ(code_of([&] { wait_for(raw, EventId{1}, 1s); }).find("BT041"), 0U);
    EXPECT_EQ(code_of([&] { wait_for(raw, Position{1}, 1s); }).find("BT041"), 0U);

    const Ran next = tool_.run({"dispatch", "paid", "{\"amount\": \"7\"}", "--wait"});
    EXPECT_EQ(next.code, 0) << next.err;
    // Which is dead by policy: the same.
    EXPECT_EQ(ask("select wait_for_position(2)"), "2");
}

TEST_F(DeadTest, ARetryIsDoneOnceTheEventIsFoldedAndElseAnError) {
    auto leader = start("one", {sums("a")});
    pay("cheap");
    ASSERT_TRUE(halted(1)) << leader->error_output();
    const Ran again = tool_.run({"dead", "retry", "a"});
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.out, "");
    EXPECT_EQ(again.err.find("baton: view a still cannot fold the event at position 1: "), 0U)
        << again.err;
    EXPECT_NE(again.err.find("[BT022]"), std::string::npos) << again.err;

    leader->kill(SIGTERM);
    ASSERT_TRUE(leader->wait(20s));
    const Ran nobody = tool_.run({"dead", "retry", "a", "--timeout", "0.5"});
    EXPECT_EQ(nobody.code, 1);
    EXPECT_EQ(nobody.out, "");
    EXPECT_NE(nobody.err.find("view a has not come to the event at position 1 yet"),
              std::string::npos)
        << nobody.err;
    EXPECT_NE(nobody.err.find("[BT005]"), std::string::npos) << nobody.err;
    leader = start("again", {sums("a")});
    ASSERT_TRUE(halted(1)) << leader->error_output();
    EXPECT_EQ(tool_.run({"dead", "retry", "--event", "1", "--no-wait"}).out,
              "view a@1 is to try again the event at position 1\n");
    ASSERT_TRUE(halted(1));
    const std::string text = sums("a", 1, true);
    connection_.exec(text.substr(text.find("create function")).insert(7, "or replace "));
    const Ran done = tool_.run({"dead", "retry", "a"});
    EXPECT_EQ(done.out, "view a goes on, and has the event at position 1\n") << done.err;
    EXPECT_EQ(ask("select amount from a"), "1");
}

TEST_F(DeadTest, EachFailureOfSeveralIsALineOfTheUsualForm) {
    const auto leader = start("two", {sums("a"), sums("b")});
    pay("cheap");
    ASSERT_TRUE(halted(2)) << leader->error_output();
    const Ran again = tool_.run({"dead", "retry", "--event", "1"});
    EXPECT_EQ(again.code, 1);
    const std::vector<std::string> lines = lines_of(again.err);
    ASSERT_EQ(lines.size(), 2U) << again.err;
    for (const std::string& line : lines) {
        EXPECT_TRUE(line.starts_with("baton: view ")) << line;
        EXPECT_TRUE(line.ends_with(" [BT022]")) << line;
    }
}

TEST_F(DeadTest, StatusIsReadAtEightyColumnsAndCountsWhatIsLive) {
    const std::string name = "a_view_whose_name_is_rather_long";
    auto leader =
        start("a-machine-with-a-long-name.example.com:4711", {sums(name), sums("other_view")});
    pay("1");
    pay(std::string(3000, 'x'));
    pay("2");
    ASSERT_TRUE(halted(2)) << leader->error_output();
    const std::string page = tool_.run({"status"}).out;
    for (const std::string& line : lines_of(page)) EXPECT_LE(width_of(line), 80U) << line;
    EXPECT_NE(page.find(name + "@1  halted  "), std::string::npos) << page;
    EXPECT_NE(page.find("  1  2 ("), std::string::npos) << "lag by view: " << page;
    EXPECT_NE(page.find("dead events\n  event 2 (paid) at position 2, halting: "),
              std::string::npos)
        << page;
    for (const std::string& line : lines_of(tool_.run({"dead", "list"}).out)) {
        EXPECT_LE(width_of(line), 80U) << line;
    }
    simdjson::dom::parser parser;
    const std::string json = tool_.run({"status", "--json"}).out;
    const simdjson::dom::element status = parser.parse(json);
    EXPECT_NE(json.find(std::string(3000, 'x')), std::string::npos) << "uncut";
    EXPECT_EQ(std::int64_t(status["views"].at(0)["lag_events"]), 2) << json;
    EXPECT_GT(double(status["views"].at(0)["lag_seconds"]), 0.0);
    EXPECT_EQ(std::int64_t(status["dead_events"].at(0)["version"]), 1);
    tool_.set("COLUMNS", "200");
    EXPECT_NE(tool_.run({"status"}).out.find(std::string(60, 'x')), std::string::npos);

    EXPECT_EQ(tool_.run({"dead", "skip", "--event", "2"}).code, 0);
    ASSERT_TRUE(all_follow(2));
    const std::string skipped = tool_.run({"status"}).out;
    EXPECT_NE(skipped.find("view other_view@1 is without 1 event that was skipped; see `baton dead "
                           "list other_view`"),
              std::string::npos)
        << skipped;
}

TEST_F(DeadTest, ManySkippedEventsAreCountedForTheLiveVersionOnly) {
    const auto leader = start("one", {sums("a")});
    pay("1");
    ASSERT_TRUE(all_follow(1)) << leader->error_output();
    connection_.exec(
        "insert into dead_event (view, version, position, event_id, event_type, error, state)"
        " select 'a', v, 100 + n, 100 + n, 'paid', 'made up', 'skipped'"
        " from generate_series(1, 30) as n, (values (1), (2)) as w (v)");
    EXPECT_NE(
        tool_.run({"status"}).out.find("view a@1 is without 30 events that were skipped; see"),
        std::string::npos);
    EXPECT_EQ(ask("select count(*) from jsonb_array_elements(status() -> 'dead_events')"), "20");
    connection_.exec("delete from dead_event where version = 1");
    EXPECT_EQ(tool_.run({"status"}).out.find("skipped"), std::string::npos);
}

}  // namespace
}  // namespace baton::testing
