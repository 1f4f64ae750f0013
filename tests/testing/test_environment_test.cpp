// The kit's own environment: what it says of what is in it, and that its expectations fail where
// they should.

#include "baton/testing/test_environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <pqxx/dbtransaction>
#include <stdexcept>

#include "baton/base/error.hpp"
#include "baton/testing/expectation.hpp"
#include "baton/testing/gtest.hpp"
#include "support/cluster.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct Paid {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    std::int64_t amount{};
    BATON_FIELDS(account, amount)
};

struct Thanked {
    static constexpr std::string_view event_type = "account/thanked";
    std::string account;
    BATON_FIELDS(account)
};

struct Total {
    std::string account;
    std::int64_t total{};
    BATON_FIELDS(account, total)
    BATON_KEY(account)
};

struct Totals {
    using Row = Total;
    using Events = EventTypes<Paid>;
    static constexpr std::string_view name = "totals";
    static constexpr int version = 1;
    void reduce(const Paid& paid, Rows<Total>& rows) const {
        if (paid.amount < 0) throw std::invalid_argument("amount below zero");
        rows.at(paid.account).total += paid.amount;
    }
};

struct Thank {
    using Event = Paid;
    static constexpr std::string_view name = "thank";
    static constexpr int version = 1;
    Outcome handle(const Paid& paid, TaskContext& task) const {
        if (paid.amount == 13) throw std::domain_error("thirteen");
        task.dispatch(Thanked{paid.account});
        if (paid.amount > 100) task.enqueue("call", Thanked{paid.account});
        return done();
    }
};

struct Call {
    using Payload = Thanked;
    static constexpr std::string_view name = "call";
    static constexpr int version = 1;
    void handle(const Thanked& thanked, TaskContext& task) const {
        task.tx().exec_params("insert into public.called values ($1, $2::timestamptz)",
                              thanked.account, task.now().text());
    }
};

std::string failure(const std::function<void()>& expectation) {
    try {
        expectation();
    } catch (const ExpectationFailed& failed) {
        return failed.what();
    }
    return "";
}

class TestEnvironmentTest : public ::testing::Test {
protected:
    std::string ask(const std::string& query) {
        const sql::Result rows = environment_.connection().exec(query);
        return rows.empty() ? "" : std::string(rows[0].text(0));
    }

    TestEnvironment environment_{{}, Cluster::instance()};
};

TEST_F(TestEnvironmentTest, FoldsWhatWasDispatched) {
    environment_.add<Totals>();
    environment_.dispatch(Paid{"alice", 5});
    environment_.dispatch(Paid{"alice", 7});
    environment_.fold();
    const auto rows = environment_.rows<Total>("totals");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].total, 12);
    EXPECT_EQ(environment_.views_text(), "totals\n  {\"account\":\"alice\",\"total\":12}\n");
    EXPECT_THROW(environment_.add<Thank>(), Error);
}

// Knows how often it was called.
struct Counting : Totals {
    static constexpr std::string_view name = "counting";
    void reduce(const Paid& paid, Rows<Total>& rows) const {
        static std::int64_t calls = 0;
        rows.at(paid.account).total = paid.amount < 7 ? 0 : ++calls;
    }
};

TEST_F(TestEnvironmentTest, FoldsTheLogASecondTime) {
    environment_.add<Totals>();
    environment_.dispatch(Paid{"alice", 7});
    environment_.expect_views_rebuild();
}

TEST_F(TestEnvironmentTest, SaysWhichViewIsNotWhatItsLogGives) {
    environment_.add<Counting>();
    environment_.dispatch(Paid{"alice", 7});
    const std::string text = failure([&] { environment_.expect_views_rebuild(); });
    EXPECT_NE(text.find("the reducer counting is not pure"), std::string::npos) << text;
}

TEST_F(TestEnvironmentTest, SaysWhichViewSetIsShownAtTwoPositions) {
    environment_.add<Totals>().add<Counting>();
    environment_.dispatch(Paid{"alice", 7});
    environment_.fold();
    environment_.expect_no_version_mix();
    ask("update set_member set view_set = 'totals' where member = 'counting'");
    ask("delete from set_version where view_set = 'counting'");
    ask("update view_state set state = 'behind', position = 0 where view = 'counting'");
    const std::string text = failure([&] { environment_.expect_no_version_mix(); });
    EXPECT_NE(text.find("the view set totals is shown at positions 0, 1"), std::string::npos)
        << text;
}

TEST_F(TestEnvironmentTest, SaysWhichEventAReducerCannotFold) {
    environment_.add<Totals>();
    environment_.dispatch(Paid{"alice", -5});
    try {
        environment_.fold();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::view_halted);
        EXPECT_NE(std::string(error.what()).find("amount below zero"), std::string::npos)
            << error.what();
    }
}

TEST_F(TestEnvironmentTest, DrainsUntilNothingFollows) {
    ask("create table public.called (account text, at timestamptz)");
    environment_.add<Totals>().add<Thank>().add<Call>();
    environment_.register_handlers();
    environment_.dispatch(Paid{"alice", 101});
    environment_.expect_enqueued<Thank>(Paid{"alice", 101});
    const auto drained = environment_.drain();
    ASSERT_EQ(drained.size(), 2U);
    EXPECT_EQ(drained[0].handler, "thank");
    EXPECT_EQ(drained[1].handler, "call");
    environment_.expect_dispatched(Thanked{"alice"});
    EXPECT_EQ(ask("select count(*) from public.called"), "1");
    EXPECT_EQ(environment_.events("account/thanked").size(), 1U);
    EXPECT_TRUE(environment_.drain().empty());
    environment_.expect_no_version_mix();
}

TEST_F(TestEnvironmentTest, DrainThrowsWhatTheHandlerThrew) {
    environment_.add<Thank>();
    environment_.register_handlers();
    environment_.dispatch(Paid{"alice", 13});
    EXPECT_THROW(environment_.drain(), std::domain_error);
    const auto tasks = environment_.tasks("thank");
    ASSERT_EQ(tasks.size(), 1U);
    EXPECT_EQ(tasks[0].attempts, 1);
    EXPECT_EQ(tasks[0].state, "due");  // after a pause, which this clock does not wait for
    environment_.advance(1h);
    EXPECT_THROW(environment_.drain(), std::domain_error);
    EXPECT_EQ(environment_.tasks("thank")[0].attempts, 2);
}

TEST_F(TestEnvironmentTest, ExpectationsSayWhatThereIsInstead) {
    environment_.add<Thank>();
    environment_.register_handlers();
    EXPECT_NE(failure([&] {
                  environment_.expect_enqueued<Thank>(Paid{"bob", 1});
              }).find("there are no tasks of it"),
              std::string::npos);
    environment_.dispatch(Paid{"alice", 5});
    EXPECT_NE(failure([&] {
                  environment_.expect_enqueued<Thank>(Paid{"bob", 1});
              }).find(R"(waiting {"amount": 5, "account": "alice"})"),
              std::string::npos);
    EXPECT_NE(failure([&] {
                  environment_.expect_dispatched(Paid{"bob", 1});
              }).find("alice"),
              std::string::npos);
    EXPECT_NE(failure([&] { environment_.expect_dispatched(Thanked{"bob"}); }), "");
    EXPECT_THAT(&environment_, HasEnqueued("thank", R"({"account": "alice"})"));
    EXPECT_THAT(&environment_, ::testing::Not(HasDispatched("account/thanked")));
    environment_.drain();
    EXPECT_THAT(&environment_, HasDispatched("account/thanked"));
    // It is done, and waits no more.
    EXPECT_NE(failure([&] { environment_.expect_enqueued<Thank>(Paid{"alice", 5}); }), "");
}

TEST_F(TestEnvironmentTest, OneClockIsSetForSqlAndForHandlers) {
    ask("create table public.called (account text, at timestamptz)");
    environment_.add<Call>().add<Totals>();
    const Timestamp then = Timestamp::parse("2031-05-06T07:08:09Z");
    environment_.set_time(then);
    environment_.dispatch(Paid{"alice", 1});
    environment_.enqueue<Call>(Thanked{"alice"},
                               {.run_at = Timestamp::parse("2031-05-07T00:00:00Z")});
    EXPECT_TRUE(environment_.drain().empty());
    EXPECT_EQ(ask("select dispatched_at::date::text from read_log(0, 1)"), "2031-05-06");
    EXPECT_EQ(environment_.tasks("call").at(0).state, "due");
    environment_.advance(24h);
    EXPECT_EQ(environment_.drain().size(), 1U);
    EXPECT_EQ(ask("select (at at time zone 'UTC')::date::text from public.called"), "2031-05-07");
}

// Not even a function that is called by one of the functions may find the machine's clock.
TEST_F(TestEnvironmentTest, NoFunctionReadsAnotherClock) {
    EXPECT_EQ(ask("select count(*) from pg_proc p"
                  " where p.pronamespace = 'baton_test'::regnamespace"
                  "   and exists (select from unnest(p.proconfig) c where c like 'search_path=%')"
                  "   and not 'search_path=baton_test, pg_catalog, pg_temp' = any (p.proconfig)"),
              "0");
    // Names of the environment's own that stand before those of Postgres now.
    EXPECT_EQ(ask("select string_agg(distinct p.proname, ' ') from pg_proc p"
                  "  join pg_proc q on q.proname = p.proname"
                  "   and q.pronamespace = 'pg_catalog'::regnamespace"
                  " where p.pronamespace = 'baton_test'::regnamespace"),
              "clock_timestamp");
    EXPECT_EQ(ask("select string_agg(distinct c.relname, ' ') from pg_class c"
                  "  join pg_class d on d.relname = c.relname"
                  "   and d.relnamespace = 'pg_catalog'::regnamespace"
                  " where c.relnamespace = 'baton_test'::regnamespace"),
              "");
    EXPECT_EQ(ask("select count(*) from pg_attrdef x join pg_class c on c.oid = x.adrelid"
                  " where c.relnamespace = 'baton_test'::regnamespace"
                  "   and pg_get_expr(x.adbin, x.adrelid) ~ 'pg_catalog.clock_timestamp'"),
              "0");
}

TEST_F(TestEnvironmentTest, EachNewOneIsReadyInWellUnderASecond) {
    // On a machine that does other things: the best of several.
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        TestEnvironment another({}, Cluster::instance());
        another.dispatch(Paid{"alice", 1});
        best = std::min(best, std::chrono::steady_clock::now() - begun);
    }
    EXPECT_LT(best, 1s);
}

class CrashTest : public TestEnvironmentTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(CrashTest, NothingIsLostAndNothingDoneTwice) {
    ask("create table public.called (account text, at timestamptz)");
    environment_.add<Totals>().add<Thank>().add<Call>();
    environment_.register_handlers();
    environment_.fold();
    environment_.dispatch(Paid{"alice", 101});
    environment_.crash_at(GetParam());
    environment_.drain();
    EXPECT_EQ(environment_.crashes(), 1);
    EXPECT_EQ(environment_.rows<Total>("totals").at(0).total, 101);
    EXPECT_EQ(environment_.events("account/thanked").size(), 1U);
    EXPECT_EQ(ask("select count(*) from public.called"), "1");
}

INSTANTIATE_TEST_SUITE_P(Points, CrashTest,
                         ::testing::Values("after_read", "before_checkpoint", "before_commit",
                                           "after_commit", "task_claimed", "task_handled",
                                           "task_done"));

TEST_F(TestEnvironmentTest, PointsThatNobodyPassesAreRefused) {
    EXPECT_THROW(environment_.crash_at("nowhere"), Error);
}

}  // namespace
}  // namespace baton::testing
