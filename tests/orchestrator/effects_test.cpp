// Effects: what follows from an event happens once, by the version that was live at its position,
// whatever is killed, promoted, rebuilt or refused.
#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include "orchestrator/program/effects.hpp"
#include "orchestrator/sql_file.hpp"
#include "orchestrator/versions_fixture.hpp"
#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_alerts.sql";

class EffectsTest : public VersionsFixture {
protected:
    static std::vector<std::string> with_alerts(std::vector<std::string> more = {}) {
        more.insert(more.end(), {"--alerts", "1", "--sql", sql_file});
        return more;
    }

    // One event of an account of its own.
    void move(const std::string& account, std::int64_t amount, int sequence) {
        world.ask("select dispatch('account/moved', jsonb_build_object('account', '" + account +
                  "', 'amount', " + std::to_string(amount) + ", 'sequence', " +
                  std::to_string(sequence) + "))");
    }

    // Each as often as the log says; `of`: a condition on the events m that have effects.
    void expect_each_once(const std::string& of = "true") {
        const std::string events =
            "(select e.*, row_number() over (partition by e.payload ->> 'account' order by "
            "e.position) as moves from read_log(0, 2147483647) e where e.type = 'account/moved')";
        for (const std::string handler : {"notify", "report"}) {
            EXPECT_EQ(tasks_of(handler),
                      world.ask("select count(*) from " + events + " m where " + of))
                << handler;
            EXPECT_EQ(world.ask("select count(*) from " + events +
                                " m left join (task t join requirement r on r.id = t.requirement "
                                "and r.handler = '" +
                                handler + "') on t.event_id = m.id where " + of +
                                " and (t.id is null or t.payload ->> 'account' <> "
                                "m.payload ->> 'account' or (t.payload -> 'moves')::bigint <> "
                                "m.moves)"),
                      "0")
                << "a task that is missing, or says something else";
        }
        for (const std::string type : {"alert/raised", "report/asked"}) {
            EXPECT_EQ(
                world.ask("select count(*) from " + events +
                          " m left join read_log(0, 2147483647) d on d.type = '" + type +
                          "' and (d.meta -> 'cause')::bigint = m.position and d.key = "
                          "m.payload ->> 'account' and d.position > m.position where " +
                          of + " and (m.payload -> 'sequence')::bigint % 5 = 0 and d.id is null"),
                "0")
                << type;
            EXPECT_EQ(world.ask("select count(*) from event where type = '" + type + "'"),
                      world.ask("select count(*) from " + events + " m where " + of +
                                " and (m.payload -> 'sequence')::bigint % 5 = 0"))
                << type;
        }
    }

    std::string tasks_of(const std::string& handler) {
        return world.ask(
            "select count(*) from task t join requirement r on r.id = t.requirement "
            "where r.handler = '" +
            handler + "'");
    }

    [[nodiscard]] bool halts(const std::string& view, const std::string& reason) {
        return world.comes_true("exists (select from view_state where view = '" + view +
                                    "' and state = 'halted' and reason like '%" + reason + "%')",
                                seconds(10));
    }

    TestNode node{world.url(), {.handlers = R"([{"name": "notify", "version": 1, "build": "x"},
                                                {"name": "report", "version": 1, "build": "x"}])"}};
};

TEST_F(EffectsTest, KilledAtEveryStepEachHappensOnce) {
    constexpr std::array<const char*, 5> points{"after_read", "after_reduce", "before_checkpoint",
                                                "before_commit", "after_commit"};
    std::mt19937_64 random(seed());
    Writers writers(world.url(), 3);
    for (const char* const point : points) {
        const std::string visit = std::to_string(2 + random() % 5);
        SCOPED_TRACE(std::string(point) + ":" + visit);
        const auto process =
            start("killed", with_alerts({"--batch-max", random() % 2 ? "7" : "1000"}),
                  std::string(point) + ":" + visit + ":kill");
        EXPECT_TRUE(process->wait(seconds(30))) << process->error_output();
    }
    writers.stop();
    const auto last = start("last", with_alerts());
    ASSERT_TRUE(world.settles()) << last->error_output();
    expect_each_once();
    EXPECT_GT(std::stoi(world.ask("select count(*) from derived_event")), 10);
    world.expect_exact();
}

// The live versions' events up to the switch are theirs, and behind it the others', and a build
// beside them makes nothing.
TEST_F(EffectsTest, APromotionSwitchesThemAtItsPositionAndBack) {
    Writers writers(world.url(), 3);
    const auto first = start("first", with_alerts());
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(world.comes_true("(select count(*) from task) > 100"));
    const auto second = start("second", {"--alerts", "2", "--sql", sql_file});
    ASSERT_TRUE(is_ready("account_alerts", 2)) << second->error_output();
    promote("account_alerts", 2);
    ASSERT_TRUE(is_live("account_alerts", 2)) << second->error_output();
    ASSERT_TRUE(world.comes_true("exists (select from task where payload ->> 'version' = '2')"));
    ASSERT_TRUE(is_ready("account_alerts", 1)) << first->error_output();
    world.ask("select roll_back(array['account_alerts'], true)");
    ASSERT_TRUE(is_live("account_alerts", 1)) << first->error_output();
    ASSERT_TRUE(world.comes_true(
        "(select max(first_position) from batch) > (select max(position) from promotion)"));
    writers.stop();
    ASSERT_TRUE(world.settles()) << first->error_output();
    expect_each_once();
    EXPECT_EQ(world.ask("select count(*) from read_log(0, 2147483647) as e "
                        "join task t on t.event_id = e.id and t.payload ? 'version' "
                        "where (t.payload -> 'version')::integer <> coalesce((select "
                        "p.versions[1] from promotion p where p.position < e.position and "
                        "p.state = 'done' order by p.id desc limit 1), 1)"),
              "0");
}

// A view that is built anew, also one that was halted meanwhile, makes nothing of what it did.
TEST_F(EffectsTest, WhatIsReadAgainHasNone) {
    for (int n = 1; n <= 20; ++n) move("a", 1, n);
    ASSERT_TRUE(start("plain")->wait(seconds(1)) == std::nullopt);
    auto process = start("before", {"--without-marks"});
    ASSERT_TRUE(world.settles()) << process->error_output();
    process->kill(SIGTERM);
    ASSERT_TRUE(process->wait(seconds(10)));

    // They are new here: what was in the log before has no effects.
    process = start("first", with_alerts());
    ASSERT_TRUE(
        world.comes_true("exists (select from view_state where view = 'sql_alerts' and "
                         "state = 'following')"))
        << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from task"), "0");
    for (int n = 21; n <= 40; ++n) move("a", 1, n);
    ASSERT_TRUE(world.settles()) << process->error_output();
    expect_each_once("(m.payload -> 'sequence')::bigint > 20");
    process->kill(SIGTERM);
    ASSERT_TRUE(process->wait(seconds(10)));

    process = start("other", {"--alerts", "3", "--other-builds", "--sql", sql_file});
    ASSERT_TRUE(world.leads("other"));
    for (int n = 41; n <= 50; ++n) move("a", 1, n);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_NE(process->error_output().find("built anew"), std::string::npos);
    expect_each_once("(m.payload -> 'sequence')::bigint > 20");
}

TEST_F(EffectsTest, WhatCannotHappenHaltsTheViewBeforeTheEventAndLeavesNothing) {
    const auto process = start("leader", with_alerts());
    ASSERT_TRUE(world.leads("leader"));
    const std::string unlike = "%";
    int sequence = 0;
    for (const auto& [amount, reason] :
         {std::pair{amount_thrown, std::string("this effect was made to fail")},
          std::pair{amount_unknown_handler,
                    std::string("an effect of account_alerts@1 for the event at position % nobody "
                                "registered a handler ''notifi''; a node that carries it does")},
          std::pair{amount_cycle, std::string("a chain of 32 events that beget each other is the "
                                              "longest%alert/raised would be one more")}}) {
        SCOPED_TRACE(amount);
        move("a", 1, ++sequence);
        move("a", amount, ++sequence);
        move("a", 1, ++sequence);
        ASSERT_TRUE(halts("account_alerts", reason))
            << world.ask("select string_agg(reason, ';') from view_state")
            << process->error_output();
        world.ask("select resolve_dead_event('account_alerts', 'skip')");
        ASSERT_TRUE(world.settles()) << process->error_output();
    }
    EXPECT_EQ(tasks_of("report"), "9");
    // Of those that were skipped none; the cycle has begun, and ends.
    EXPECT_EQ(tasks_of("notify"), "7");
    EXPECT_EQ(world.ask("select count(*) || ' ' || max(depth) from derived_event where view = "
                        "'account_alerts'"),
              "32 32");
}

TEST_F(EffectsTest, WhatCannotHappenIsSkippedWhereThatIsThePolicy) {
    const auto process = start("leader", with_alerts({"--skip"}));
    ASSERT_TRUE(world.leads("leader"));
    // One transaction, so that the culprits are looked for in batches.
    world.ask(
        "insert into event (type, payload) select 'account/moved', jsonb_build_object('account', "
        "'a', 'amount', case n when 7 then -666 when 40 then -667 when 65 then -669 else 1 end, "
        "'sequence', n) from generate_series(1, 100) as n; select ring()");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || position, ' ' order by view, position) "
                        "from dead_event where state = 'skipped'"),
              "account_alerts7 account_alerts40 sql_alerts65");
    EXPECT_EQ(tasks_of("notify") + " " + tasks_of("report"), "98 99");
    EXPECT_EQ(world.ask("select string_agg(n::text, ' ') from (select count(*) as n from event "
                        "group by type order by type) as c"),
              "100 19 19");
}

// Nobody who could wait makes what follows from an event.
TEST_F(EffectsTest, NoBackPressureHoldsUpABatch) {
    world.ask("select limit_waiting('notify', 1), limit_waiting('report', 1)");
    world.ask("update event_limit set max_lag = 1000");
    const auto process = start("leader", with_alerts());
    ASSERT_TRUE(world.leads("leader"));
    for (int n = 1; n <= 5; ++n) move("a", 1, n);
    ASSERT_TRUE(world.settles()) << process->error_output();
    world.ask("select maintain(true)");
    ASSERT_EQ(world.ask("select string_agg(is_full::text, ' ') from handler"), "true true");
    for (int n = 6; n <= 10; ++n) move("a", 1, n);
    ASSERT_TRUE(world.settles()) << process->error_output();
    expect_each_once();
}

TEST_F(EffectsTest, AFunctionThatCannotBeOneIsRefusedWithItsFile) {
    const auto refusal = [&](const std::string& function) {
        const std::string file = counting_reducer("odd_marks", "");
        std::ofstream(file, std::ios::app)
            << "create function odd_marks__v1_effects() " << function;
        const auto process = start("odd", {"--sql", file});
        EXPECT_TRUE(process->wait(seconds(10)));
        const std::string text = process->error_output();
        const std::size_t at = text.find("_effects()");
        return at == std::string::npos ? text : text.substr(at + 11);
    };
    const std::string rows = "returns table (cause bigint, task text) language sql ";
    EXPECT_EQ(
        refusal(rows + "as $$ select 1::bigint, 'x' $$;"),
        "must be declared stable, which keeps it from writing: what it returns is written for "
        "it\n");
    EXPECT_EQ(refusal("returns table (task text) language sql stable as $$ select 'x' $$;"),
              "returns no column cause, the position of the event that it follows from\n");
    EXPECT_EQ(refusal("returns table (cause bigint, handler text) language sql stable as $$ "
                      "select 1::bigint, 'x' $$;")
                  .substr(0, 34),
              "returns a column handler; an effec");
    EXPECT_NE(refusal(rows + "stable as $$ select dispatch('x'), 'y' $$;").find("dispatch("),
              std::string::npos);
}

}  // namespace
}  // namespace baton::testing
