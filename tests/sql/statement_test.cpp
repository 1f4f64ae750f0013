// Statements with arguments by name, and when a session prepares them.

#include "baton/sql/statement.hpp"

#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "baton/types/event.hpp"
#include "sql/outcome.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

std::string texts(const std::vector<Parameter>& values) {
    std::string all;
    for (const Parameter& value : values) all += value.to_text() + ' ';
    return all;
}

TEST(ParsedStatementTest, EachNameIsOneNumberWhereverItStands) {
    EXPECT_EQ(ParsedStatement("select f(:b::bigint, a => :a, c => :b::text[])").text(),
              "select f($1::bigint, a => $2, c => $1::text[])");
    EXPECT_EQ(ParsedStatement("select ':no', x[1:2], y::text, ' '':no', :yes").text(),
              "select ':no', x[1:2], y::text, ' '':no', $1");
    EXPECT_EQ(ParsedStatement("select $1, $2").text(), "select $1, $2");
    EXPECT_EQ(ParsedStatement(":a_longer_name:").text(), "$1:");
    EXPECT_EQ(ParsedStatement("select :a1, :a2, x[1:2]").text(), "select $1, $2, x[1:2]");
}

TEST(ParsedStatementTest, ArgumentsMayComeInAnyOrder) {
    const ParsedStatement statement("select :a, :b, :a, :c");
    const std::vector<Argument> arguments{{"c", 3}, {"a", "one"}, {"b", Position{2}}};
    EXPECT_EQ(texts(statement.in_order(arguments)), "one 2 3 ");
}

TEST(ParsedStatementDeathTest, EachNameIsGivenOnceAndNoOther) {
    const ParsedStatement statement("select :a, :b");
    const std::vector<Argument> too_few{{"a", 1}};
    const std::vector<Argument> too_many{{"a", 1}, {"b", 2}, {"c", 3}};
    const std::vector<Argument> others{{"a", 1}, {"c", 2}};
    for (const std::vector<Argument>& wrong : {too_few, too_many, others}) {
        EXPECT_DEATH((void)statement.in_order(wrong), "");
    }
}

class StatementTest : public ::testing::Test {
protected:
    static std::string prepared(Connection& connection) {
        return std::string(connection
                               .exec("select coalesce(string_agg(name || ': ' || statement, ', '"
                                     " order by name), '') from pg_prepared_statements")
                               .only()
                               .text(0));
    }

    testing::TestDatabase database_;
    static constexpr Statement sum{"sum", "select :a::bigint + :b::bigint"};
};

TEST_F(StatementTest, ASessionPreparesItOnceAtItsFirstUse) {
    for (int session = 0; session < 2; ++session) {
        Connection connection(database_.url());
        EXPECT_EQ(prepared(connection), "");
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(connection.exec(sum, {{"b", 1}, {"a", i}}).only().integer(0), i + 1);
            Transaction transaction(connection);
            EXPECT_EQ(transaction.exec(sum, {{"a", i}, {"b", 2}}).only().integer(0), i + 2);
        }
        EXPECT_EQ(prepared(connection), "sum: select $1::bigint + $2::bigint");
    }
}

TEST_F(StatementTest, AFirstUseThatFailsIsNoUse) {
    Connection connection(database_.url());
    {
        Transaction transaction(connection);
        EXPECT_NE(outcome_of([&] { transaction.exec("select 1/0"); }).text, "");
        EXPECT_EQ(outcome_of([&] {
                      transaction.exec(sum, {{"a", 1}, {"b", 2}});
                  }).text,
                  "a statement failed before: the transaction was rolled back");
    }
    EXPECT_EQ(connection.exec(sum, {{"a", 1}, {"b", 2}}).only().integer(0), 3);
}

TEST_F(StatementTest, OneThatIsMadeWithAnotherTextIsPreparedAnew) {
    for (const bool pooled : {false, true}) {
        Connection connection(database_.url(), {.pooled = pooled});
        const auto answer = [&](const MadeStatement& made) {
            Transaction transaction(connection);
            return transaction.exec(made, {{"a", 20}}).only().integer(0);
        };
        EXPECT_EQ(answer({"made", "select :a::bigint + 1"}), 21);
        EXPECT_EQ(answer({"made", "select 2::bigint * :a::bigint"}), 40);
        EXPECT_EQ(answer({"made", "select 2::bigint * :a::bigint"}), 40);
        EXPECT_EQ(answer({"made", "select :a::bigint + 1"}), 21);
    }
}

using StatementDeathTest = StatementTest;

TEST_F(StatementDeathTest, OneThatIsNotMadeHasOneText) {
    Connection connection(database_.url(), {.pooled = true});
    connection.exec(sum, {{"b", 1}, {"a", 1}});
    constexpr Statement other{"sum", "select 1"};
    EXPECT_DEATH(connection.exec(other), "");
}

TEST_F(StatementTest, ThroughAPoolerNothingIsPrepared) {
    Connection connection(database_.url(), {.pooled = true});
    EXPECT_EQ(connection.exec(sum, {{"a", 1}, {"b", 2}}).only().integer(0), 3);
    {
        Transaction transaction(connection);
        EXPECT_EQ(transaction.exec(sum, {{"a", 2}, {"b", 2}}).only().integer(0), 4);
    }
    EXPECT_EQ(prepared(connection), "");
}

}  // namespace
}  // namespace baton::sql
