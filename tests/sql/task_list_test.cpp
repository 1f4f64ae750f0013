// Lists of tasks go through all of them once, whatever they are asked for, and a page of them costs
// the same whatever there is beside.

#include <gtest/gtest.h>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskListTest : public testing::TaskFixture {
protected:
    // The ids of all pages, in their order.
    std::string all_pages(const std::string& arguments, int page_size) {
        std::string ids;
        std::string before = "null";
        for (int page = 0; page < 200; ++page) {
            const sql::Result rows =
                connection_.exec("select task, state from list_tasks(" + arguments + "before => " +
                                 before + ", page_size => " + std::to_string(page_size) + ")");
            before.clear();
            for (const sql::Row& row : rows) {
                if (row.is_null(1)) {
                    before = row.text(0);
                } else {
                    ids += (ids.empty() ? "" : " ") + std::string(row.text(0));
                }
            }
            if (before.empty()) return ids;
        }
        return "no end";
    }
    std::string ids(const std::string& query) {
        return text("select coalesce(string_agg(id::text, ' ' order by id desc), '') from (" +
                    query + ") as q (id)");
    }
    std::int64_t pages(const std::string& call) {
        const std::string statement = "explain (analyze, buffers, timing off, format json) " + call;
        (void)text(statement);  // the first run reads the catalogue
        const std::string plan = text(statement);
        const auto after = [&](const std::string& label) {
            return std::stoll(plan.substr(plan.find(label) + label.size()));
        };
        return after("\"Shared Hit Blocks\": ") + after("\"Shared Read Blocks\": ");
    }
};

TEST_F(TaskListTest, PagesGoThroughAllOfThemOnce) {
    TestNode one =
        node({.name = "one", .handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    connection_.exec("update handler set max_attempts = 1");
    for (int i = 0; i < 30; ++i) {
        enqueue("'send', priority => " + std::to_string(i % 3) + ", tenant => 't" +
                std::to_string(i % 4) + "'");
        enqueue("'print'");
        enqueue("'send', labels => array['gpu']");
        enqueue("'print', run_at => clock_timestamp() + interval '1 hour'");
    }
    for (const std::string handler : {"send", "print"}) {
        const std::vector<ClaimedTask> claimed = one.claim(20, handler);
        ASSERT_EQ(claimed.size(), 20U);
        for (std::size_t i = 0; i < 16; ++i) {
            if (i % 4 == 0) one.complete(claimed[i].token);
            if (i % 4 == 1) one.fail(claimed[i].token);
            if (i % 4 == 2) one.release(claimed[i].token);
        }
    }
    connection_.exec(
        "select cancel(t.task) from list_tasks('waiting', page_size => 9) as t where t.state = "
        "'waiting' and t.task % 2 = 0");
    const std::string of_state =
        "select t.id from task t, lateral task_state(t.id) as s where s.state = ";
    for (const int page_size : {1, 7, 1000}) {
        EXPECT_EQ(all_pages("", page_size), ids("select id from task"));
        for (const std::string state : {"waiting", "due", "claimed", "done", "dead", "cancelled"}) {
            const std::string wanted = of_state + "'" + state + "'";
            ASSERT_NE(ids(wanted), "") << state;
            EXPECT_EQ(all_pages("of_state => '" + state + "', ", page_size), ids(wanted)) << state;
            EXPECT_EQ(all_pages("of_handler => 'send', of_state => '" + state + "', ", page_size),
                      ids(wanted + " and s.handler = 'send'"))
                << state;
        }
        EXPECT_EQ(all_pages("of_tenant => 't2', ", page_size),
                  ids("select id from task where tenant = 't2'"));
        EXPECT_EQ(all_pages("of_handler => 'none', ", page_size), "");
    }
    EXPECT_EQ(number("select count(*) from list_tasks(of_state => 'dead') where error = 'it broke' "
                     "and node = 'one' and attempts = 1 and since is not null"),
              8);
}

TEST_F(TaskListTest, WhatIsNoPageOrStateIsRefused) {
    for (const std::string arguments :
         {"page_size => 0", "page_size => 1001", "page_size => null", "of_state => 'ready'"}) {
        EXPECT_EQ(outcome_of([&] {
                      connection_.exec("select * from list_tasks(" + arguments + ")");
                  }).sqlstate,
                  "BT042")
            << arguments;
    }
}

TEST_F(TaskListTest, DetailsOfATask) {
    TestNode one = node({.name = "one"});
    connection_.exec("update handler set max_attempts = 2");
    const std::int64_t task = enqueue(
        R"('send', '{"order": 42}', tenant => 't', meta => '{"user": "u"}', priority => 3)");
    for (int attempt = 1; attempt <= 2; ++attempt) {
        one.fail(one.claim()[0].token, "error " + std::to_string(attempt));
        maintain();
    }
    EXPECT_EQ(text("select concat_ws(' ', d ->> 'handler', d ->> 'state', d ->> 'payload', "
                   "d ->> 'meta', d ->> 'tenant', d ->> 'priority', d ->> 'attempts', d ->> 'node')"
                   " from task_details(" +
                   std::to_string(task) + ") as d"),
              R"(send dead {"order": 42} {"user": "u"} t 3 2 one)");
    EXPECT_EQ(text("select string_agg(f ->> 'attempt' || ' ' || (f ->> 'error'), ', ') "
                   "from jsonb_array_elements(task_details(" +
                   std::to_string(task) + ") -> 'failures') as f"),
              "1 error 1, 2 error 2");
    const std::int64_t bytes = number("select enqueue_bytes('send', '\\x00ff', 'application/x')");
    EXPECT_EQ(text("select concat_ws(' ', d ->> 'body', d ->> 'content_type', d ->> 'bytes', "
                   "d ->> 'payload') from task_details(" +
                   std::to_string(bytes) + ") as d"),
              "\\x00ff application/x 2");
    EXPECT_TRUE(connection_.exec("select task_details(999)").only().is_null(0));
}

// Statistics of a moment when nothing was there, then very many at each place.
class TaskListPlanTest : public TaskListTest {
protected:
    // `count` tasks of requirement 1 at each place, made as the functions make them.
    void flood(int count) {
        const std::string rows = std::to_string(count);
        const std::string made =
            "with made as (insert into task (requirement) select 1 from generate_series(1, " +
            rows + ") returning id) ";
        connection_.exec(made +
                         "insert into task_end (task, claim, node, outcome, attempts, claimed_at) "
                         "select id, 1, 1, 'done', 1, now() from made");
        connection_.exec(made +
                         "insert into task_due (due_at, task) "
                         "select now() + interval '1 hour', id from made");
        connection_.exec(made +
                         "insert into task_ready (requirement, rank, place, task) "
                         "select 1, 0, nextval('task_place'), id from made");
        connection_.exec(made +
                         "insert into task_ready (requirement, rank, place, task) "
                         "select 1, 1, id, id from made");
    }
    // A call of everything that looks at tasks, with the pages that it took.
    std::vector<std::pair<std::string, std::int64_t>> costs() {
        std::vector<std::pair<std::string, std::int64_t>> found;
        std::vector<std::string> calls{"nodes()", "handlers()", "status_tasks()",
                                       "misplaced_tasks()"};
        for (const std::string state :
             {"null", "'waiting'", "'due'", "'claimed'", "'done'", "'dead'"}) {
            calls.push_back("list_tasks(" + state + ", null, null, null, 20)");
            calls.push_back("list_tasks(" + state + ", 'print', null, null, 20)");
        }
        for (const std::int64_t task : watched_) {
            calls.push_back("task_state(" + std::to_string(task) + ")");
            calls.push_back("why(" + std::to_string(task) + ")");
        }
        for (const std::string& call : calls) {
            found.emplace_back(call, pages("select * from " + call));
        }
        return found;
    }

    std::vector<std::int64_t> watched_;
};

TEST_F(TaskListPlanTest, CostsTheSameBesideVeryMany) {
    TestNode one = node({.name = "one"});
    TestNode printer =
        node({.name = "printer", .handlers = R"([{"name": "print", "version": 1, "build": "b"}])"});
    ASSERT_EQ(number("select requirement from handler where name = 'send'"), 1);
    connection_.exec("update handler set max_attempts = 1");
    enqueue("'print'");
    printer.fail(printer.claim(1, "print")[0].token);
    for (int i = 0; i < 5; ++i) watched_.push_back(enqueue());
    one.complete(one.claim()[0].token);
    one.release(one.claim()[0].token);
    connection_.exec("analyze");
    connection_.exec("set statement_timeout = '30s'");
    // What is counted has bounds; from there on it makes no difference how much there is, but for
    // the one level by which indexes grow.
    flood(12'000);
    const auto before = costs();
    flood(100'000);
    watched_.push_back(number("select max(task) from task_ready where rank = 0"));
    const auto after = costs();
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_LT(after[i].second, before[i].second + before[i].second / 2 + 100)
            << after[i].first << ": " << before[i].second << " pages before";
    }
    EXPECT_EQ(text("select state from task_state(" + std::to_string(watched_.back()) + ")"),
              "waiting");
    for (std::size_t i = before.size(); i < after.size(); ++i) {
        EXPECT_LT(after[i].second, 1000) << after[i].first;
    }
    // One that is dead, and very old.
    EXPECT_EQ(number("select count(*) from list_tasks(of_state => 'dead')"), 1);
    // A handler of which there is little is looked for in parts.
    EXPECT_EQ(number("select count(*) from list_tasks(of_handler => 'print')"), 1)
        << "only where to go on";
    connection_.exec("truncate task_ready, task_due, task_claim, task_end, task");
}

}  // namespace
}  // namespace baton
