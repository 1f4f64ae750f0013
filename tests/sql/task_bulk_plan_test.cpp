// What is done with a thousand tasks at once reads what it was given once, also in a session whose
// plans were made when the tables were empty: no statement within scans a list again for each.
#include <gtest/gtest.h>

#include <libpq-fe.h>

#include <memory>
#include <regex>
#include <string>

#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

// A session that hears how each statement within its calls was carried out.
class ExplainedSession {
public:
    explicit ExplainedSession(const std::string& url)
        : connection_(PQconnectdb(url.c_str()), &PQfinish) {
        PQsetNoticeProcessor(
            connection_.get(),
            [](void* said, const char* text) { *static_cast<std::string*>(said) += text; }, &said_);
        std::string settings = "set search_path = ";
        settings.append(testing::test_schema)
            .append("; load 'auto_explain'; set auto_explain.log_min_duration = 0;")
            .append("set auto_explain.log_analyze = on; set auto_explain.log_timing = off;")
            .append("set auto_explain.log_nested_statements = on; set client_min_messages = log");
        run(settings);
    }
    /// What was said of the plans.
    std::string run(const std::string& statement) {
        said_.clear();
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(
            PQexec(connection_.get(), statement.c_str()), &PQclear);
        EXPECT_LE(PQresultStatus(result.get()), PGRES_TUPLES_OK)
            << PQerrorMessage(connection_.get());
        return said_;
    }

private:
    std::string said_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// "Materialize (…) (actual rows=1000 loops=1000)": a hundred times as many as there are.
void expect_no_list_is_scanned_again(const std::string& plans) {
    static const std::regex scan(R"(([^\n]*)\(cost[^\n]*\(actual rows=([0-9]+) loops=([0-9]+)\))");
    int scans = 0;
    for (std::sregex_iterator match(plans.begin(), plans.end(), scan), end; match != end; ++match) {
        ++scans;
        const auto rows = std::stol((*match)[2]);
        const auto loops = std::stol((*match)[3]);
        EXPECT_LT(rows * loops, 100'000) << match->str();
    }
    EXPECT_GT(scans, 0) << plans;
}

class TaskBulkPlanTest : public testing::TaskFixture {
protected:
    static std::string array_of(const std::vector<ClaimedTask>& tasks) {
        std::string tokens;
        for (const ClaimedTask& task : tasks) tokens += (tokens.empty() ? "" : ",") + task.token;
        return "'{" + tokens + "}'";
    }

    ExplainedSession explained_{url_};
};

TEST_F(TaskBulkPlanTest, AThousandAreClaimedStartedCompletedAndHandedBackInTheirNumber) {
    TestNode one = node();
    const std::string session = "'" + one.session + "', ";
    // A node looks before there is anything.
    explained_.run("select * from claim(" + session + "'send', 1000)");
    explained_.run("select * from complete_many(" + session + "'{1.1}')");
    explained_.run("select start_many(" + session + "'{1.1}'), release_many(" + session +
                   "'{1.1}'), maintain(true)");
    connection_.exec(
        "select enqueue_many('send', array_fill('{\"order\": 42}'::jsonb, array[3000]))");
    expect_no_list_is_scanned_again(
        explained_.run("select * from claim(" + session + "'send', 1000)"));

    std::vector<ClaimedTask> tasks = one.claim(500);
    for (ClaimedTask& task : one.claim(500)) tasks.push_back(std::move(task));
    ASSERT_EQ(tasks.size(), 1000U);
    expect_no_list_is_scanned_again(
        explained_.run("select start_many(" + session + array_of(tasks) + ")"));
    expect_no_list_is_scanned_again(
        explained_.run("select * from complete_many(" + session + array_of(tasks) + ")"));
    EXPECT_EQ(number("select count(*) from task_end"), 1000);

    tasks = one.claim(1000);
    ASSERT_EQ(tasks.size(), 1000U);
    expect_no_list_is_scanned_again(
        explained_.run("select release_many(" + session + array_of(tasks) + ")"));
    EXPECT_EQ(number("select count(*) from task_ready"), 1000);
    ASSERT_EQ(one.claim(1000).size(), 1000U);
    connection_.exec("update node set alive_at = alive_at - interval '1 day'");
    expect_no_list_is_scanned_again(explained_.run("select maintain(true)"));
    connection_.exec("select maintain(true)");
    EXPECT_EQ(number("select count(*) from task_ready"), 2000) << "and of the first claim";
}

}  // namespace
}  // namespace baton
