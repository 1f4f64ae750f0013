// Makers, nodes, meddlers and killed sessions at once, on few lanes: from the record of what was
// claimed and what ended, each lane was done one task after the other and in order, or so many at a
// time as it is wide; and nothing stands still at the end.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

// The width of the lanes.
class TaskLaneTortureTest : public testing::TaskFixture, public ::testing::WithParamInterface<int> {
protected:
    static constexpr int lane_count = 4;
    static constexpr int rounds = 150;

    // Each claim and each end, in the order in which they happened to a lane: where only one of its
    // tasks is claimed at a time, each waits for the commit of the one before it.
    void record() {
        const std::string schema = text("select current_schema()");
        connection_.exec(
            "create table public.lane_record (number bigint generated always as "
            "identity, task bigint, is_end boolean)");
        connection_.exec(
            "create function public.record_claim() returns trigger language plpgsql security "
            "definer as $$ begin insert into public.lane_record (task, is_end) select pg_catalog."
            "unnest(new.tasks), false; return new; end $$");
        connection_.exec(
            "create function public.record_end() returns trigger language plpgsql security definer "
            "as $$ begin insert into public.lane_record (task, is_end) values (new.task, true); "
            "return new; end $$");
        connection_.exec("create trigger record after insert on " + schema +
                         ".task_claim for each row execute function public.record_claim()");
        connection_.exec("create trigger record after insert on " + schema +
                         ".task_end for each row execute function public.record_end()");
    }

    void make(unsigned seed) {
        std::mt19937 random(seed);
        auto session = std::make_unique<sql::Connection>(url_, testing::in_test_schema());
        for (int round = 0; round < rounds; ++round) {
            const std::string lane = std::to_string(random() % lane_count);
            // A session that is killed takes what it has not committed with it.
            const sql::Outcome outcome = outcome_of([&] {
                sql::Transaction transaction(*session);
                transaction.exec("select enqueue('send', lane => '" + lane + "')");
                if (random() % 4 == 0) transaction.exec("select pg_sleep(0.002)");
                if (random() % 8 != 0) transaction.commit();
            });
            if (!outcome.text.empty()) {
                session = std::make_unique<sql::Connection>(url_, testing::in_test_schema());
            }
        }
    }
    void work(unsigned seed) {
        std::mt19937 random(seed);
        while (!is_over) {
            outcome_of([&] {
                TestNode worker(url_,
                                {.name = "worker" + std::to_string(seed), .lease = "1 second"});
                while (!is_over && random() % 50 != 0) {
                    for (const ClaimedTask& task : worker.claim(3)) {
                        settle(worker, task, random() % 12);
                    }
                }
                if (random() % 2 == 0) worker.deregister();
            });
        }
    }
    static void settle(TestNode& worker, const ClaimedTask& task, std::uint64_t choice) {
        if (choice == 0) {
            worker.release(task.token);
        } else if (choice == 1) {
            worker.snooze(task.token, "0");
        } else if (choice == 2) {
            outcome_of([&] { worker.fail(task.token); });
        } else if (choice == 3) {
            outcome_of([&] {
                sql::Transaction transaction(worker.connection());
                transaction.exec(call_of("fail($1, $2, 'no use', dead => true)", worker, task));
                transaction.commit();
            });
        } else {
            worker.complete_many({task.token});
        }
    }
    void meddle() {
        std::mt19937 random(7);
        sql::Connection session(url_, testing::in_test_schema());
        while (!is_over) {
            // One that is cancelled stays so: nothing that comes back is out of order then.
            session.exec("select cancel(t.id) from (select min(id) + " +
                         std::to_string(random() % 600) +
                         " as id from task) as t "
                         "where exists (select from task n where n.id = t.id)");
            session.exec("select redrive('send')");
            if (random() % 4 == 0) {
                session.exec(
                    "select pg_terminate_backend(pid) from (select pid from "
                    "pg_stat_activity where pid <> pg_backend_pid() and query ~ "
                    "'(from claim|complete_many|enqueue)' order by random() limit 1) as v");
            }
            session.exec("select pg_sleep(0.01)");
        }
    }
    void mind() {
        sql::Connection session(url_, testing::in_test_schema());
        const std::string widest =
            "select coalesce(max(w.tasks), 0) from (select count(*) as tasks "
            "from held_now(null::bigint[]) h join task t on t.id = h.task "
            "group by t.lane) as w";
        while (!is_over) {
            outcome_of([&] { session.exec("select maintain(at_once => true)"); });
            EXPECT_LE(session.exec(widest).only().integer(0), GetParam());
        }
    }

    // Tasks that were claimed while another one of their lane had been and had not ended.
    std::string out_of_order() {
        return text(R"(
            with entry as (
                select r.number, r.task, r.is_end, t.lane
                  from public.lane_record r join task t on t.id = r.task
            ), claimed as (
                select e.*, lag(e.task) over (partition by e.lane order by e.number) as former,
                       lag(e.number) over (partition by e.lane order by e.number) as former_number
                  from entry e where not e.is_end
            )
            select coalesce(pg_catalog.string_agg(
                       c.former::text || ' then ' || c.task::text, ', '), '')
              from claimed c
             where c.former <> c.task
               and (c.former > c.task
                    or not exists (select from entry e
                                    where e.is_end and e.task = c.former
                                      and e.number between c.former_number and c.number)))");
    }

    std::atomic<bool> is_over{false};
};

TEST_P(TaskLaneTortureTest, StaysInOrderWhoeverMeddlesAndNothingStandsStill) {
    const TestNode registrar = node();
    connection_.exec(
        "update handler set max_attempts = 1000, max_deliveries = 1000, "
        "retry_after = '0'");
    connection_.exec("select set_lanes('send', " + std::to_string(GetParam()) + ")");
    record();
    {
        std::vector<std::jthread> others;
        for (unsigned i = 0; i < 3; ++i) others.emplace_back([this, i] { work(i); });
        others.emplace_back([this] { meddle(); });
        others.emplace_back([this] { mind(); });
        {
            std::vector<std::jthread> makers;
            for (unsigned i = 0; i < 4; ++i) makers.emplace_back([this, i] { make(100 + i); });
        }
        is_over = true;
    }
    expect_each_task_at_one_place();
    TestNode last = node({.name = "last"});
    silence("worker0", "1 minute");
    silence("worker1", "1 minute");
    silence("worker2", "1 minute");
    EXPECT_TRUE(
        testing::eventually(std::chrono::seconds(60),
                            [&] {
                                maintain();
                                connection_.exec("select redrive('send')");
                                for (const ClaimedTask& task : last.claim(100))
                                    last.complete(task.token);
                                return number(
                                           "select count(*) from task t where not exists "
                                           "(select from task_end e where e.task = t.id)") == 0;
                            }))
        << text(
               "select string_agg(t.id::text || ' ' || w.state || ' ' || w.reason, '; ') from "
               "task t cross join lateral why(t.id) as w where w.state <> 'done'");
    maintain();
    EXPECT_EQ(number("select count(*) from task_in_lane"), 0);
    EXPECT_EQ(number("select count(*) from lane_note"), 0);
    EXPECT_GT(number("select count(*) from task_end where outcome = 'done'"), 100);
    EXPECT_GT(number("select count(*) from task_end where outcome = 'cancelled'"), 0);
    EXPECT_GT(number("select count(*) from task_failure"), 0);
    if (GetParam() == 1) {
        EXPECT_EQ(out_of_order(), "");
    }
}

INSTANTIATE_TEST_SUITE_P(Width, TaskLaneTortureTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace baton
