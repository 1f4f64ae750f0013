// Pages of the log that end early because of large events give the same log (ORD-3).
#include <gtest/gtest.h>

#include "baton/sql/log_reader.hpp"
#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

std::string text_of(const Event& event) {
    return std::to_string(static_cast<std::int64_t>(event.position)) + ' ' +
           std::to_string(static_cast<std::int64_t>(event.id)) + std::string(event.payload) +
           std::string(event.body) + std::string(event.meta);
}

TEST(LargePageTest, WhereverAPageEndsNothingIsLostOrChanged) {
    World world;
    // Large as they are, large only when they are read, and large in each column.
    world.ask(
        "create function random_hex(n int) returns text language sql as"
        " $$ select string_agg(md5(n || '-' || i), '') from generate_series(1, 200) as i $$;"
        "insert into event (type, payload, body, meta) select 'mark/made',"
        " case when n % 3 = 0 then jsonb_build_object('text', random_hex(n))"
        " when n % 7 = 0 then jsonb_build_object('text', repeat('x', 90000)) else '{}' end,"
        " case when n % 4 = 0 then decode(random_hex(n), 'hex') end,"
        " case when n % 5 = 0 then jsonb_build_object('text', random_hex(n))"
        " when n % 2 = 0 then jsonb_build_object('by', n) end"
        " from generate_series(1, 60) as n");
    sql::Connection connection(world.url(), in_test_schema());
    const auto read = [&](std::size_t wide_bytes_max, std::size_t& pages) {
        std::vector<std::string> texts;
        sql::LogReader reader(connection, sql::read_checkpoint(connection), sql::Content::whole);
        sql::LogPage page;
        for (pages = 0; reader.next(25, page, wide_bytes_max); ++pages) {
            for (const Event& event : page.events) texts.push_back(text_of(event));
        }
        return texts;
    };
    std::size_t pages = 0;
    const std::vector<std::string> whole = read(sql::any_bytes, pages);
    EXPECT_EQ(whole.size(), 60U);
    EXPECT_EQ(pages, 3U);
    EXPECT_EQ(read(1, pages), whole);
    EXPECT_GE(pages, 30U) << "a page has one large event at most";
    EXPECT_EQ(read(10'000, pages), whole);
    std::size_t bytes = 0;
    for (const std::string& text : whole) bytes += text.size();
    EXPECT_GT(bytes, 500'000U);
}

}  // namespace
}  // namespace baton::testing
