// The code that docs/rollout.md shows is compiled and run. A comment before each block says where:
//
//   compile: PATH  its lines stand in that file, which is compiled; "// …" is what is left out
//   run: sql       is run here, with the tables that its text takes for granted

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <regex>

#include "baton/cli/app.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "support/environment.hpp"

namespace baton::testing {
namespace {

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    std::string month;
    Decimal sales;
    BATON_FIELDS(month, sales)
};

namespace first {

struct MonthlySales {
    std::string month;
    Decimal sales;
    BATON_FIELDS(month, sales)
    BATON_KEY(month)
};

}  // namespace first

struct MonthlySales {
    std::string month;
    Decimal sales, discounts;
    BATON_FIELDS(month, sales, discounts)
    BATON_KEY(month)
};

struct MonthlySalesReducer {  // version 2
    using Row = MonthlySales;
    static constexpr std::string_view name = "monthly_sales";
    static constexpr std::string_view build = "snippet";
    static constexpr int version = 2;
    using Events = EventTypes<OrderPlaced>;
    void reduce(const OrderPlaced& order, Rows<Row>& rows) const {
        rows.at(order.month).sales += order.sales;
    }

    using Former = first::MonthlySales;  // the row of version 1
    static constexpr int former_version = 1;
    static Row migrate(const Former& former);  // one row of one row
};

MonthlySales MonthlySalesReducer::migrate(const Former& former) {
    return {former.month, former.sales, Decimal()};
}

const std::vector<Block>& blocks() {
    static const std::vector<Block> all =
        blocks_of_document(text_of(BATON_SOURCE_DIR "/docs/rollout.md"));
    return all;
}

TEST(RolloutSnippetsTest, CppSnippetsStandInWhatIsCompiled) {
    const CppOfDocument found = cpp_of_document("docs/rollout.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 3);
}

TEST(RolloutSnippetsTest, ASetNamesItsHandlers) {
    App app("shop");
    app.add_view_set("sales", 2, {"monthly_sales", "customer_totals"}, {{"send_invoice", 2}});
    ASSERT_EQ(app.view_sets().size(), 1U);
    ASSERT_EQ(app.view_sets()[0].handlers.size(), 1U);
    EXPECT_EQ(app.view_sets()[0].handlers[0].name, "send_invoice");
    EXPECT_EQ(app.view_sets()[0].handlers[0].version, 2);
}

TEST(RolloutSnippetsTest, AReducerThatIsWrittenLikeThatMigrates) {
    Registry registry;
    registry.add<MonthlySalesReducer>();
    const auto migration = registry.start_migration(0);
    ASSERT_TRUE(migration);
    EXPECT_EQ(migration->former_version(), 1);
    const std::array<std::optional<std::string_view>, 2> row{"2017-03", "12.50"};
    migration->add(row, Position{7});
    const Changes changes = migration->take();
    EXPECT_EQ(changes.columns, (std::vector<std::string>{"{\"2017-03\"}", "{12.50}", "{0}"}));
    EXPECT_EQ(changes.positions, "{7}");
}

TEST(RolloutSnippetsTest, SqlSnippetsDoWhatTheTextSays) {
    const TestDatabase database(environment_template());
    sql::Connection connection(database.url(), in_test_schema());
    connection.exec(
        "create table monthly_sales__v1 (month text, region text, sales numeric, position bigint);"
        "create table monthly_sales__v2 (month text, region text, sales numeric,"
        " discounts numeric, position bigint);"
        "insert into monthly_sales__v1 values ('2017-03', 'West', 12.50, 7)");
    int count = 0;
    for (const Block& block : blocks()) {
        if (block.language != "sql") continue;
        ++count;
        EXPECT_EQ(block.how, "sql") << "docs/rollout.md:" << block.line;
        connection.exec(block.text);
    }
    EXPECT_EQ(count, 2);
    const auto ask = [&](const std::string& query) {
        return std::string(connection.exec(query).only().text(0));
    };
    const auto cents = [&](const std::string& event) {
        return ask("select monthly_sales__v2_cents(jsonb_populate_record(null::batch_event, '" +
                   event + "'))");
    };
    EXPECT_EQ(cents(R"({"schema_version": 1, "payload": {"amount": "12.50"}})"), "1250");
    EXPECT_EQ(cents(R"({"schema_version": 2, "payload": {"cents": 7}})"), "7");
    connection.exec("select monthly_sales__v2_from_v1()");
    EXPECT_EQ(ask("select v::text from monthly_sales__v2 as v"), "(2017-03,West,12.50,0,7)");
}

}  // namespace
}  // namespace baton::testing
