// Bytes that are no text, in every field and on every way in, are refused with a line that
// names the field, or (in a body) come back as they were.

#include <gtest/gtest.h>

#include <functional>

#include "baton/sql/dispatch.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

struct Bytes {
    std::string name;
    std::string bytes;
};

const std::vector<Bytes>& no_text() {
    static const std::vector<Bytes> all{{"a NUL byte", std::string("a\0b", 3)},
                                        {"a NUL byte alone", std::string(1, '\0')},
                                        {"a lone continuation", "a\x80"},
                                        {"an overlong slash", "a\xC0\xAF"},
                                        {"an overlong NUL", "a\xC0\x80"},
                                        {"a high surrogate", "a\xED\xA0\x80"},
                                        {"a low surrogate", "a\xED\xBF\xBF"},
                                        {"a truncated sequence", "a\xE2\x82"},
                                        {"a truncated sequence amid", "\xE2\x82 a"},
                                        {"above U+10FFFF", "\xF4\x90\x80\x80"},
                                        {"0xFF", "\xFF"}};
    return all;
}

class DispatchBytesTest : public testing::DispatchFixture {
protected:
    Outcome one_by_one(const NewEvent& event) {
        return outcome_of([&] {
            Transaction transaction(connection_);
            dispatch(transaction.raw(), event);
            transaction.commit();
        });
    }
    Outcome by_copy(const NewEvent& event) {
        return outcome_of([&] {
            Transaction transaction(connection_);
            dispatch_many(transaction.raw(), std::vector{NewEvent{.type = "a/b"}, event});
            transaction.commit();
        });
    }

    void expect_refused(const NewEvent& event, const std::string& field) {
        for (const Outcome& outcome : {one_by_one(event), by_copy(event)}) {
            EXPECT_EQ(outcome.code, "event_invalid") << outcome.text;
            EXPECT_NE(outcome.text.find(" " + field + " "), std::string::npos) << outcome.text;
            EXPECT_EQ(outcome.text.find('\n'), std::string::npos) << outcome.text;
            EXPECT_EQ(outcome.text.find('\0'), std::string::npos) << outcome.text;
        }
        EXPECT_EQ(event_count(), 0);
    }
};

TEST_F(DispatchBytesTest, BytesThatAreNoTextAreRefusedInEachTextField) {
    for (const auto& [name, bytes] : no_text()) {
        SCOPED_TRACE(name);
        expect_refused({.type = bytes}, "type");
        expect_refused({.type = "a/b", .key = bytes}, "key");
        expect_refused({.type = "a/b", .tenant = bytes}, "tenant");
        expect_refused({.type = "a/b", .payload = '"' + bytes + '"'}, "payload");
        expect_refused({.type = "a/b", .meta = '"' + bytes + '"'}, "meta");
        expect_refused({.type = "a/b", .body = "x", .content_type = bytes}, "content_type");
    }
}

TEST_F(DispatchBytesTest, JsonThatPostgresCannotStoreIsRefused) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    for (const std::string json :
         {R"("\u0000")", R"({"a\u0000": 1})", R"("\ud800")", R"("\udc00\ud800")", "{", "{'a': 1}",
          "{\"a\": 1} x", "nul", "\"\n\"", "1e999999", "[1,]", "\\N", "\\.", " "}) {
        SCOPED_TRACE(json);
        expect_refused({.type = "a/b", .payload = json}, "payload");
        expect_refused({.type = "a/b", .meta = json}, "meta");
        expect_refused({.type = "a/b", .payload = "{}", .meta = json}, "meta");
        expect_refused({.type = "a/b", .meta = json, .body = "x"}, "meta");
    }
    expect_refused({.type = "a/b", .payload = deep}, "payload");
}

TEST_F(DispatchBytesTest, RefusalNamesTheEventOfAList) {
    std::vector<NewEvent> events(1000, {.type = "a/b"});
    events[700] = {.type = "order/placed", .payload = "{}", .meta = "no json"};
    const Outcome outcome = outcome_of([&] {
        Transaction transaction(connection_);
        dispatch_many(transaction.raw(), events);
    });
    EXPECT_NE(outcome.text.find("event [700] order/placed: meta "), std::string::npos)
        << outcome.text;
    EXPECT_EQ(outcome.text.find("no json"), std::string::npos) << "no content in messages";
}

TEST_F(DispatchBytesTest, BodyComesBackAsItWas) {
    std::string every_byte;
    for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
    std::vector<NewEvent> events{{.type = "a/b", .body = every_byte}};
    for (const auto& [name, bytes] : no_text()) events.push_back({.type = "a/b", .body = bytes});
    events.push_back({.type = "a/b", .body = std::string(1048576, '\xff')});
    Transaction transaction(connection_);
    for (const NewEvent& event : events) dispatch(transaction.raw(), event);
    dispatch_many(transaction.raw(), events);
    transaction.commit();
    const auto all = log();
    ASSERT_EQ(all.size(), 2 * events.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(all[i].body == events[i % events.size()].body) << i;
    }
}

TEST_F(DispatchBytesTest, EveryCharacterOfTextComesBackFromCopyAsItWas) {
    std::string text;
    for (int c = 1; c < 128; ++c) text += static_cast<char>(c);
    text += "é€😀\xEF\xBF\xBF";
    const std::vector<NewEvent> events{
        {.type = text.substr(0, 100), .key = text, .tenant = text.substr(60)},
        {.type = "\\.", .key = "\\N", .tenant = "\\"},
        {.type = "\\n", .key = "\n", .tenant = "\r\n"},
        {.type = "\t", .key = "\\\t", .tenant = "\\\\N"}};
    Transaction transaction(connection_);
    dispatch_many(transaction.raw(), events);
    transaction.commit();
    const auto all = log();
    ASSERT_EQ(all.size(), events.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].type, events[i].type);
        EXPECT_EQ(all[i].key, events[i].key);
        EXPECT_EQ(all[i].tenant, events[i].tenant);
    }
}

TEST_F(DispatchBytesTest, ContentTwiceIsRefused) {
    expect_refused({.type = "a/b", .payload = "{}", .body = "x"}, "payload");
}

TEST_F(DispatchBytesTest, SchemaThatIsNotOnTheSearchPathIsSaidSo) {
    connection_.exec("set search_path = public");
    const NewEvent event{.type = "a/b"};
    EXPECT_EQ(one_by_one(event).code, "not_installed");
    EXPECT_EQ(by_copy(event).code, "not_installed");
}

TEST_F(DispatchBytesTest, TableOfTheApplicationNamedEventIsNotInTheWay) {
    connection_.exec("create schema my_app");
    connection_.exec("create table my_app.event (id integer)");
    connection_.exec("set search_path = my_app, baton_test");
    EXPECT_EQ(one_by_one({.type = "a/b"}).text, "");
    EXPECT_EQ(by_copy({.type = "a/b"}).text, "");
    EXPECT_EQ(event_count(), 3);
}

}  // namespace
}  // namespace baton
