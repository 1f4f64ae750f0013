// What is built in, upgraded by a step that is made up until there is a first real one: a column
// more, and a function with another argument. Applications do not stop for it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "baton/base/check.hpp"
#include "baton/sql/embedded.hpp"
#include "baton/sql/migrator.hpp"
#include "sql/log_follower.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

// The files of this release, and those of a next one.
class Step {
public:
    Step() {
        const std::string_view former = "is_reduced(event_id bigint)";
        for (const SqlFile& file : embedded_sql()) {
            if (file.name.starts_with("migrations/")) newest_ = file.name;
            if (!file.name.ends_with("/is_reduced.sql")) continue;
            function_ = file.text;
            const std::size_t at = function_.find(former);
            BATON_CHECK(at != std::string::npos);
            function_.replace(at, former.size(),
                              "is_reduced(event_id bigint, made_up boolean default false)");
        }
        const std::string number = std::to_string(
            10001 + std::stoi(std::string(newest_.substr(newest_.find('/') + 1, 4))));
        next_ = "migrations/" + number.substr(1) + "_made_up.sql";
    }

    // As a database has it between the two transactions of an upgrade.
    [[nodiscard]] std::vector<SqlFile> half() const {
        std::vector<SqlFile> files;
        for (const SqlFile& file : embedded_sql()) {
            files.push_back(file);
            if (file.name == newest_) files.push_back({next_, migration});
        }
        return files;
    }
    [[nodiscard]] std::vector<SqlFile> whole() const {
        std::vector<SqlFile> files = half();
        for (SqlFile& file : files) {
            if (file.name.ends_with("/is_reduced.sql")) file.text = function_;
            if (file.name == "signatures.sql") file.text = signatures;
        }
        return files;
    }

private:
    std::string_view newest_;
    std::string next_;  // the number after it
    std::string function_;
    static constexpr std::string_view migration =
        "alter table event add column made_up integer;\n"
        "alter table batch add column made_up integer;\n";
    static constexpr std::string_view signatures = "drop function if exists is_reduced(bigint);\n";
};

class UpgradeTest : public ::testing::Test {
protected:
    ~UpgradeTest() override { uninstall(connection_, testing::test_schema); }

    void install(const std::vector<SqlFile>& files) {
        Migrator(files).install(connection_, testing::test_schema);
    }
    void install_this_release() {
        Migrator().install(connection_, testing::test_schema);
        testing::describe_as_development(connection_);
    }
    std::string all(const std::string& query) {
        std::string lines;
        for (const Row& row : connection_.exec(query)) lines += std::string(row.text(0)) + "\n";
        return lines;
    }
    // Where the rows of the log are: another file means that they were all written again.
    std::string event_files() {
        return all(
            "select relname || ' ' || relfilenode::text from pg_class where relname in "
            "('event_from_1', 'event_default') order by 1");
    }
    std::string signatures() {
        return all(
            "select p.oid::regprocedure::text || ' ' || pg_get_function_result(p.oid) || ' ' || "
            "coalesce(p.proacl::text, '') from pg_proc p "
            "where pronamespace = 'baton_test'::regnamespace order by 1");
    }

    testing::TestDatabase database_;
    Connection connection_{database_.url(), testing::in_test_schema()};
    const Step step_;
};

TEST_F(UpgradeTest, GivesTheFunctionsAndRightsOfAFreshInstall) {
    install_this_release();
    install(step_.whole());
    const std::string upgraded = signatures();
    EXPECT_NE(upgraded.find("is_reduced(bigint,boolean)"), std::string::npos);
    EXPECT_EQ(upgraded.find("is_reduced(bigint) "), std::string::npos);
    uninstall(connection_, testing::test_schema);
    install(step_.whole());
    EXPECT_EQ(upgraded, signatures());
}

TEST_F(UpgradeTest, EverythingGoesOnThroughItAndTheLogIsNotWrittenAgain) {
    install_this_release();
    connection_.exec("select dispatch('a') from generate_series(1, 10)");
    LogFollower follower(database_.url());
    EXPECT_EQ(follower.take(4).size(), 4U);
    const std::string files = event_files();

    install(step_.half());
    connection_.exec("select dispatch('b')");
    connection_.exec("select dispatch_bytes('b', 'x')");
    connection_.exec(R"(select dispatch_many('[{"type": "b"}]'))");
    EXPECT_EQ(follower.take(4).size(), 4U);
    EXPECT_EQ(all("select is_reduced(1)"), "t\n");

    install(step_.whole());
    connection_.exec("select dispatch('c')");
    EXPECT_EQ(follower.drain().size(), 6U);
    EXPECT_EQ(all("select type from read_log(10)"), "b\nb\nb\nc\n");
    EXPECT_EQ(all("select is_reduced(14)"), "t\n");
    EXPECT_EQ(event_files(), files);
}

}  // namespace
}  // namespace baton::sql
