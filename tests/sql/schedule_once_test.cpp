// Each slot of a schedule is made once, whoever is there and whatever becomes of them.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "sql/schedule_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

// Sessions that call maintain() all the time, of which some roll back.
class Maintainers {
public:
    Maintainers(const std::string& url, std::uint64_t seed) {
        for (unsigned n = 0; n < 4; ++n) {
            threads_.emplace_back([this, url, chance = std::mt19937_64(seed + n)]() mutable {
                while (!stop_) work(url, chance);
            });
        }
    }
    ~Maintainers() { end(); }
    void end() {
        stop_ = true;
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }

private:
    void work(const std::string& url, std::mt19937_64& chance) {
        try {
            sql::Connection session(url, testing::in_test_schema("maintainer"));
            while (!stop_) {
                sql::Transaction transaction(session);
                transaction.exec("select maintain(at_once => true), pg_sleep(0.01)", {});
                if (chance() % 3 != 0) transaction.commit();
            }
        } catch (const Error&) {
            return;  // It was ended from outside.
        }
    }

    std::atomic<bool> stop_ = false;
    std::vector<std::thread> threads_;
};

class ScheduleOnceTest : public testing::ScheduleFixture {
protected:
    // Six of each second, from a minute ago on.
    void begin_a_minute_ago() {
        for (const std::string n : {"0", "1", "2"}) {
            schedule("'t" + n + "', 'every second', 'send', missed => 'all', missed_limit => 1000");
            schedule("'e" + n +
                     "', '* * * * * *', event_type => 'second/passed', missed => 'all', "
                     "missed_limit => 1000, jitter => '2 s'");
        }
        connection_.exec("update schedule set due_at = '" + first_ + "', next = row('" + first_ +
                         "'::timestamptz at time zone 'UTC', '" + first_ + "')::schedule_slot");
    }

    const std::string first_ =
        text("select (date_trunc('second', clock_timestamp()) - interval '1 minute')::text");
};

// Some are ended on the way: each second is one task, and one event, and none is left out.
TEST_F(ScheduleOnceTest, EachSlotIsMadeOnceWhoeverCallsMaintainAndIsKilled) {
    begin_a_minute_ago();
    std::mt19937_64 chance(testing::seed());
    {
        Maintainers sessions(url_, testing::seed());
        // Each is ended now and then, and not so often that none gets through.
        auto next_end = std::chrono::steady_clock::now();
        EXPECT_TRUE(testing::eventually(
            std::chrono::seconds(60),
            [&] {
                if (std::chrono::steady_clock::now() > next_end) {
                    next_end += std::chrono::milliseconds(300 + chance() % 700);
                    connection_.exec(
                        "select pg_terminate_backend(pid) from pg_stat_activity where "
                        "application_name = 'maintainer' order by random() limit 1");
                }
                return number("select count(*) from schedule_run where instant > '" + first_ +
                              "'::timestamptz + interval '62 seconds'") > 0;
            }))
            << text(
                   "select coalesce(string_agg(concat(name, ' ', state, ' ', reason), '; '), '') "
                   "from schedules()");
    }
    maintain();
    EXPECT_EQ(text("select string_agg(distinct outcome, ' ') from schedule_run"), "made");
    EXPECT_EQ(text("select coalesce(string_agg(s.name, ' '), '') from schedule s "
                   "cross join lateral (select count(*) as runs, max(instant) as newest "
                   "                      from schedule_run r where r.schedule = s.id) as r "
                   "where r.runs <> extract(epoch from (s.next).instant - '" +
                   first_ + "'::timestamptz) or r.newest >= (s.next).instant"),
              "")
        << "one for each second up to the next";
    for (const auto& [table, column] : {std::pair{"task", "task"}, {"event", "event_id"}}) {
        const std::string of = std::string(" from ") + table;
        EXPECT_EQ(number("select count(*)" + of),
                  number("select count(distinct (meta ->> 'schedule', meta ->> 'slot'))" + of));
        EXPECT_EQ(number("select count(*)" + of),
                  number(std::string("select count(") + column + ") from schedule_run"));
    }
}

// What the clock says is not asked whether a slot was made, but what comes next.
TEST_F(ScheduleOnceTest, AClockThatIsSetBackMakesNothingTwice) {
    schedule("'a', 'every hour', 'send', overlap => 'allow'");
    put_next("a", "0");
    maintain();
    EXPECT_EQ(tasks(), 1);
    // As after a clock that was ahead: by the one that is right the slot is to come yet.
    put_next("a", "0");
    maintain();
    EXPECT_EQ(tasks(), 1) << "what is made of the slot is on record";
    connection_.exec(
        "update schedule set next.instant = (next).instant + interval '1 year', "
        "due_at = due_at + interval '1 year'");
    maintain();
    connection_.exec("select pause_schedule('a'), resume_schedule('a')");
    EXPECT_EQ(field("a", "due_at < clock_timestamp() + interval '2 hours'"), "true");
}

}  // namespace
}  // namespace baton
