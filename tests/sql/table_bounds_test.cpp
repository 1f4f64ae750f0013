// Every table of an environment has a line in docs/operations.md, which says what bounds it and
// which function sees to that; and that function is there, and does delete from the table.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

struct Line {
    std::string bound;
    std::string owner;
};

std::string trimmed(std::string text) {
    std::erase(text, '`');
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) return "";
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The rows of the table below "## What grows".
std::map<std::string, Line> documented() {
    std::ifstream file(BATON_SOURCE_DIR "/docs/operations.md");
    std::map<std::string, Line> lines;
    bool is_inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("## ")) is_inside = line == "## What grows";
        if (!is_inside || !line.starts_with("| `")) continue;
        std::istringstream cells(line.substr(1));
        std::string tables;
        std::string bound;
        std::string owner;
        std::getline(cells, tables, '|');
        std::getline(cells, bound, '|');
        std::getline(cells, owner, '|');
        std::istringstream names(tables);
        for (std::string name; std::getline(names, name, ',');) {
            EXPECT_TRUE(lines.emplace(trimmed(name), Line{trimmed(bound), trimmed(owner)}).second)
                << name << " is listed twice";
        }
    }
    return lines;
}

class TableBoundsTest : public ::testing::Test {
protected:
    std::set<std::string> texts(const std::string& query) {
        std::set<std::string> found;
        for (const Row& row : connection_.exec(query)) found.emplace(row.text(0));
        return found;
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    const std::map<std::string, Line> lines_ = documented();
};

TEST_F(TableBoundsTest, EveryTableHasALineAndEveryLineATable) {
    std::set<std::string> listed;
    for (const auto& [name, line] : lines_) {
        listed.insert(name);
        EXPECT_FALSE(line.bound.empty()) << name;
        EXPECT_FALSE(line.owner.empty()) << name;
    }
    EXPECT_EQ(listed, texts("select relname::text from pg_class where relkind in ('r', 'p') and "
                            "not relispartition and relnamespace = 'baton_test'::regnamespace"));
}

// "nobody" is for what has as many rows as somebody declared; whatever grows by itself has a
// function, which maintain(), the leader or the writer calls.
TEST_F(TableBoundsTest, EachOwnerIsThereAndRemovesRows) {
    for (const auto& [name, line] : lines_) {
        if (line.owner == "nobody") {
            EXPECT_TRUE(line.bound.starts_with("one row") || line.bound.starts_with("as many as"))
                << name << ": " << line.bound;
            continue;
        }
        if (line.owner == "none yet") continue;
        ASSERT_TRUE(line.owner.ends_with("()")) << name << ": " << line.owner;
        const std::string function = line.owner.substr(0, line.owner.size() - 2);
        EXPECT_FALSE(texts("select proname::text from pg_proc where pronamespace = "
                           "'baton_test'::regnamespace and proname = '" +
                           function + "' and (prosrc ~ 'delete from " + name +
                           "\\M' or prosrc ~ 'drop table')")
                         .empty())
            << function << " removes nothing from " << name;
    }
}

// These grow with what is opened, and nobody forgets them. Nothing may be added here.
TEST_F(TableBoundsTest, NothingElseIsWithoutABound) {
    std::set<std::string> unbounded;
    for (const auto& [name, line] : lines_) {
        if (line.owner == "none yet") unbounded.insert(name);
    }
    EXPECT_EQ(unbounded, (std::set<std::string>{"task_set", "task_set_member", "task_set_pin"}));
}

}  // namespace
}  // namespace baton::sql
