// Reading the log costs what it returns: whatever the planner believes of the tables, and whatever
// is open, waiting or recorded beside it.
//
// Measured in buffers, which do not depend on the machine. A plan passes if it scans indexes only,
// sorts no more than a page, and touches few buffers beyond those of the rows it returns.

#include <gtest/gtest.h>

#include <algorithm>

#include "baton/sql/view_store.hpp"
#include "log_follower.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

constexpr int page = 1000;
// An event of these tests takes 100 bytes at most, so a page of the heap has 50 and more; with the
// index, and a leaf of it for every 200 rows.
constexpr long page_buffers = 4 * (page / 50 + page / 200) + 200;

constexpr auto reader_settings =
    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
    "set plan_cache_mode = force_generic_plan";

long number_after(const std::string& text, const std::string& label) {
    const std::size_t at = text.find(label);
    return at == std::string::npos ? 0 : std::stol(text.substr(at + label.size()));
}

class PlanTest : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec(reader_settings);
        connection_.exec(
            "prepare page (bigint, xid8, pg_snapshot, pg_snapshot, bigint, xid8[], bigint, integer)"
            " as select id, dispatched_at, type, key, tenant, payload, body, content_type, meta"
            " from log_slice($1, $2, $3, $4, $5, $6, $7, $8) order by id limit $8");
        connection_.exec(
            "prepare main_page (bigint, xid8, pg_snapshot, pg_snapshot, bigint, bigint, integer)"
            " as select id, dispatched_at, type, key, tenant, payload, body, content_type, meta"
            " from log_main_run($1, $2, $3, $4, $5, $6) order by id limit $7");
    }

    void flood(Connection& connection, int rows) {
        connection.exec(
            "insert into event (type, key) select 'n', 'k' || n % 100 "
            "from generate_series(1, " +
            std::to_string(rows) + ") as n");
    }

    // The first line of EXPLAIN's JSON has the whole plan's buffers.
    std::string explain(const std::string& statement) { return explain(connection_, statement); }
    static std::string explain(Connection& connection, const std::string& statement) {
        return std::string(
            connection.exec("explain (analyze, buffers, timing off, format json) " + statement)
                .only()
                .text(0));
    }

    // At its second run: the first reads the catalogue.
    long buffers(const std::string& statement) { return buffers(connection_, statement); }
    static long buffers(Connection& connection, const std::string& statement) {
        (void)explain(connection, statement);
        const std::string plan = explain(connection, statement);
        return number_after(plan, "\"Shared Hit Blocks\": ") +
               number_after(plan, "\"Shared Read Blocks\": ");
    }

    static void expect_indexes_only(const std::string& plan) {
        EXPECT_EQ(plan.find("\"Seq Scan\""), std::string::npos) << plan;
        EXPECT_EQ(plan.find("Bitmap"), std::string::npos) << plan;
    }

    // Statement with the arguments of the page that `reader` reads next.
    static std::string page_statement(const Window& before, const Window& window,
                                      std::int64_t after_id) {
        const bool has_stragglers = window.stragglers != "{}";
        return std::string("execute ") + (has_stragglers ? "page (" : "main_page (") +
               std::to_string(before.id_value) + ", '" + before.xid + "', '" + before.seen +
               "', '" + window.seen + "', " + std::to_string(window.id_ceiling) + ", " +
               (has_stragglers ? "'" + window.stragglers + "', " : "") + std::to_string(after_id) +
               ", " + std::to_string(page) + ")";
    }

    // Reads all in pages, and looks at the plan of every `each`th.
    std::size_t read_pages(int each) {
        LogReader reader = follower_.reader();
        LogPage log_page;
        std::size_t rows = 0;
        for (int i = 0; reader.next(page, log_page); ++i) {
            if (i % each == 0) {
                const std::string plan =
                    explain(page_statement(log_page.before, log_page.window, log_page.after_id));
                expect_indexes_only(plan);
                EXPECT_LT(number_after(plan, "\"Shared Hit Blocks\": ") +
                              number_after(plan, "\"Shared Read Blocks\": "),
                          page_buffers)
                    << "page " << i << plan;
            }
            rows += log_page.events.size();
            follower_.record(log_page);
        }
        return rows;
    }

    void expect_all_costs_small() {
        EXPECT_LT(buffers("select * from open_window(0, '0', '1:1:')"), 300);
        EXPECT_LT(buffers("select window_stragglers('0', '1:1:', pg_current_snapshot(), 0)"), 100);
        EXPECT_LT(buffers("select * from checkpoint()"), 100);
        EXPECT_LT(buffers("select count(*) from read_log(0, 1000)"), page_buffers + 200);
        EXPECT_LT(buffers("select count(*) from read_log(100000, 1000)"), page_buffers + 200);
    }

    // Of a fold of the third page.
    long buffers_of_batch_event() {
        LogReader reader = follower_.reader();
        LogPage log_page;
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(reader.next(page, log_page));
        prepare_view_store(connection_);
        Transaction transaction(connection_);
        enter_slice(transaction, log_page, 0, page);
        transaction.exec(
            "set local enable_seqscan = on; set local enable_bitmapscan = on;"
            "set local plan_cache_mode = auto");
        const Result rows = transaction.exec(
            "explain (analyze, buffers, timing off, format json)"
            " select key, count(*), max(position) from batch_event where type = 'n' group by key");
        EXPECT_EQ(transaction.exec("select count(*) from batch_event").only().integer(0), page);
        // (Partitions without a row may be scanned otherwise.)
        const std::string plan(rows.only().text(0));
        return number_after(plan, "\"Shared Hit Blocks\": ") +
               number_after(plan, "\"Shared Read Blocks\": ");
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    LogFollower follower_{database_.url()};
};

TEST_F(PlanTest, EmptyLogCostsNothing) {
    expect_all_costs_small();
    EXPECT_EQ(read_pages(1), 0U);
}

// Statistics that say "empty", then a flood; autovacuum has not come by yet.
TEST_F(PlanTest, FloodAfterAnalyzeOfAnEmptyLogIsReadByIndex) {
    connection_.exec("analyze");
    connection_.exec("alter table event_from_1 set (autovacuum_enabled = off)");
    flood(connection_, 300'000);
    expect_all_costs_small();
    EXPECT_EQ(read_pages(20), 300'000U);
    expect_all_costs_small();
    connection_.exec("analyze");
    connection_.exec("discard plans");
    expect_all_costs_small();
}

TEST_F(PlanTest, AnalyzedFloodIsReadByIndex) {
    flood(connection_, 300'000);
    connection_.exec("analyze");
    connection_.exec("discard plans");
    expect_all_costs_small();
    EXPECT_EQ(read_pages(50), 300'000U);
}

// A transaction that took its id before the window and has 100,000 events.
TEST_F(PlanTest, BulkStragglerIsReadInPagesOfTheSameCost) {
    Connection other(database_.url(), testing::in_test_schema());
    Transaction bulk(other);
    bulk.exec("select pg_current_xact_id()");
    dispatch_number(connection_, 1);
    EXPECT_EQ(read_pages(1), 1U);
    flood(connection_, 50'000);
    bulk.exec("insert into event (type) select 'bulk' from generate_series(1, 100000)");
    bulk.commit();
    EXPECT_EQ(read_pages(10), 150'000U);
    connection_.exec("analyze");
    connection_.exec("discard plans");
    EXPECT_LT(buffers("select count(*) from read_log(60000, 1000)"), page_buffers + 200);
}

// An open transaction's events are stepped over once, by the page that reaches them.
TEST_F(PlanTest, OpenBulkDoesNotMakeEachPageSlower) {
    Connection other(database_.url(), testing::in_test_schema());
    Transaction bulk(other);
    bulk.exec("insert into event (type) select 'bulk' from generate_series(1, 100000)");
    long most = 0;
    for (int i = 0; i < 20; ++i) {
        dispatch_number(connection_, i);
        LogPage log_page;
        LogReader reader = follower_.reader();
        ASSERT_TRUE(reader.next(page, log_page));
        ASSERT_EQ(log_page.events.size(), 1U);
        follower_.record(log_page);
        if (i == 0) continue;
        most = std::max(
            most, buffers(page_statement(log_page.before, log_page.window, log_page.after_id)));
    }
    EXPECT_LT(most, page_buffers);
    bulk.commit();
    EXPECT_EQ(read_pages(10), 100'000U);
}

// Restored events, a hundred for each of a thousand transaction ids that this cluster gives out
// again, just where it looks for late ones.
TEST_F(PlanTest, RestoredTransactionIdsCostAProbeEach) {
    connection_.exec(
        "insert into event (xid, type) select (1000000 + n % 1000)::text::xid8, 'restored'"
        " from generate_series(1, 100000) as n");
    connection_.exec("update log_origin set after_id = 100000");
    const std::string late =
        "select window_stragglers('1001000', '1000000:1000000:', '2000000:2000000:', 100000)";
    const std::string page_of_late =
        "execute page (100000, '1001000', '1000000:1000000:', '2000000:2000000:', 200000,"
        " '{1000001,1000002}', 100000, 1000)";
    for (const char* const statistics : {"", "analyze"}) {
        connection_.exec(statistics);
        EXPECT_EQ(connection_.exec(late).only().text(0), "{}");
        EXPECT_LT(buffers(late), 20'000);
        EXPECT_LT(buffers(page_of_late), 100);
    }
}

// batch_event is planned anew for each slice, with the settings of the leader's session.
class BatchEventPlanTest : public PlanTest, public ::testing::WithParamInterface<bool> {};

TEST_P(BatchEventPlanTest, ReadsItsSliceOnly) {
    const bool is_dense = GetParam();
    // Pages of which every second id was rolled back.
    if (!is_dense) connection_.exec("alter sequence event_id_seq increment by 2");
    connection_.exec(
        "insert into event (type, key, payload) select 'n', 'k' || n % 100,"
        " jsonb_build_object('text', repeat('x', 200)) from generate_series(1, 500000) as n");
    for (const char* const statistics : {"", "analyze"}) {
        connection_.exec(statistics);
        const long most = buffers_of_batch_event();
        EXPECT_LT(most, page_buffers) << statistics;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, BatchEventPlanTest, ::testing::Bool());

// What every dispatch and every batch reads has no dead versions, so an old snapshot costs nothing.
TEST_F(PlanTest, OldSnapshotMakesNothingDearer) {
    Connection other(database_.url(), testing::in_test_schema());
    Transaction old_snapshot(other, Isolation::repeatable_read);
    old_snapshot.exec("select count(*) from event");
    const auto costs = [&] {
        return std::vector<long>{
            buffers("select * from checkpoint()"), buffers("select dispatch('n')"),
            buffers(follower_.writing(),
                    "select fence(" + std::to_string(static_cast<int>(follower_.epoch())) + ")")};
    };
    connection_.exec("select dispatch('n')");
    follower_.drain();
    const std::vector<long> before = costs();
    connection_.exec("select dispatch('n') from generate_series(1, 2000)");
    follower_.drain(1);
    const std::vector<long> after = costs();
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_LT(after[i], before[i] + 20) << i;
}

// The tables of versions are small and have no statistics, so Postgres takes them for large: with
// jit, `baton status` took two seconds.
TEST_F(PlanTest, WhatPeopleAskForIsNotCompiled) {
    EXPECT_EQ(
        connection_
            .exec("select string_agg(proname, ' ' order by proname collate \"C\") from pg_proc"
                  " where pronamespace = current_schema()::regnamespace and proname in"
                  " ('promote', 'status', 'versions') and 'jit=off' = any (proconfig)")
            .only()
            .text(0),
        "promote status versions");
}

}  // namespace
}  // namespace baton::sql
