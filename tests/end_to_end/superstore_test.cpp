// The example as a newcomer meets it: the real program, run to its end.
//
// The figures that are expected were computed from the CSV file by another program (Python's csv
// and decimal). In the second half of the tests its verbs run as processes of their own on a test
// database, so that one of them can be killed.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "baton/sql/connection.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* program = BATON_BINARY_DIR "/examples/superstore/superstore";
constexpr const char* all_orders = BATON_SOURCE_DIR "/examples/superstore/data/superstore.csv";
constexpr std::size_t order_count = 5009;
constexpr auto patience = 120s;  // for sanitizers on a busy machine

ExitStatus exited(int code) { return {.code = code, .signal = std::nullopt}; }

// A child's end; a time-out shows as neither code nor signal.
ExitStatus end_of(ChildProcess& child) { return child.wait(patience).value_or(ExitStatus{}); }

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// Lines with one space where there were several.
std::vector<std::string> squeezed_lines_of(const std::string& text) {
    std::vector<std::string> lines = lines_of(text);
    for (std::string& line : lines) {
        std::istringstream words(line);
        line.clear();
        for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
    }
    return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// A new folder that the server's user can enter, and its removal.
class Folder {
public:
    Folder() {
        std::string name = fs::temp_directory_path() / "superstore_test.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = name;
        fs::permissions(path_, fs::perms::all);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

// The command lines of all processes that name `text`.
std::vector<std::string> processes_naming(const std::string& text) {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        const std::string line{std::istreambuf_iterator<char>(file), {}};
        if (line.find(text) != std::string::npos) found.push_back(line);
    }
    return found;
}

TEST(SuperstoreDemoTest, PrintsTheMonthsOf2017AndAgreesInEveryRow) {
    ChildProcess demo({.arguments = {program, "demo"}});
    ASSERT_EQ(end_of(demo), exited(0)) << demo.error_output();
    EXPECT_NE(demo.error_output().find("placed 5009 orders, rolled back 1002 transactions"),
              std::string::npos)
        << demo.error_output();
    EXPECT_NE(demo.error_output().find("the log has 24 events of it, month/computed"),
              std::string::npos)
        << demo.error_output();
    EXPECT_NE(demo.error_output().find("by its schedule: 5009 orders, 5009 invoices; the next one"),
              std::string::npos)
        << demo.error_output();
    EXPECT_NE(
        demo.error_output().find("793 customers greeted at their first order, of 5009 orders"),
        std::string::npos)
        << demo.error_output();
    EXPECT_NE(demo.error_output().find("256 orders shipped, 8 not charged, and their goods given "
                                       "back; an endpoint mailed 256 invoices\n"),
              std::string::npos)
        << demo.error_output();
    EXPECT_NE(demo.error_output().find(": beyond those, 0\n"), std::string::npos)
        << demo.error_output();
    const std::vector<std::string> lines = squeezed_lines_of(demo.output());
    ASSERT_EQ(lines.size(), 1U + 48U + 1U + 8U) << demo.output();
    EXPECT_EQ(lines[0], "month region orders lines quantity sales profit");
    EXPECT_EQ(lines[1].substr(0, 15), "2017-01 Central");
    EXPECT_EQ(lines[45], "2017-12 Central 53 102 369 18883.0708 -1238.3754");
    EXPECT_EQ(lines[48], "2017-12 West 71 159 631 29652.0950 4169.3249");
    EXPECT_EQ(lines[49], "total 1687 3312 12476 733215.2552 93439.2696");
    EXPECT_EQ(lines[50], "monthly_sales: 192 rows agree");
    EXPECT_EQ(lines[51], "customer_totals: 793 rows agree");
    EXPECT_EQ(lines[52], "category_sales: 17 rows agree");
    EXPECT_EQ(lines[53], "invoice: 5009 rows agree");
    EXPECT_EQ(lines[54], "same_day: 264 rows agree");
    EXPECT_EQ(lines[55], "mailed invoices: 256 agree");
    EXPECT_EQ(lines[56], "year_report of 2017, by version 1: 12 rows agree");
    EXPECT_EQ(lines[57], "year_report of 2016, by version 2: 12 rows agree");
}

TEST(SuperstoreDemoTest, CsvPrintsTheViewAndNothingElse) {
    ChildProcess demo({.arguments = {program, "demo", "--csv", "monthly_sales"}});
    ASSERT_EQ(end_of(demo), exited(0)) << demo.error_output();
    const std::vector<std::string> lines = lines_of(demo.output());
    ASSERT_EQ(lines.size(), 1U + 192U) << demo.output();
    EXPECT_EQ(lines[0], "month,region,orders,lines,quantity,sales,profit");
    EXPECT_EQ(lines[1], "2014-01,Central,8,21,62,1539.906,118.4902");
    EXPECT_EQ(lines[192], "2017-12,West,71,159,631,29652.095,4169.3249");
    EXPECT_TRUE(has(lines, "2016-07,East,25,51,190,8524.197,-291.2733"));
    EXPECT_TRUE(std::is_sorted(lines.begin() + 1, lines.end()));
}

TEST(SuperstoreDemoTest, UnknownViewIsRefused) {
    ChildProcess demo({.arguments = {program, "demo", "--csv", "monthly_sale"}});
    EXPECT_EQ(end_of(demo), exited(2));
    EXPECT_EQ(demo.output(), "");
    EXPECT_EQ(lines_of(demo.error_output()).size(), 1U) << demo.error_output();
}

class SuperstoreDemoEndTest : public ::testing::TestWithParam<int> {};

// Interrupted, it cleans up; killed, the kernel ends what it had started.
TEST_P(SuperstoreDemoEndTest, LeavesNoProcessBehind) {
    const int signal = GetParam();
    const Folder folder;
    ChildProcess demo(
        {.arguments = {program, "demo"}, .environment = {{"TMPDIR", folder.path().string()}}});
    ASSERT_TRUE(eventually(patience, [&] {
        return demo.error_output().find("clients place orders") != std::string::npos;
    })) << demo.error_output();
    EXPECT_FALSE(processes_naming(folder.path()).empty());
    demo.kill(signal);
    const ExitStatus end = end_of(demo);
    EXPECT_EQ(end, signal == SIGKILL ? (ExitStatus{std::nullopt, SIGKILL}) : exited(130))
        << demo.error_output();
    EXPECT_TRUE(eventually(30s, [&] { return processes_naming(folder.path()).empty(); }))
        << processes_naming(folder.path()).front();
    // The folder of a killed one is left for the next, which removes it.
    EXPECT_TRUE(signal == SIGKILL || fs::is_empty(folder.path()));
}

INSTANTIATE_TEST_SUITE_P(Signals, SuperstoreDemoEndTest,
                         ::testing::Values(SIGINT, SIGTERM, SIGKILL));

class SuperstoreTest : public ::testing::Test {
protected:
    // One of the program's verbs on the test's database.
    ChildProcessOptions verb(const std::string& name, std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.begin(), {program, name, "--url", database_.url(), "--env",
                                             "test", "--kind", "development"});
        return {.arguments = std::move(arguments)};
    }
    ChildProcessOptions place(const std::string& csv) {
        return verb("place", {"--seed", std::to_string(seed()), "--wait", "60", csv});
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    // Places few orders and checks that the views have them.
    void place_few() {
        const Folder folder;
        const fs::path csv = folder.path() / "few.csv";
        std::ifstream all(all_orders);
        std::ofstream few(csv);
        std::string line;
        for (int i = 0; i < 100 && std::getline(all, line); ++i) few << line << '\n';
        few.close();
        ChildProcess placing(place(csv));
        ASSERT_EQ(end_of(placing), exited(0)) << placing.error_output();
        ChildProcess compare(verb("compare"));
        ASSERT_EQ(end_of(compare), exited(0)) << compare.output();
    }
    // What `compare` says once `statement` has falsified a view.
    std::string complaint_after(const std::string& statement) {
        connection_.exec(statement);
        ChildProcess compare(verb("compare"));
        EXPECT_EQ(end_of(compare), exited(1)) << statement;
        return compare.output();
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
};

TEST_F(SuperstoreTest, ViewsAgreeAlthoughTheOrchestratorWasKilledWhileOrdersWerePlaced) {
    ChildProcess placing(place(all_orders));
    std::size_t placed_at_kill = 0;
    {
        ChildProcess first(verb("orchestrate"));
        ASSERT_TRUE(eventually(patience, [&] {
            return number("select coalesce(sum(count), 0)::bigint from batch") > 500;
        })) << first.error_output();
        first.kill(SIGKILL);
        ASSERT_EQ(end_of(first).signal, SIGKILL);
        placed_at_kill = static_cast<std::size_t>(number("select count(*) from shop.orders"));
    }
    EXPECT_LT(placed_at_kill, order_count) << "it was killed too late to be in the middle";

    ChildProcess second(verb("orchestrate"));
    ASSERT_EQ(end_of(placing), exited(0)) << placing.error_output() << second.error_output();
    EXPECT_EQ(number("select count(*) from event"), 5009);
    EXPECT_EQ(number("select sum(count)::bigint from batch"), 5009) << placing.error_output();
    ChildProcess compare(verb("compare"));
    EXPECT_EQ(end_of(compare), exited(0)) << compare.output();
    EXPECT_EQ(lines_of(compare.output()).size(), 5U);
    EXPECT_EQ(number("select sum(orders)::bigint from monthly_sales"), 5009);
    // Rows that were inserted and then rolled back are in the statistics only.
    EXPECT_TRUE(eventually(20s, [&] {
        return number("select n_tup_ins from pg_stat_user_tables where relname = 'orders'") >=
               5009 + 1002;
    }));
    second.kill(SIGTERM);
    EXPECT_EQ(end_of(second), exited(0)) << second.error_output();
}

TEST_F(SuperstoreTest, PlacingTwiceLeavesEachOrderInOnce) {
    ChildProcess orchestrator(verb("orchestrate"));
    place_few();
    const std::int64_t events = number("select count(*) from event");
    place_few();
    EXPECT_EQ(number("select count(*) from event"), events);
    EXPECT_EQ(number("select count(*) from shop.orders"), events);
}

TEST_F(SuperstoreTest, CompareFindsEveryKindOfFalseRow) {
    ChildProcess orchestrator(verb("orchestrate"));
    place_few();
    const std::string changed = complaint_after(
        "update customer_totals__v1 set profit = profit + 0.0001 where customer_id = 'CG-12520'");
    EXPECT_NE(changed.find("customer_totals: 1 rows differ"), std::string::npos) << changed;
    EXPECT_NE(changed.find("CG-12520"), std::string::npos) << changed;
    const std::string missing =
        complaint_after("delete from category_sales__v1 where sub_category = 'Chairs'");
    EXPECT_NE(missing.find("there is no row"), std::string::npos) << missing;
    const std::string extra = complaint_after(
        "insert into monthly_sales__v1 values ('2013-12', 'West', 0, 0, 0, 0, 0, 1)");
    EXPECT_NE(extra.find("the orders say no row"), std::string::npos) << extra;
}

}  // namespace
}  // namespace baton::testing
