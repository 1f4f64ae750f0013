// given().when().then(), perform_task() and golden files: what they say where something is wrong.

#include "baton/testing/scenario.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "baton/base/error.hpp"
#include "baton/testing/gtest.hpp"
#include "baton/testing/testing.hpp"
#include "support/cluster.hpp"

namespace baton::testing {
namespace {

struct AddedV1 {
    static constexpr std::string_view event_type = "number/added";
    std::int64_t number{};
    BATON_FIELDS(number)
};
struct Added {
    static constexpr std::string_view event_type = "number/added";
    static constexpr int schema_version = 2;
    using Former = AddedV1;
    static Added upcast(const AddedV1& former) { return {former.number, "old"}; }
    std::int64_t number{};
    std::string name;
    BATON_FIELDS(number, name)
};
struct Sum {
    std::string name;
    std::int64_t sum{};
    BATON_FIELDS(name, sum)
    BATON_KEY(name)
};
struct Sums {
    using Row = Sum;
    using Events = EventTypes<Added>;
    static constexpr std::string_view name = "sums";
    static constexpr int version = 1;
    void reduce(const Added& added, Rows<Sum>& rows) const {
        if (added.number < 0) throw std::invalid_argument("number below zero");
        rows.at(added.name).sum += added.number;
    }
};
// Gives other rows each time.
struct Impure : Sums {
    void reduce(const Added& added, Rows<Sum>& rows) const {
        static std::int64_t calls = 0;
        rows.at(added.name).sum = ++calls;
    }
};

template <class Expectation>
std::string failure(Expectation expectation) {
    try {
        expectation();
    } catch (const ExpectationFailed& failed) {
        return failed.what();
    }
    return "";
}

TEST(ScenarioTest, TellsWhatRowsFollow) {
    given<Sums>(Added{2, "b"}, Added{3, "a"}).when(Added{4, "a"}).then(Sum{"b", 2}, Sum{"a", 7});
    given<Sums>().then();
}

TEST(ScenarioTest, BringsFormerEventsUp) { given<Sums>(AddedV1{2}).then(Sum{"old", 2}); }

TEST(ScenarioTest, SaysWhichRowsDiffer) {
    const std::string text = failure([] { given<Sums>(Added{2, "b"}).then(Sum{"b", 3}); });
    EXPECT_NE(text.find(R"(- {"name":"b","sum":3})"), std::string::npos) << text;
    EXPECT_NE(text.find(R"(+ {"name":"b","sum":2})"), std::string::npos) << text;
    EXPECT_NE(failure([] { given<Sums>(Added{2, "b"}).then(); }), "");
    EXPECT_NE(failure([] { given<Sums>().then(Sum{"b", 3}); }), "");
}

TEST(ScenarioTest, RunsTwice) {
    const std::string text = failure([] { given<Impure>(Added{2, "b"}).then(Sum{"b", 1}); });
    EXPECT_NE(text.find("not pure"), std::string::npos) << text;
}

TEST(ScenarioTest, ExpectsAnError) {
    given<Sums>(Added{-1, "a"}).then_throws("below zero");
    EXPECT_NE(failure([] { given<Sums>(Added{-1, "a"}).then_throws("other"); }), "");
    EXPECT_NE(failure([] { given<Sums>(Added{1, "a"}).then_throws("below zero"); }), "");
}

struct SqlSum {
    std::string name;
    std::int64_t sum{};
    BATON_FIELDS(name, sum)
};

class SqlScenarioTest : public ::testing::Test {
protected:
    std::string file(const std::string& sum) {
        std::string path =
            (std::filesystem::temp_directory_path() / (database_.name() + "_sums.sql")).string();
        expect_golden(path,
                      "--! reducer sums version 1\n"
                      "create table sums__v1 (name text primary key, sum bigint not null);\n"
                      "create function sums__v1() returns void language sql as $$\n"
                      "insert into sums__v1 select payload ->> 'name', " +
                          sum +
                          " from batch_event where schema_version > 0 group by 1\n"
                          "on conflict (name) do update set sum = sums__v1.sum + excluded.sum;\n"
                          "$$;\n",
                      Golden::write);
        return path;
    }
    TestDatabase database_;
    sql::Connection connection_{database_.url()};
};

TEST_F(SqlScenarioTest, TellsWhatRowsFollow) {
    const std::string sums = file("sum((payload ->> 'number')::bigint)");
    given_sql(connection_, sums, Added{2, "a"})
        .when(Added{3, "a"})
        .when(Added{1, "b"})
        .then(SqlSum{"a", 5}, SqlSum{"b", 1});
    EXPECT_NE(failure([&] {
                  given_sql(connection_, sums, Added{2, "a"}).then(SqlSum{"a", 5});
              }),
              "");
}

TEST_F(SqlScenarioTest, RunsTwice) {
    const std::string sums = file("(extract(epoch from clock_timestamp()) * 1000000)::bigint");
    const std::string text = failure([&] {
        given_sql(connection_, sums, Added{2, "a"}).then(SqlSum{"a", 5});
    });
    EXPECT_NE(text.find("not pure"), std::string::npos) << text;
}

struct Greet {
    using Payload = Added;
    static constexpr std::string_view name = "greet";
    static constexpr int version = 3;
    Outcome handle(const Added& added, TaskContext& task) const {
        task.progress(added);
        if (added.name == "tx") task.dispatch(added);
        if (task.cancelled()) return retry("the node stops");
        if (task.now() < Timestamp::parse("2020-01-01T00:00:00Z")) {
            return snooze(std::chrono::hours(1));
        }
        if (added.number < 0) return dead_letter("below zero");
        if (added.number == 13) throw std::domain_error("thirteen");
        return done(Sum{added.name, task.task().version});
    }
};

TEST(PerformTaskTest, RunsAHandlerWithoutADatabase) {
    const Performed ran = perform_task<Greet>(Added{1, "alice"});
    EXPECT_THAT(ran.outcome, IsDone());
    EXPECT_EQ(ran.outcome.result, R"({"name":"alice","sum":3})");
    EXPECT_EQ(ran.progress.size(), 1U);
    EXPECT_THAT(perform_task<Greet>(AddedV1{-1}).outcome, IsDead("below zero"));
    EXPECT_THAT(perform_task<Greet>(Added{1, ""}, {.cancelled = true}).outcome,
                IsRetry(::testing::HasSubstr("stops")));
    EXPECT_THROW(perform_task<Greet>(Added{13, ""}), std::domain_error);
    EXPECT_THROW(perform_task<Greet>(Added{1, "tx"}), Error);
}

TEST(PerformTaskTest, TheTestSetsTheTime) {
    const auto then = [] { return Timestamp::parse("2019-12-31T23:59:59Z"); };
    EXPECT_THAT(perform_task<Greet>(Added{1, ""}, {.now = then}).outcome, IsSnoozed());
}

TEST(GoldenTest, IsWrittenAndCompared) {
    const std::string file =
        (std::filesystem::temp_directory_path() / ("testkit_golden_" + std::to_string(::getpid())))
            .string();
    std::filesystem::remove(file);
    EXPECT_NE(failure([&] { expect_golden(file, "a\n", Golden::compare); }), "");
    expect_golden(file, "a\nb\n", Golden::write);
    expect_golden(file, "a\nb\n", Golden::compare);
    const std::string text = failure([&] { expect_golden(file, "a\nc\n", Golden::compare); });
    EXPECT_NE(text.find("line 2:\n  - b\n  + c"), std::string::npos) << text;
    EXPECT_NE(failure([&] { expect_golden(file, "a\n", Golden::compare); }), "");
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace baton::testing
